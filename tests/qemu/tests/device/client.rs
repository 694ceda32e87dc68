//! A client on a device: in a desktop world, and in the world of another device.

use std::time::{Duration, Instant};

use tinyrealm_core::protocol::main_to_client::{ChatBroadcast, ChatEntered};
use tinyrealm_qemu::machine::Gateway;
use tinyrealm_qemu::scratch::Scratch;
use tinyrealm_qemu::{Faults, Machine, Network, PATIENCE, Switch};

use super::images::{
    CLEAR_BOARDS, CLIENT_MAC, DEVICE_PORT, WORLD_IP, WORLD_MAC, account_image, image_for,
    world_image,
};
use super::support::channel::{LOBBY, heard, join, say, wait_until_found};
use super::support::login::{Accounts, Answer, CHEAP, login as log_in, main_of, try_hello};
use super::support::{Realm, Server, Stream};

const PASSWORD: &str = "the device's own password";

/// A realm with accounts, one of which is the device's: its Login, its Main, its chat server.
fn realm_with_accounts(accounts: &Accounts) -> (Server, Server, Server) {
    for id in ["device", "witness"] {
        accounts.user(&["add", id], PASSWORD);
    }
    let login = accounts.login(&CHEAP);
    let chat = Server::chat(&[]);
    let main = main_of(&login, &[&format!("main.chat={}", chat.address)]);
    wait_until_found(&main, 1);
    (login, main, chat)
}

#[test]
fn a_device_logs_in_and_says_hello_in_a_channel() {
    let accounts = Accounts::new("device");
    let (login, main, chat) = realm_with_accounts(&accounts);
    let Answer::Token(own) = log_in(login.address, "device", PASSWORD) else {
        panic!("the password is right")
    };
    let token = log_in(login.address, "witness", PASSWORD).token();
    let (mut witness, _) = try_hello(main.address, Some(token)).unwrap();
    join(&mut witness, LOBBY);
    let image = account_image(main.address, login.address);
    let network = Network::User { forwards: Vec::new() };
    let device = Machine::start(image, CLIENT_MAC, &network).unwrap();
    assert_eq!(witness.find::<ChatEntered<'_>>().uid, own.uid);
    let said = witness.find::<ChatBroadcast<'_>>();
    assert_eq!((said.uid, said.msg.as_str()), (own.uid, "hello from a device"));
    // It hears the channel as well, and has nothing more to say.
    say(&mut witness, LOBBY, "welcome");
    assert_eq!(heard(&mut witness).1, "welcome");
    wait_until_logged(&device, "says: welcome");
    device.kill();
    chat.stop().expect(&[("said", 2), ("refused", 0)]);
}

#[test]
fn a_device_whose_password_is_wrong_gives_up() {
    let accounts = Accounts::new("wrong-device");
    let (login, main, _chat) = realm_with_accounts(&accounts);
    let image = account_image(main.address, login.address);
    let image = image.with_text(PASSWORD, &"x".repeat(PASSWORD.len())).unwrap();
    let network = Network::User { forwards: Vec::new() };
    let device = Machine::start(image, CLIENT_MAC, &network).unwrap();
    wait_until_logged(&device, "no token: WRONG");
    wait_until_logged(&device, "it is over");
    device.kill();
    main.stop().expect(&[("enters", 0)]);
}

pub(crate) fn wait_until_logged(device: &Machine, words: &str) {
    let deadline = Instant::now() + PATIENCE;
    while !device.log().unwrap().iter().any(|line| line.contains(words)) {
        assert!(Instant::now() < deadline, "it does not log {words:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_device_walks_in_a_desktop_world_and_is_seen() {
    let realm = Realm::start(&[]);
    let mut witness = realm.user();
    let image = image_for("client", realm.main.address);
    let network = Network::User { forwards: Vec::new() };
    let mut device = Machine::start(image, CLIENT_MAC, &network).unwrap();
    let (uid, before) = witness.world.find_move();
    assert_ne!(uid, witness.uid);
    assert!(uid.is_guest(), "without an account it is a guest: {uid:?}");
    let (next, now) = witness.world.find_move();
    assert!(next == uid && now != before, "it walks: {before:?} {now:?}");
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
    let main = Server::main(&[CLEAR_BOARDS]);
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
