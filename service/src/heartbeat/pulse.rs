//! The task that beats and listens.

use std::time::Duration;

use async_nats::{Client, Message, Subscriber, connection::State};
use futures::StreamExt as _;
use sba_subjects::{codec, heartbeat::Heartbeat, subject::Subject};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::{Beat, Peers};

/// Longest time that a beat may wait for room in the client's queue; a late beat is worth nothing.
const SEND: Duration = Duration::from_millis(100);

/// Longest wait until the last beat is on its way.
const LAST_WORD: Duration = Duration::from_millis(500);

pub(super) async fn run(client: Client, mut heard: Subscriber, beat: Beat, peers: Peers, stop: CancellationToken) {
    let mut ticks = interval(beat.rhythm.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut number = 0;
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                number += 1;
                send(&client, &beat, &peers, number, (beat.runs)()).await;
            }
            message = heard.next() => match message {
                Some(message) => hear(&message, &peers),
                // The connection was drained: nobody hears us any more either.
                None => break,
            },
            () = stop.cancelled() => {
                beat.draining.cancel();
                send(&client, &beat, &peers, number + 1, Vec::new()).await;
                // The process ends next, and what is only queued would be lost with it.
                if !matches!(timeout(LAST_WORD, client.flush()).await, Ok(Ok(()))) {
                    tracing::debug!("the last heartbeat was not sent; the others will notice the silence");
                }
                break;
            }
        }
        let open = peers.refresh();
        beat.metrics.heartbeat_heard.set(i64::from(open));
    }
}

async fn send(client: &Client, beat: &Beat, peers: &Peers, number: u64, runs: Vec<sba_subjects::id::RunId>) {
    // While the connection is down the client keeps what it is given: beats from then would be lies later.
    if client.connection_state() != State::Connected {
        return;
    }
    let message = Heartbeat {
        instance: beat.instance,
        kind: beat.kind.to_string(),
        number,
        runs,
        draining: beat.draining.is_cancelled(),
    };
    let body = match codec::encode(&message) {
        Ok(body) => body,
        Err(error) => return tracing::error!(%error, "the heartbeat cannot be written"),
    };
    peers.sending(number);
    let subject = Subject::Hb(beat.instance).to_string();
    match timeout(SEND, client.publish(subject, body)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the heartbeat was not sent"),
        Err(_) => tracing::warn!("the heartbeat was not sent: the connection is overloaded"),
    }
}

fn hear(message: &Message, peers: &Peers) {
    match codec::decode::<Heartbeat>(&message.payload) {
        // A process speaks only for itself.
        Ok(beat) if Subject::Hb(beat.instance).to_string() == *message.subject => peers.take(beat),
        Ok(_) => tracing::warn!(subject = %message.subject, "a heartbeat for another process was ignored"),
        Err(error) => tracing::warn!(%error, subject = %message.subject, "a heartbeat was not understood"),
    }
}
