//! What becomes of a message of a work queue: progress, and how it is settled.

mod bury;

use std::{pin::pin, time::Duration};

use async_nats::jetstream::{AckKind, Context, Message};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

pub use self::bury::bury;
use crate::metrics::Metrics;

/// What becomes of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is done, now or before.
    Settled,
    /// It is to be delivered again, after a pause.
    Later(Duration),
    /// Somebody else settles it.
    Leave,
    /// It can never be done: it becomes a dead letter.
    Dead {
        /// A stable code.
        reason: &'static str,
        /// Why, in words.
        detail: String,
    },
}

/// How often a message was delivered, this time included.
#[must_use]
pub fn attempts(message: &Message) -> u32 {
    message.info().map_or(1, |info| u32::try_from(info.delivered).unwrap_or(u32::MAX))
}

/// Tells the queue, `every` so often, that a message is being worked on, so that nobody else is given it.
pub async fn with_progress<T>(message: &Message, every: Duration, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let mut ticks = interval_at(Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            _ = ticks.tick() => {
                if let Err(error) = message.ack_with(AckKind::Progress).await {
                    tracing::debug!(error, "a sign of progress was not sent");
                }
            }
        }
    }
}

/// Settles a delivery. A dead letter that cannot be stored is no reason to lose the message: it comes again after
/// `unburied`, and is buried then.
pub async fn settle(jetstream: &Context, metrics: &Metrics, message: &Message, fate: Fate, unburied: Duration) {
    let kind = match fate {
        Fate::Settled => AckKind::Ack,
        Fate::Later(pause) => AckKind::Nak(Some(pause)),
        Fate::Leave => return,
        Fate::Dead { reason, detail } => {
            let attempts = attempts(message);
            // The copy comes first: a terminated message is gone.
            match bury(jetstream, metrics, message, reason, &detail, attempts).await {
                Ok(()) => {
                    tracing::error!(reason, detail, attempts, subject = %message.subject, "a message is dead");
                    AckKind::Term
                }
                Err(error) => {
                    let code = error.code();
                    tracing::error!(reason, detail, attempts, code, %error, "a dead letter could not be stored");
                    AckKind::Nak(Some(unburied))
                }
            }
        }
    };
    if let Err(error) = message.ack_with(kind).await {
        tracing::warn!(error, "a message was not settled and will be delivered again");
    }
}
