//! What the headers of a dead letter say. Its subject says where the message was, its body is the message's own.

/// Why it is dead: a stable code.
pub const REASON: &str = "Sba-Dead-Reason";
/// Why, in words.
pub const DETAIL: &str = "Sba-Dead-Detail";
/// How often it was delivered.
pub const ATTEMPTS: &str = "Sba-Dead-Attempts";
/// The stream that it stood in.
pub const STREAM: &str = "Sba-Dead-Stream";
/// Where it stood there.
pub const SEQUENCE: &str = "Sba-Dead-Sequence";
/// When it was published, as RFC 3339.
pub const TIME: &str = "Sba-Dead-Time";
/// Bytes of a body that was too large to be kept beside these headers.
pub const DROPPED_BYTES: &str = "Sba-Dead-Dropped-Bytes";

/// Whether a header of a message goes into its dead letter: what the server was told once it would obey again.
#[must_use]
pub fn keeps(header: &str) -> bool {
    let prefix = |prefix: &str| header.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    !prefix("nats-") && !prefix("sba-dead-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_or_a_reader_would_obey_is_left_out() {
        for header in ["Nats-Msg-Id", "nats-rollup", "NATS-Expected-Stream", "sba-dead-reason"] {
            assert!(!keeps(header), "{header}");
        }
        for header in ["traceparent", "Sba-Id", "Nats", "", "Nät-Nats-"] {
            assert!(keeps(header), "{header}");
        }
    }
}
