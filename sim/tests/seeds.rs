//! A thousand realms, each from its seed.
//!
//! `TINYREALM_SIM_SEED` is the first seed, `TINYREALM_SIM_COUNT` how many follow. To look at one that
//! has failed: `TINYREALM_SIM_SEED=… TINYREALM_SIM_COUNT=1`, and `TINYREALM_SIM_TRACE=1` for all of
//! its lines.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use tinyrealm_sim::{Counters, Failure, Profile, Report, run};

const FIRST_SEED: u64 = 1;
const SEEDS: u64 = 1_000;

fn number(name: &str, otherwise: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
}

/// Runs seeds until none is left.
fn work(next: &AtomicU64, end: u64) -> (Vec<Report>, Vec<Failure>) {
    let (mut reports, mut failures) = (Vec::new(), Vec::new());
    loop {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= end {
            return (reports, failures);
        }
        match run(seed) {
            Ok(report) => reports.push(report),
            Err(failure) => {
                eprintln!("{failure}");
                failures.push(*failure);
            }
        }
    }
}

/// What has happened in each profile: one column each.
fn print_table(reports: &[Report]) {
    let columns = Profile::ALL.map(|profile| {
        let mut sum = Counters::default();
        let of_profile = reports.iter().filter(|report| report.profile == profile);
        of_profile.for_each(|report| sum.add(&report.counters));
        sum.rows()
    });
    print!("{:<24}", "");
    Profile::ALL.iter().for_each(|profile| print!(" {:>12}", format!("{profile:?}")));
    println!();
    for row in 0..columns[0].len() {
        print!("{:<24}", columns[0][row].0);
        columns.iter().for_each(|column| print!(" {:>12}", column[row].1));
        println!();
    }
}

#[test]
fn every_invariant_holds_in_every_realm() {
    let first = number("TINYREALM_SIM_SEED", FIRST_SEED);
    let end = first + number("TINYREALM_SIM_COUNT", SEEDS);
    let next = AtomicU64::new(first);
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let (mut reports, mut failures) = (Vec::new(), Vec::new());
    thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(|| work(&next, end))).collect();
        for worker in workers {
            let (good, bad) = worker.join().expect("a run panicked");
            reports.extend(good);
            failures.extend(bad);
        }
    });
    print_table(&reports);
    let seeds: Vec<_> = failures.iter().map(|failure| (failure.seed, failure.invariant)).collect();
    assert!(seeds.is_empty(), "{} seeds failed: {seeds:?}", seeds.len());
}
