//! The description of the API, made from its endpoints.

use utoipa::{
    Modify, OpenApi,
    openapi::{
        ContentBuilder, OpenApi as Document, Ref, RefOr, ResponseBuilder,
        extensions::ExtensionsBuilder,
        path::Operation,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::{documented, documents, watching};
use crate::auth;

/// What does not stand at an endpoint.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "SBA",
        description = "Runs AI agents for tenants: start a run, watch it token by token, get a document that names its sources.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "runs", description = "Runs of agents, and their streams"),
        (name = "schedules", description = "What starts runs by the clock"),
        (name = "tools", description = "Tool calls, asked for by name, and tools that the tenant serves"),
        (name = "tasks", description = "Tasks of people, which runs create and change too"),
        (name = "sessions", description = "Sessions, which keep a user's runs to those who hold their token"),
        (name = "artifacts", description = "Documents that runs made"),
        (name = "knowledge", description = "Documents that runs draw on"),
        (name = "keys", description = "Keys by which a tenant's machines show who they are"),
        (name = "nats", description = "Credentials for NATS clients of a tenant"),
        (name = "tenants", description = "Tenants, for operators"),
    ),
    security(("bearer" = [])),
    modifiers(&Bearer),
)]
struct Head;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT or API key").build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// What any request may be answered with, before its endpoint has looked at it.
const ANYWHERE: &[(&str, &str)] = &[
    ("401", "`unauthenticated`, `token_expired`"),
    ("429", "`rate_limited`"),
    ("431", "`head_too_large`"),
    ("500", "`internal`"),
    ("503", "`overloaded`, `unavailable`"),
    ("504", "`deadline_exceeded`"),
];

/// What any request with a body may be answered with besides.
const WITH_A_BODY: &[(&str, &str)] =
    &[("408", "`body_too_slow`"), ("413", "`payload_too_large`"), ("415", "`unsupported_media_type`")];

/// The whole document.
pub(crate) fn document() -> Document {
    let mut document = Head::openapi();
    document.merge(documented().into_openapi());
    document.merge(watching().into_openapi());
    document.merge(documents::uploads().into_openapi());
    for path in document.paths.paths.values_mut() {
        let operations = [&mut path.get, &mut path.post, &mut path.patch, &mut path.put, &mut path.delete];
        operations.into_iter().flatten().for_each(say_what_any_may_answer);
    }
    for operation in auth::Operation::ALL {
        say_who_may(&mut document, *operation);
    }
    document
}

/// Says at an operation which roles may, and what everybody else is answered.
fn say_who_may(document: &mut Document, operation: auth::Operation) {
    let (method, address) = operation.at();
    let Some(path) = document.paths.paths.get_mut(address) else { return };
    let described = match method {
        "GET" => &mut path.get,
        "POST" => &mut path.post,
        "PATCH" => &mut path.patch,
        "PUT" => &mut path.put,
        _ => &mut path.delete,
    };
    let Some(described) = described else { return };
    let roles: Vec<_> = operation.roles().map(auth::Role::as_str).collect();
    described.extensions = Some(ExtensionsBuilder::new().add("x-roles", roles).build());
    answer(described, "403", "`forbidden`");
}

fn say_what_any_may_answer(operation: &mut Operation) {
    let with_a_body = if operation.request_body.is_some() { WITH_A_BODY } else { &[] };
    for (status, codes) in ANYWHERE.iter().chain(with_a_body) {
        answer(operation, status, codes);
    }
}

/// Adds an answer to an operation that does not name that status itself.
fn answer(operation: &mut Operation, status: &str, codes: &str) {
    operation.responses.responses.entry(status.to_owned()).or_insert_with(|| {
        let body = ContentBuilder::new().schema(Some(Ref::from_schema_name("ErrorBody"))).build();
        let response = ResponseBuilder::new().description(codes).content("application/json", body);
        RefOr::T(response.build())
    });
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");

    #[test]
    fn the_committed_document_is_the_one_that_is_served() {
        let made = document().to_pretty_json().unwrap() + "\n";
        if std::env::var_os("SBA_UPDATE_FILES").is_some() {
            std::fs::write(FILE, &made).unwrap();
        }
        let committed = std::fs::read_to_string(FILE).unwrap_or_default();
        assert!(committed == made, "gateway/openapi.json is out of date: run the tests with SBA_UPDATE_FILES=1");
    }

    #[test]
    fn every_operation_says_who_may_and_what_can_go_wrong() {
        let document = serde_json::to_value(document()).unwrap();
        let paths = document["paths"].as_object().unwrap();
        assert!(paths.len() >= 10, "{}", paths.len());
        for (path, operations) in paths {
            for (method, operation) in operations.as_object().unwrap() {
                let at = format!("{method} {path}");
                assert!(operation["summary"].is_string(), "{at} has no summary");
                assert!(operation["x-roles"].is_array(), "{at} has no row in auth/operation.rs");
                let answers = operation["responses"].as_object().unwrap();
                assert!(answers.keys().any(|status| status.starts_with('4') || status.starts_with('5')), "{at}");
            }
        }
    }
}
