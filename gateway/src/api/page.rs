//! Lists come in pages.

use sba_store::{Listed, Page};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;

/// Entries of a page when the client names no number.
const DEFAULT_LIMIT: u32 = 20;

/// Which page of a list is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageQuery {
    /// Number of the page, from 1.
    pub(crate) page: Option<u32>,
    /// Most entries on a page.
    pub(crate) limit: Option<u32>,
}

impl PageQuery {
    /// The page, with no more than `most` entries.
    pub(crate) fn checked(self, most: u32) -> Result<Page, ApiError> {
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

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Paged<T> {
    /// The entries of this page.
    data: Vec<T>,
    /// Where the page stands in the list.
    meta: Meta,
}

/// Where a page stands in its list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Meta {
    /// Entries of all pages together.
    #[schema(example = 41)]
    total: u64,
    /// Number of this page, from 1.
    #[schema(example = 1)]
    page: u32,
    /// Most entries on a page.
    #[schema(example = 20)]
    limit: u32,
    /// Whether another page follows.
    #[schema(example = true)]
    has_next: bool,
}

impl<T> Paged<T> {
    /// A page of what the store listed.
    pub(crate) fn of<S>(listed: Listed<S>, entry: impl FnMut(S) -> T) -> Self {
        let meta = Meta {
            total: listed.total,
            page: listed.page.number(),
            limit: listed.page.limit(),
            has_next: listed.has_next(),
        };
        Self { data: listed.items.into_iter().map(entry).collect(), meta }
    }
}
