//! Log lines as JSON objects.

use serde::Serialize;
use std::error::Error;
use std::fmt::{self, Debug};
use std::str;
use tracing::field::{Field, Visit};
use tracing::span::Record;
use tracing::{Event, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Writes the lines that the JSON format of `tracing-subscriber` writes, with the fields of the event on the first
/// level and the innermost span. That format parses the fields of the span again for each line, and sorts them; here
/// they keep their order. A field of a span MUST NOT be recorded twice: it would appear twice.
pub(super) struct JsonLine;

/// Size of most lines.
const CAPACITY: usize = 512;

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        line.write_str("{\"timestamp\":\"")?;
        SystemTime.format_time(&mut line)?;
        let mut rest = Json::default();
        rest.text(["\",\"level\":\"", event.metadata().level().as_str(), "\""]);
        event.record(&mut rest);
        if let Some(span) = context.lookup_current() {
            let extensions = span.extensions();
            // An object, as the implementation of `FormatFields` below writes it.
            let fields = extensions.get::<FormattedFields<N>>().map_or("{", |fields| fields.as_str());
            let fields = fields.strip_suffix('}').unwrap_or(fields);
            let comma = if fields.len() > 1 { "," } else { "" };
            rest.text([",\"span\":", fields, comma, "\"name\":\"", span.metadata().name(), "\"}"]);
        }
        rest.text(["}\n"]);
        rest.write_to(&mut line)
    }
}

/// Writes the fields of a span as an object.
impl<'a> FormatFields<'a> for JsonLine {
    fn format_fields<R: RecordFields>(&self, mut object: Writer<'a>, fields: R) -> fmt::Result {
        let mut json = Json::default();
        fields.record(&mut json);
        // The first field has a comma, too.
        if let Some(comma) = json.bytes.first_mut() {
            *comma = b'{';
        } else {
            json.text(["{"]);
        }
        json.text(["}"]);
        json.write_to(&mut object)
    }

    fn add_fields(&self, current: &'a mut FormattedFields<Self>, fields: &Record<'_>) -> fmt::Result {
        let mut json = Json::default();
        fields.record(&mut json);
        json.result?;
        if json.bytes.is_empty() {
            return Ok(());
        }
        current.fields.pop();
        if current.fields.len() <= 1 {
            json.bytes.drain(..1);
        }
        json.text(["}"]);
        json.write_to(&mut current.as_writer())
    }
}

/// Text, and fields, each after a comma.
struct Json {
    bytes: Vec<u8>,
    result: fmt::Result,
}

impl Default for Json {
    fn default() -> Self {
        Self { bytes: Vec::with_capacity(CAPACITY), result: Ok(()) }
    }
}

impl Json {
    fn text<const N: usize>(&mut self, parts: [&str; N]) {
        parts.iter().for_each(|part| self.bytes.extend_from_slice(part.as_bytes()));
    }

    /// Adds a field. Its name is an identifier.
    fn entry(&mut self, field: &Field, value: impl Serialize) {
        self.text([",\"", field.name(), "\":"]);
        self.result = serde_json::to_writer(&mut self.bytes, &value).map_err(|_| fmt::Error).and(self.result);
    }

    fn write_to(&self, line: &mut Writer<'_>) -> fmt::Result {
        self.result?;
        line.write_str(str::from_utf8(&self.bytes).map_err(|_| fmt::Error)?)
    }
}

impl Visit for Json {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.entry(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.entry(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.entry(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.entry(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.entry(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.entry(field, format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.entry(field, format_args!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::{Layer, Registry, fmt};

    /// Returns the lines of some events, without their times.
    fn lines(layer: impl Layer<Registry> + Send + Sync, written: &Mutex<Vec<u8>>) -> Vec<String> {
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, || {
            let (cause, none) = (Some("a \"quoted\"\nline, 中文 {}"), None::<&str>);
            tracing::warn!(
                status = 500_u16,
                took_us = u64::MAX,
                less = -1_i64,
                ratio = 0.5,
                done = true,
                cause,
                none,
                "1"
            );
            let request = tracing::info_span!("request", id = %"a\"}", later = tracing::field::Empty).entered();
            request.record("later", 1);
            let error: &(dyn Error + 'static) = &std::fmt::Error;
            tracing::info!(client = %"192.0.2.1", debug = ?Some(1), error, "request {}", "completed");
            let _inner = tracing::info_span!("inner").entered();
            tracing::error!(r#type = "x");
            let only_later = tracing::info_span!("empty", later = tracing::field::Empty).entered();
            only_later.record("later", None::<&str>);
            tracing::error!("before");
            only_later.record("later", "y");
            tracing::error!("after");
        });
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| line.split_once(',').unwrap().1.to_owned()).collect()
    }

    #[test]
    fn the_lines_are_those_of_tracing_subscriber() {
        let [own, theirs] = [(); 2].map(|()| Arc::new(Mutex::new(Vec::new())));
        let layer = |written: &Arc<Mutex<Vec<u8>>>| {
            let written = Arc::clone(written);
            fmt::layer().with_target(false).with_writer(move || Shared(Arc::clone(&written)))
        };
        let own = lines(layer(&own).fmt_fields(JsonLine).event_format(JsonLine), &own);
        let theirs = lines(layer(&theirs).json().flatten_event(true).with_span_list(false), &theirs);
        assert_eq!(own, theirs);
        assert_eq!(own.len(), 5);
    }

    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}
