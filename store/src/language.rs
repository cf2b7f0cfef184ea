//! The language of a text, as Postgres' full text search knows it.

use std::{fmt, str::FromStr};

/// A text search configuration that every Postgres has. Words are reduced to their stems by its rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Language(&'static str);

/// Configurations, with the BCP 47 language that each serves.
const KNOWN: &[(&str, &str)] = &[
    ("simple", "und"),
    ("arabic", "ar"),
    ("armenian", "hy"),
    ("basque", "eu"),
    ("catalan", "ca"),
    ("danish", "da"),
    ("dutch", "nl"),
    ("english", "en"),
    ("finnish", "fi"),
    ("french", "fr"),
    ("german", "de"),
    ("greek", "el"),
    ("hindi", "hi"),
    ("hungarian", "hu"),
    ("indonesian", "id"),
    ("irish", "ga"),
    ("italian", "it"),
    ("lithuanian", "lt"),
    ("nepali", "ne"),
    ("norwegian", "no"),
    ("portuguese", "pt"),
    ("romanian", "ro"),
    ("russian", "ru"),
    ("serbian", "sr"),
    ("spanish", "es"),
    ("swedish", "sv"),
    ("tamil", "ta"),
    ("turkish", "tr"),
    ("yiddish", "yi"),
];

/// A language that cannot be searched in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a known language: {0:?}")]
pub struct UnknownLanguage(pub String);

impl Language {
    /// English, the default.
    pub const ENGLISH: Self = Self("english");

    /// Words as they stand, for languages without rules.
    pub const SIMPLE: Self = Self("simple");

    /// The language of a BCP 47 tag such as `de-CH`; [`Language::SIMPLE`] for one without rules.
    #[must_use]
    pub fn from_tag(tag: &str) -> Self {
        let primary = tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        KNOWN.iter().find(|(_, code)| *code == primary).map_or(Self::SIMPLE, |(name, _)| Self(name))
    }

    /// The configuration's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl Default for Language {
    fn default() -> Self {
        Self::ENGLISH
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl FromStr for Language {
    type Err = UnknownLanguage;

    /// Accepts the name of a configuration, e.g. `german`.
    fn from_str(text: &str) -> Result<Self, UnknownLanguage> {
        KNOWN
            .iter()
            .find(|(name, _)| *name == text)
            .map(|(name, _)| Self(name))
            .ok_or_else(|| UnknownLanguage(text.chars().take(80).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_finds_its_rules_or_none() {
        assert_eq!(Language::from_tag("de-CH").as_str(), "german");
        assert_eq!(Language::from_tag("ID").as_str(), "indonesian");
        assert_eq!(Language::from_tag("ja"), Language::SIMPLE);
        assert_eq!(Language::from_tag(""), Language::SIMPLE);
    }

    #[test]
    fn only_a_known_name_is_a_language() {
        assert_eq!("english".parse(), Ok(Language::ENGLISH));
        assert!("english'; drop table chunks".parse::<Language>().is_err());
    }
}
