//! A client on a device that has a key in place of a password: it comes in without Login, nobody on its way reads what it
//! says, and it is out when its key is taken away.

use std::net::SocketAddr;

use tinyrealm_core::node::device_key::DeviceKey;
use tinyrealm_core::protocol::Uid;
use tinyrealm_core::protocol::main_to_client::{ChatBroadcast, ChatEntered, ChatExited};
use tinyrealm_qemu::{Image, Machine, Network};

use super::client::wait_until_logged;
use super::images::{CLIENT_MAC, image_for};
use super::support::channel::{LOBBY, join, say, wait_until_found};
use super::support::login::{Accounts, CHEAP, login as log_in, main_of, try_hello};
use super::support::relay::{Relay, is_in};
use super::support::{Server, Stream};

const PASSWORD: &str = "the witness's password";
/// Of `devices/client-with-device-key.toml`.
const BUILT_WITH: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// An account whose credential is a key, as `tinyrealm user` prints it.
fn account_with_key(accounts: &Accounts, id: &str) -> (Uid, String) {
    let made = accounts.user(&["add", id, "--device-key"], "");
    let lines = made.lines(Stream::Stdout);
    let uid = lines[0].rsplit_once(' ').unwrap().1.parse().unwrap();
    let key = lines.last().unwrap().split('"').nth(1).unwrap();
    (Uid(uid), key.to_owned())
}

fn image_with_key(main: SocketAddr, key: &str) -> Image {
    image_for("client-with-device-key", main).with_text(BUILT_WITH, key).unwrap()
}

#[test]
fn a_device_comes_in_by_its_key_unheard_until_that_is_taken_away() {
    let accounts = Accounts::new("device-key");
    let (uid, key) = account_with_key(&accounts, "board");
    accounts.user(&["add", "witness"], PASSWORD);
    let (login, chat) = (accounts.login(&CHEAP), Server::chat(&[]));
    let main = main_of(&login, &[&format!("main.chat={}", chat.address)]);
    wait_until_found(&main, 1);
    let token = log_in(login.address, "witness", PASSWORD).token();
    let (mut witness, _) = try_hello(main.address, Some(token)).unwrap();
    join(&mut witness, LOBBY);
    let relay = Relay::start();
    relay.lead_to(main.address);
    let network = Network::User { forwards: Vec::new() };
    let device = Machine::start(image_with_key(relay.address, &key), CLIENT_MAC, &network).unwrap();
    assert_eq!(witness.find::<ChatEntered<'_>>().uid, uid);
    let said = witness.find::<ChatBroadcast<'_>>();
    assert_eq!((said.uid, said.msg.as_str()), (uid, "hello from a device"));
    say(&mut witness, LOBBY, "welcome");
    wait_until_logged(&device, "says: welcome");
    let tape = relay.tape();
    assert!(tape.len() > 300, "{} bytes", tape.len());
    for word in [&b"hello from a device"[..], b"welcome", LOBBY.as_bytes(), &uid.0.to_le_bytes()] {
        assert!(!is_in(&tape, word), "{word:02x?}");
    }
    let key_id = DeviceKey::from_hex(&key).unwrap().key_id();
    let key_id: String = key_id.0.iter().map(|byte| format!("{byte:02x}")).collect();
    accounts.user(&["remove-device-key", "board", &key_id], "");
    assert_eq!(witness.find::<ChatExited<'_>>().uid, uid);
    wait_until_logged(&device, "a link has ended: REVOKED");
    device.kill();
    login.stop().expect(&[("attempts", 1)]);
}
