//! Many connections: ten thousand idle ones cost next to nothing and harm nobody, and both sides of
//! every limit on how many there may be.

mod support;

use std::time::{Duration, Instant};

use support::{Heard, PATIENCE, Peer, Realm, Server, User};
use tinyrealm_core::protocol::either_way::{Ping, Pong};

const CROWD: usize = 10_000;
/// What one idle connection may cost the world.
const IDLE_MAX_BYTES: u64 = 1_024;
/// Files of this process besides the crowd's.
const SPARE_FILES: u64 = 200;

/// Lets this process, and those that it starts, hold the crowd.
fn raise_file_limit() {
    let wanted = CROWD as u64 + SPARE_FILES;
    let limit = rlimit::increase_nofile_limit(u64::MAX).expect("the limit can be read");
    assert!(
        limit >= wanted,
        "the system allows {limit} open files a process and this test needs {wanted}: raise the hard \
         limit (ulimit -Hn)"
    );
}

/// Waits until the world has taken everyone: it answers the newest, and takes them in their order.
fn connect_crowd(world: &Server) -> Vec<Peer> {
    let began = Instant::now();
    let mut crowd: Vec<Peer> = (0..CROWD).map(|_| Peer::connect(world.address)).collect();
    crowd[CROWD - 1].expect_served();
    println!("{CROWD} connections in {} ms", began.elapsed().as_millis());
    crowd
}

/// Everyone is still there, and still served.
fn expect_all_served(crowd: &mut [Peer]) {
    for peer in crowd.iter_mut() {
        assert_eq!(peer.hear(Duration::ZERO), Heard::Silence, "nobody has anything to hear");
        peer.send(&Ping { nonce: 1 });
    }
    for peer in crowd {
        assert_eq!(peer.expect::<Pong>().nonce, 1);
    }
}

#[test]
fn ten_thousand_idle_connections_cost_little_and_harm_nobody() {
    raise_file_limit();
    let realm = Realm::start(&[
        "world.rooms=1",
        "world.room_capacity=16",
        "world.spare_sessions=10100",
        "net.connections_per_address=10100",
        "net.greeting_timeout_ms=600000",
    ]);
    // Whatever is touched once is touched before.
    let mut resident = realm.user();
    resident.world.expect_served();
    let before = realm.world().process.resident_bytes();
    let mut crowd = connect_crowd(realm.world());
    let grown = realm.world().process.resident_bytes().saturating_sub(before);
    let each = grown.div_ceil(CROWD as u64);
    println!("an idle connection costs the world {each} bytes");
    assert!(each <= IDLE_MAX_BYTES, "{each} bytes a connection, {grown} in all");

    let mut newcomer = realm.user();
    newcomer.world.move_to(7);
    let (who, pos) = resident.world.find_move();
    assert_eq!((who, pos.x), (newcomer.uid, 7));
    expect_all_served(&mut crowd);
    newcomer.world.expect_served();
    drop((crowd, newcomer, resident));
    let (_, worlds) = realm.stop();
    worlds[0].expect(&[("net.accepted", CROWD as u64 + 2), ("joined", 2), ("left", 2)]);
    worlds[0].expect(&[("net.refused_full", 0), ("net.refused_address", 0), ("net.silent", 0)]);
    worlds[0].expect(&[("net.violations", 0), ("net.buffers_in_use", 0), ("net.sessions", 0)]);
}

/// Whether a server takes one more connection, which it shows by answering.
fn is_taken(peer: &mut Peer) -> bool {
    // A server that has closed already resets.
    peer.send_if_open(&support::peer::frame(&Ping { nonce: 1 }));
    match peer.hear(PATIENCE) {
        Heard::Frame(_) => true,
        Heard::Closed { cut_bytes: 0 } => false,
        other => panic!("{other:?} instead of an answer or the end"),
    }
}

/// `most` are taken, one more is not, and when one has gone the next is. Whoever comes is made known by
/// `introduce`, if strangers would give way.
fn expect_limit(server: &Server, most: usize, introduce: impl Fn(&mut Peer)) {
    let enter = || {
        let mut peer = Peer::connect(server.address);
        introduce(&mut peer);
        peer
    };
    let mut taken: Vec<Peer> = (0..most).map(|_| enter()).collect();
    assert!(taken.iter_mut().all(is_taken), "{most} are taken");
    assert!(!is_taken(&mut Peer::connect(server.address)), "and not one more");
    assert!(taken.iter_mut().all(is_taken), "nobody goes for it");
    let mut gone = taken.pop().unwrap();
    gone.stop_sending();
    gone.expect_lost();
    assert!(is_taken(&mut enter()), "one place is free again");
}

#[test]
fn both_sides_of_main_s_sessions() {
    let main = Server::main(&["main.sessions=5"]);
    expect_limit(&main, 5, |_| {});
    main.stop().expect(&[("net.accepted", 6), ("net.refused_full", 1), ("net.refused_address", 0)]);
}

#[test]
fn both_sides_of_a_world_s_sessions() {
    let settings = [
        "world.rooms=1",
        "world.room_capacity=2",
        "world.room_spectators=0",
        "world.spare_sessions=3",
    ];
    let realm = Realm::start(&settings);
    // Two places, three spare ones; that of the link to Main is its own.
    expect_limit(realm.world(), 5, |_| {});
    let (_, worlds) = realm.stop();
    worlds[0].expect(&[("net.accepted", 6), ("net.refused_full", 1), ("net.refused_address", 0)]);
}

#[test]
fn both_sides_of_the_connections_of_an_address() {
    let main = Server::main(&["net.connections_per_address=3"]);
    expect_limit(&main, 3, |peer| {
        peer.hello(None);
    });
    main.stop().expect(&[("net.accepted", 4), ("net.refused_full", 0), ("net.refused_address", 1)]);
}

/// Half-open connections take no place from whoever says who it is, however many they are.
#[test]
fn strangers_who_say_nothing_give_way() {
    let main = Server::main(&["main.sessions=64", "net.connections_per_address=1000"]);
    let mut guests: Vec<Peer> = (0..20).map(|_| Peer::connect(main.address)).collect();
    guests.iter_mut().for_each(|peer| {
        peer.hello(None);
    });
    let silent: Vec<Peer> = (0..300).map(|_| Peer::connect(main.address)).collect();
    let mut newcomer = Peer::connect(main.address);
    newcomer.hello(None);
    assert!(guests.iter_mut().all(is_taken) && is_taken(&mut newcomer));
    drop((silent, guests, newcomer));
    main.stop().expect(&[("hellos", 21), ("net.refused_full", 0), ("net.refused_address", 0)]);
}

#[test]
fn a_full_world_plays_on() {
    let realm = Realm::start(&[
        "world.rooms=1",
        "world.room_capacity=2",
        "world.room_spectators=0",
        "world.spare_sessions=1",
    ]);
    let [mut first, mut second] = [(); 2].map(|()| User::enter(realm.main.address, ""));
    let mut stranger = Peer::connect(realm.world().address);
    assert!(is_taken(&mut stranger));
    for _ in 0..20 {
        assert!(!is_taken(&mut Peer::connect(realm.world().address)));
    }
    first.world.move_to(3);
    assert_eq!(second.world.find_move().0, first.uid);
    let (_, worlds) = realm.stop();
    worlds[0].expect(&[("net.accepted", 3), ("net.refused_full", 20)]);
}
