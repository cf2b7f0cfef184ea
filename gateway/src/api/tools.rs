//! `/api/v1/tools/{name}`: the tools that a tenant serves itself.

mod delete;
mod list;
mod put;
mod schema;

use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use self::put::register;
use crate::{
    app::App,
    error::{ApiError, Code},
};
use sba_subjects::{
    name::ToolName,
    tool::{SERVED_PREFIX, is_served},
};

/// The endpoints of served tools.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list::list_tools)).routes(routes!(put::put_tool, delete::delete_tool))
}

/// Longest name, in bytes: that of its consumer holds the tenant's key besides.
const MAX_NAME: usize = 48;

/// The name of a tool that a tenant may serve: no tool of SBA's own has such a name.
///
/// # Errors
/// `validation_failed`.
pub(crate) fn served_name(name: &str) -> Result<ToolName, ApiError> {
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let sound = name.len() > SERVED_PREFIX.len() && name.len() <= MAX_NAME && name.bytes().all(letter);
    let parsed = name.parse().ok().filter(|name| sound && is_served(name));
    parsed.ok_or_else(|| {
        ApiError::invalid_field("name", "expected x_ and up to 46 lower-case letters, digits and underscores")
    })
}

/// What is told of a tool that the tenant does not serve.
pub(crate) fn unknown() -> ApiError {
    ApiError::new(Code::NotFound, "the tenant serves no tool of this name")
}
