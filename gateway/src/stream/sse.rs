//! One viewer's server-sent events.

use std::{convert::Infallible, time::Duration};

use axum::response::{
    IntoResponse, Response,
    sse::{Event, KeepAlive, Sse},
};
use futures::{StreamExt as _, stream};
use tokio::{sync::mpsc, time::timeout};
use tracing::{Instrument as _, Span, warn};

use super::{
    feed::Feed,
    frame::{Frame, Unwritable},
    hub::Hub,
    keeping::Keeping,
    viewer::BATCH,
};

/// Where a client says how far it has come.
pub(crate) const LAST_EVENT_ID: &str = "last-event-id";

/// After how long a client that was cut off comes back, unless it knows better.
const RETRY: Duration = Duration::from_secs(1);

/// What a client is told of a frame.
pub(crate) struct Told {
    /// The events, each with the id by which the client comes back.
    pub(crate) events: Vec<Event>,
    /// Whether nothing follows.
    pub(crate) last: bool,
}

/// Shows a run to a client as it stands in its log, each event by its number.
pub(crate) fn show(feed: Feed, hub: &Hub, keeping: Keeping) -> Response {
    speak(feed, hub, keeping, |frame| {
        let event = Event::default().id(frame.seq.to_string()).data(frame.json()?.as_str());
        Ok(Told { events: vec![event], last: false })
    })
}

/// Tells a client of a run in other words, until nothing follows, the client leaves or either has to go. A client that is
/// cut off comes back with the id of the last event that it has.
pub(crate) fn speak<F>(feed: Feed, hub: &Hub, keeping: Keeping, tell: F) -> Response
where
    F: FnMut(&Frame) -> Result<Told, Unwritable> + Send + 'static,
{
    let (sender, mut receiver) = mpsc::channel::<Vec<Event>>(1);
    let Keeping { ping, write: patience, until, lost } = keeping;
    let writing = {
        let hub = hub.clone();
        async move {
            tokio::select! {
                () = write(&sender, feed, patience, tell) => {}
                () = hub.stopped() => {}
                () = tokio::time::sleep_until(until) => {}
                _ = lost => {}
            }
        }
    };
    tokio::spawn(hub.track(writing.instrument(Span::current())));
    let events = stream::poll_fn(move |context| receiver.poll_recv(context)).flat_map(stream::iter);
    let hello = stream::once(async { Event::default().retry(RETRY) });
    let events = hello.chain(events).map(Ok::<_, Infallible>);
    Sse::new(events).keep_alive(KeepAlive::new().interval(ping)).into_response()
}

/// Hands events on as the client takes them. One that takes nothing for too long is given up.
async fn write<F>(sender: &mpsc::Sender<Vec<Event>>, mut feed: Feed, patience: Duration, mut tell: F)
where
    F: FnMut(&Frame) -> Result<Told, Unwritable>,
{
    let mut last = false;
    while !last {
        let frames = tokio::select! {
            next = feed.next(BATCH) => match next {
                Ok(next) if !next.is_empty() => next,
                // The end of the run, or of what can be shown now.
                Ok(_) | Err(_) => return,
            },
            () = sender.closed() => return,
        };
        let mut events = Vec::with_capacity(frames.len());
        for frame in &frames {
            match tell(frame) {
                Ok(told) => {
                    events.extend(told.events);
                    last = told.last;
                }
                Err(error) => {
                    let error: &dyn std::error::Error = &error;
                    warn!(seq = frame.seq, error, "a viewer's stream ends: an event cannot be said");
                    last = true;
                }
            }
            if last {
                break;
            }
        }
        if !matches!(timeout(patience, sender.send(events)).await, Ok(Ok(()))) {
            return;
        }
    }
}
