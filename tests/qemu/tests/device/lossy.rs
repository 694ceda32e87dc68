//! A cable that loses, repeats and reorders frames: everything arrives, in order.

use tinyrealm_qemu::machine::Gateway;
use tinyrealm_qemu::scratch::Scratch;
use tinyrealm_qemu::{Faults, Machine, Network, Switch};

use super::images::{DEVICE_PORT, WORLD_IP, WORLD_MAC, free_port, world_image};
use super::support::{Bots, Server, Stream};

const FAULTS: Faults = Faults { lost_permille: 20, repeated_permille: 20, held_permille: 40 };

/// The seed of this run; `TINYREALM_SWITCH_SEED` repeats one.
fn seed() -> u64 {
    let given = std::env::var("TINYREALM_SWITCH_SEED").ok();
    given.and_then(|seed| seed.parse().ok()).unwrap_or_else(|| u64::from(std::process::id()))
}

#[test]
fn everything_arrives_in_order_through_a_bad_cable() {
    let seed = seed();
    println!("TINYREALM_SWITCH_SEED={seed}");
    let scratch = Scratch::new().unwrap();
    let switch = Switch::start(&scratch.file("switch"), FAULTS, seed).unwrap();
    let port = free_port();
    let _gateway = Gateway::start(switch.path(), &[(port, WORLD_IP, DEVICE_PORT)]).unwrap();
    let main = Server::main(&[]);
    let image = world_image("world", main.address, &format!("127.0.0.1:{port}"));
    let network = Network::Switch(switch.path().to_owned());
    let mut device = Machine::start(image, WORLD_MAC, &network).unwrap();
    main.process.wait_until_said(Stream::Stderr, "world 100 registered", 1);
    let arguments = ["--count", "4", "--hz", "5", "--seconds", "15", "--events"];
    let outcome = Bots::start(main.address, &arguments).outcome();
    outcome.report.expect(&[("joined", 4), ("lost", 0), ("duplicated", 0), ("disordered", 0)]);
    outcome.report.expect(&[("wrong_room", 0), ("missed_announced", 0), ("unknown", 0)]);
    assert_eq!(device.report().unwrap().violations, 0);
    let tally = switch.stop();
    println!("{tally:?}");
    assert!(tally.lost > 0 && tally.repeated > 0 && tally.held > 0, "{tally:?}");
}
