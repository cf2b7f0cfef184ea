//! What a character is, as far as that decides whether it is needed. Ranges are whole blocks of Unicode: what they hold
//! too much is letters of scripts that need what their neighbours need.

/// What a character is for a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// It is seen, or is white space.
    Shape,
    /// It is never seen, and no text needs it.
    Hidden,
    /// A mark of direction.
    Mark,
    /// It opens or closes an isolate of direction.
    Isolate,
    /// It joins its neighbours or keeps them apart.
    Joiner,
    /// A place where a line may be broken.
    Space,
    /// It chooses a variant of the character before it.
    Selector,
}

impl Class {
    pub(super) const fn of(c: char) -> Self {
        match c {
            '\0'..='\u{AC}' => Self::Shape,
            '\u{061C}' | '\u{200E}' | '\u{200F}' => Self::Mark,
            '\u{2066}'..='\u{2069}' => Self::Isolate,
            '\u{200C}' | '\u{200D}' => Self::Joiner,
            '\u{200B}' => Self::Space,
            '\u{180B}'..='\u{180D}' | '\u{180F}' | '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}' => {
                Self::Selector
            }
            '\u{AD}'
            | '\u{034F}'
            | '\u{115F}'
            | '\u{1160}'
            | '\u{17B4}'
            | '\u{17B5}'
            | '\u{180E}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{2065}'
            | '\u{206A}'..='\u{206F}'
            | '\u{3164}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}'
            | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}' => Self::Hidden,
            _ => Self::Shape,
        }
    }
}

/// Letters that are written from right to left.
pub(super) fn is_right_to_left(c: char) -> bool {
    let block = matches!(c,
        '\u{0590}'..='\u{08FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}' | '\u{10800}'..='\u{10FFF}'
        | '\u{1E800}'..='\u{1EFFF}');
    block && c.is_alphabetic()
}

/// Whether a letter, or a sign on one, is of a script whose letters change their shape beside each other.
pub(super) fn joins(c: char) -> bool {
    matches!(c,
        '\u{0600}'..='\u{08FF}' | '\u{0900}'..='\u{0DFF}' | '\u{0F00}'..='\u{109F}' | '\u{1700}'..='\u{18AF}'
        | '\u{1900}'..='\u{1CFF}' | '\u{A800}'..='\u{A9DF}' | '\u{AA00}'..='\u{AAFF}' | '\u{ABC0}'..='\u{ABFF}'
        | '\u{FB50}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}' | '\u{10A00}'..='\u{10AFF}' | '\u{10D00}'..='\u{11FFF}'
        | '\u{16100}'..='\u{1613F}' | '\u{1E900}'..='\u{1E95F}')
        && !c.is_whitespace()
}

/// Whether a letter is of a script that is written without spaces between words.
pub(super) fn has_no_spaces(c: char) -> bool {
    matches!(c,
        '\u{0E00}'..='\u{0FFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{1950}'..='\u{1AAF}'
        | '\u{A9E0}'..='\u{A9FF}' | '\u{AA60}'..='\u{AADF}')
}

/// Whether a character may be a picture.
pub(super) const fn is_emoji(c: char) -> bool {
    matches!(c,
        '\u{A9}' | '\u{AE}' | '\u{203C}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{21FF}'
        | '\u{2300}'..='\u{23FF}' | '\u{2460}'..='\u{24FF}' | '\u{25A0}'..='\u{27BF}' | '\u{2900}'..='\u{297F}'
        | '\u{2B00}'..='\u{2BFF}' | '\u{3030}' | '\u{303D}' | '\u{3297}' | '\u{3299}' | '\u{1F000}'..='\u{1FAFF}')
}

/// Whether a selector chooses among variants that a character has.
pub(super) const fn has_variants(base: char, selector: char) -> bool {
    let key = matches!(base, '#' | '*' | '0'..='9');
    match selector {
        '\u{FE0E}' | '\u{FE0F}' if key || is_emoji(base) => true,
        // Signs of mathematics, Han and its punctuation, Myanmar, Phags-pa, Manichaean.
        '\u{FE00}'..='\u{FE0F}' => matches!(base,
            '\u{1000}'..='\u{109F}' | '\u{2200}'..='\u{22FF}' | '\u{2A00}'..='\u{2AFF}' | '\u{2E80}'..='\u{9FFF}'
            | '\u{A840}'..='\u{A87F}' | '\u{AA60}'..='\u{AA7F}' | '\u{F900}'..='\u{FAFF}' | '\u{FF00}'..='\u{FFEF}'
            | '\u{10AC0}'..='\u{10AFF}' | '\u{20000}'..='\u{3FFFF}'),
        '\u{E0100}'..='\u{E01EF}' => {
            matches!(base, '\u{2E80}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
        }
        _ => matches!(base, '\u{1800}'..='\u{18AF}' | '\u{11660}'..='\u{1167F}'),
    }
}
