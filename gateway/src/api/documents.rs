//! `/api/v1/knowledge/documents`

mod delete;
mod get;
mod list;
mod put;
mod upload;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

/// The endpoints of documents, but for handing one in.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list_documents))
        .routes(routes!(get::get_document, delete::delete_document))
}

/// Handing a document in: larger, slower and fewer at a time than other requests.
pub(super) fn uploads() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(put::put_document))
}
