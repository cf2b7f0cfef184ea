//! `GET /api/v1/artifacts/{artifact_id}/content`: download an artifact.

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use sba_store::{
    Page, TenantTx,
    artifacts::{self, Artifact},
};
use sba_subjects::{
    id::{ArtifactId, TenantKey},
    tool::html_form,
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{
    app::App,
    auth::Principal,
    error::{ApiError, Code},
    extract::{Path, Query},
};

/// What a browser may do with an artifact: show it, and nothing that it says. It is made of documents and a model's
/// words, so it is treated as hostile although it was sanitized.
const POLICY: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'";

/// A form of an artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// Markdown.
    Markdown,
    /// A page of HTML.
    Html,
}

/// How the content is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ContentQuery {
    /// The form; the one that it was made in when none is named.
    #[param(inline)]
    format: Option<Format>,
}

impl Format {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Markdown => "text/markdown",
            Self::Html => "text/html",
        }
    }
}

/// Download an artifact
#[utoipa::path(
    get, path = "/api/v1/artifacts/{artifact_id}/content", tag = "artifacts",
    params(("artifact_id" = Uuid, Path, description = "The artifact"), ContentQuery),
    responses(
        (status = 200, description = "The content", content((String = "text/markdown"), (String = "text/html"))),
        (status = 404, description = "`not_found`: the artifact, or this form of it", body = crate::error::ErrorBody),
        (status = 503, description = "`unavailable`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn get_content(
    State(app): State<App>,
    principal: Principal,
    Path(artifact): Path<Uuid>,
    Query(query): Query<ContentQuery>,
) -> Result<Response, ApiError> {
    let mut tx = app.store.begin(principal.tenant).await?;
    let found = artifacts::get(&mut tx, ArtifactId::from_uuid(artifact)).await?;
    let artifact = found.ok_or_else(|| ApiError::not_found("artifact"))?;
    let artifact = match query.format {
        Some(format) => in_form(&mut tx, &principal.key, artifact, format).await?,
        None => artifact,
    };
    drop(tx);
    let content = app.blobs.stream(&artifact.blob).await?;
    let headers = [
        (header::CONTENT_TYPE, text(&format!("{}; charset=utf-8", artifact.media_type))?),
        (header::CONTENT_LENGTH, HeaderValue::from(content.bytes)),
        (header::CONTENT_DISPOSITION, text(&disposition(&artifact))?),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
        (header::ETAG, text(&format!("\"{}\"", data_encoding::HEXLOWER.encode(&artifact.sha256)))?),
    ];
    Ok((headers, Body::from_stream(content.body)).into_response())
}

/// The artifact in this form: itself, or the one that the same run made of it.
async fn in_form(
    tx: &mut TenantTx,
    tenant: &TenantKey,
    artifact: Artifact,
    format: Format,
) -> Result<Artifact, ApiError> {
    if artifact.media_type == format.media_type() {
        return Ok(artifact);
    }
    let made = artifacts::list(tx, Some(artifact.run_id), Page::new(1, Page::MAX_LIMIT)).await?.items;
    let (own, of) = (artifact.id, |markdown| html_form(tenant, markdown));
    made.into_iter()
        .find(|other| other.id == of(own) || own == of(other.id))
        .ok_or_else(|| ApiError::not_found("form of this artifact"))
}

fn text(value: &str) -> Result<HeaderValue, ApiError> {
    HeaderValue::from_str(value)
        .map_err(|error| ApiError::new(Code::Internal, "the artifact cannot be named").caused_by(error))
}

/// The name under which a browser saves it. Made of the title's plain characters only: a title is a model's words.
fn disposition(artifact: &Artifact) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let words: String = artifact.title.chars().take(80).map(plain).collect();
    let name = words.split('-').filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
    let name = if name.is_empty() { "artifact".to_owned() } else { name };
    let ending = if artifact.media_type == Format::Html.media_type() { "html" } else { "md" };
    format!("attachment; filename=\"{name}.{ending}\"")
}
