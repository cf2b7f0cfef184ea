//! From process to process: commands for a run go to the process that holds it.

use std::sync::Arc;

use async_nats::Message;
use futures::StreamExt as _;
use sba_service::shutdown::Shutdown;
use sba_subjects::{
    codec,
    command::Command,
    id::{InstanceId, RunId},
    subject::Subject,
};
use serde::{Deserialize, Serialize};
use tokio::{sync::Semaphore, time::timeout};

use super::{Driver, commands::Addressed, roll::Handed};

/// Commands from other processes that are waited for at once. The surplus is told to come again.
const AT_ONCE: usize = 1024;

/// A command on its way to the process that holds its run.
#[derive(Debug, Serialize, Deserialize)]
struct Handover {
    run: RunId,
    command: Command,
}

/// Takes commands from other processes until the hard request to stop.
///
/// # Errors
/// When the subject cannot be subscribed to.
pub async fn listen(driver: Arc<Driver>, shutdown: &Shutdown) -> Result<(), async_nats::SubscribeError> {
    let subject = Subject::Ctl(driver.instance).to_string();
    let mut messages = driver.client.subscribe(subject).await?;
    let (hard, room) = (shutdown.hard(), Arc::new(Semaphore::new(AT_ONCE)));
    tokio::spawn(async move {
        loop {
            let message = tokio::select! {
                biased;
                () = hard.cancelled() => return,
                message = messages.next() => message,
            };
            let Some(message) = message else { return };
            let (driver, permit) = (driver.clone(), room.clone().try_acquire_owned());
            tokio::spawn(async move {
                let handed = match permit {
                    Ok(_permit) => driver.take_over(&message).await,
                    Err(_) => Some(Handed::Full),
                };
                driver.answer_to(message, handed).await;
            });
        }
    });
    Ok(())
}

impl Driver {
    /// Passes a command to another process; `None` when it does not answer in time.
    pub(super) async fn hand_over(&self, addressed: &Addressed, owner: InstanceId) -> Option<Handed> {
        let handover = Handover { run: addressed.run, command: addressed.command.clone() };
        let body = codec::encode(&handover).ok()?;
        let request = self.client.request(Subject::Ctl(owner).to_string(), body);
        match timeout(self.limits.handover, request).await {
            Ok(Ok(answer)) => Handed::read(&answer.payload),
            // No responders is no proof that the process is dead: its heartbeat says that.
            Ok(Err(_)) | Err(_) => None,
        }
    }

    async fn take_over(&self, message: &Message) -> Option<Handed> {
        let Handover { run, command } = codec::decode(&message.payload).ok()?;
        Some(self.roll.hand(run, command).await)
    }

    async fn answer_to(&self, message: Message, handed: Option<Handed>) {
        // An answer goes to an inbox and nowhere else, whatever the message names.
        let inbox = message.reply.filter(|reply| reply.starts_with("_INBOX."));
        let (Some(inbox), Some(handed)) = (inbox, handed) else { return };
        if let Err(error) = self.client.publish(inbox, handed.as_str().into()).await {
            tracing::debug!(%error, "an answer to another process was not sent");
        }
    }
}

impl Handed {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Driving => "driving",
            Self::Gone => "gone",
            Self::Full => "full",
        }
    }

    fn read(answer: &[u8]) -> Option<Self> {
        [Self::Stored, Self::Driving, Self::Gone, Self::Full]
            .into_iter()
            .find(|handed| handed.as_str().as_bytes() == answer)
    }
}
