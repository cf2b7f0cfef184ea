//! What of a page is read.

use html5ever::tokenizer::Tag;

/// All of a page, or its main part only, without what stands around that on every page of a site.
pub(super) enum Scope {
    All,
    Main(Option<Part>),
}

/// A main part that is open.
pub(super) struct Part {
    name: String,
    /// Elements of the same name open inside it.
    same: usize,
}

impl Scope {
    /// The main part of a page that may have one.
    pub(super) fn main_of(source: &str) -> Option<Self> {
        let has = |mark: &str| source.as_bytes().windows(mark.len()).any(|at| at.eq_ignore_ascii_case(mark.as_bytes()));
        (has("<main") || has("role=")).then_some(Self::Main(None))
    }

    /// Whether what comes next is read.
    pub(super) const fn is_inside(&self) -> bool {
        matches!(self, Self::All | Self::Main(Some(_)))
    }

    /// An element begins.
    pub(super) fn start(&mut self, tag: &Tag) {
        match self {
            Self::Main(Some(part)) => part.same += usize::from(*tag.name == *part.name),
            Self::Main(open @ None) if is_main(tag) => *open = Some(Part { name: tag.name.to_string(), same: 0 }),
            Self::Main(None) | Self::All => {}
        }
    }

    /// An element ends.
    pub(super) fn end(&mut self, name: &str) {
        let Self::Main(open) = self else { return };
        match open {
            Some(part) if part.name == name && part.same > 0 => part.same -= 1,
            Some(part) if part.name == name => *open = None,
            Some(_) | None => {}
        }
    }
}

fn is_main(tag: &Tag) -> bool {
    &*tag.name == "main"
        || tag
            .attrs
            .iter()
            .any(|attribute| &*attribute.name.local == "role" && attribute.value.eq_ignore_ascii_case("main"))
}
