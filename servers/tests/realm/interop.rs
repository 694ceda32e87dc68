//! A client that is not written in Rust visits real servers.

use std::path::Path;
use std::process::Command;

use crate::support::{PATIENCE, Process, Realm};

#[test]
fn a_client_written_from_the_protocol_page_visits_a_realm() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/interop/client.py");
    let realm = Realm::start(&[]);
    let mut command = Command::new("python3");
    command.arg(script).args(["--main", &realm.main.address.to_string(), "--moves", "50"]);
    Process::spawn("client.py", command).finish(PATIENCE).expect_code(0);
    let (main, worlds) = realm.stop();
    main.expect(&[("hellos", 1), ("enters", 1), ("net.violations", 0), ("net.unknown_opcodes", 0)]);
    worlds[0].expect(&[("joined", 1), ("left", 1), ("moves", 50)]);
    worlds[0].expect(&[("net.violations", 0), ("net.unknown_opcodes", 0), ("net.silent", 0)]);
}
