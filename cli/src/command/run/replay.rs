//! `sba run replay`.

use std::{ops::RangeInclusive, process::ExitCode, time::Duration};

use async_nats::Client;
use sba_service::log::Stored;
use sba_subjects::{codec, envelope::RawEnvelope, record};
use tokio::time::sleep;

use super::{super::Operated, named::NamedRun};
use crate::{
    dev,
    operate::{Refusal, RunPrinter},
};

/// Subjects that SBA and its servers listen on: what was said there once must not be heard there again.
const TAKEN: &[&str] = &["sba", "live", "cmd", "ctl", "stop", "hb", "_INBOX", "_R_"];

#[derive(Debug, clap::Args)]
pub(super) struct ReplayArgs {
    #[command(flatten)]
    operated: Operated,
    #[command(flatten)]
    named: NamedRun,
    /// The first event.
    #[arg(long, default_value_t = 1, value_name = "SEQ", value_parser = clap::value_parser!(u64).range(1..))]
    from: u64,
    /// The last event; the run's last where none is named.
    #[arg(long, value_name = "SEQ")]
    to: Option<u64>,
    /// In its own time: 1 as it was, 10 ten times as fast. At once where nothing is said.
    #[arg(long, value_parser = speed)]
    speed: Option<f64>,
    /// Say it again on this subject instead of printing it: records, as the log holds them. Everybody who may
    /// subscribe to it hears them.
    #[arg(long, value_name = "SUBJECT", value_parser = subject)]
    emit: Option<String>,
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "expected a number".to_owned())?;
    if speed.is_finite() && speed > 0.0 { Ok(speed) } else { Err("expected more than 0".to_owned()) }
}

fn subject(text: &str) -> Result<String, String> {
    let sound = text.split('.').all(|token| {
        !token.is_empty() && token.chars().all(|c| !c.is_whitespace() && !c.is_control() && c != '*' && c != '>')
    });
    let first = text.split('.').next().unwrap_or_default();
    if !sound {
        Err("expected a subject without wildcards".to_owned())
    } else if first.starts_with('$') || TAKEN.contains(&first) {
        Err(format!("SBA or its servers listen below {first}"))
    } else {
        Ok(text.to_owned())
    }
}

pub(super) async fn run(args: &ReplayArgs) -> anyhow::Result<ExitCode> {
    tokio::select! {
        replayed = replay(args) => replayed,
        stopped = dev::stopped() => {
            stopped?;
            anyhow::bail!("interrupted")
        }
    }
}

async fn replay(args: &ReplayArgs) -> anyhow::Result<ExitCode> {
    let reach = args.operated.reach().await?;
    let log = reach.log().await?;
    let (tenant, run) = (args.named.known(&log).await?, args.named.id());
    let range = args.from..=args.to.unwrap_or(u64::MAX);
    let mut reading = log.read(&tenant, run).await?.ok_or_else(|| args.named.unknown())?;
    let mut voice = Voice::new(args, reach.client.clone());
    let mut last = 0;
    while let Some(record) = reading.next().await? {
        last = record.head.last_seq();
        if record.head.seq > *range.end() {
            break;
        }
        voice.say(&record, &range).await?;
    }
    voice.finish().await?;
    if last < args.from {
        return Err(Refusal::UnknownEvent { seq: args.from, last }.into());
    }
    Ok(ExitCode::SUCCESS)
}

/// Says events, in their own time or at once.
struct Voice {
    client: Client,
    subject: Option<String>,
    printer: RunPrinter,
    speed: Option<f64>,
    /// When the event before was said, in milliseconds since 1970.
    before: Option<u64>,
}

impl Voice {
    fn new(args: &ReplayArgs, client: Client) -> Self {
        let printer = RunPrinter::new(args.operated.json);
        Self { client, subject: args.emit.clone(), printer, speed: args.speed, before: None }
    }

    async fn say(&mut self, record: &Stored, range: &RangeInclusive<u64>) -> anyhow::Result<()> {
        let events = record.raw()?;
        let whole = events.len();
        let events: Vec<RawEnvelope> = events.into_iter().filter(|event| range.contains(&event.seq)).collect();
        let Some(first) = events.first() else { return Ok(()) };
        self.wait(first.ts).await;
        let Some(subject) = &self.subject else {
            return events.into_iter().try_for_each(|event| self.printer.event(event));
        };
        let headers = record::headers(&record.head, &events);
        let body = if events.len() == whole { record.body.clone() } else { codec::encode(&events)? };
        Ok(self.client.publish_with_headers(subject.clone(), headers, body).await?)
    }

    /// Events of one record were said together.
    async fn wait(&mut self, ts: u64) {
        let before = self.before.replace(ts).unwrap_or(ts);
        if let Some(speed) = self.speed {
            let span = Duration::from_millis(ts.saturating_sub(before)).as_secs_f64() / speed;
            sleep(Duration::try_from_secs_f64(span).unwrap_or(Duration::MAX)).await;
        }
    }

    async fn finish(&self) -> anyhow::Result<()> {
        Ok(self.client.flush().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_said_again_where_it_would_be_obeyed() {
        for taken in ["sba.A.run.00.x.ev", "live.x", "$JS.API.INFO", "cmd.x", "hb.1", "a.*", "a.>", "", "a..b", "a b"] {
            assert!(subject(taken).is_err(), "{taken}");
        }
        assert_eq!(subject("replay.acme").as_deref(), Ok("replay.acme"));
        for speed_of_none in ["0", "-1", "NaN", "inf", "fast"] {
            assert!(speed(speed_of_none).is_err(), "{speed_of_none}");
        }
    }
}
