//! Titles: of a file name, or of what a document calls itself.

use sba_subjects::visible::visible;

/// The longest title, in characters.
const MAX_TITLE: usize = 200;

/// A title made of a file name: without folders and extension.
pub(super) fn title_from_name(name: &str) -> String {
    let file = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| if stem.is_empty() { file } else { stem });
    let title = one_line(stem);
    if title.is_empty() { "Untitled".to_owned() } else { title }
}

/// Text as a title: one line, no control characters, at most 200 characters.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::new();
    let text = visible(text);
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.chars().count() > MAX_TITLE {
            return line.chars().take(MAX_TITLE).collect();
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_becomes_a_title() {
        assert_eq!(title_from_name("docs/a b/Annual report.final.pdf"), "Annual report.final");
        assert_eq!(title_from_name(r"C:\docs\x.md"), "x");
        assert_eq!(title_from_name(".env"), ".env");
        assert_eq!(title_from_name("\u{0}\n"), "Untitled");
    }
}
