//! CPU time of processes, as the system counts it.

use std::time::Duration;

/// What all threads of a process have had.
pub(crate) fn cpu_of(process: u32) -> Duration {
    // It may have ended by now.
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let nanos = tasks.filter_map(|task| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_ascii_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}

/// The same with the processes that it has started, and that still run.
pub(crate) fn cpu_of_family(process: u32) -> Duration {
    cpu_of(process) + children_of(process).map(cpu_of).sum::<Duration>()
}

/// By what each process says of its parent: not every system lists children.
fn children_of(parent: u32) -> impl Iterator<Item = u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(move |id| parent_of(*id) == Some(parent))
}

fn parent_of(process: u32) -> Option<u32> {
    let text = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // A name may have spaces and brackets in it.
    let (_, behind_name) = text.rsplit_once(')')?;
    behind_name.split_ascii_whitespace().nth(1)?.parse().ok()
}
