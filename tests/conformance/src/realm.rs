//! A realm around a device in a [`Lab`]: its Main, and players on the other side of the network.
//!
//! Contract: whatever is waited for comes within [`LIMIT_MS`] of virtual time, or the test fails. Randomness has a seed:
//! `TINYREALM_NETWORK_SEED`.

use tinyrealm_core::protocol::client_to_world::{Event, Join};
use tinyrealm_core::protocol::either_way::{Bye, Ping};
use tinyrealm_core::protocol::main_to_world::{AttachUser, Registered};
use tinyrealm_core::protocol::world_to_client::{EventBroadcast, RoomSnapshot};
use tinyrealm_core::protocol::world_to_main::{AttachAck, UserJoined, UserList};
use tinyrealm_core::protocol::{
    Bytes, ErrorCode, HandshakeKey, KeyId, MemberNumber, Message, Text, Uid, Versions, Wish, decode,
};

use crate::cluster;
use crate::device::Sizes;
use crate::hub::Faults;
use crate::lab::Lab;
use crate::script::{frame, frames};

/// What a device has, unless a test wants less.
pub const SIZES: Sizes = Sizes { listeners: 4, own_links: 1, receive_bytes: 512, send_bytes: 512 };
/// How long anything may take.
pub const LIMIT_MS: u32 = 60_000;

/// Puts a device on a network.
pub type MakeLab<'m> = &'m dyn Fn(Sizes, Faults, u64) -> Lab;

/// Seeds of networks.
pub fn seeds(count: u64) -> impl Iterator<Item = u64> {
    let first = std::env::var("TINYREALM_NETWORK_SEED").ok();
    let first = first.map_or(1, |seed| seed.parse().expect("a number"));
    (first..first + count).inspect(|seed| println!("TINYREALM_NETWORK_SEED={seed}"))
}

/// A lab, its Main, and what to say to both.
pub struct Realm {
    /// The device, and everybody else.
    pub lab: Lab,
    /// Main's link.
    pub main: usize,
}

impl Realm {
    /// A world that is registered.
    pub fn new(make: MakeLab<'_>, sizes: Sizes, faults: Faults, seed: u64) -> Self {
        let mut lab = make(sizes, faults, seed);
        let main = lab.remote.listen(0);
        let mut realm = Self { lab, main };
        realm.register(main);
        realm
    }

    /// The world that dials this Main proves itself, and is registered.
    pub fn register(&mut self, main: usize) {
        self.main = main;
        self.hear(main, 1);
        let challenge = cluster::challenge(&frames(self.lab.remote.received(main)));
        self.lab.remote.send(main, &challenge);
        self.hear(main, 2);
        let ack = cluster::ack(&frames(self.lab.remote.received(main)));
        self.lab.remote.send(main, &ack);
        // The registration.
        self.hear(main, 3);
        self.lab.remote.send(main, &frame(&Registered {}));
        self.find::<UserList>(main, 1);
    }

    /// Waits until a peer has heard so many frames in all.
    #[track_caller]
    pub fn hear(&mut self, peer: usize, count: usize) {
        let heard = |lab: &mut Lab| frames(lab.remote.received(peer)).len();
        let is_heard = self.lab.wait_until(LIMIT_MS, |lab| heard(lab) >= count);
        assert!(is_heard, "peer {peer}: {} of {count} frames", heard(&mut self.lab));
    }

    /// Waits until a peer's connection has ended.
    #[track_caller]
    pub fn hear_end(&mut self, peer: usize) {
        let has_ended = self.lab.wait_until(LIMIT_MS, |lab| lab.remote.has_ended(peer));
        assert!(has_ended, "peer {peer} waits for its end");
    }

    /// How many frames a peer has heard.
    pub fn heard(&self, peer: usize) -> usize {
        frames(self.lab.remote.received(peer)).len()
    }

    /// Messages of one kind that a peer has heard.
    pub fn messages<'s, M: Message + serde::Deserialize<'s>>(&'s self, peer: usize) -> Vec<M> {
        let bodies = frames(self.lab.remote.received(peer)).into_iter();
        let bodies = bodies.filter(|body| body[..4] == M::OPCODE.0.to_le_bytes());
        bodies.map(|body| decode(&body[4..]).expect("a message")).collect()
    }

    /// Waits until a peer has heard so many messages of one kind.
    #[track_caller]
    pub fn find<M: Message>(&mut self, peer: usize, count: usize) {
        let opcode = M::OPCODE.0.to_le_bytes();
        let heard = |lab: &mut Lab| {
            let bodies = frames(lab.remote.received(peer)).into_iter();
            bodies.filter(|body| body[..4] == opcode).count()
        };
        let is_heard = self.lab.wait_until(LIMIT_MS, |lab| heard(lab) >= count);
        let found = heard(&mut self.lab);
        assert!(is_heard, "peer {peer}: {found} of {count} of {:#06x}", M::OPCODE.0);
    }

    /// Main announces a user; the world says yes.
    pub fn attach(&mut self, uid: u32) {
        let handshake_key = HandshakeKey([uid as u8; 32]);
        let attach = AttachUser {
            uid: Uid(uid.into()),
            key_id: KeyId([uid as u8; 8]),
            handshake_key,
            ttl_ms: 300_000,
            attempt: 0,
            account: Text::EMPTY,
            nickname: Text::EMPTY,
            wish: Wish::ANY,
        };
        let count = self.messages::<AttachAck>(self.main).len() + 1;
        self.lab.remote.send(self.main, &frame(&attach));
        self.find::<AttachAck>(self.main, count);
    }

    /// A new player, in the room.
    pub fn enter(&mut self, uid: u32) -> usize {
        self.attach(uid);
        self.join(uid)
    }

    /// Joins; a connection that the network has kept from coming about is tried again.
    pub fn join(&mut self, uid: u32) -> usize {
        let handshake_key = HandshakeKey([uid as u8; 32]);
        let told = self.messages::<UserJoined>(self.main).len();
        for _ in 0..5 {
            let peer = self.lab.remote.connect();
            self.lab.remote.send(
                peer,
                &frame(&Join {
                    versions: Versions::OURS,
                    uid: Uid(uid.into()),
                    handshake_key: Some(handshake_key),
                    fingerprint: 0,
                }),
            );
            let is_over = |lab: &mut Lab| {
                lab.remote.has_ended(peer) || frames(lab.remote.received(peer)).len() >= 2
            };
            assert!(self.lab.wait_until(LIMIT_MS, is_over), "no answer to a Join");
            if self.heard(peer) >= 2 {
                self.find::<UserJoined>(self.main, told + 1);
                return peer;
            }
            assert_eq!(self.heard(peer), 0, "denied");
        }
        panic!("no connection comes about");
    }

    /// Somebody says an event.
    pub fn say(&mut self, peer: usize, number: u16) {
        let data = [number as u8; 200];
        let event = Event { request: 0, kind: number, data: Bytes::new(&data).expect("short") };
        self.lab.remote.send(peer, &frame(&event));
    }

    /// The events of the first and of the second user that a peer has heard.
    pub fn kinds_by_uid(&self, peer: usize) -> [Vec<u16>; 2] {
        let events = self.messages::<EventBroadcast<'_>>(peer);
        [MemberNumber(1), MemberNumber(2)].map(|number| {
            events.iter().filter(|event| event.number == number).map(|event| event.kind).collect()
        })
    }

    /// Events that a peer has heard, or has heard to have missed.
    pub fn told_of(&self, peer: usize) -> usize {
        let snapshots = self.messages::<RoomSnapshot>(peer);
        let last_pages = snapshots.iter().filter(|snapshot| snapshot.pages_left == 0);
        let missed: u32 = last_pages.map(|snapshot| snapshot.missed_events).sum();
        self.messages::<EventBroadcast<'_>>(peer).len() + missed as usize
    }

    /// The world answers a peer.
    pub fn answers(&mut self, peer: usize) {
        let count = self.heard(peer) + 1;
        self.lab.remote.send(peer, &frame(&Ping { nonce: 1 }));
        self.hear(peer, count);
    }

    /// The device ends in good order.
    pub fn shut_down(mut self) {
        self.lab.device.shut_down();
        self.hear_end(self.main);
        self.lab.remote.shut(self.main);
        let bye: Vec<Bye> = self.messages(self.main);
        assert_eq!(bye, [Bye { reason: ErrorCode::SHUTTING_DOWN }]);
        assert!(self.lab.wait_until(LIMIT_MS, |lab| lab.device.is_finished()));
    }
}
