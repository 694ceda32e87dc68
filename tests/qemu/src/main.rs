//! `tinyrealm-qemu IMAGE [HERE:THERE...]`: runs a board and shows its log as it comes.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{ExitCode, Stdio};

use anyhow::Context;
use tinyrealm_qemu::log::Words;
use tinyrealm_qemu::machine::{PROGRAM, board};
use tinyrealm_qemu::{Image, Network};

/// Any that nobody else has on QEMU's own network.
const MAC: &str = "02:00:00:00:71:00";

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((path, forwards)) = arguments.split_first().filter(|(path, _)| !path.starts_with('-'))
    else {
        eprintln!("usage: tinyrealm-qemu IMAGE [PORT-HERE:PORT-OF-THE-DEVICE...]");
        return Ok(ExitCode::from(2));
    };
    run(Path::new(path), forwards)
}

fn run(path: &Path, forwards: &[String]) -> anyhow::Result<ExitCode> {
    let words = Words::of(Image::read(path)?.bytes())?;
    let forwards = forwards.iter().map(|forward| ports(forward)).collect::<anyhow::Result<_>>()?;
    let mut qemu = board(path, MAC, &Network::User { forwards }, "stdio")
        .args(["-monitor", "none"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("{PROGRAM} does not start"))?;
    let mut serial = qemu.stdout.take().context("it was asked for")?;
    let mut decoder = words.decoder();
    let mut bytes = [0; 1_024];
    loop {
        let count = serial.read(&mut bytes)?;
        if count == 0 {
            break;
        }
        for line in decoder.lines(&bytes[..count]) {
            writeln!(std::io::stdout(), "{line}")?;
        }
    }
    let status = qemu.wait()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `7100:7101` as both ports.
fn ports(forward: &str) -> anyhow::Result<(u16, u16)> {
    let ports = forward.split_once(':');
    let ports = ports.and_then(|(here, there)| here.parse().ok().zip(there.parse().ok()));
    ports.with_context(|| format!("a forward is like 7100:7100, not {forward}"))
}
