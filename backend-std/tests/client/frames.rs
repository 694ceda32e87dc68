//! Frames on their way: order, sizes, bounds, and what is refused.

use tinyrealm_core::net::{
    CloseCode, NetConnector, NetOutbound, NetSession, NetState, TICK_BYTES_MAX, TICK_EVENTS_MAX,
};
use tinyrealm_core::protocol::SendError;
use tinyrealm_core::wire::Opcode;
use tinyrealm_core::wire::ws::FrameKind;
use tinyrealm_std::client::NetOptions;

use crate::support::{
    Diary, EachWay, Host, Message, OPTIONS, Told, Way, alone, connecting, each_way, eventually,
    message, opened, tick_to_end, tick_until,
};

/// Frames of all sizes go both ways and come as they were, in order.
struct Echo;

impl EachWay for Echo {
    fn run<C: NetConnector>(&self, way: Way, connector: &C, scheme: &str) {
        let host = Host::new(way);
        let mut session = connector.create_session(&host.url(scheme)).unwrap();
        assert_eq!(session.state(), NetState::Idle);
        assert_eq!(session.send_frame(Opcode(1), b""), Err(SendError::Closed));
        session.connect();
        assert_eq!(session.state(), NetState::Connecting);
        assert_eq!(session.send_frame(Opcode(1), b""), Err(SendError::Closed));
        let mut peer = host.accept();
        let mut diary = Diary::default();
        tick_until(&mut session, &mut diary, "it opens", |diary| diary.has(&Told::Open));
        let payload: Vec<u8> = (0..16_380u32).map(|place| place as u8).collect();
        for size in [0, 1, 121, 122, 123, 500, 4_000, 16_380] {
            session.send_frame(Opcode(-7), &payload[..size]).unwrap();
            let body = peer.receive().unwrap();
            assert_eq!(body, [&(-7i32).to_le_bytes(), &payload[..size]].concat());
            let bytes = peer.wire_body(&body);
            peer.write(&bytes);
            let told = Told::Frame(body);
            tick_until(&mut session, &mut diary, "it comes back", |diary| diary.has(&told));
        }
        session.close(CloseCode(4_000), "enough");
        match way {
            Way::Tcp => assert_eq!(peer.receive(), None),
            Way::WebSocket => {
                let goodbye = peer.receive_message();
                assert_eq!(goodbye, Some(Message::Close(4_000, "enough".to_owned())));
                peer.send_close(4_000, "enough");
            }
        }
        drop(peer);
        assert_eq!(tick_to_end(&mut session, &mut diary), (4_000, "enough".to_owned()));
    }
}

#[test]
fn frames_of_all_sizes_come_as_they_were() {
    let _alone = alone();
    each_way(&OPTIONS, &Echo);
}

/// A frame in the segment of the greeting, and the peer's end right behind it: all of it is told, in
/// order.
struct AllAtOnce;

impl EachWay for AllAtOnce {
    fn run<C: NetConnector>(&self, way: Way, connector: &C, scheme: &str) {
        let (host, mut session) = connecting(way, connector, scheme);
        let mut peer = host.accept_silently();
        let greeting = if way == Way::WebSocket { peer.read_request() } else { Vec::new() };
        let frames = [peer.wire(5, b"first"), peer.wire(6, b"second")].concat();
        peer.write(&[greeting, frames].concat());
        peer.send_close(1_000, "that is all");
        drop(peer);
        let mut diary = Diary::default();
        let end = tick_to_end(&mut session, &mut diary);
        let expected =
            if way == Way::Tcp { (1_005, "the peer has closed") } else { (1_000, "that is all") };
        assert_eq!((end.0, end.1.as_str()), expected);
        assert_eq!(diary.notes.len(), 4, "{:?}", diary.notes);
        assert_eq!(diary.notes[0], Told::Open);
        assert_eq!(diary.notes[1], Told::Frame(b"\x05\0\0\0first".to_vec()));
        assert_eq!(diary.notes[2], Told::Frame(b"\x06\0\0\0second".to_vec()));
    }
}

#[test]
fn a_frame_in_the_segment_of_the_greeting_is_told() {
    let _alone = alone();
    each_way(&OPTIONS, &AllAtOnce);
}

/// A tick tells no more than its bounds, and nothing is lost.
struct Bounds;

impl EachWay for Bounds {
    fn run<C: NetConnector>(&self, way: Way, connector: &C, scheme: &str) {
        let (mut session, mut peer, mut diary) = opened(way, connector, scheme);
        let small = peer.wire(1, b"x").repeat(1_000);
        peer.write(&small);
        let mut most = 0;
        eventually("the small ones come", || {
            let told = session.tick(&mut diary);
            assert!(told <= TICK_EVENTS_MAX);
            most = most.max(told);
            diary.frames() == 1_000
        });
        assert_eq!(most, TICK_EVENTS_MAX);
        // 16 of 16 KiB are within the bytes of a tick, one more is not.
        let large = peer.wire(1, &[7; 16 * 1_024 - 4]).repeat(20);
        peer.write(&large);
        let mut most = 0;
        eventually("the large ones come", || {
            let told = session.tick(&mut diary);
            assert!(told * 16 * 1_024 <= TICK_BYTES_MAX);
            most = most.max(told);
            diary.frames() == 1_020
        });
        assert!(most > 0);
    }
}

#[test]
fn a_tick_tells_no_more_than_its_bounds() {
    let _alone = alone();
    each_way(&OPTIONS, &Bounds);
}

/// A peer that does not read: the queue fills, refuses, and takes again when there is room.
struct FullQueue;

impl EachWay for FullQueue {
    fn run<C: NetConnector>(&self, way: Way, connector: &C, scheme: &str) {
        let (mut session, mut peer, _) = opened(way, connector, scheme);
        assert_eq!(session.send_frame(Opcode(1), &[0; 16_381]), Err(SendError::TooLong));
        let payload = [7; 1_000];
        let mut sent = 0;
        while session.send_frame(Opcode(1), &payload).is_ok() {
            sent += 1;
        }
        assert_eq!(session.send_frame(Opcode(1), &payload), Err(SendError::Full));
        for _ in 0..sent {
            assert_eq!(peer.receive().unwrap().len(), 1_004);
        }
        eventually("there is room", || session.send_frame(Opcode(2), b"").is_ok());
        assert_eq!(peer.receive().unwrap(), 2i32.to_le_bytes());
    }
}

#[test]
fn a_full_queue_refuses_and_takes_again() {
    let _alone = alone();
    let options =
        NetOptions { send_queue_bytes: 8 * 1_024, frame_limit_bytes: 16 * 1_024, ..OPTIONS };
    each_way(&options, &FullQueue);
}

/// Whoever does not tick has the peer wait, and loses nothing.
struct SlowTicks;

impl EachWay for SlowTicks {
    fn run<C: NetConnector>(&self, way: Way, connector: &C, scheme: &str) {
        const FRAMES: usize = 4_000;
        let (host, mut session) = connecting(way, connector, scheme);
        let mut peer = host.accept();
        let frame = peer.wire(1, &[7; 1_000]);
        let writer = std::thread::spawn(move || {
            (0..FRAMES).for_each(|_| peer.write(&frame));
            peer.send_close(1_000, "");
        });
        let mut diary = Diary::default();
        tick_to_end(&mut session, &mut diary);
        assert_eq!(diary.frames(), FRAMES);
        writer.join().unwrap();
    }
}

#[test]
fn a_full_inbox_makes_the_peer_wait() {
    let _alone = alone();
    each_way(&NetOptions { receive_queue_bytes: 4_096, ..OPTIONS }, &SlowTicks);
}

#[test]
fn pieces_and_pings_are_put_in_order() {
    let _alone = alone();
    struct Pieces;
    impl EachWay for Pieces {
        fn run<C: NetConnector>(&self, way: Way, connector: &C, scheme: &str) {
            if way == Way::Tcp {
                return;
            }
            let (host, mut session) = connecting(way, connector, scheme);
            let mut peer = host.accept();
            let mut start = message(FrameKind::Binary, b"\x01\0\0\0ab");
            start[0] &= 0x7F; // more of it comes
            let ping = message(FrameKind::Ping, b"there?");
            let end = message(FrameKind::Continuation, b"cd");
            for byte in [start, ping, end].concat() {
                peer.write(&[byte]);
            }
            let mut diary = Diary::default();
            let whole = Told::Frame(b"\x01\0\0\0abcd".to_vec());
            tick_until(&mut session, &mut diary, "it is whole", |diary| diary.has(&whole));
            assert_eq!(peer.receive_message(), Some(Message::Pong(b"there?".to_vec())));
        }
    }
    each_way(&OPTIONS, &Pieces);
}
