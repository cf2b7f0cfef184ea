//! What clients ask for runs: done as over REST, by the same code and within the same limits.

use sba_subjects::id::RunId;
use serde_json::{Value, json};
use tokio::{sync::OwnedSemaphorePermit, time::timeout};
use tracing::{Instrument as _, info_span};
use uuid::Uuid;

use super::{
    message::{Command, Subscribe},
    shows::Show,
    too_long,
    word::{self, Then, Word},
};
use crate::{
    api::runs::{
        control,
        seat::{self, Pass},
    },
    app::App,
    auth::Principal,
    error::ApiError,
    http,
    stream::Start,
};

/// Gives a command to a run. The id of the message is the key of the command, so the same message again is the same command.
pub(super) async fn command(app: App, principal: Principal, id: String, run: Uuid, command: Command) -> Word {
    let span = info_span!("command", run_id = %run, tenant_id = %principal.tenant, user_id = %principal.user);
    let key = Some(id.clone());
    let given = async {
        principal.may(command.operation())?;
        let (_share, _place) = (app.requests.share(Some(principal.tenant))?, app.requests.place()?);
        let (app, principal) = (&app, &principal);
        match command {
            Command::Input { ask_id, input } => control::answer(app, principal, run, key, ask_id, input).await,
            Command::Cancel { reason } => control::cancel(app, principal, run, key, reason).await,
            Command::Pause => control::pause(app, principal, run, key).await,
            Command::Resume => control::resume(app, principal, run, key).await,
        }
    };
    let limit = app.config.gateway.request_timeout_ms.duration();
    let answer = async {
        match timeout(limit, given).await.unwrap_or_else(|_| Err(too_long(limit))) {
            Ok(commanded) => word::ack(&id, &commanded),
            Err(error) => refuse(&id, &error),
        }
    };
    Word::answer(answer.instrument(span).await)
}

/// Finds a run that is to be shown.
pub(super) async fn subscribe(
    app: App,
    principal: Principal,
    pass: Pass,
    id: String,
    asked: Subscribe,
    place: OwnedSemaphorePermit,
) -> Word {
    let Subscribe { run, after, from, priority } = asked;
    let run = RunId::from_uuid(run);
    let limit = app.config.gateway.request_timeout_ms.duration();
    let taken = timeout(limit, seat::take(&app, &principal, run, Start::new(after, from), &pass)).await;
    match taken.unwrap_or_else(|_| Err(too_long(limit))) {
        Ok(feed) => {
            let show = Show::new(run, feed, priority, Some(place));
            Word::Answer(word::ack(&id, &json!({"run": run, "seq": after})), Then::Show(Box::new(show)))
        }
        Err(error) => Word::answer(refuse(&id, &error)),
    }
}

/// The answer to a message that was not done; what went wrong inside is logged.
pub(super) fn refuse(id: &str, error: &ApiError) -> Value {
    http::log(error);
    word::rejected(id, error)
}
