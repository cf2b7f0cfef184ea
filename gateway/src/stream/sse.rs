//! One viewer's server-sent events.

use std::time::Duration;

use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use futures::{StreamExt as _, stream};
use tokio::{sync::mpsc, time::timeout};
use tracing::{Instrument as _, Span};

use super::{
    feed::Feed,
    frame::{Frame, Unwritable},
    hub::Hub,
    keeping::Keeping,
    viewer::BATCH,
};

/// After how long a client that was cut off comes back, unless it knows better.
const RETRY: Duration = Duration::from_secs(1);

/// Shows a run to a client until the run ends, the client leaves or either has to go. A client that is cut off comes back by
/// itself, with the number of the last event that it has.
pub(crate) fn show(feed: Feed, hub: &Hub, keeping: Keeping) -> Response {
    let (sender, mut receiver) = mpsc::channel::<Vec<Frame>>(1);
    let writing = {
        let hub = hub.clone();
        async move {
            tokio::select! {
                () = write(&sender, feed, keeping.write) => {}
                () = hub.stopped() => {}
                () = tokio::time::sleep_until(keeping.until) => {}
            }
        }
    };
    tokio::spawn(hub.track(writing.instrument(Span::current())));
    let frames = stream::poll_fn(move |context| receiver.poll_recv(context)).flat_map(stream::iter);
    let hello = stream::once(async { Ok(Event::default().retry(RETRY)) });
    let events = hello.chain(frames.map(|frame| numbered(&frame)));
    Sse::new(events).keep_alive(KeepAlive::new().interval(keeping.ping)).into_response()
}

/// Hands frames on as the client takes them. One that takes nothing for too long is given up.
async fn write(sender: &mpsc::Sender<Vec<Frame>>, mut feed: Feed, patience: Duration) {
    loop {
        let frames = tokio::select! {
            next = feed.next(BATCH) => match next {
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

fn numbered(frame: &Frame) -> Result<Event, Unwritable> {
    Ok(Event::default().id(frame.seq.to_string()).data(frame.json()?.as_str()))
}
