#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;

fn key() -> ApiKeyText {
    let (tenant, id) = (Uuid::from_u128(0xacce), Uuid::from_u128(0x5ec));
    ApiKeyText::new(TenantId::from_uuid(tenant), ApiKeyId::from_uuid(id), [7; SECRET])
}

#[test]
fn a_key_is_read_as_it_was_written() {
    let text = key().reveal();
    assert_eq!(text.len(), 128);
    assert!(text.starts_with("sba_0000000000000000000000000000acce_000000000000000000000000000005ec_"), "{text}");
    assert!(text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'), "{text}");
    assert_eq!(ApiKeyText::parse(&text).unwrap(), key());
    assert_eq!(key().hash(), <[u8; 32]>::from(Sha256::digest([7; SECRET])), "the secret alone is hashed");
}

#[test]
fn a_mistyped_key_is_found_out_without_asking() {
    let text = key().reveal();
    for place in 0..text.len() {
        let mut other = text.clone().into_bytes();
        other[place] = if other[place] == b'2' { b'3' } else { b'2' };
        let other = String::from_utf8(other).unwrap();
        assert_eq!(ApiKeyText::parse(&other), None, "{other}");
    }
    for other in [
        String::new(),
        "sba_".to_owned(),
        text.to_uppercase(),
        format!("{text}_"),
        format!("{text}a"),
        format!(" {text}"),
        text[..text.len() - 1].to_owned(),
        text.replacen("_0000000000000000000000000000acce", "_00000000-0000-0000-0000-00000000acce", 1),
    ] {
        assert_eq!(ApiKeyText::parse(&other), None, "{other}");
    }
}

#[test]
fn a_key_shows_its_secret_to_no_log() {
    let shown = format!("{:?}", key());
    assert!(shown.ends_with("_***") && !key().reveal().contains(&shown), "{shown}");
}
