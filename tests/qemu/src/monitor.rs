//! QEMU's machine protocol: one command, one answer, a line of JSON each.

use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, ChildStdout};

use anyhow::{Context, bail};
use serde_json::{Value, json};

/// The monitor of a running machine.
#[derive(Debug)]
pub(crate) struct Monitor {
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Monitor {
    /// Waits for the greeting, and returns it.
    pub(crate) fn start(to: ChildStdin, from: ChildStdout) -> anyhow::Result<Self> {
        let mut monitor = Self { to, from: BufReader::new(from) };
        monitor.read().context("QEMU has not started")?;
        monitor.ask("qmp_capabilities", json!({}))?;
        Ok(monitor)
    }

    pub(crate) fn ask(&mut self, command: &str, arguments: Value) -> anyhow::Result<Value> {
        let line = json!({ "execute": command, "arguments": arguments });
        writeln!(self.to, "{line}").context("QEMU has ended")?;
        loop {
            let mut answer = self.read()?;
            if let Some(error) = answer.get("error") {
                bail!("QEMU refuses {command}: {error}");
            }
            // Events come in between.
            if let Some(value) = answer.get_mut("return") {
                return Ok(value.take());
            }
        }
    }

    fn read(&mut self) -> anyhow::Result<Value> {
        let mut line = String::new();
        // Where its terminals are QEMU says in between, for people.
        while !line.starts_with('{') {
            line.clear();
            if self.from.read_line(&mut line)? == 0 {
                bail!("QEMU has ended");
            }
        }
        Ok(serde_json::from_str(&line)?)
    }
}
