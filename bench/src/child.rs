//! Processes that a benchmark starts and ends.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::{Context, ensure};

/// A process that ends with its owner.
pub(crate) struct Process {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts `program` with `arguments`; its standard output is read line by line.
    pub(crate) fn start(program: PathBuf, arguments: &[String]) -> anyhow::Result<Self> {
        Self::start_with(program, arguments, &[])
    }

    /// [`Process::start`], with these variables.
    pub(crate) fn start_with(
        program: PathBuf,
        arguments: &[String],
        variables: &[(&str, &Path)],
    ) -> anyhow::Result<Self> {
        ensure!(program.exists(), "{} is not built", program.display());
        let mut child = Command::new(&program)
            .args(arguments)
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let output = child.stdout.take().context("no output")?;
        Ok(Self { child, lines: BufReader::new(output).lines() })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line of its output.
    pub(crate) fn line(&mut self) -> anyhow::Result<String> {
        Ok(self.lines.next().context("a process has ended too early")??)
    }

    /// The address in a line like `… listening on ADDRESS`.
    pub(crate) fn address(&mut self) -> anyhow::Result<String> {
        let line = self.line()?;
        let address = line.rsplit_once("listening on ").map(|(_, address)| address.to_owned());
        address.with_context(|| format!("no address in {line:?}"))
    }

    /// Gives it a line of input.
    pub(crate) fn tell(&mut self, line: &str) -> anyhow::Result<()> {
        let input = self.child.stdin.as_mut().context("no input")?;
        Ok(writeln!(input, "{line}")?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A program beside this one.
pub(crate) fn sibling(name: &str) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    Ok(own.parent().context("no folder")?.join(name))
}

/// This program.
pub(crate) fn own() -> anyhow::Result<PathBuf> {
    Ok(std::env::current_exe()?)
}
