//! `/api/v1/keys`: how a tenant's machines show who they are.

mod create;
mod list;
mod revoke;
mod rotate;
mod view;

use rand::RngCore as _;
use sba_subjects::id::{ApiKeyId, TenantId};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{app::App, auth::ApiKeyText};

/// The endpoints of keys.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create::create_key, list::list_keys))
        .routes(routes!(revoke::revoke_key))
        .routes(routes!(rotate::rotate_key))
}

/// A key's text with a secret that nobody knows.
fn new_text(tenant: TenantId, id: ApiKeyId) -> ApiKeyText {
    let mut secret = [0; 32];
    rand::rng().fill_bytes(&mut secret);
    ApiKeyText::new(tenant, id, secret)
}
