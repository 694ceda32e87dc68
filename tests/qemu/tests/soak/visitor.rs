//! A visitor: comes by TCP or by WebSocket, does something good or bad, goes, and comes again.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use tinyrealm_core::protocol::ErrorCode;
use tinyrealm_core::protocol::client_to_world::Leave;
use tinyrealm_core::protocol::either_way::Ping;
use tinyrealm_qemu::random::Random;

use crate::support::peer::frame;
use crate::support::web::{messages_of, request};
use crate::support::{Peer, User};

/// More frames at once than the device takes.
const FLOOD_FRAMES: u32 = 150;

/// How a visitor comes.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Transport {
    Tcp,
    WebSocket,
}

/// What visitors have done.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Deeds {
    pub(crate) stays: u32,
    pub(crate) resets: u32,
    pub(crate) halves: u32,
    pub(crate) nonsense: u32,
    pub(crate) floods: u32,
    /// Those of them all that came by WebSocket.
    pub(crate) by_web_socket: u32,
}

impl Deeds {
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self {
            stays: self.stays + other.stays,
            resets: self.resets + other.resets,
            halves: self.halves + other.halves,
            nonsense: self.nonsense + other.nonsense,
            floods: self.floods + other.floods,
            by_web_socket: self.by_web_socket + other.by_web_socket,
        }
    }
}

/// One visitor; see the [module](self).
pub(crate) struct Visitor {
    main: SocketAddr,
    random: Random,
    deeds: Deeds,
}

impl Visitor {
    pub(crate) fn new(main: SocketAddr, seed: u64) -> Self {
        Self { main, random: Random::new(seed), deeds: Deeds::default() }
    }

    /// Comes and goes until it is over, and answers what it has done.
    pub(crate) fn visit_until(mut self, is_over: &AtomicBool) -> Deeds {
        while !is_over.load(Ordering::Relaxed) {
            let transport = match self.random.below(2) {
                0 => Transport::Tcp,
                _ => Transport::WebSocket,
            };
            self.deeds.by_web_socket += u32::from(transport == Transport::WebSocket);
            let user = match transport {
                Transport::Tcp => User::enter(self.main, ""),
                Transport::WebSocket => User::enter_by_web(self.main, ""),
            };
            self.visit(user, transport);
        }
        self.deeds
    }

    fn visit(&mut self, user: User, transport: Transport) {
        match self.random.below(6) {
            0 | 1 => self.stay(user),
            2 => self.reset(user),
            3 => self.say_half(&user, transport),
            4 => self.say_nonsense(user),
            _ => self.flood(user, transport),
        }
    }

    fn stay(&mut self, mut user: User) {
        for step in 0..=self.random.below(20) {
            user.world.move_to(step as i32);
            user.world.say(1, b"hello");
        }
        user.world.expect_served();
        user.world.send(&Leave {});
        user.world.expect_lost();
        self.deeds.stays += 1;
    }

    fn reset(&mut self, mut user: User) {
        user.world.move_to(1);
        user.world.reset();
        self.deeds.resets += 1;
    }

    /// Half of a frame, or of a request to be a WebSocket, and gone.
    fn say_half(&mut self, user: &User, transport: Transport) {
        let mut stranger = Peer::connect(user.address);
        let whole = match transport {
            Transport::Tcp => frame(&Ping { nonce: 1 }),
            Transport::WebSocket => request("").into_bytes(),
        };
        let count = 1 + self.random.below(whole.len() as u64 - 1) as usize;
        stranger.send_raw(&whole[..count]);
        self.deeds.halves += 1;
    }

    /// No length of a frame, and no head of a WebSocket's.
    fn say_nonsense(&mut self, mut user: User) {
        user.world.send_raw(&[0xFF; 40]);
        user.world.expect_refused(ErrorCode::BAD_FRAME, 0);
        self.deeds.nonsense += 1;
    }

    fn flood(&mut self, mut user: User, transport: Transport) {
        let pings: Vec<u8> = (0..FLOOD_FRAMES).flat_map(|nonce| frame(&Ping { nonce })).collect();
        let flood = match transport {
            Transport::Tcp => pings,
            Transport::WebSocket => messages_of(&pings),
        };
        user.world.send_if_open(&flood);
        // What is still on its way to a closed connection resets it, and may overtake the reason.
        user.world.expect_lost();
        self.deeds.floods += 1;
    }
}
