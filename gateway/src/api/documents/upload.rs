//! A document as a client hands it in: a file in a form, or JSON.

use axum::{
    extract::{FromRequest, Multipart, Request, multipart::MultipartError},
    http::{StatusCode, header},
};
use bytes::{Bytes, BytesMut};
use garde::Validate;
use sba_store::documents::Format;
use sba_subjects::visible::visible;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    error::{ApiError, Code},
    extract::{Checked as _, Json, no_control, not_blank},
    http,
};

/// Longest text field of a form, in bytes.
const MAX_FIELD: usize = 8 * 1024;

/// Longest title, in characters.
const MAX_TITLE: usize = 500;

/// A document in JSON.
#[derive(Debug, Default, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "title": "Terms of payment", "source": "contracts/terms.md", "media_type": "text/markdown",
    "text": "# Terms\n\nInvoices are paid within 30 days.",
}))]
pub(crate) struct DocumentText {
    /// Its title; what the document calls itself, or else the last part of its source, when none is named.
    #[serde(default)]
    #[garde(inner(length(chars, min = 1, max = MAX_TITLE), custom(no_control), custom(not_blank)))]
    #[schema(max_length = 500)]
    title: Option<String>,
    /// Where it came from: a path, an address or a name. Its title when none is named.
    #[serde(default)]
    #[garde(inner(length(chars, min = 1, max = 2000), custom(no_control), custom(not_blank)))]
    #[schema(max_length = 2000)]
    source: Option<String>,
    /// `text/markdown`, `text/plain` or `text/html`; plain text when neither this nor the source says.
    #[serde(default, alias = "mediaType")]
    #[garde(inner(length(bytes, max = 200)))]
    media_type: Option<String>,
    /// The document itself.
    #[garde(skip)]
    text: String,
    /// May stand here instead of in the header `Idempotency-Key`.
    #[serde(default, alias = "idempotencyKey")]
    #[garde(skip)]
    idempotency_key: Option<String>,
}

/// A document in a form.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it describes the form; its fields are read one by one")]
pub(crate) struct DocumentForm {
    /// The document itself. Its name and media type count where the fields say nothing.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// Its title; what the document calls itself, or else the last part of its source, when none is named.
    title: Option<String>,
    /// Where it came from; the file's name when none is named.
    source: Option<String>,
    /// Its media type.
    media_type: Option<String>,
}

/// A document that was handed in, whole.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) title: String,
    pub(super) source: String,
    pub(super) format: Format,
    pub(super) content: Bytes,
    pub(super) idempotency_key: Option<String>,
}

impl Upload {
    /// Reads a request; content of more than `max` bytes is refused.
    pub(super) async fn read(request: Request, max: u64) -> Result<Self, ApiError> {
        let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let form = content_type.is_some_and(|value| value.to_ascii_lowercase().starts_with("multipart/form-data"));
        let (mut said, file) = if form {
            let form = Multipart::from_request(request, &()).await;
            let form = form.map_err(|rejection| ApiError::new(Code::InvalidRequest, rejection.body_text()))?;
            from_form(form, max).await?
        } else {
            let Json(text) = Json::<DocumentText>::from_request(request, &()).await?;
            (text, None)
        };
        if let Some(name) = file.as_ref().and_then(|file| file.name.clone()) {
            // Held to the same rules as a source that is named.
            said.source.get_or_insert(name);
        }
        Self::of(said.checked(&())?, file, max)
    }

    fn of(said: DocumentText, file: Option<File>, max: u64) -> Result<Self, ApiError> {
        let (of_file, content) = match file {
            Some(file) => (file.media_type, file.content),
            None => (Some("text/plain".to_owned()), Bytes::from(said.text)),
        };
        if content.is_empty() {
            return Err(ApiError::invalid_field("text", "the document is empty"));
        }
        if content.len() as u64 > max {
            return Err(too_large(max));
        }
        let Some(source) = said.source.or_else(|| said.title.clone()) else {
            return Err(ApiError::invalid_field("source", "a document needs a source, a title or a file name"));
        };
        let title = said.title.map_or_else(|| title_of(&source), Ok)?;
        let media_type = said.media_type.or(of_file).unwrap_or_default();
        let format = Format::of(&media_type, &source).ok_or_else(|| {
            ApiError::new(Code::UnsupportedMediaType, "documents are taken as Markdown, plain text, HTML or PDF")
        })?;
        Ok(Self { title, source, format, content, idempotency_key: said.idempotency_key })
    }
}

/// The last part of a source, where it has a name in it.
fn title_of(source: &str) -> Result<String, ApiError> {
    let last = source.rsplit('/').find(|part| !visible(part).trim().is_empty());
    let last = last.ok_or_else(|| ApiError::invalid_field("source", "has no name in it: a title is needed"))?;
    Ok(last.chars().take(MAX_TITLE).collect())
}

/// A file of a form.
struct File {
    name: Option<String>,
    media_type: Option<String>,
    content: Bytes,
}

async fn from_form(mut form: Multipart, max: u64) -> Result<(DocumentText, Option<File>), ApiError> {
    let mut said = DocumentText::default();
    let mut file = None;
    while let Some(mut field) = form.next_field().await.map_err(broken)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" {
            if file.is_some() {
                return Err(ApiError::invalid_field("file", "one document is taken at a time"));
            }
            let (name, media_type) = (field.file_name().map(str::to_owned), field.content_type().map(str::to_owned));
            let name = name.filter(|name| !name.trim().is_empty());
            let content = collect(&mut field, max).await?;
            file = Some(File { name, media_type, content });
            continue;
        }
        let target = match name.as_str() {
            "title" => &mut said.title,
            "source" => &mut said.source,
            "media_type" | "mediaType" => &mut said.media_type,
            "idempotency_key" | "idempotencyKey" => &mut said.idempotency_key,
            _ => return Err(ApiError::invalid_field(name, "is no field of a document")),
        };
        let text = collect(&mut field, MAX_FIELD as u64).await?;
        let text = String::from_utf8(text.into()).map_err(|_| ApiError::invalid_field(name, "is not UTF-8"))?;
        *target = Some(text).filter(|text| !text.is_empty());
    }
    if file.is_none() {
        return Err(ApiError::invalid_field("file", "the form has no file"));
    }
    Ok((said, file))
}

async fn collect(field: &mut axum::extract::multipart::Field<'_>, max: u64) -> Result<Bytes, ApiError> {
    let mut content = BytesMut::new();
    while let Some(piece) = field.chunk().await.map_err(broken)? {
        if (content.len() + piece.len()) as u64 > max {
            return Err(too_large(max));
        }
        content.extend_from_slice(&piece);
    }
    Ok(content.freeze())
}

fn too_large(max: u64) -> ApiError {
    ApiError::new(Code::PayloadTooLarge, format!("documents of up to {max} bytes are taken"))
}

fn broken(error: MultipartError) -> ApiError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return ApiError::new(Code::PayloadTooLarge, "the body is larger than this gateway takes");
    }
    http::unreadable(&error, format!("the form cannot be read: {}", error.body_text()))
}
