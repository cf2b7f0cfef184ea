//! Bytes to text: by byte order mark, by declaration, as UTF-8, and last by a guess.

use std::borrow::Cow;

use chardetng::EncodingDetector;
use encoding_rs::{Encoding, UTF_8};

use super::ParseError;

/// How far into a document a NUL byte says that it is not text.
const BINARY_PROBE: usize = 8 * 1024;

/// Decodes text. `declared` is what the document says about itself, e.g. in a `<meta charset>`.
///
/// Old single-byte encodings are guessed from the byte statistics, as browsers do.
///
/// # Errors
/// [`ParseError::NotReadable`] for bytes that are no text at all.
pub(super) fn decode<'a>(
    bytes: &'a [u8],
    declared: Option<&'static Encoding>,
    format: &'static str,
) -> Result<Cow<'a, str>, ParseError> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return Ok(encoding.decode_without_bom_handling(&bytes[mark..]).0);
    }
    if bytes.iter().take(BINARY_PROBE).any(|byte| *byte == 0) {
        return Err(ParseError::NotReadable { format, reason: "it holds binary data" });
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(Cow::Borrowed(text));
    }
    let encoding = declared.filter(|encoding| *encoding != UTF_8).unwrap_or_else(|| guess(bytes));
    let (text, _, malformed) = encoding.decode(bytes);
    if malformed {
        return Err(ParseError::NotReadable { format, reason: "its character encoding cannot be told" });
    }
    Ok(text)
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(None, chardetng::Utf8Detection::Deny)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn reads_what_editors_write() {
        let utf16: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("Grüße".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        assert_eq!(decode(&utf16, None, "text").unwrap(), "Grüße");
        assert_eq!(decode("\u{feff}Grüße".as_bytes(), None, "text").unwrap(), "Grüße");
        let latin = b"Die Gr\xf6\xdfe der T\xfcr ist f\xfcnf Fu\xdf, sagt M\xfcller.";
        assert_eq!(decode(latin, None, "text").unwrap(), "Die Größe der Tür ist fünf Fuß, sagt Müller.");
    }

    #[test]
    fn a_declaration_decides_between_legacy_encodings() {
        let koi8 = Encoding::for_label(b"koi8-r");
        assert_eq!(decode(b"\xf0\xf2\xe9", koi8, "HTML").unwrap(), "ПРИ");
    }

    #[test]
    fn refuses_binary_data() {
        let error = decode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", None, "text").unwrap_err();
        assert_eq!(error.code(), "document_not_readable");
    }
}
