//! Tenants straight on NATS: what their clients ask from their own accounts.
//!
//! Requests come through the exports of SBA's account, so the servers have put the tenant's key into their subjects; the
//! caller's key stands there too, and no other user may publish it. They are answered by the code that REST has for them,
//! with its limits, one gateway each. Nothing that came with a request goes on: commands are written anew.
//!
//! A message without a reply that the servers made is nobody's request. The answer to another could be aimed at these
//! subjects, and would speak with somebody else's right.

mod answer;
mod callers;
mod discovery;
mod feed;
mod message;
mod serve;

use async_nats::{Client, Message, Subscriber};
use futures::{StreamExt as _, stream::select_all};
use sba_service::shutdown::Shutdown;
use sba_subjects::{
    id::InstanceId,
    name::{Control, ServeVerb},
    subject::{Ask, filter},
};
use tokio::time::timeout;
use tracing::{Instrument as _, info_span};

pub(crate) use self::callers::Callers;
use self::{answer::Answer, discovery::Service, message::Asked};
use crate::{
    api::runs::{control, start_as_asked},
    app::App,
    auth::Operation,
    error::{ApiError, Code},
    extract::parse,
};

/// Of the gateways, one answers.
const QUEUE: &str = "gateways";

/// Listens from now on, until the process takes no new work.
///
/// # Errors
/// When the connection is closed.
pub(crate) async fn listen(
    app: &App,
    client: &Client,
    instance: InstanceId,
    shutdown: &Shutdown,
) -> Result<(), async_nats::SubscribeError> {
    let mut asked = Vec::new();
    for pattern in filter::ASKED {
        asked.push(client.queue_subscribe(pattern, QUEUE.to_owned()).await?);
    }
    let discovery = client.subscribe(filter::DISCOVERY).await?;
    let service = Service::new(instance, client.clone());
    shutdown.spawn(discover(discovery, service, shutdown.clone()));
    shutdown.spawn(serve(asked, app.clone(), client.clone(), shutdown.clone()));
    Ok(())
}

async fn serve(mut asked: Vec<Subscriber>, app: App, client: Client, shutdown: Shutdown) {
    let stop = shutdown.soft();
    let mut all = select_all(asked.iter_mut());
    while let Some(Some(message)) = stop.run_until_cancelled(all.next()).await {
        // Each in a task of its own, which ends at once where there is no place for it.
        shutdown.spawn(respond(app.clone(), client.clone(), message));
    }
    drop(all);
    for mut subscription in asked {
        // What was given to this gateway is answered by it; where the connection is gone, nobody waits for that any more.
        if subscription.drain().await.is_ok() {
            while let Some(message) = subscription.next().await {
                shutdown.spawn(respond(app.clone(), client.clone(), message));
            }
        }
    }
}

async fn discover(mut asked: Subscriber, service: Service, shutdown: Shutdown) {
    let stop = shutdown.soft();
    while let Some(Some(message)) = stop.run_until_cancelled(asked.next()).await {
        service.answer(message).await;
    }
}

/// Answers one request.
async fn respond(app: App, client: Client, message: Message) {
    let Some(asked) = Asked::read(message) else { return };
    let span =
        info_span!("ask", tenant_id = %asked.tenant.id(), caller = %asked.caller, user_id = tracing::field::Empty);
    async {
        app.metrics.request();
        let limit = app.config.gateway.request_timeout_ms.duration();
        let late =
            || Err(ApiError::new(Code::DeadlineExceeded, format!("it took longer than {} ms", limit.as_millis())));
        let done = timeout(limit, carry_out(&app, &asked)).await.unwrap_or_else(|_| late());
        answer::send(&client, asked.reply, done, &app).await;
    }
    .instrument(span)
    .await;
}

/// The operation of the API that does the same.
const fn operation(ask: &Ask) -> Operation {
    match ask {
        Ask::Start => Operation::StartRun,
        Ask::Control(Control::Input, _) => Operation::ContinueRun,
        Ask::Control(Control::Cancel, _) => Operation::CancelRun,
        Ask::Control(Control::Pause, _) => Operation::PauseRun,
        Ask::Control(Control::Resume, _) => Operation::ResumeRun,
        Ask::Feed(_) => Operation::ReadFeed,
        Ask::Serve(ServeVerb::Register, _) => Operation::PutTool,
        Ask::Serve(..) => Operation::ServeTool,
    }
}

async fn carry_out(app: &App, asked: &Asked) -> Result<Answer, ApiError> {
    let (_share, _place) = (app.requests.share(Some(asked.tenant.id()))?, app.requests.place()?);
    let most = app.config.gateway.max_body_bytes;
    if asked.body.len() > most {
        return Err(ApiError::new(Code::PayloadTooLarge, format!("the body is larger than {most} bytes")));
    }
    let principal = app.callers.principal(&asked.tenant, &asked.caller, app.clock.now()).await?;
    tracing::Span::current().record("user_id", tracing::field::display(principal.user));
    // Credentials hold for longer than what they were given for may be allowed.
    principal.may(operation(&asked.ask))?;
    let key = asked.key.clone();
    match &asked.ask {
        Ask::Start => Answer::of(&start_as_asked(app, &principal, key, parse(&asked.body)?).await?),
        Ask::Control(verb, run) => {
            Answer::of(&control::as_asked(app, &principal, (*verb, *run), key, &asked.body).await?)
        }
        Ask::Feed(verb) => feed::carry_out(app, &principal, *verb, &asked.body).await,
        Ask::Serve(verb, tool) => serve::carry_out(app, &principal, *verb, tool, &asked.body).await,
    }
}
