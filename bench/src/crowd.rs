//! `Crowd`: a load as a process, and what servers spend on it.

use std::path::Path;

use crate::account::cpu_time;
use crate::child::{Process, own};

/// Who comes, and what they do.
#[derive(Copy, Clone)]
pub(crate) struct Crowd {
    /// How they go in: see [`load`](crate::load).
    pub(crate) way: &'static str,
    /// Rooms, or channels.
    pub(crate) groups: u32,
    /// Members of each.
    pub(crate) members: u32,
    /// How often each of them sends, a second.
    pub(crate) hz: u32,
}

impl Crowd {
    /// Sends them to `address`; answers what was delivered to them in so many seconds, and the CPU
    /// nanoseconds of each of these processes meanwhile.
    pub(crate) fn run(
        &self,
        address: &str,
        processes: &[u32],
        seconds: u32,
    ) -> anyhow::Result<(f64, Vec<f64>)> {
        self.run_with(address, processes, seconds, &[])
    }

    /// [`Crowd::run`], with these variables for the load.
    pub(crate) fn run_with(
        &self,
        address: &str,
        processes: &[u32],
        seconds: u32,
        variables: &[(&str, &Path)],
    ) -> anyhow::Result<(f64, Vec<f64>)> {
        let Self { way, groups, members, hz } = self;
        let numbers = [groups * members, *hz, seconds, *members].map(|number| number.to_string());
        let arguments = [&["load".to_owned(), (*way).to_owned(), address.to_owned()], &numbers[..]];
        let mut load = Process::start_with(own()?, &arguments.concat(), variables)?;
        expect(&mut load, "ready")?;
        load.tell("go")?;
        expect(&mut load, "begin")?;
        let before = cpu_nanos(processes)?;
        let line = load.line()?;
        let after = cpu_nanos(processes)?;
        let mut fields = line.split_whitespace().skip(1).map(str::parse::<f64>);
        let deliveries = fields.next().and_then(Result::ok).unwrap_or(0.0);
        anyhow::ensure!(deliveries > 0.0, "nothing was delivered: {line:?}");
        let spent = after.iter().zip(&before).map(|(after, before)| after - before);
        Ok((deliveries, spent.collect()))
    }
}

fn cpu_nanos(processes: &[u32]) -> anyhow::Result<Vec<f64>> {
    processes.iter().map(|process| Ok(cpu_time(*process)?.as_nanos() as f64)).collect()
}

fn expect(process: &mut Process, wanted: &str) -> anyhow::Result<()> {
    let line = process.line()?;
    anyhow::ensure!(line == wanted, "expected {wanted:?}, found {line:?}");
    Ok(())
}
