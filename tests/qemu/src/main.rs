//! `tinyrealm-qemu IMAGE [HERE:THERE...]`: runs a board and shows its log as it comes.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::Context;
use defmt_decoder::{DecodeError, Table};
use tinyrealm_qemu::Image;
use tinyrealm_qemu::machine::PROGRAM;

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
    let image = Image::read(path)?;
    let table = Table::parse(image.bytes())?.context("the image was built without a log")?;
    let mut network = "user,model=lan9118".to_owned();
    for forward in forwards {
        let (here, there) = forward.split_once(':').context("a forward is like 7100:7100")?;
        network += &format!(",hostfwd=tcp:127.0.0.1:{here}-:{there}");
    }
    let mut qemu = Command::new(PROGRAM)
        .args(["-M", "mps2-an385", "-display", "none", "-monitor", "none", "-serial", "stdio"])
        .args(["-nic", &network])
        .arg("-kernel")
        .arg(path)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("{PROGRAM} does not start"))?;
    let mut serial = qemu.stdout.take().context("it was asked for")?;
    let mut decoder = table.new_stream_decoder();
    let mut bytes = [0; 1_024];
    let mut lines = VecDeque::new();
    loop {
        let count = serial.read(&mut bytes)?;
        if count == 0 {
            break;
        }
        decoder.received(&bytes[..count]);
        loop {
            match decoder.decode() {
                Ok(frame) => lines.push_back(frame.display(false).to_string()),
                Err(DecodeError::UnexpectedEof) => break,
                Err(DecodeError::Malformed) => {}
            }
        }
        for line in lines.drain(..) {
            writeln!(std::io::stdout(), "{line}")?;
        }
    }
    let status = qemu.wait()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
