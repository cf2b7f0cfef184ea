//! `permessage-deflate` (RFC 7692), each message on its own: so the bytes of one are the same for every client, and no
//! connection holds a window.

use axum::http::{HeaderMap, HeaderValue, header};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// What ends each message, and is left out of it.
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// By how much room for what is inflated grows, in bytes.
const STEP: usize = 4 * 1024;

/// Why a message cannot be inflated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Uninflatable {
    /// It would be larger than it may.
    TooLarge,
    /// It is no deflated data.
    Malformed,
}

/// What the gateway answers to the extensions that a client offers; `None` where it offers none that can be had.
pub(crate) fn negotiate(headers: &HeaderMap) -> Option<HeaderValue> {
    let lists = headers.get_all(header::SEC_WEBSOCKET_EXTENSIONS).iter().filter_map(|value| value.to_str().ok());
    let accepted = lists.flat_map(|list| list.split(',')).find_map(accept)?;
    HeaderValue::from_str(&accepted).ok()
}

/// The answer to one offer, where each of its parameters is known and can be kept.
fn accept(offer: &str) -> Option<String> {
    let mut parts = offer.split(';').map(str::trim);
    if parts.next()? != "permessage-deflate" {
        return None;
    }
    let mut answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover".to_owned();
    let mut seen = Vec::new();
    for part in parts {
        let (name, value) = part
            .split_once('=')
            .map_or((part, None), |(name, value)| (name.trim(), Some(value.trim().trim_matches('"'))));
        if seen.contains(&name) {
            return None;
        }
        seen.push(name);
        match (name, value) {
            ("server_no_context_takeover" | "client_no_context_takeover" | "client_max_window_bits", None) => {}
            ("client_max_window_bits", Some(bits)) if (8..=15).any(|known: u8| bits == known.to_string()) => {}
            // Smaller windows than the largest are not made here.
            ("server_max_window_bits", Some("15")) => answer += "; server_max_window_bits=15",
            _ => return None,
        }
    }
    Some(answer)
}

/// Compresses a message; `None` where that fails.
pub(super) fn deflate(payload: &[u8]) -> Option<Vec<u8>> {
    let mut compress = Compress::new(Compression::fast(), false);
    let mut packed = Vec::with_capacity(payload.len() / 2 + STEP);
    loop {
        let before = (compress.total_in(), compress.total_out());
        let rest = &payload[usize::try_from(compress.total_in()).ok()?..];
        compress.compress_vec(rest, &mut packed, FlushCompress::Sync).ok()?;
        let done = compress.total_in() == payload.len() as u64;
        if done && packed.len() < packed.capacity() {
            break;
        }
        if before == (compress.total_in(), compress.total_out()) && packed.len() < packed.capacity() {
            return None;
        }
        packed.reserve(STEP);
    }
    packed.ends_with(&TAIL).then(|| packed.truncate(packed.len() - TAIL.len()))?;
    Some(packed)
}

/// Inflates a message to `most` bytes at most.
pub(super) fn inflate(payload: &[u8], most: usize) -> Result<Vec<u8>, Uninflatable> {
    let mut decompress = Decompress::new(false);
    let mut inflated = Vec::new();
    for piece in [payload, &TAIL] {
        let mut rest = piece;
        loop {
            // One byte of room more than may be filled, so that what is too large shows.
            inflated.reserve_exact(STEP.min(most + 1 - inflated.len()));
            let before = decompress.total_in();
            let status = decompress.decompress_vec(rest, &mut inflated, FlushDecompress::Sync);
            let status = status.map_err(|_| Uninflatable::Malformed)?;
            if inflated.len() > most {
                return Err(Uninflatable::TooLarge);
            }
            let taken = usize::try_from(decompress.total_in() - before).map_err(|_| Uninflatable::Malformed)?;
            rest = rest.get(taken..).unwrap_or_default();
            match status {
                Status::StreamEnd => return Ok(inflated),
                // All was taken, and there is room: nothing more comes of it.
                Status::Ok | Status::BufError if rest.is_empty() && inflated.len() < inflated.capacity() => break,
                Status::BufError if taken == 0 && inflated.len() < inflated.capacity() => {
                    return Err(Uninflatable::Malformed);
                }
                Status::Ok | Status::BufError => {}
            }
        }
    }
    Ok(inflated)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn offers_are_taken_that_can_be_kept() {
        let answer = |offers: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::SEC_WEBSOCKET_EXTENSIONS, offers.parse().unwrap());
            negotiate(&headers).map(|value| value.to_str().unwrap().to_owned())
        };
        let plain = "permessage-deflate; server_no_context_takeover; client_no_context_takeover".to_owned();
        for offer in [
            "permessage-deflate",
            "permessage-deflate; client_max_window_bits",
            "x-webkit-deflate-frame, permessage-deflate; client_max_window_bits=10; server_no_context_takeover",
            "permessage-deflate; server_max_window_bits=10, permessage-deflate",
        ] {
            assert_eq!(answer(offer).as_ref(), Some(&plain), "{offer}");
        }
        let wide = answer("permessage-deflate; server_max_window_bits=\"15\"").unwrap();
        assert_eq!(wide, format!("{plain}; server_max_window_bits=15"));
        for offer in [
            "",
            "deflate",
            "permessage-deflate; server_max_window_bits=9",
            "permessage-deflate; client_max_window_bits=7",
            "permessage-deflate; client_max_window_bits=16",
            "permessage-deflate; client_no_context_takeover=1",
            "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
            "permessage-deflate; level=9",
        ] {
            assert_eq!(answer(offer), None, "{offer}");
        }
        assert_eq!(negotiate(&HeaderMap::new()), None);
    }

    #[test]
    fn what_was_deflated_is_inflated_again_whatever_its_size() {
        let mut noise = 1_u32;
        for size in [0, 1, 255, 4_095, 4_096, 4_097, 70_000, 1 << 20] {
            let text: Vec<u8> = b"Invoices are paid. ".iter().copied().cycle().take(size).collect();
            let random: Vec<u8> = (0..size)
                .map(|_| {
                    noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (noise >> 24) as u8
                })
                .collect();
            for payload in [text, random] {
                let packed = deflate(&payload).unwrap();
                assert_eq!(inflate(&packed, size).unwrap(), payload, "{size}");
                if size > 0 {
                    assert_eq!(inflate(&packed, size - 1), Err(Uninflatable::TooLarge), "{size}");
                }
            }
        }
    }

    #[test]
    fn a_bomb_is_not_inflated_and_garbage_is_told() {
        let bomb = deflate(&vec![0; 64 << 20]).unwrap();
        assert!(bomb.len() < 1 << 20, "{}", bomb.len());
        assert_eq!(inflate(&bomb, 65_536), Err(Uninflatable::TooLarge));
        assert_eq!(inflate(&[0xff; 100], 65_536), Err(Uninflatable::Malformed));
        let whole = deflate(b"hello hello hello").unwrap();
        for at in 0..whole.len() {
            for byte in 0..=255 {
                let mut spoilt = whole.clone();
                spoilt[at] = byte;
                let _ = inflate(&spoilt, 1_000);
                let _ = inflate(&spoilt[..at], 1_000);
            }
        }
    }
}
