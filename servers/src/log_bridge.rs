//! `LogBridge`: the core's lines, which come by the crate `log`, as events of `tracing`.
//!
//! Contract: of a line's fields those are kept that lines about visits have: `visit`, `user` and `from`.

use log::kv::{Key, Value, VisitSource};
use log::{Log, Metadata, Record};
use tracing::field::display;
use tracing_log::LogTracer;

/// How detailed a line about a visit is.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum VisitLines {
    /// Everybody's who runs a server.
    Info,
    /// For who looks for something: where bots come and go, nobody wants to read of each.
    Debug,
}

/// See the [module](self).
pub(crate) struct LogBridge {
    tracer: LogTracer,
    visits: VisitLines,
}

impl LogBridge {
    /// Has every line of the crate `log` go by here from now on.
    ///
    /// # Errors
    /// If they go elsewhere already.
    pub(crate) fn start(visits: VisitLines) -> Result<(), log::SetLoggerError> {
        log::set_boxed_logger(Box::new(Self { tracer: LogTracer::new(), visits }))?;
        log::set_max_level(log::LevelFilter::Trace);
        Ok(())
    }
}

impl Log for LogBridge {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.tracer.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        let mut fields = Fields::default();
        // A field that can't be read is left out.
        let _ = record.key_values().visit(&mut fields);
        if fields == Fields::default() {
            return self.tracer.log(record);
        }
        let Fields { visit, user, from } = fields;
        let (visit, from) = (visit.map(display), from.map(display));
        let text = record.args();
        match self.visits {
            VisitLines::Info => {
                tracing::info!(target: "tinyrealm", visit, user, from, "{text}");
            }
            VisitLines::Debug => {
                tracing::debug!(target: "tinyrealm", visit, user, from, "{text}");
            }
        }
    }

    fn flush(&self) {}
}

#[derive(Default, PartialEq, Eq)]
struct Fields {
    visit: Option<String>,
    user: Option<u64>,
    from: Option<String>,
}

impl<'kvs> VisitSource<'kvs> for Fields {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), log::kv::Error> {
        match key.as_str() {
            "visit" => self.visit = Some(value.to_string()),
            "user" => self.user = value.to_u64(),
            "from" => self.from = Some(value.to_string()),
            _ => {}
        }
        Ok(())
    }
}
