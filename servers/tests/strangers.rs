//! What strangers may hold of real servers, and how long: whoever comes later is served.

mod support;

use std::time::{Duration, Instant};

use support::channel::{LOBBY, greeted, name, wait_until_found};
use support::peer::frame;
use support::{Bots, Peer, Realm, Server};
use tinyrealm_core::protocol::client_to_main::{ChatHistory, ChatJoin, EnterWorldReq, Hello};
use tinyrealm_core::protocol::{Seq, Text, Versions};

/// Hello, EnterWorldReq, hang up: as often as the world has places, from one address.
#[test]
fn tickets_of_those_who_hang_up_keep_nobody_out() {
    let realm = Realm::start(&["world.rooms=16", "world.room_capacity=16"]);
    let bots = Bots::start(realm.main.address, &["--count", "20", "--seconds", "4"]);
    let region = Text::new("").unwrap();
    let said =
        [frame(&Hello { versions: Versions::OURS, token: None }), frame(&EnterWorldReq { region })];
    for _ in 0..1_000 {
        let mut peer = Peer::connect(realm.main.address);
        peer.send_if_open(&said.concat());
    }
    let began = Instant::now();
    let mut newcomer = realm.user();
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    newcomer.world.expect_served();
    drop(newcomer);
    bots.outcome().expect_clean(20);
    let (_, worlds) = realm.stop();
    worlds[0].expect(&[("net.violations", 0), ("net.sessions", 0)]);
}

/// 120 guests ask for history as often as they may, and others come and go: chat stays, for everybody.
#[test]
fn whatever_guests_ask_chat_stays() {
    let chat = Server::chat(&[]);
    let address = format!("main.chat={}", chat.address);
    let realm = Realm::start(&[&address]);
    wait_until_found(&realm.main, 1);
    let bots =
        Bots::start(realm.main.address, &["--count", "20", "--seconds", "6", "--chat-hz", "1"]);
    let mut guests: Vec<Peer> = (0..120).map(|_| greeted(realm.main.address).0).collect();
    guests.iter_mut().for_each(|peer| peer.send(&ChatJoin { channel: name(LOBBY) }));
    for _ in 0..20 {
        for peer in &mut guests {
            peer.send(&ChatHistory { channel: name(LOBBY), since: Seq(0) });
        }
        // The guests' rate is what is tried, not the machine's.
        std::thread::sleep(Duration::from_millis(200));
    }
    drop(guests);
    bots.outcome().expect_clean(20);
    realm.stop().0.expect(&[("chat.opened", 1), ("net.overflows", 0)]);
    chat.stop().expect(&[("net.overflows", 0)]);
}
