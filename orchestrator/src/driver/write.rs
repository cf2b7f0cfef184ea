//! A call of the model, said as it comes.
//!
//! One append is in flight at a time. What the model says meanwhile makes up the next frame: at rest each
//! piece is said at once, under load a frame carries what has gathered. No timer is needed. Commands for the run
//! are obeyed between two appends, so a cancelled run says no further token.

use std::time::Duration;

use futures::{FutureExt as _, StreamExt as _, future::BoxFuture};
use sba_subjects::run::RunStatus;
use tokio::{
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use super::{
    Driver,
    hearing::{Hearing, Unsaid},
    held::{Appended, Held, Stop, append},
    prompt,
    roll::Passed,
};
use crate::{
    domain::{Action, Input, Turn, decide},
    model::{ModelError, ModelRequest, ModelStream},
};

/// How a call of the model ended.
enum Ended {
    /// By an answer, or by a command: this is to be done next.
    With(Vec<Action>),
    /// The model failed.
    Failed(ModelError),
}

/// The model's side of a call: it is being opened, or it speaks.
struct Line<'d> {
    opening: Option<BoxFuture<'d, Result<ModelStream, ModelError>>>,
    stream: Option<ModelStream>,
}

impl<'d> Line<'d> {
    fn open(driver: &'d Driver, request: ModelRequest) -> Self {
        Self { opening: Some(driver.model.stream(request)), stream: None }
    }

    /// The next chunk; the end of the stream is `None`, as in the stream itself.
    async fn next(&mut self) -> Option<Result<crate::model::ModelChunk, ModelError>> {
        if let Some(opening) = &mut self.opening {
            let opened = opening.await;
            self.opening = None;
            match opened {
                Ok(stream) => self.stream = Some(stream),
                Err(error) => return Some(Err(error)),
            }
        }
        match &mut self.stream {
            Some(stream) => stream.next().await,
            None => None,
        }
    }
}

/// An append on its way, with the turn that it stores.
type Flight<'d> = BoxFuture<'d, (Turn, Result<Option<Appended>, Stop>)>;

/// What became of the append in flight; never, while there is none.
async fn landed(flight: &mut Option<Flight<'_>>) -> (Turn, Result<Option<Appended>, Stop>) {
    match flight {
        Some(flight) => flight.await,
        None => std::future::pending().await,
    }
}

/// Until this process does not hear itself.
async fn silent(hearing: &mut watch::Receiver<bool>) {
    // The value behind it is locked while it is looked at: it must not outlive this function.
    let _ = hearing.wait_for(|heard| !heard).await.is_ok();
}

impl<'d> Held<'d> {
    /// Calls the model for a step until it has answered, will not, or somebody wants otherwise.
    pub(super) async fn write(&mut self, step: u32) -> Result<Vec<Action>, Stop> {
        loop {
            let error = match self.answer(step).await? {
                Ended::With(actions) => return Ok(actions),
                Ended::Failed(error) => error,
            };
            if let Some(actions) = self.after(step, error).await? {
                return Ok(actions);
            }
        }
    }

    /// Waits before the model is called again, unless a command wants otherwise.
    pub(super) async fn rest(&mut self, step: u32, pause: Duration) -> Result<Option<Vec<Action>>, Stop> {
        let until = Instant::now() + pause;
        loop {
            tokio::select! {
                () = sleep_until(until) => return Ok(None),
                Some(passed) = self.mailbox.recv() => {
                    let actions = self.obey_passed(passed).await?;
                    if !self.writes(step) {
                        return Ok(Some(actions));
                    }
                }
            }
        }
    }

    /// Whether the run still wants an answer of the model for this step.
    fn writes(&self, step: u32) -> bool {
        self.state.status == RunStatus::Running && self.state.model_step().is_some_and(|known| known.number == step)
    }

    /// One call of the model, to its end.
    async fn answer(&mut self, step: u32) -> Result<Ended, Stop> {
        let driver = self.driver;
        let (request, field) = prompt::request(driver, &self.state, &self.agent, step);
        let mut line = Line::open(driver, request);
        let mut heard = Hearing::new(field);
        let mut flight: Option<Flight<'_>> = None;
        let mut waiting: Option<Passed> = None;
        let mut cut_off = driver.peers.hearing();
        let deadline = sleep(driver.limits.model_deadline);
        tokio::pin!(deadline);
        loop {
            if flight.is_none() {
                if let Some(passed) = waiting.take() {
                    let actions = self.obey_passed(passed).await?;
                    if !self.writes(step) {
                        return Ok(Ended::With(actions));
                    }
                }
                if heard.end.is_some() {
                    break;
                }
                if !heard.unsaid.text.is_empty() {
                    flight = Some(self.frame(std::mem::take(&mut heard.unsaid))?);
                }
            }
            let room = heard.unsaid.text.len() < driver.limits.frame_bytes;
            tokio::select! {
                (turn, stored) = landed(&mut flight) => {
                    flight = None;
                    self.stored(stored?);
                    self.state = turn.state;
                    self.kept = self.keep_now_and_then().await;
                }
                Some(passed) = self.mailbox.recv(), if waiting.is_none() => waiting = Some(passed),
                chunk = line.next(), if heard.end.is_none() && room => heard.hear(chunk),
                () = &mut deadline, if heard.end.is_none() => {
                    heard.hear(Some(Err(driver.limits.too_slow())));
                }
                () = silent(&mut cut_off) => return Err(Stop::CutOff),
            }
        }
        match heard.whole() {
            Ok(answer) => {
                let kept = self.to_keep(step, &answer);
                let actions = self.tell(Input::Answered(answer), None).await?;
                if let Some(kept) = kept {
                    self.keep_answer(kept).await;
                }
                Ok(Ended::With(actions))
            }
            Err(error) => Ok(Ended::Failed(error)),
        }
    }

    /// Sets off the append of what the model said.
    fn frame(&self, unsaid: Unsaid) -> Result<Flight<'d>, Stop> {
        let Unsaid { text, count } = unsaid;
        let turn = decide(self.state.clone(), &self.agent, self.stamp(None), Input::Said { text, count }, true)?.turn;
        let (driver, fence, tenant) = (self.driver, self.fence, self.tenant.clone());
        let append = async move {
            let stored = append(driver, &tenant, &turn, fence).await;
            (turn, stored)
        };
        Ok(append.boxed())
    }
}
