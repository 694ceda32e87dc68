//! Other programs: running them, with their output kept, or with a limit on their time.

use std::io::{Read, pipe};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::failure::{Failure, MISUSED};

/// What a program has done.
pub(crate) struct Finished {
    pub(crate) is_success: bool,
    /// What it has said on both of its outputs, in the order in which it came.
    pub(crate) output: String,
}

/// Runs a program to its end and keeps what it says.
pub(crate) fn capture(command: &mut Command) -> Finished {
    capture_or_error(command).unwrap_or_else(|error| {
        let program = command.get_program().to_string_lossy();
        Finished { is_success: false, output: format!("{program} does not run: {error}\n") }
    })
}

fn capture_or_error(command: &mut Command) -> std::io::Result<Finished> {
    let (mut reader, writer) = pipe()?;
    command.stdin(Stdio::null()).stdout(writer.try_clone()?).stderr(writer);
    let mut child = command.spawn()?;
    // The command holds the writing ends; while it does, the pipe does not end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut output = Vec::new();
    reader.read_to_end(&mut output)?;
    let is_success = child.wait()?.success();
    Ok(Finished { is_success, output: String::from_utf8_lossy(&output).into_owned() })
}

/// [`capture`], with failure as an error that has what the program said.
pub(crate) fn require(command: &mut Command) -> Result<String, Failure> {
    let finished = capture(command);
    if finished.is_success { Ok(finished.output) } else { Err(finished.output.into()) }
}

/// Runs a program that speaks to the user itself. If it was called wrongly, so were we.
pub(crate) fn pass_through(command: &mut Command) -> Result<(), Failure> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) if status.code() == Some(MISUSED.into()) => {
            Err(Failure::misused("it was called wrongly"))
        }
        Ok(status) => Err(format!("it ended with {status}").into()),
        Err(error) => Err(format!("it does not run: {error}").into()),
    }
}

/// The same program, which is told to end when the thread that starts it does, whatever ends that.
pub(crate) fn ending_with_us(command: &Command) -> Command {
    let mut bound = if cfg!(target_os = "linux") {
        // Of util-linux. Setting it in the child ourselves would take unsafe code.
        let mut bound = Command::new("setpriv");
        bound.args(["--pdeathsig", "TERM"]).arg(command.get_program());
        bound
    } else {
        Command::new(command.get_program())
    };
    bound.args(command.get_args());
    if let Some(folder) = command.get_current_dir() {
        bound.current_dir(folder);
    }
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => bound.env(name, value),
            None => bound.env_remove(name),
        };
    }
    bound
}

/// Runs a program silently; `false` if it fails or takes longer than `limit`.
pub(crate) fn succeeds_within(command: &mut Command, limit: Duration) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return false };
    let started = Instant::now();
    while started.elapsed() < limit {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) => std::thread::sleep(Duration::from_millis(20)),
            Err(_) => break,
        }
    }
    // It may have ended meanwhile; either way it is gone after this.
    let _ = child.kill();
    let _ = child.wait();
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn both_outputs_are_kept_in_order() {
        let finished = capture(&mut shell("echo one; echo two >&2; echo three; exit 3"));
        assert!(!finished.is_success);
        assert_eq!(finished.output, "one\ntwo\nthree\n");
    }

    #[test]
    fn who_is_called_wrongly_by_us_was_called_wrongly_by_the_user() {
        let ended_with = |code: u8| pass_through(&mut shell(&format!("exit {code}")));
        assert_eq!(ended_with(0), Ok(()));
        assert_eq!(
            ended_with(1).map_err(|it| it.exit_code()),
            Err(std::process::ExitCode::FAILURE)
        );
        assert_eq!(ended_with(2), Err(Failure::misused("it was called wrongly")));
    }

    #[test]
    fn a_program_that_is_not_there_is_a_failure_with_a_reason() {
        let finished = capture(&mut Command::new("no-such-program"));
        assert!(!finished.is_success && finished.output.contains("no-such-program"));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_was_started_to_end_with_us_does() {
        use std::io::{BufRead, BufReader};
        use std::os::unix::process::ExitStatusExt;
        let start = || {
            let mut shell = ending_with_us(&shell("echo started; exec sleep 60"));
            let mut child = shell.stdout(Stdio::piped()).spawn().unwrap();
            let mut said = String::new();
            BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
            assert_eq!(said, "started\n");
            child
        };
        let mut child = std::thread::spawn(start).join().unwrap();
        assert_eq!(child.wait().unwrap().signal(), Some(15), "its thread has ended");
    }

    #[test]
    fn both_sides_of_the_time_limit() {
        assert!(succeeds_within(&mut shell("exit 0"), Duration::from_secs(10)));
        assert!(!succeeds_within(&mut shell("exit 1"), Duration::from_secs(10)));
        let started = Instant::now();
        assert!(!succeeds_within(&mut shell("exec sleep 10"), Duration::from_millis(50)));
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}
