//! What whoever runs one Main of several wants of all: it is done wherever that user is, and whoever does not answer is named.

use tinyrealm_core::protocol::client_to_main::Hello;
use tinyrealm_core::protocol::main_to_client::{Announced, Welcome};
use tinyrealm_core::protocol::{ErrorCode, Text, Versions};

use super::announced::{start, wait_until_known};
use crate::parts::Directory;
use crate::support::operator::{of, refused, told};
use crate::support::{Peer, Server, Signal};

/// A guest of this nickname, and its uid.
#[track_caller]
fn guest(main: &Server, nickname: &str) -> (Peer, u64) {
    let mut peer = Peer::connect(main.address);
    let nickname = Text::new(nickname).unwrap();
    peer.send(&Hello { versions: Versions::OURS, token: None, nickname });
    let welcome: Welcome = peer.expect();
    (peer, welcome.uid.0)
}

#[test]
fn who_is_at_another_main_is_kicked_from_here_and_what_is_said_is_heard_there() {
    let directory = Directory::start("asking", 1);
    let mains = [start(&directory), start(&directory), start(&directory)];
    wait_until_known(&mains, 3, super::announced::KNOWN_WITHIN);
    let here = of(&mains[0]);
    let (mut ann, _) = guest(&mains[1], "ann");
    let (mut bob, bob_uid) = guest(&mains[2], "bob");
    let (mut own, own_uid) = guest(&mains[0], "own");
    assert_eq!(told(here, &["say", "closing at ten"]), ["said to 3 users"]);
    for peer in [&mut ann, &mut bob, &mut own] {
        assert_eq!(peer.expect::<Announced<'_>>().text.as_str(), "closing at ten");
    }
    told(here, &["kick", "ann", "--reason", "loud"]);
    ann.expect_bye(ErrorCode::REMOVED);
    assert!(refused(here, &["kick", "ann"]).contains("nobody here is called \"ann\""));
    // Two of one name, at two Mains.
    let (_same, _) = guest(&mains[0], "bob");
    assert!(refused(here, &["kick", "bob"]).contains("2 are called \"bob\""));

    // Who hangs is named, and what others do counts.
    mains[1].process.signal(Signal::Stop);
    let missing = format!("no answer from Main {}: ask it again", mains[1].address);
    assert_eq!(
        told(here, &["kick", &bob_uid.to_string()]),
        [format!("uid {bob_uid} is out"), missing.clone()]
    );
    bob.expect_bye(ErrorCode::REMOVED);
    assert_eq!(told(here, &["say", "still here"])[1..], [missing]);
    assert_eq!(own.expect::<Announced<'_>>().text.as_str(), "still here");
    let silent = format!("no such user here, and no answer from {}", mains[1].address);
    assert!(refused(here, &["kick", &bob_uid.to_string()]).contains(&silent));
    mains[1].process.signal(Signal::Continue);
    told(here, &["kick", &own_uid.to_string()]);
    own.expect_bye(ErrorCode::REMOVED);
}
