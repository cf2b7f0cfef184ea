//! Server-sent events of a model's answer, read within a bound of memory.

use std::io;

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream, stream::BoxStream};
use tokio_util::codec::{FramedRead, LinesCodec, LinesCodecError};
use tokio_util::io::StreamReader;

use super::ModelError;
use super::http::transport;

/// The `data` of each event in `body`; an event of more than `max_bytes` is an error.
///
/// Event names, ids, retry hints and comments carry nothing that the OpenAI protocol uses.
pub(super) fn data(
    body: impl Stream<Item = reqwest::Result<Bytes>> + Send + 'static,
    max_bytes: usize,
) -> BoxStream<'static, Result<String, ModelError>> {
    let reader = StreamReader::new(Box::pin(body.map_err(io::Error::other)));
    let lines = FramedRead::new(reader, LinesCodec::new_with_max_length(max_bytes));
    stream::try_unfold(lines, move |mut lines| async move {
        let mut data: Option<String> = None;
        while let Some(line) = lines.next().await {
            let line = line.map_err(|error| unreadable(error, max_bytes))?;
            if line.is_empty() && data.is_some() {
                break;
            }
            if let Some(value) = line.strip_prefix("data:") {
                append(&mut data, value.strip_prefix(' ').unwrap_or(value), max_bytes)?;
            }
        }
        // Some servers close right after the last line, without the empty one.
        Ok(data.map(|data| (data, lines)))
    })
    .boxed()
}

fn append(data: &mut Option<String>, value: &str, max_bytes: usize) -> Result<(), ModelError> {
    let data = match data {
        Some(earlier) => {
            earlier.push('\n');
            earlier
        }
        None => data.insert(String::new()),
    };
    if data.len() + value.len() > max_bytes {
        return Err(too_long(max_bytes));
    }
    data.push_str(value);
    Ok(())
}

fn unreadable(error: LinesCodecError, max_bytes: usize) -> ModelError {
    match error {
        LinesCodecError::MaxLineLengthExceeded => too_long(max_bytes),
        LinesCodecError::Io(error) if error.kind() == io::ErrorKind::InvalidData => {
            ModelError::garbage("invalid UTF-8")
        }
        LinesCodecError::Io(error) => match error.downcast::<reqwest::Error>() {
            Ok(error) => transport(error),
            Err(error) => ModelError::unreachable(error),
        },
    }
}

fn too_long(max_bytes: usize) -> ModelError {
    ModelError::garbage(format_args!("an event of more than {max_bytes} bytes"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    async fn read(pieces: &[&[u8]], max_bytes: usize) -> Vec<Result<String, ModelError>> {
        let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        data(stream::iter(pieces), max_bytes).collect().await
    }

    async fn read_all(text: &str) -> Vec<String> {
        read(&[text.as_bytes()], 1_000).await.into_iter().map(Result::unwrap).collect()
    }

    #[tokio::test]
    async fn events_come_out_whatever_the_line_ends_and_extras() {
        let text =
            ": hi\r\nevent: x\r\nid: 1\r\ndata: {\"a\":1}\r\n\r\n\r\n:ping\n\ndata:two\ndata: lines\n\ndata: last";
        assert_eq!(read_all(text).await, ["{\"a\":1}", "two\nlines", "last"]);
        assert!(read_all("").await.is_empty());
    }

    #[tokio::test]
    async fn pieces_may_end_inside_a_character() {
        let text = "data: café 🦀\n\n".as_bytes();
        for cut in 0..text.len() {
            let events = read(&[&text[..cut], &text[cut..]], 100).await;
            assert_eq!(events.into_iter().map(Result::unwrap).collect::<Vec<_>>(), ["café 🦀"]);
        }
    }

    #[tokio::test]
    async fn invalid_utf8_and_endless_lines_are_garbage_and_the_end() {
        for (bytes, max_bytes) in [(b"data: \xff\xfe\n\ndata: x\n\n".to_vec(), 100), (vec![b'x'; 5_000], 100)] {
            let events = read(&[&bytes], max_bytes).await;
            assert_eq!(events.len(), 1);
            assert_eq!(events[0].as_ref().unwrap_err().code(), "model_garbage");
        }
        let lines = "data: 0123456789\n".repeat(20);
        let events = read(&[lines.as_bytes()], 100).await;
        assert_eq!(events[0].as_ref().unwrap_err().code(), "model_garbage");
    }
}
