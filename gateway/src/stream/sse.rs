//! One viewer's server-sent events.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::ws::Utf8Bytes,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::{Stream, StreamExt as _, stream};
use tokio::{sync::mpsc, time::timeout};
use tracing::{Instrument as _, Span};

use super::{frame::Frame, hub::Hub, socket::Keeping, viewer::Viewer};

/// After how long a client that was cut off comes back, unless it knows better.
const RETRY: Duration = Duration::from_secs(1);

/// Shows a run to a client until the run ends, the client leaves or either has to go. A client that is cut off comes back by
/// itself, with the number of the last event that it has.
pub(crate) fn show(viewer: Viewer, hub: &Hub, keeping: Keeping) -> Response {
    let (sender, mut receiver) = mpsc::channel::<Vec<Frame>>(1);
    let writing = {
        let hub = hub.clone();
        async move {
            tokio::select! {
                () = write(&sender, viewer, keeping.write) => {}
                () = hub.stopped() => {}
                () = tokio::time::sleep_until(keeping.until) => {}
            }
        }
    };
    tokio::spawn(hub.track(writing.instrument(Span::current())));
    let frames = stream::poll_fn(move |context| receiver.poll_recv(context)).flat_map(stream::iter);
    answer(frames.map(|frame| numbered(frame.seq, &frame.text)), keeping.ping)
}

/// Says what is left to be said of a run whose log was removed; its `last` event counts as said then.
pub(crate) fn part(said: Vec<Utf8Bytes>, last: u64, keeping: Keeping) -> Response {
    answer(stream::iter(said).map(move |text| numbered(last, &text)), keeping.ping)
}

/// Hands frames on as the client takes them. One that takes nothing for too long is given up.
async fn write(sender: &mpsc::Sender<Vec<Frame>>, mut viewer: Viewer, patience: Duration) {
    loop {
        let frames = tokio::select! {
            next = viewer.next() => match next {
                Ok(next) if !next.is_empty() => next,
                // The end of the run, or of what can be shown now.
                Ok(_) | Err(_) => return,
            },
            () = sender.closed() => return,
        };
        if !matches!(timeout(patience, sender.send(frames)).await, Ok(Ok(()))) {
            return;
        }
    }
}

fn numbered(seq: u64, text: &str) -> Event {
    Event::default().id(seq.to_string()).data(text)
}

fn answer(events: impl Stream<Item = Event> + Send + 'static, ping: Duration) -> Response {
    let hello = stream::once(async { Event::default().retry(RETRY) });
    let events = hello.chain(events).map(Ok::<_, Infallible>);
    Sse::new(events).keep_alive(KeepAlive::new().interval(ping)).into_response()
}
