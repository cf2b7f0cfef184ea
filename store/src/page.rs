//! Lists come in pages.

/// Which part of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    number: u32,
    limit: u32,
}

impl Page {
    /// Most items that a page holds.
    pub const MAX_LIMIT: u32 = 100;

    /// The page `number` (from 1) of `limit` items; both are brought into their range.
    #[must_use]
    pub fn new(number: u32, limit: u32) -> Self {
        Self { number: number.max(1), limit: limit.clamp(1, Self::MAX_LIMIT) }
    }

    /// Its number, from 1.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.number
    }

    /// How many items it holds at most.
    #[must_use]
    pub const fn limit(self) -> u32 {
        self.limit
    }

    pub(crate) fn sql_limit(self) -> i64 {
        i64::from(self.limit)
    }

    pub(crate) fn sql_offset(self) -> i64 {
        i64::from(self.number - 1) * i64::from(self.limit)
    }
}

impl Default for Page {
    fn default() -> Self {
        Self { number: 1, limit: 20 }
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// How many there are on all pages together.
    pub total: u64,
    /// The page.
    pub page: Page,
}

impl<T> Listed<T> {
    pub(crate) fn new(items: Vec<T>, total: i64, page: Page) -> Self {
        Self { items, total: total.unsigned_abs(), page }
    }

    /// Whether another page follows.
    #[must_use]
    pub fn has_next(&self) -> bool {
        u64::from(self.page.number) * u64::from(self.page.limit) < self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_brought_into_range() {
        let page = Page::new(0, 100_000);
        assert_eq!((page.number(), page.limit(), page.sql_offset()), (1, Page::MAX_LIMIT, 0));
        assert_eq!(Page::new(u32::MAX, 100).sql_offset(), 429_496_729_400);
    }

    #[test]
    fn the_last_page_has_no_next() {
        let listed = |number, total| Listed::<()>::new(vec![], total, Page::new(number, 10)).has_next();
        assert!(listed(1, 11));
        assert!(!listed(2, 11));
        assert!(!listed(1, 10));
        assert!(!listed(1, 0));
    }
}
