//! What a run says, on a terminal or for programs.

use std::io::Write as _;

use sba_subjects::envelope::RawEnvelope;
use serde_json::Value;

use super::{moment, plain, time};

/// Longest text of a payload in a line for people, in characters.
const SHOWN: usize = 200;

/// Prints events: as JSON, one a line, or in words, with the model's text as it came.
#[derive(Debug)]
pub struct RunPrinter {
    json: bool,
    /// Whether the model's text stands on the line.
    amid: bool,
}

impl RunPrinter {
    /// A printer for programs or for people.
    #[must_use]
    pub const fn new(json: bool) -> Self {
        Self { json, amid: false }
    }

    /// Prints an event.
    ///
    /// # Errors
    /// When standard output is gone.
    pub fn event(&mut self, mut event: RawEnvelope) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        if self.json {
            // CBOR can say what JSON cannot; the event's place is shown all the same.
            let text = serde_json::to_string(&event).or_else(|_| {
                event.payload = ciborium::Value::Null;
                serde_json::to_string(&event)
            })?;
            return Ok(writeln!(out, "{text}")?);
        }
        let payload = event.payload.deserialized().unwrap_or(Value::Null);
        if event.r#type == "token" {
            let text = payload["text"].as_str().unwrap_or_default();
            let lines: Vec<String> = text.split('\n').map(plain).collect();
            write!(out, "{}", lines.join("\n"))?;
            self.amid = true;
            return Ok(out.flush()?);
        }
        if std::mem::take(&mut self.amid) {
            writeln!(out)?;
        }
        let step = event.step.map(|step| format!(" step {step}")).unwrap_or_default();
        let words: String = plain(&payload.to_string()).chars().take(SHOWN).collect();
        writeln!(out, "{} {:>5}{step} {} {words}", time(moment(event.ts)), event.seq, plain(&event.r#type))?;
        Ok(())
    }
}
