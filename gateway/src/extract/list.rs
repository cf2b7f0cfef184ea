//! The query of a list: which page, and which entries.

use axum::{
    extract::FromRequestParts,
    http::{Uri, request::Parts},
};
use sba_store::Page;
use serde::{Deserialize, de::DeserializeOwned};
use utoipa::IntoParams;

use super::query::{query, unreadable};
use crate::{app::App, error::ApiError};

/// Entries of a page when the client names no number.
const DEFAULT_LIMIT: u32 = 20;

/// Which page of a list is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// Number of the page, from 1.
    #[param(minimum = 1, example = 1)]
    page: Option<u32>,
    /// Most entries on a page.
    #[param(minimum = 1, maximum = 100, example = 20)]
    limit: Option<u32>,
}

/// A page of those entries that `T` names.
#[derive(Debug, Clone)]
pub(crate) struct List<T> {
    pub(crate) page: Page,
    pub(crate) only: T,
}

impl PageQuery {
    /// Whether a parameter of the query, `name=value`, is one of these.
    fn has(parameter: &str) -> bool {
        matches!(parameter.split('=').next(), Some("page" | "limit"))
    }

    /// The page, with no more than `most` entries.
    fn checked(self, most: u32) -> Result<Page, ApiError> {
        let most = most.min(Page::MAX_LIMIT);
        let (number, limit) = (self.page.unwrap_or(1), self.limit.unwrap_or(DEFAULT_LIMIT.min(most)));
        if number == 0 {
            return Err(ApiError::invalid_field("page", "pages are counted from 1"));
        }
        if limit == 0 || limit > most {
            return Err(ApiError::invalid_field("limit", format!("expected 1 to {most}")));
        }
        Ok(Page::new(number, limit))
    }
}

impl<T: DeserializeOwned> FromRequestParts<App> for List<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        // Read apart, so that a filter can refuse the parameters that it does not know.
        let parameters = parts.uri.query().unwrap_or_default().split('&');
        let (page, only): (Vec<&str>, Vec<&str>) = parameters.partition(|parameter| PageQuery::has(parameter));
        let page: PageQuery = query(&address(&page)?)?;
        Ok(Self { page: page.checked(app.config.gateway.max_page_size)?, only: query(&address(&only)?)? })
    }
}

/// An address with this query and nothing else.
fn address(parameters: &[&str]) -> Result<Uri, ApiError> {
    format!("/?{}", parameters.join("&")).parse().map_err(|error| unreadable(&error))
}
