//! A cable that loses, repeats and reorders frames: everything arrives, in order.
//!
//! QEMU's network sends a lost frame again after one and a half seconds, and three, six, twelve more, if
//! nothing comes behind it; a connection's first after six, twelve more. So the device is a patient one:
//! another ends a session for its silence after the second loss, and what the user said last is never taken.
//! He is told that (`SILENT`), and misses his echo. Who comes in meanwhile are bots, which try again.

use tinyrealm_qemu::machine::Gateway;
use tinyrealm_qemu::scratch::Scratch;
use tinyrealm_qemu::{Faults, Machine, Network, Switch};

use super::images::{CLEAR_BOARDS, DEVICE_PORT, WORLD_IP, WORLD_MAC, free_port, world_image};
use super::party::Party;
use super::support::{Bots, Server, Stream};

const FAULTS: Faults = Faults { lost_permille: 20, repeated_permille: 20, held_permille: 40 };

/// The seed of this run; `TINYREALM_SWITCH_SEED` repeats one.
fn seed() -> u64 {
    let given = std::env::var("TINYREALM_SWITCH_SEED").ok();
    given.and_then(|seed| seed.parse().ok()).unwrap_or_else(|| u64::from(std::process::id()))
}

/// An attach whose frame is lost twice is answered after four and a half seconds.
const PATIENT_MAIN: [&str; 3] =
    ["main.attach_timeout_ms=60000", "main.attach_ttl_ms=120000", CLEAR_BOARDS];
const BOTS: [&str; 8] = ["--count", "2", "--hz", "5", "--seconds", "8", "--join-seconds", "60"];

#[test]
fn everything_arrives_in_order_through_a_bad_cable() {
    let seed = seed();
    println!("TINYREALM_SWITCH_SEED={seed}");
    let scratch = Scratch::new().unwrap();
    let switch = Switch::start(&scratch.file("switch"), FAULTS, seed).unwrap();
    let port = free_port();
    let _gateway = Gateway::start(switch.path(), &[(port, WORLD_IP, DEVICE_PORT)]).unwrap();
    let main = Server::main(&PATIENT_MAIN);
    let image = world_image("patient-world", main.address, &format!("127.0.0.1:{port}"));
    let network = Network::Switch(switch.path().to_owned());
    let mut device = Machine::start(image, WORLD_MAC, &network).unwrap();
    main.process.wait_until_said(Stream::Stderr, "world 100 registered", 1);
    switch.set_faults(Faults::default());
    let party = Party::start(main.address, 2, 2);
    switch.set_faults(FAULTS);
    let bots = Bots::start(main.address, &BOTS).outcome().report;
    let events = party.expect_nothing_lost();
    let report = device.report().unwrap();
    println!("4 users have heard the same {events} events, in {} deliveries", report.deliveries);
    assert_eq!((report.violations, report.events_missed), (0, 0));
    bots.expect(&[("joined", 2), ("duplicated", 0), ("disordered", 0), ("wrong_room", 0)]);
    let tally = switch.stop();
    println!("{tally:?}");
    assert!(tally.lost > 0 && tally.repeated > 0 && tally.held > 0, "{tally:?}");
}
