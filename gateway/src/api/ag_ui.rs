//! `POST /api/v1/ag-ui`: a run, as clients of AG-UI start, watch and answer it.

use axum::{
    extract::State,
    http::HeaderMap,
    response::{Response, sse::Event},
};
use sba_subjects::{id::RunId, run::AskKind};
use serde_json::{Value, json};
use tracing::{Span, field::display};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::runs::{
    self, StartRun,
    control::{answer as give_answer, cancel},
    seat::{self, Pass},
};
use crate::{
    ag_ui::{Asks, ResumeStatus, RunAgentInput, Said, Translation},
    app::App,
    auth::Principal,
    error::{ApiError, Code},
    extract::Json,
    stream::{
        Frame, From, Keeping, Start, Unwritable,
        sse::{self, LAST_EVENT_ID, Told},
    },
};

/// The endpoint.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(ag_ui))
}

/// A run for a client of AG-UI
///
/// Takes the input of a run as AG-UI defines it and answers with its events. The same input again has the same events; with
/// `Last-Event-ID` those behind it. Where a person is asked, the client's run ends with an interrupt, and `resume` of the
/// next answers it.
#[utoipa::path(
    post, path = "/api/v1/ag-ui", tag = "runs",
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that the client has")),
    request_body = RunAgentInput,
    responses(
        (status = 200, description = "The events", content((String = "text/event-stream"))),
        (status = 400, description = "`invalid_request`, `validation_failed`", body = crate::error::ErrorBody),
        (status = 403, description = "`forbidden`", body = crate::error::ErrorBody),
        (status = 404, description = "`not_found`", body = crate::error::ErrorBody),
        (status = 409, description = "`idempotency_conflict`, `run_finished`, `nothing_asked`, `already_answered`", body = crate::error::ErrorBody),
        (status = 429, description = "`rate_limited`, `too_many_commands`", body = crate::error::ErrorBody),
        (status = 503, description = "`storage_full`, `unavailable`, `overloaded`", body = crate::error::ErrorBody),
    ),
)]
pub(crate) async fn ag_ui(
    State(app): State<App>,
    principal: Principal,
    headers: HeaderMap,
    Json(input): Json<RunAgentInput>,
) -> Result<Response, ApiError> {
    let heard = last_heard(&headers)?;
    let (run, before) = if input.resume.is_empty() {
        (start(&app, &principal, &input).await?, 0)
    } else {
        answer(&app, &principal, &input).await?
    };
    Span::current().record("run_id", display(run));
    let feed = seat::take(&app, &principal, run, Start::new(0, From::History), &Pass::Token(None)).await?;
    let until = seat::until(&principal, app.clock.now());
    let keeping = Keeping::of(&app.config.gateway, until, principal.lost(&app));
    let mut translation = Translation::new(&input, before);
    Ok(sse::speak(feed, &app.hub, keeping, move |frame| {
        let said = hear(&mut translation, frame)?;
        let new = said
            .events
            .into_iter()
            .enumerate()
            .filter(|(place, _)| heard.is_none_or(|heard| (frame.seq, *place) > heard));
        let event = |(place, event): (usize, Value)| {
            Event::default().id(format!("{}.{place}", frame.seq)).data(event.to_string())
        };
        Ok(Told { events: new.map(event).collect(), last: said.last })
    }))
}

/// The run that the input starts, or started before.
async fn start(app: &App, principal: &Principal, input: &RunAgentInput) -> Result<RunId, ApiError> {
    let request: StartRun = serde_json::from_value(input.request())
        .map_err(|error| ApiError::new(Code::InvalidRequest, format!("forwardedProps.sba: {error}")))?;
    Ok(runs::start(app, principal, request, Some(&input.key())).await?.run())
}

/// Answers what a run asks. Gives back the run, and where its log stood when it asked.
async fn answer(app: &App, principal: &Principal, input: &RunAgentInput) -> Result<(RunId, u64), ApiError> {
    let unknown = || ApiError::invalid_field("resume.interruptId", "names no interrupt of one run of SBA");
    let mut asked: Option<(RunId, u64)> = None;
    for resume in &input.resume {
        let asks = Asks::parse(&resume.interrupt_id).ok_or_else(unknown)?;
        if asked.is_some_and(|asked| asked != (asks.run, asks.seq)) {
            return Err(unknown());
        }
        asked = Some((asks.run, asks.seq));
        let key = Some(format!("{}.{}", input.key(), asks.ask));
        let (run, ask) = (asks.run.as_uuid(), Some(asks.ask.as_uuid()));
        match (resume.status, asks.kind) {
            (ResumeStatus::Resolved, _) => {
                give_answer(app, principal, run, key, ask, resume.payload.clone()).await?;
            }
            (ResumeStatus::Cancelled, AskKind::Approval) => {
                give_answer(app, principal, run, key, ask, json!(false)).await?;
            }
            // A question that nobody wants to answer has no other answer.
            (ResumeStatus::Cancelled, AskKind::Question) => {
                let reason = Some("nobody wants to answer its question".to_owned());
                cancel(app, principal, run, key, reason).await?;
            }
        }
    }
    asked.ok_or_else(unknown)
}

/// What a frame comes to. What stands in no log is about a run that has lost its own.
fn hear(translation: &mut Translation, frame: &Frame) -> Result<Said, Unwritable> {
    if let Some(envelope) = frame.event()? {
        // What a newer version says is passed over.
        return Ok(envelope.open().map_or_else(|_| Said::default(), |event| translation.hear(&event)));
    }
    let view = frame.notice_of().and_then(|notice| notice.pointer("/payload/run"));
    Ok(view.map_or_else(Said::default, |view| translation.late(view)))
}

/// The last event that the client has: the event of the log that it comes from, and its place among those.
fn last_heard(headers: &HeaderMap) -> Result<Option<(u64, usize)>, ApiError> {
    let Some(value) = headers.get(LAST_EVENT_ID) else { return Ok(None) };
    let read =
        |text: &str| text.split_once('.').and_then(|(seq, place)| Some((seq.parse().ok()?, place.parse().ok()?)));
    let heard = value.to_str().ok().and_then(|text| read(text.trim()));
    heard.map(Some).ok_or_else(|| ApiError::new(Code::InvalidRequest, "Last-Event-ID: expected the id of an event"))
}
