//! Benchmarks: framing, fan-out of rooms and of channels, memory, the client runtime.
//!
//! Purpose: figures that can be compared, because whatever they are compared with runs in the same
//! minute on the same machine. [`framing`] and [`client`] measure in this process; [`fan_out`],
//! [`things`], [`tls`], [`secure`], [`chat`] and [`memory`] start servers and a load as processes of their own and read the operating
//! system's account of them.
//!
//! `floor`, `naive`, `load` and `world` are those processes; people start the others, by `cargo xtask bench`, which
//! has their help. The world is the binary beside this one.

mod account;
mod allocations;
mod chat;
mod child;
mod client;
mod crowd;
mod fan_out;
mod floor;
mod framing;
mod gallery;
mod link;
mod load;
mod memory;
mod naive;
mod noise;
mod poller;
mod secure;
mod statistics;
mod things;
mod tls;
mod trust;
mod ways;
mod wire;

use std::process::ExitCode;

use gallery::Gallery;
use tinyrealm_core::node::world::Relay;

/// What to run, and how long.
struct Plan {
    what: Vec<String>,
    seconds: u32,
    rounds: u32,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|word| word == "world") {
        return tinyrealm::serve(tinyrealm::games![Relay, Gallery]);
    }
    let outcome = match arguments.first().map(String::as_str) {
        Some("floor") => floor::serve(&arguments[1..]),
        Some("naive") => naive::serve(&arguments[1..]),
        Some("load") => load::run(&arguments[1..]),
        _ => parse(&arguments).and_then(|plan| run(&plan)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure:#}");
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: &[String]) -> anyhow::Result<Plan> {
    const ALL: [&str; 10] = [
        "framing",
        "fan-out",
        "things",
        "web-socket",
        "tls",
        "secure",
        "chat",
        "peak",
        "memory",
        "client",
    ];
    let mut plan = Plan { what: Vec::new(), seconds: 8, rounds: 3 };
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seconds" => plan.seconds = number(arguments.next())?,
            "--rounds" => plan.rounds = number(arguments.next())?,
            what if ALL.contains(&what) => plan.what.push(what.to_owned()),
            other => {
                anyhow::bail!("what is {other:?}? `cargo xtask bench --help` says what there is")
            }
        }
    }
    if plan.what.is_empty() {
        plan.what = ALL.map(str::to_owned).into();
    }
    Ok(plan)
}

fn number(argument: Option<&String>) -> anyhow::Result<u32> {
    let parsed = argument.and_then(|text| text.parse().ok()).filter(|number| *number > 0);
    parsed.ok_or_else(|| anyhow::anyhow!("expected a number of at least 1"))
}

fn run(plan: &Plan) -> anyhow::Result<()> {
    for what in &plan.what {
        match what.as_str() {
            "framing" => framing::run(),
            "fan-out" => fan_out::run(plan.seconds, plan.rounds)?,
            "things" => things::run(plan.seconds, plan.rounds)?,
            "web-socket" => fan_out::run_web_sockets(plan.seconds, plan.rounds)?,
            "tls" => tls::run(plan.seconds, plan.rounds)?,
            "secure" => secure::run(plan.seconds, plan.rounds)?,
            "chat" => chat::run(plan.seconds, plan.rounds)?,
            "peak" => fan_out::run_peak(plan.seconds)?,
            "client" => client::run(plan.seconds)?,
            _ => memory::run()?,
        }
    }
    Ok(())
}
