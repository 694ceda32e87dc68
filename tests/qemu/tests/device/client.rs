//! A client on a device: in a desktop world, and in the world of another device.

use tinyrealm_core::protocol::world_to_client::MoveBroadcast;
use tinyrealm_qemu::machine::Gateway;
use tinyrealm_qemu::scratch::Scratch;
use tinyrealm_qemu::{Faults, Machine, Network, Switch};

use super::images::{CLIENT_MAC, DEVICE_PORT, WORLD_IP, WORLD_MAC, image_for, world_image};
use super::support::{Realm, Server, Stream};

#[test]
fn a_device_walks_in_a_desktop_world_and_is_seen() {
    let realm = Realm::start(&[]);
    let mut witness = realm.user();
    let image = image_for("client", realm.main.address);
    let network = Network::User { forwards: Vec::new() };
    let mut device = Machine::start(image, CLIENT_MAC, &network).unwrap();
    let seen = witness.world.find::<MoveBroadcast>().member;
    assert_ne!(seen.uid, witness.uid);
    let next = witness.world.find::<MoveBroadcast>().member;
    assert!(next.uid == seen.uid && next.pos != seen.pos, "it walks: {seen:?} {next:?}");
    // It sees the others as well.
    let before = device.wait_until("inside", |report| report.users == 1).unwrap().deliveries;
    witness.world.move_to(7);
    device.wait_until("told of a move", |report| report.deliveries > before).unwrap();
    device.kill();
    let (_, worlds) = realm.stop();
    worlds[0].expect(&[("joined", 2), ("net.violations", 0)]);
}

#[test]
fn a_device_plays_in_the_world_of_another_device() {
    let scratch = Scratch::new().unwrap();
    let switch = Switch::start(&scratch.file("switch"), Faults::default(), 1).unwrap();
    let _gateway = Gateway::start(switch.path(), &[]).unwrap();
    let main = Server::main(&[]);
    let network = Network::Switch(switch.path().to_owned());
    let public = format!("{WORLD_IP}:{DEVICE_PORT}");
    let image = world_image("world", main.address, &public);
    let mut world = Machine::start(image, WORLD_MAC, &network).unwrap();
    main.process.wait_until_said(Stream::Stderr, "world 100 registered", 1);
    let image = image_for("client", main.address);
    let mut player = Machine::start(image, CLIENT_MAC, &network).unwrap();
    player.wait_until("inside", |report| report.users == 1).unwrap();
    let before = world.wait_until("played in", |report| report.users == 1).unwrap();
    let moved = |now: &tinyrealm_qemu::Report| now.frames_received > before.frames_received + 10;
    let after = world.wait_until("moved in", moved).unwrap();
    assert_eq!((after.users, after.violations), (1, 0));
    player.kill();
    world.kill();
    main.stop().expect(&[("worlds_registered", 1), ("enters", 1)]);
}
