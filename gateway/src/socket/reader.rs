//! What a client says, from its message to the answer.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use sba_subjects::id::RunId;
use serde_json::json;
use time::OffsetDateTime;
use tokio::{
    sync::{Semaphore, mpsc},
    time::{Instant, timeout_at},
};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use super::{
    In, Target,
    commands::{self, refuse},
    end::End,
    message::{Ask, Auth, Said, Subscribe},
    pace::{Pace, Verdict},
    word::{self, Then, Word},
};
use crate::{
    api::{
        runs::seat::{self, Pass},
        times,
    },
    app::App,
    auth::Principal,
    error::{ApiError, Code},
    stream::Codec,
    wire::{Broken, Input},
};

/// What is being done, and for which run it is a subscription or the end of one.
type InHand = BoxFuture<'static, (Option<RunId>, Word)>;

/// The reading half of a socket.
pub(super) struct Reader {
    pub(super) input: Input<In>,
    codec: Codec,
    words: mpsc::Sender<Box<Word>>,
    app: App,
    target: Target,
    principal: Principal,
    /// Ends when the key that was shown does not hold any more.
    lost: BoxFuture<'static, Code>,
    pace: Pace,
    in_hand: FuturesUnordered<InHand>,
    /// The runs whose subscriptions are in hand: one at a time, so that the last one counts.
    moving: HashSet<RunId>,
    subscriptions: Arc<Semaphore>,
    /// When the client showed life last.
    heard: Instant,
}

impl Reader {
    pub(super) fn new(
        input: Input<In>,
        codec: Codec,
        words: mpsc::Sender<Box<Word>>,
        app: App,
        target: Target,
        principal: Principal,
    ) -> Self {
        let config = &app.config.gateway;
        let lost = principal.lost(&app);
        Self {
            input,
            codec,
            words,
            target,
            principal,
            lost,
            pace: Pace::new(config.ws_messages_per_second),
            in_hand: FuturesUnordered::new(),
            moving: HashSet::new(),
            subscriptions: Arc::new(Semaphore::new(config.max_subscriptions)),
            heard: Instant::now(),
            app,
        }
    }

    /// Listens until there is a reason to stop. Of a client that has as much in hand as it may, nothing more is read.
    pub(super) async fn run(&mut self) -> End {
        let config = &self.app.config.gateway;
        let (silence, most) = (config.ws_ping_interval_ms.duration() * 2, config.ws_commands_in_hand);
        loop {
            let handled = tokio::select! {
                Some(done) = self.in_hand.next(), if !self.in_hand.is_empty() => self.hand_on(done).await,
                code = &mut self.lost => Err(End::Refused(code)),
                heard = timeout_at(self.heard + silence, self.input.next()), if self.in_hand.len() < most => {
                    self.heard = Instant::now();
                    match heard {
                        Ok(message) => self.hear(message).await,
                        Err(_) => Err(End::Silent),
                    }
                }
            };
            if let Err(end) = handled {
                return end;
            }
        }
    }

    /// The answers to everything that is in hand.
    pub(super) async fn finish(&mut self) -> Vec<Word> {
        let mut words = Vec::new();
        while let Some((_, word)) = self.in_hand.next().await {
            words.push(word);
        }
        words
    }

    async fn hear(&mut self, heard: Result<Message, Broken>) -> Result<(), End> {
        match heard? {
            message @ (Message::Text(_) | Message::Binary(_)) => self.read(&message).await,
            Message::Close(_) => Err(End::Closed),
            _ if !self.pace.bears() => Err(End::Flood),
            Message::Ping(payload) => self.say(Word::Pong(payload)).await,
            _ => Ok(()),
        }
    }

    async fn read(&mut self, message: &Message) -> Result<(), End> {
        let verdict = self.pace.judge();
        if verdict == Verdict::Flood {
            return Err(End::Flood);
        }
        let Said { id, ask } = Said::of(self.codec.read(message)?)?;
        let ask = match verdict {
            Verdict::Taken => ask,
            _ => Err(ApiError::new(Code::RateLimited, "more messages come than may")),
        };
        match ask {
            Ok(ask) => self.take(id, ask).await,
            Err(error) => self.say(Word::answer(refuse(&id, &error))).await,
        }
    }

    /// Does what is asked, or begins to.
    async fn take(&mut self, id: String, ask: Ask) -> Result<(), End> {
        let word = match ask {
            Ask::Ping => Word::answer(word::ack(&id, &json!({"ts": times::to_millis(self.app.clock.now())}))),
            Ask::Auth(shown) => self.renew(&id, shown).await,
            Ask::Subscribe(asked) => return self.subscribe(id, asked).await,
            Ask::Unsubscribe(run) => return self.unsubscribe(id, run).await,
            Ask::Command(run, command) => match self.named(run) {
                Ok(run) => {
                    let given = commands::command(self.app.clone(), self.principal.clone(), id, run, command);
                    self.in_hand.push(Box::pin(async move { (None, given.await) }));
                    return Ok(());
                }
                Err(error) => Word::answer(refuse(&id, &error)),
            },
        };
        self.say(word).await
    }

    /// The run that a command is for.
    fn named(&self, run: Option<Uuid>) -> Result<Uuid, ApiError> {
        match (self.target, run) {
            (Target::Run(own, _), None) => Ok(own.as_uuid()),
            (Target::Run(own, _), Some(run)) if own.as_uuid() != run => {
                Err(ApiError::invalid_field("run", "this stream is of another run"))
            }
            (_, Some(run)) => Ok(run),
            (Target::Session(_), None) => Err(ApiError::invalid_field("run", "is needed on the stream of a session")),
        }
    }

    /// Takes another token of the same user.
    async fn renew(&mut self, id: &str, shown: Auth) -> Word {
        // In a place of its own: it is rare and large, and an idle socket holds what its future may ever need.
        match Box::pin(self.renewed(&shown.token)).await {
            Ok(principal) => {
                let until = seat::until(&principal, self.app.clock.now());
                let expires_at = expires_at(&principal);
                self.lost = principal.lost(&self.app);
                self.principal = principal;
                Word::Answer(word::ack(id, &json!({"expires_at": expires_at})), Then::Until(until, expires_at))
            }
            Err(error) => Word::answer(refuse(id, &error)),
        }
    }

    async fn renewed(&mut self, token: &str) -> Result<Principal, ApiError> {
        let principal = Principal::with_token(&self.app, token, self.target.operation()).await?;
        if (principal.tenant, principal.user) != (self.principal.tenant, self.principal.user) {
            return Err(ApiError::new(Code::Forbidden, "the token is another user's"));
        }
        Ok(principal)
    }

    async fn subscribe(&mut self, id: String, asked: Subscribe) -> Result<(), End> {
        let Target::Session(session) = self.target else { return self.say(one_run(&id)).await };
        let run = RunId::from_uuid(asked.run);
        self.settle(run).await?;
        let Ok(place) = Arc::clone(&self.subscriptions).try_acquire_owned() else {
            let error = ApiError::new(Code::TooManySubscriptions, "this socket shows as many runs as it may");
            return self.say(Word::answer(refuse(&id, &error))).await;
        };
        let (app, principal) = (self.app.clone(), self.principal.clone());
        let found = commands::subscribe(app, principal, Pass::Session(session), id, asked, place);
        self.moving.insert(run);
        self.in_hand.push(Box::pin(async move { (Some(run), found.await) }));
        Ok(())
    }

    async fn unsubscribe(&mut self, id: String, run: RunId) -> Result<(), End> {
        if matches!(self.target, Target::Run(..)) {
            return self.say(one_run(&id)).await;
        }
        self.settle(run).await?;
        self.say(Word::Answer(word::ack(&id, &json!({"run": run})), Then::Leave(run))).await
    }

    /// Waits until nothing is in hand for a run's subscription.
    async fn settle(&mut self, run: RunId) -> Result<(), End> {
        while self.moving.contains(&run) {
            let Some(done) = self.in_hand.next().await else { break };
            self.hand_on(done).await?;
        }
        Ok(())
    }

    async fn hand_on(&mut self, (run, word): (Option<RunId>, Word)) -> Result<(), End> {
        if let Some(run) = run {
            self.moving.remove(&run);
        }
        self.say(word).await
    }

    async fn say(&mut self, word: Word) -> Result<(), End> {
        // Without a writer the socket is at its end.
        self.words.send(Box::new(word)).await.map_err(|_| End::Left)
    }
}

fn one_run(id: &str) -> Word {
    let error = ApiError::new(Code::InvalidRequest, "this stream is of one run; subscribe on the stream of a session");
    Word::answer(refuse(id, &error))
}

/// When a user's token ends, as the API says times.
pub(super) fn expires_at(principal: &Principal) -> String {
    let seconds = i64::try_from(principal.expires).unwrap_or(i64::MAX);
    // What lies beyond the calendar never comes.
    let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH + FAR);
    times::written(at)
}

/// Two thousand years after 1970.
const FAR: Duration = Duration::from_secs(2_000 * 31_536_000);
