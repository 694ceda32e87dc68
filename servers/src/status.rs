//! `StatusLine`: one line that is rewritten on a terminal, and printed now and then elsewhere.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

/// Without a terminal, a line is printed only so often.
const PLAIN_INTERVAL: Duration = Duration::from_secs(5);
const CLEAR_LINE: &str = "\r\x1b[2K";

/// A line of progress; see the [module](self).
pub(crate) struct StatusLine {
    output: Box<dyn Write + Send>,
    is_terminal: bool,
    is_drawn: bool,
    last_plain: Option<Instant>,
}

impl StatusLine {
    /// A line on standard output.
    pub(crate) fn on_stdout() -> Self {
        let output = std::io::stdout();
        Self::new(output.is_terminal(), Box::new(output))
    }

    /// A line on standard error.
    pub(crate) fn on_stderr() -> Self {
        let output = std::io::stderr();
        Self::new(output.is_terminal(), Box::new(output))
    }

    fn new(is_terminal: bool, output: Box<dyn Write + Send>) -> Self {
        Self { output, is_terminal, is_drawn: false, last_plain: None }
    }

    /// Shows `text`, in place of what was shown before.
    pub(crate) fn show(&mut self, text: &str) {
        // A status line that can't be written is not worth ending for.
        let _ = if self.is_terminal { self.draw(text) } else { self.print(text) };
    }

    fn draw(&mut self, text: &str) -> std::io::Result<()> {
        self.is_drawn = true;
        write!(self.output, "{CLEAR_LINE}{text}")?;
        self.output.flush()
    }

    fn print(&mut self, text: &str) -> std::io::Result<()> {
        let now = Instant::now();
        if self.last_plain.is_some_and(|last| now.duration_since(last) < PLAIN_INTERVAL) {
            return Ok(());
        }
        self.last_plain = Some(now);
        writeln!(self.output, "{text}")?;
        self.output.flush()
    }
}

impl Drop for StatusLine {
    fn drop(&mut self) {
        if self.is_drawn {
            // As above.
            let _ = writeln!(self.output);
        }
    }
}
