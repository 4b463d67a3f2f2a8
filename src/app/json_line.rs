//! Log lines as JSON objects.

use serde::Serialize;
use serde_json::Serializer;
use std::error::Error;
use std::fmt::{self, Debug};
use std::io;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// Writes the lines that the JSON format of `tracing-subscriber` writes, with the fields of the event on the first
/// level and the innermost span. That format parses the fields of the span again for each line.
///
/// The fields of the spans MUST be formatted by `JsonFields`.
pub(super) struct JsonLine;

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        line.write_str("{\"timestamp\":\"")?;
        SystemTime.format_time(&mut line)?;
        write!(line, "\",\"level\":\"{}\"", event.metadata().level())?;
        let mut fields = Fields { line: line.by_ref(), result: Ok(()) };
        event.record(&mut fields);
        fields.result?;
        if let Some(span) = context.lookup_current() {
            let (name, extensions) = (span.metadata().name(), span.extensions());
            let fields = extensions.get::<FormattedFields<N>>().map_or("{}", |fields| fields.as_str());
            let fields = fields.strip_suffix('}').unwrap_or(fields);
            let comma = if fields.len() > 1 { "," } else { "" };
            write!(line, ",\"span\":{fields}{comma}\"name\":\"{name}\"}}")?;
        }
        line.write_str("}\n")
    }
}

/// Writes the fields of an event, each after a comma.
struct Fields<'a> {
    line: Writer<'a>,
    result: fmt::Result,
}

impl Fields<'_> {
    fn entry(&mut self, field: &Field, value: impl Serialize) {
        self.result = self.result.and_then(|()| {
            self.line.write_char(',')?;
            json(&mut self.line, field.name())?;
            self.line.write_char(':')?;
            json(&mut self.line, value)
        });
    }
}

impl Visit for Fields<'_> {
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

fn json(line: &mut Writer<'_>, value: impl Serialize) -> fmt::Result {
    value.serialize(&mut Serializer::new(Bytes(line))).map_err(|_| fmt::Error)
}

/// Accepts the bytes that `serde_json` writes: whole characters.
struct Bytes<'a, 'b>(&'a mut Writer<'b>);

impl io::Write for Bytes<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = std::str::from_utf8(bytes).map_err(io::Error::other)?;
        self.0.write_str(text).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::fmt::format::JsonFields;
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
            let _request = tracing::info_span!("request", id = %"a\"}").entered();
            let error: &(dyn Error + 'static) = &std::fmt::Error;
            tracing::info!(client = %"192.0.2.1", debug = ?Some(1), error, "request {}", "completed");
            let _inner = tracing::info_span!("inner").entered();
            tracing::error!(r#type = "x");
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
        let own = lines(layer(&own).fmt_fields(JsonFields::new()).event_format(JsonLine), &own);
        let theirs = lines(layer(&theirs).json().flatten_event(true).with_span_list(false), &theirs);
        assert_eq!(own, theirs);
        assert_eq!(own.len(), 3);
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
