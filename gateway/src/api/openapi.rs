//! The description of the API, made from its endpoints.

use utoipa::{
    Modify, OpenApi,
    openapi::{
        OpenApi as Document,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

use super::{documented, documents};

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
        (name = "tools", description = "Tool calls, asked for by name"),
        (name = "tasks", description = "Tasks of people, which runs create and change too"),
        (name = "sessions", description = "Sessions, which keep a user's runs to those who hold their token"),
        (name = "artifacts", description = "Documents that runs made"),
        (name = "knowledge", description = "Documents that runs draw on"),
        (name = "tenants", description = "Tenants, for operators"),
    ),
    security(("bearer" = [])),
    modifiers(&Bearer),
)]
struct Head;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Document) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// The whole document.
pub(crate) fn document() -> Document {
    let mut document = Head::openapi();
    document.merge(documented().into_openapi());
    document.merge(documents::uploads().into_openapi());
    document
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
                let answers = operation["responses"].as_object().unwrap();
                assert!(answers.keys().any(|status| status.starts_with('4') || status.starts_with('5')), "{at}");
            }
        }
    }
}
