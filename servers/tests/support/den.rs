//! A room that moves: players in "den", who go where Main leads them.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tinyrealm_core::protocol::client_to_main::EnterWorldReq;
use tinyrealm_core::protocol::main_to_client::Moved;
use tinyrealm_core::protocol::{Position, Text, Wish, WishKind};

use super::operator::{ask, of};
use super::{PATIENCE, Pass, Peer, Server, User};

/// Somebody new in the room "den".
#[track_caller]
pub(crate) fn enter_den(main: SocketAddr) -> User {
    enter_room(main, "den", 0)
}

/// Somebody new in the room of this name, which is opened with so many places: 0 for as many as its world likes.
#[track_caller]
pub(crate) fn enter_room(main: SocketAddr, name: &str, places: u16) -> User {
    let mut main = Peer::connect(main);
    let welcome = main.hello(None);
    let (uid, token) = (welcome.uid, welcome.token);
    let wish = Wish {
        kind: WishKind::NAMED_OR_NEW,
        name: Text::new(name).unwrap(),
        is_listed: true,
        places,
        ..Wish::ANY
    };
    main.send(&EnterWorldReq { region: Text::EMPTY, wish });
    let pass = main.hear_pass(&[]).expect("there is a world");
    let (mut world, address) = (Peer::connect(pass.world), pass.world);
    let (welcome, _) = world.join(uid, pass.key);
    let number = world.number_of(uid);
    User { uid, number, token, spawn: welcome.spawn_pos, main, world, address }
}

/// Goes where Main leads it, unasked; answers where it stands there.
#[track_caller]
pub(crate) fn follow(user: &mut User) -> Position {
    let moved = user.main.find::<Moved<'_>>();
    let pass = Pass { world: moved.world_addr.as_str().parse().unwrap(), key: moved.handshake_key };
    let mut world = Peer::connect(pass.world);
    let (welcome, _) = world.join(user.uid, pass.key);
    assert!(welcome.is_returned, "it is in its seat");
    assert_eq!(world.number_of(user.uid), user.number);
    (user.world, user.address) = (world, pass.world);
    welcome.spawn_pos
}

/// Which worlds have the room, as Main knows it.
pub(crate) fn worlds_of_den(main: &Server) -> Vec<u64> {
    let (status, text) = ask(of(main), "/api/rooms?q=den", None);
    assert_eq!(status, 200, "{text}");
    let page: serde_json::Value = serde_json::from_str(&text).unwrap();
    let lines = page["lines"].as_array().unwrap();
    lines.iter().filter_map(|line| line["world"].as_u64()).collect()
}

/// A world says so behind its registration.
#[track_caller]
pub(crate) fn wait_until_rooms_move(main: &Server, world: u64) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (_, text) = ask(of(main), "/api/worlds", None);
        let page: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut lines = page["lines"].as_array().unwrap().iter();
        if lines.any(|line| line["id"] == world && line["moves"] == true) {
            return;
        }
        assert!(Instant::now() < deadline, "{text}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
