//! What a client is told: answers, runs, and signs of life.

use std::{io, pin::Pin, time::Duration};

use bytes::Bytes;
use futures::FutureExt as _;
use sba_subjects::id::RunId;
use serde_json::Value;
use tokio::{
    sync::mpsc,
    time::{Instant, Sleep, sleep_until, timeout_at},
};

use super::{
    Out, Target,
    end::End,
    reader::expires_at,
    shows::{Priority, Show, Shows, Turn},
    word::{self, Then, Word},
};
use crate::{
    api::runs::seat,
    app::App,
    auth::Principal,
    error::{ApiError, Code},
    stream::{BATCH, Codec, Feed, Lost},
    wire::{Output, Packet},
};

/// Most events that are gathered before they are sent: the more at once, the less each costs.
const ROUND: usize = 4 * BATCH;

/// And most bytes of them, but for the last: they are held until the client takes them.
const ROUND_BYTES: usize = 256 * 1024;

/// The writing half of a socket.
pub(super) struct Writer {
    pub(super) output: Output<Out>,
    codec: Codec,
    deflated: bool,
    words: mpsc::Receiver<Box<Word>>,
    shows: Shows,
    /// Whether the socket is for one run, and ends with it.
    one: bool,
    times: Times,
}

/// When something is due by the clock alone.
struct Times {
    patience: Duration,
    interval: Duration,
    /// How long before its end a client is told of it.
    notice: Duration,
    ping: Instant,
    until: Instant,
    expires_at: String,
    told: bool,
}

impl Writer {
    pub(super) fn new(
        output: Output<Out>,
        (codec, deflated): (Codec, bool),
        words: mpsc::Receiver<Box<Word>>,
        app: &App,
        target: Target,
        principal: &Principal,
    ) -> Self {
        let config = &app.config.gateway;
        let interval = config.ws_ping_interval_ms.duration();
        let times = Times {
            patience: config.ws_write_timeout_ms.duration(),
            interval,
            notice: config.ws_renewal_notice_ms.duration(),
            ping: Instant::now() + interval,
            until: seat::until(principal, app.clock.now()),
            expires_at: expires_at(principal),
            told: false,
        };
        Self { output, codec, deflated, words, shows: Shows::default(), one: matches!(target, Target::Run(..)), times }
    }

    /// Shows the one run that the socket is for.
    pub(super) fn begin(&mut self, run: RunId, feed: Feed) {
        self.shows.begin(Show::new(run, feed, Priority::High, None));
    }

    /// Writes until there is a reason to stop.
    pub(super) async fn run(&mut self) -> End {
        let mut alarm: Pin<Box<Sleep>> = Box::pin(sleep_until(self.times.next()));
        loop {
            if alarm.deadline() != self.times.next() {
                alarm.as_mut().reset(self.times.next());
            }
            let done = tokio::select! {
                biased;
                () = alarm.as_mut() => self.tick().await,
                Some(word) = self.words.recv() => self.obey(*word).await,
                turn = self.shows.next() => self.round(turn).await,
            };
            if let Err(end) = done {
                return end;
            }
        }
    }

    /// Writes the answers that wait, and these; nothing is shown any more.
    pub(super) async fn finish(&mut self, late: Vec<Word>) -> Result<(), End> {
        let waiting: Vec<_> = std::iter::from_fn(|| self.words.try_recv().ok()).collect();
        for word in waiting.into_iter().map(|word| *word).chain(late) {
            if let Word::Answer(answer, _) = word {
                self.say(&answer)?;
            }
        }
        self.flush().await
    }

    async fn tick(&mut self) -> Result<(), End> {
        let now = Instant::now();
        if self.times.until <= now {
            return Err(End::Refused(Code::TokenExpired));
        }
        if self.times.is_to_be_told(now) {
            self.times.told = true;
            let notice = word::token_expiring(&self.times.expires_at);
            self.say(&notice)?;
        }
        if self.times.ping <= now {
            self.times.ping = now + self.times.interval;
            self.output.feed(Packet::ping());
        }
        self.flush().await
    }

    async fn obey(&mut self, word: Word) -> Result<(), End> {
        match word {
            Word::Pong(payload) => self.output.feed(Packet::pong(&payload)),
            Word::Answer(answer, then) => {
                self.say(&answer)?;
                self.follow(then);
            }
        }
        self.flush().await
    }

    fn follow(&mut self, then: Then) {
        match then {
            Then::Nothing => {}
            Then::Show(show) => self.shows.begin(*show),
            Then::Leave(run) => self.shows.end(run),
            Then::Until(until, expires_at) => {
                (self.times.until, self.times.expires_at, self.times.told) = (until, expires_at, false);
            }
        }
    }

    /// Writes what a run has to say, and what others have by then, and sends it all at once.
    async fn round(&mut self, first: Turn) -> Result<(), End> {
        let (mut next, mut written) = (Some(first), 0);
        while let Some(turn) = next.take() {
            written += self.turn(turn)?;
            if written < ROUND && self.output.waiting() < ROUND_BYTES {
                next = self.shows.next().now_or_never();
            }
        }
        self.flush().await
    }

    /// Writes what a run has to say; gives back how many events that was.
    fn turn(&mut self, turn: Turn) -> Result<usize, End> {
        let Turn { run, next, show } = turn;
        let frames = match next {
            Ok(frames) if frames.is_empty() => return self.over(run, None),
            Ok(frames) => frames,
            Err(lost) => return self.over(run, Some(lost)),
        };
        for frame in &frames {
            match frame.packet(self.codec) {
                Ok(packet) => self.output.feed(packet.bytes(self.deflated)),
                Err(unwritable) => return self.over(run, Some(unwritable.into())),
            }
        }
        self.shows.go_on(show);
        Ok(frames.len())
    }

    /// A run has ended, or is lost. Where the socket is for it alone, so is the socket.
    fn over(&mut self, run: RunId, lost: Option<Lost>) -> Result<usize, End> {
        self.shows.end(run);
        let notice = match lost {
            None if self.one => return Err(End::Done),
            Some(lost) if self.one => return Err(End::from(&lost)),
            None => word::ended(run),
            Some(lost) => word::lost(run, &ApiError::from(lost)),
        };
        self.say(&notice).map(|()| 1)
    }

    /// Puts a message behind what is to be sent.
    fn say(&mut self, message: &Value) -> Result<(), End> {
        let message = self.codec.write(message).map_err(|_| End::Refused(Code::Internal))?;
        let frame: Bytes = Packet::new(message).bytes(self.deflated);
        self.output.feed(frame);
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), End> {
        let Self { output, times, .. } = self;
        times.in_time(output.flush()).await
    }
}

impl Times {
    /// When to look next.
    fn next(&self) -> Instant {
        let notice = if self.told { self.until } else { self.notice_at() };
        self.ping.min(self.until).min(notice)
    }

    fn notice_at(&self) -> Instant {
        self.until.checked_sub(self.notice).unwrap_or(self.until)
    }

    fn is_to_be_told(&self, now: Instant) -> bool {
        !self.told && self.notice_at() <= now
    }

    /// Waits for a write, but not for ever, and not beyond the end of the client's token.
    async fn in_time(&self, write: impl Future<Output = io::Result<()>>) -> Result<(), End> {
        let deadline = Instant::now() + self.patience;
        match timeout_at(deadline.min(self.until), write).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Left),
            Err(_) if self.until < deadline => Err(End::Refused(Code::TokenExpired)),
            Err(_) => Err(End::Slow),
        }
    }
}
