//! `JsonLines`: an event of the log as one JSON object on a line of its own.
//!
//! Contract: `time` (RFC 3339, UTC), `level`, `target`, `message`, and what else the event has; nothing in it can break
//! out of its line.

use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// See the [module](self).
pub(crate) struct JsonLines;

#[derive(Serialize)]
struct Line<'a> {
    time: &'a str,
    level: &'a str,
    target: &'a str,
    message: &'a str,
    #[serde(flatten)]
    rest: &'a Map<String, Value>,
}

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut time = String::new();
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        let mut fields = Fields::default();
        event.record(&mut fields);
        let line = Line {
            time: &time,
            level: event.metadata().level().as_str(),
            target: fields.target.as_deref().unwrap_or_else(|| event.metadata().target()),
            message: &fields.message,
            rest: &fields.rest,
        };
        writeln!(writer, "{}", serde_json::to_string(&line).map_err(|_| fmt::Error)?)
    }
}

/// What an event has.
#[derive(Default)]
struct Fields {
    message: String,
    /// Of the core's events, which come by the crate `log`: those have one target for all.
    target: Option<String>,
    rest: Map<String, Value>,
}

impl Fields {
    fn take(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::String(text)) => self.message = text,
            ("log.target", Value::String(text)) => self.target = Some(text),
            // The place in the source of the core's events.
            ("log.module_path" | "log.file" | "log.line", _) => {}
            (name @ ("message" | "time" | "level" | "target"), value) => {
                self.rest.insert(format!("field_{name}"), value);
            }
            (name, value) => drop(self.rest.insert(name.to_owned(), value)),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.take(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.take(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.take(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.take(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.take(field, value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines_of(events: impl FnOnce()) -> Vec<Value> {
        let written = Written::default();
        let to = written.clone();
        let subscriber = tracing_subscriber::fmt()
            .event_format(JsonLines)
            .with_writer(move || to.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, events);
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn an_event_is_one_line_with_all_that_it_has() {
        let lines = lines_of(|| {
            tracing::warn!(
                world = 4_u16,
                at = "a\nb\"",
                level = 7,
                lost = true,
                "x \u{1b}{}",
                "y\n"
            );
            tracing::info!("plain");
        });
        assert_eq!(lines.len(), 2);
        let first = &lines[0];
        assert_eq!((first["level"].as_str(), first["world"].as_u64()), (Some("WARN"), Some(4)));
        assert_eq!((first["at"].as_str(), first["lost"].as_bool()), (Some("a\nb\""), Some(true)));
        assert_eq!(
            (&first["field_level"], first["message"].as_str()),
            (&7.into(), Some("x \u{1b}y\n"))
        );
        assert!(
            first["time"].as_str().unwrap().ends_with('Z')
                && first["time"].as_str().unwrap().contains('T')
        );
        assert_eq!(lines[1]["target"].as_str(), Some(module_path!()));
    }
}
