//! Log lines as JSON objects: what a span says about itself stands in every line within it.

use std::{fmt, io::Write as _};

use serde_json::{Map, Value};
use time::format_description::well_known::Rfc3339;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span,
};
use tracing_subscriber::{Layer, fmt::MakeWriter, layer::Context, registry::LookupSpan};

use crate::clock::{Clock as _, SystemClock};

/// Longest text of one field, in characters; the rest is cut off.
const MAX_TEXT: usize = 8_192;

/// Writes one object a line: `timestamp`, `severity`, `message`, `target`, the fields of the event, and those
/// of the spans around it, the innermost winning.
pub(super) struct JsonLines<W>(W);

/// The fields of one span, as they stand in lines.
struct SpanFields(Map<String, Value>);

impl<W> JsonLines<W> {
    pub(super) fn new(writer: W) -> Self {
        Self(writer)
    }
}

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, context: Context<'_, S>) {
        let mut fields = Map::new();
        attributes.record(&mut Collect(&mut fields));
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(SpanFields(fields));
        }
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(SpanFields(fields)) = span.extensions_mut().get_mut()
        {
            values.record(&mut Collect(fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let about = event.metadata();
        let now = SystemClock.now().format(&Rfc3339).unwrap_or_default();
        let mut line = Map::new();
        line.insert("timestamp".to_owned(), now.into());
        line.insert("severity".to_owned(), about.level().as_str().into());
        line.insert("target".to_owned(), about.target().into());
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(SpanFields(fields)) = span.extensions().get() {
                line.extend(fields.clone());
            }
        }
        event.record(&mut Collect(&mut line));
        let mut text = Value::Object(line).to_string();
        text.push('\n');
        // There is nowhere left to report to.
        let _ = self.0.make_writer_for(about).write_all(text.as_bytes());
    }
}

/// Turns the fields of a span or an event into JSON, under the names that log lines use.
struct Collect<'a>(&'a mut Map<String, Value>);

impl Collect<'_> {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        let name = match field.name() {
            "tenant_id" => "tenantId",
            "user_id" => "userId",
            "run_id" => "runId",
            "request_id" => "requestId",
            // No field may pretend to be one of the line's own.
            "timestamp" | "severity" | "target" => return,
            // Instructions for the tracing layer, not facts.
            name if name.starts_with("otel.") => return,
            name => name,
        };
        self.0.insert(name.to_owned(), value.into());
    }
}

impl Visit for Collect<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, cut(&format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, cut(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::sync::{Arc, Mutex};

    use tracing_subscriber::{Registry, layer::SubscriberExt as _};

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(run: impl FnOnce()) -> Vec<Value> {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let layer = JsonLines::new(move || writer.clone());
        tracing::subscriber::with_default(Registry::default().with(layer), run);
        let text = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn each_line_within_a_run_names_the_run() {
        let lines = logged(|| {
            let request = tracing::info_span!("request", request_id = "r-1", tenant_id = "t-1");
            let _request = request.enter();
            let run = tracing::info_span!("run", run_id = tracing::field::Empty, otel.kind = "server");
            run.record("run_id", "u-1");
            run.in_scope(|| tracing::warn!(attempt = 2, "the model did not answer"));
            tracing::info!("after");
        });
        let line = &lines[0];
        for (name, value) in [("tenantId", "t-1"), ("requestId", "r-1"), ("runId", "u-1"), ("severity", "WARN")] {
            assert_eq!(line[name], value, "{name}");
        }
        assert_eq!((&line["message"], &line["attempt"]), (&"the model did not answer".into(), &2.into()));
        assert!(line.get("otel.kind").is_none() && lines[1].get("runId").is_none());
    }

    #[test]
    fn hostile_text_neither_breaks_a_line_nor_forges_one() {
        let text = "x\"}\n{\"severity\":\"ERROR\"}\u{1b}[31m";
        let lines = logged(|| tracing::info!(severity = "ERROR", timestamp = "never", text, "hello"));
        assert_eq!(lines.len(), 1);
        assert_eq!((&lines[0]["severity"], &lines[0]["text"]), (&"INFO".into(), &text.into()));
        assert_ne!(lines[0]["timestamp"], "never");
    }

    #[test]
    fn long_text_is_cut() {
        let lines = logged(|| tracing::info!(text = "ä".repeat(1_000_000), "long"));
        assert_eq!(lines[0]["text"].as_str().unwrap().chars().count(), MAX_TEXT + 1);
    }
}
