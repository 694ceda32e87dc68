//! The watchdog: a processor that hangs is reset when the README says, and not before.

use std::time::Duration;

use tinyrealm_qemu::debugger::{HANGING_SHIFT, counting};
use tinyrealm_qemu::scratch::Scratch;
use tinyrealm_qemu::{Debugger, Hung, Machine, Network};

use super::images::{WORLD_MAC, image};

/// How long a role may take no turn, by the README's table.
const WATCHDOG: Duration = Duration::from_secs(20);
/// How often it is told at least that the role is alive.
const FEEDING: Duration = Duration::from_secs(2);
const A_LITTLE: Duration = Duration::from_millis(200);

#[test]
fn both_sides_of_the_watchdog_s_time() {
    let scratch = Scratch::new().unwrap();
    let door = scratch.file("debugger");
    let arguments = counting(&door, HANGING_SHIFT);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let network = Network::User { forwards: Vec::new() };
    let image = image("world");
    let mut device = Machine::start_with(image, WORLD_MAC, &network, &arguments).unwrap();
    device.wait_until("alive", |report| report.beat > 3).unwrap();
    let mut debugger = Debugger::attach(&door).unwrap();
    for short in [Duration::from_secs(12), WATCHDOG - FEEDING - A_LITTLE] {
        assert_eq!(debugger.hang(short).unwrap(), Hung::GoesOn, "{short:?}");
        let before = device.report().unwrap();
        let after = device.wait_until("going on", |now| now.beat > before.beat + 3).unwrap();
        assert!(Duration::from_millis(after.uptime_ms.into()) > short, "{after:?}");
    }
    // By its first time-out: the second one would be as long again.
    assert_eq!(debugger.hang(WATCHDOG + A_LITTLE).unwrap(), Hung::Reset);
}
