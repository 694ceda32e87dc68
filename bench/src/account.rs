//! The operating system's account of a process.

use std::fs;
use std::time::Duration;

use anyhow::Context;

/// CPU time of all threads of a process, from the scheduler's own count in nanoseconds.
///
/// # Errors
/// If the process has gone, or the system does not keep the count.
pub(crate) fn cpu_time(process: u32) -> anyhow::Result<Duration> {
    let mut sum = Duration::ZERO;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        let path = thread?.path().join("schedstat");
        let text = fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
        let nanos = text.split_whitespace().next().and_then(|field| field.parse().ok());
        sum += Duration::from_nanos(nanos.context("a schedstat without numbers")?);
    }
    Ok(sum)
}

/// Memory of a process that is its own: resident and not shared with a file.
///
/// # Errors
/// If the process has gone.
pub(crate) fn own_memory_bytes(process: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    Ok(kibibytes.context("a status without RssAnon")? * 1_024)
}
