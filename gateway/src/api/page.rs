//! Lists come in pages.

use sba_store::Listed;
use serde::Serialize;
use utoipa::ToSchema;

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
