//! What strangers may hold of real servers, and how long: whoever comes later is served.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use crate::support::channel::{LOBBY, greeted, join, name, wait_until_found};
use crate::support::login::{Accounts, Answer, CHEAP, ask, connect_from, main_of, try_login_with};
use crate::support::peer::frame;
use crate::support::{Bots, Heard, PATIENCE, Peer, Realm, Server};
use tinyrealm_core::protocol::client_to_main::{ChatHistory, ChatJoin, EnterWorldReq, Hello};
use tinyrealm_core::protocol::either_way::{Ping, Pong};
use tinyrealm_core::protocol::main_to_client::{ChatJoined, ChatRefused};
use tinyrealm_core::protocol::{ErrorCode, LoginDenial, Seq, Text, Token, Versions, Wish};

/// Hello, EnterWorldReq, hang up: 4,096 times from one address, far more than the world has places, as fast
/// as it goes; somebody from elsewhere gets in meanwhile, and behind it.
#[test]
fn tickets_of_those_who_hang_up_keep_nobody_out() {
    let settings = ["world.rooms=16", "world.room_capacity=16", "net.openings_per_second=60000"];
    let realm = Realm::start(&settings);
    let bots = Bots::start(realm.main.address, &["--count", "20", "--seconds", "4"]);
    let main = realm.main.address;
    let hoarder = std::thread::spawn(move || hit_and_run(main, 4_096));
    let (mut entered, mut slow) = (0, 0);
    while !hoarder.is_finished() || entered == 0 {
        let began = Instant::now();
        realm.user().world.expect_served();
        slow += u32::from(began.elapsed() >= Duration::from_secs(2));
        // A machine that is busy with other tests may hold one up.
        assert!(slow <= 1 && began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
        entered += 1;
    }
    assert_eq!(hoarder.join().unwrap(), 4_096);
    let mut newcomer = realm.user();
    newcomer.world.expect_served();
    println!("{entered} came in meanwhile");
    drop(newcomer);
    bots.outcome().expect_clean(20);
    let (main, worlds) = realm.stop();
    // None was kept out for coming too often: it was the tickets that were tried.
    assert!(main.count("net.accepted") > 4_096 && main.count("net.refused_often") == 0, "{main:?}");
    worlds[0].expect(&[("net.violations", 0), ("net.sessions", 0)]);
}

/// Connections from one address, each with Hello and EnterWorldReq, then gone; how many.
fn hit_and_run(main: SocketAddr, count: usize) -> usize {
    let region = Text::new("").unwrap();
    let said = [
        frame(&Hello { versions: Versions::OURS, token: None, nickname: Text::EMPTY }),
        frame(&EnterWorldReq { region, wish: Wish::ANY }),
    ];
    let said = said.concat();
    let visit = |_: &usize| {
        let peer = connect_from(main, ABROAD);
        peer.is_some_and(|mut peer| {
            peer.send_if_open(&said);
            true
        })
    };
    (0..count).filter(visit).count()
}

fn is_served(mut peer: Peer) -> bool {
    peer.tell(&Ping { nonce: 7 });
    loop {
        match peer.hear(PATIENCE) {
            Heard::Frame(opcode) if opcode == Pong::OPCODE.0 => return true,
            Heard::Frame(_) => {}
            Heard::Closed { .. } => return false,
            Heard::Silence => panic!("neither served nor closed"),
        }
    }
}

/// Both sides of `net.openings_per_second`, at every kind of server; others come in meanwhile.
#[test]
fn whoever_opens_connections_too_often_is_closed_and_nobody_else() {
    let realm = Realm::start(&["net.connections_per_address=50", "net.openings_per_second=1"]);
    for server in [&realm.main, realm.world()] {
        let began = Instant::now();
        let comes = |from| connect_from(server.address, from).is_some_and(is_served);
        assert!((0..50).all(|_| comes(ABROAD)), "as many as it may hold, at once");
        let more = (0..30).filter(|_| comes(ABROAD)).count();
        assert!(more as u64 <= began.elapsed().as_secs() + 1, "{more} more");
        assert!(comes(HOME));
    }
    let (main, worlds) = realm.stop();
    for report in [&main, &worlds[0]] {
        assert!(report.count("net.refused_often") > 0, "{report:?}");
        report.expect(&[("net.refused_address", 0)]);
    }
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

/// Guests come and go as fast as they can, over links between servers that hold little: no link goes, and others
/// play on.
#[test]
fn whoever_enters_in_a_loop_costs_nobody_a_world() {
    let realm = Realm::start(&["net.send_buffers_per_server=2", "net.openings_per_second=60000"]);
    let bots = Bots::start(realm.main.address, &["--count", "20", "--seconds", "6"]);
    let mut guests: Vec<Peer> = (0..100).map(|_| greeted(realm.main.address).0).collect();
    let enter = frame(&EnterWorldReq { region: Text::new("").unwrap(), wish: Wish::ANY });
    for _ in 0..40 {
        for peer in &mut guests {
            peer.send_if_open(&enter);
        }
        // The guests' rate is what is tried, not the machine's.
        std::thread::sleep(Duration::from_millis(50));
    }
    drop(guests);
    bots.outcome().expect_clean(20);
    let (main, worlds) = realm.stop();
    main.expect(&[("worlds_registered", 1), ("net.overflows", 0)]);
    worlds[0].expect(&[("net.overflows", 0)]);
}

/// 128 guests of one address want eight channels each: some are left for others, and those that always exist are
/// everybody's.
#[test]
fn channels_that_one_address_takes_keep_nobody_out() {
    let chat = Server::chat(&[]);
    let address = format!("main.chat={}", chat.address);
    let realm = Realm::without_worlds(&[&address, "net.openings_per_second=60000"]);
    wait_until_found(&realm.main, 1);
    let mut guests: Vec<Peer> = (0..128).map(|_| greeted(realm.main.address).0).collect();
    let mut refused = 0;
    for (number, peer) in guests.iter_mut().enumerate() {
        for channel in 0..8 {
            peer.send(&ChatJoin { channel: name(&format!("{number} {channel}")) });
        }
        for _ in 0..8 {
            refused += u32::from(!is_let_in(peer));
        }
    }
    // Of 1,023 that are not always there the last eighth is for others.
    assert_eq!(refused, 129);
    // One more of theirs, where everybody may be, and a stranger with a channel of its own.
    let (mut late, _) = greeted(realm.main.address);
    join(&mut late, LOBBY);
    let mut stranger = connect_from(realm.main.address, ABROAD).unwrap();
    stranger.hello(None);
    join(&mut stranger, "ours");
    join(&mut stranger, LOBBY);
    realm.stop().0.expect(&[("chat.opened", 1), ("net.overflows", 0)]);
    chat.stop().expect(&[("net.overflows", 0)]);
}

/// Whether the next answer to a join is that it is in.
fn is_let_in(peer: &mut Peer) -> bool {
    loop {
        match peer.hear(PATIENCE) {
            Heard::Frame(opcode) if opcode == ChatJoined::OPCODE.0 => return true,
            Heard::Frame(opcode) if opcode == ChatRefused::OPCODE.0 => {
                let reason = peer.message::<ChatRefused<'_>>().reason;
                assert_eq!(reason, ErrorCode::CHANNELS_FULL);
                return false;
            }
            Heard::Frame(_) => {}
            other => panic!("no answer, but {other:?}"),
        }
    }
}

const PASSWORD: &str = "correct horse";
const HOME: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 5);
const ABROAD: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 6);

/// One of many addresses of which nobody has heard.
fn somewhere(number: u16) -> Ipv4Addr {
    let [high, low] = number.to_be_bytes();
    Ipv4Addr::new(127, 9, high, low)
}

/// Alice gets in; how long that took.
fn log_in(login: SocketAddr, from: Ipv4Addr, device: Option<Token>) -> (Token, Duration) {
    let began = Instant::now();
    let answer = try_login_with(login, from, "alice", PASSWORD, device).expect("an answer");
    let Answer::Token(ack) = answer else { panic!("{answer:?} instead of a token") };
    (ack.device, began.elapsed())
}

/// 300 attempts from as many addresses fill what strangers may have of the queue. The owner's address and
/// the owner's device go before them; somebody else of whom nothing is known does not.
#[test]
fn attempts_from_everywhere_do_not_fill_login_s_queue() {
    let accounts = Accounts::new("queue");
    accounts.user(&["add", "alice"], PASSWORD);
    // Slow enough that most of the crowd waits until the test is over.
    let slow = ["login.hash_threads=1", "login.hash_memory_kib=32768", "login.hash_passes=8"];
    let server = accounts.login(&slow);
    let (device, _) = log_in(server.address, HOME, None);
    let alone = log_in(server.address, HOME, None).1;
    let crowd: Vec<Peer> = (0..300)
        .map(|number| {
            let mut peer = connect_from(server.address, somewhere(number)).unwrap();
            ask(&mut peer, &format!("user-{number}"), "a wrong password", None);
            peer
        })
        .collect();
    let late = try_login_with(server.address, ABROAD, "alice", PASSWORD, None).expect("an answer");
    assert_eq!(late.denied().reason, LoginDenial::BUSY);
    for _ in 0..3 {
        let home = log_in(server.address, HOME, None).1;
        let abroad = log_in(server.address, ABROAD, Some(device)).1;
        println!("alone {alone:?}, in the crowd from home {home:?}, by device {abroad:?}");
        // Whom is checked already, and one stranger in four, go before.
        let most = alone * 6 + Duration::from_millis(500);
        assert!(home < most && abroad < most);
    }
    drop(crowd);
    let report = server.stop();
    // Three quarters of 257 places were theirs, and nearly all of them waited until the end.
    assert!(report.denied("BUSY") > 100 && report.denied("WRONG") < 50, "{report:?}");
    report.expect(&[("granted", 8)]);
}

/// Who has said nothing gives way: to Main, to the owner, and to anybody else.
#[test]
fn half_open_connections_from_everywhere_keep_nobody_from_login() {
    let accounts = Accounts::new("half-open");
    accounts.user(&["add", "alice"], PASSWORD);
    let server = accounts.login(&[&CHEAP[..], &["login.sessions=64"]].concat());
    let crowd: Vec<_> =
        (0..300).map(|number| connect_from(server.address, somewhere(number))).collect();
    let main = main_of(&server, &[]);
    let (device, home) = log_in(server.address, HOME, None);
    let (_, abroad) = log_in(server.address, ABROAD, Some(device));
    println!("from home {home:?}, by device {abroad:?}");
    assert!(home.max(abroad) < Duration::from_secs(2));
    drop(crowd);
    main.stop();
    let report = server.stop();
    report.expect(&[("granted", 2)]);
    assert!(report.count("net.crowded_out") >= 300 - 64, "{report:?}");
}
