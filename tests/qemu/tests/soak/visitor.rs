//! A visitor: comes, does something good or bad, goes, and comes again.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use tinyrealm_core::protocol::ErrorCode;
use tinyrealm_core::protocol::client_to_world::Leave;
use tinyrealm_core::protocol::either_way::Ping;
use tinyrealm_qemu::random::Random;

use crate::support::peer::frame;
use crate::support::{Peer, User};

/// More frames at once than the device takes.
const FLOOD_FRAMES: u32 = 150;

/// What visitors have done.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Deeds {
    pub(crate) stays: u32,
    pub(crate) resets: u32,
    pub(crate) halves: u32,
    pub(crate) nonsense: u32,
    pub(crate) floods: u32,
}

impl Deeds {
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self {
            stays: self.stays + other.stays,
            resets: self.resets + other.resets,
            halves: self.halves + other.halves,
            nonsense: self.nonsense + other.nonsense,
            floods: self.floods + other.floods,
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
            match self.random.below(6) {
                0 | 1 => self.stay(),
                2 => self.reset(),
                3 => self.say_half(),
                4 => self.say_nonsense(),
                _ => self.flood(),
            }
        }
        self.deeds
    }

    fn enter(&self) -> User {
        User::enter(self.main, "")
    }

    fn stay(&mut self) {
        let mut user = self.enter();
        for step in 0..=self.random.below(20) {
            user.world.move_to(step as i32);
            user.world.say(1, b"hello");
        }
        user.world.expect_served();
        user.world.send(&Leave {});
        user.world.expect_lost();
        self.deeds.stays += 1;
    }

    fn reset(&mut self) {
        let mut user = self.enter();
        user.world.move_to(1);
        user.world.reset();
        self.deeds.resets += 1;
    }

    /// Half of a frame, and gone.
    fn say_half(&mut self) {
        let user = self.enter();
        let mut stranger = Peer::connect(user.address);
        let ping = frame(&Ping { nonce: 1 });
        let count = 1 + self.random.below(ping.len() as u64 - 1) as usize;
        stranger.send_bytes(&ping[..count]);
        self.deeds.halves += 1;
    }

    fn say_nonsense(&mut self) {
        let mut user = self.enter();
        user.world.send_bytes(&[0xFF; 40]);
        user.world.expect_refused(ErrorCode::BAD_FRAME, 0);
        self.deeds.nonsense += 1;
    }

    fn flood(&mut self) {
        let mut user = self.enter();
        let pings = (0..FLOOD_FRAMES).flat_map(|nonce| frame(&Ping { nonce }));
        user.world.send_if_open(&pings.collect::<Vec<_>>());
        // What is still on its way to a closed connection resets it, and may overtake the reason.
        user.world.expect_lost();
        self.deeds.floods += 1;
    }
}
