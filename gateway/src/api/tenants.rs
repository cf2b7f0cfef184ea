//! `/api/v1/tenants`

mod create;
mod settings;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::app::App;

/// The endpoints of tenants.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(create::create_tenant))
}
