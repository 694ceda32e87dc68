//! `Greeting`: says hello in a channel, once for each connection to Main.
//!
//! ```text
//!         Welcome          asked           Joined          asked           our own message
//! Absent ─────────► Outside ─────► Knocking ──────► Inside ─────► Speaking ──────────────► Done
//!    ▲                 ▲              │ refused       ▲              │ refused
//!    │ Main lost       └──────────────┘               └──────────────┘
//!                      ▲ shown out of the channel
//! ```
//! What is refused is tried again after [`PAUSE`].

use embassy_time::{Duration, Instant};
use tinyrealm_core::node::client::{ChatEvent, ClientEvent};
use tinyrealm_core::protocol::{CHANNEL_MAX_BYTES, CHAT_MAX_BYTES, Uid};

use crate::device::client::{CHANNEL, GREETING};
use crate::info;

/// How long it waits before it tries again.
const PAUSE: Duration = Duration::from_secs(1);

const _: () = {
    assert!(CHANNEL.len() <= CHANNEL_MAX_BYTES, "device.toml: client.channel");
    assert!(GREETING.len() <= CHAT_MAX_BYTES, "device.toml: client.greeting");
};

/// Where it is; see the [module](self).
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum State {
    Absent,
    Outside,
    Knocking,
    Inside,
    Speaking,
    Done,
}

/// What it has to ask of Main.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Wish {
    /// To come into the channel.
    Join,
    /// To say the greeting.
    Say,
}

/// The greeting; see the [module](self).
#[derive(Debug)]
pub(crate) struct Greeting {
    state: State,
    uid: Uid,
    not_before: Instant,
}

impl Greeting {
    /// Nothing said yet.
    pub(crate) const NEW: Self =
        Self { state: State::Absent, uid: Uid::NOBODY, not_before: Instant::from_ticks(0) };

    /// What it wants now, if the device has a channel to greet.
    pub(crate) fn wish(&self, now: Instant) -> Option<Wish> {
        if CHANNEL.is_empty() || now < self.not_before {
            return None;
        }
        match self.state {
            State::Outside => Some(Wish::Join),
            State::Inside => Some(Wish::Say),
            State::Absent | State::Knocking | State::Speaking | State::Done => None,
        }
    }

    /// What it wanted has gone to Main.
    pub(crate) fn asked(&mut self, now: Instant) {
        self.not_before = now + PAUSE;
        self.state = match self.state {
            State::Outside => State::Knocking,
            State::Inside => State::Speaking,
            state @ (State::Absent | State::Knocking | State::Speaking | State::Done) => state,
        };
    }

    /// Something has happened to the client.
    pub(crate) fn hear(&mut self, event: &ClientEvent<'_>) {
        match event {
            ClientEvent::Welcome(uid) => {
                self.uid = *uid;
                self.state = State::Outside;
            }
            ClientEvent::MainLost(_) | ClientEvent::Stopped(_) => self.state = State::Absent,
            ClientEvent::Chat(event) => self.hear_channel(event),
            _ => {}
        }
    }

    fn hear_channel(&mut self, event: &ChatEvent<'_>) {
        match event {
            ChatEvent::Joined(_) => {
                self.not_before = Instant::from_ticks(0);
                self.state = State::Inside;
            }
            ChatEvent::Left(_) => self.state = State::Outside,
            ChatEvent::Refused(refused) => {
                info!("refused in the channel: {}", refused.reason.name());
                self.state = match self.state {
                    State::Knocking => State::Outside,
                    State::Speaking => State::Inside,
                    state @ (State::Absent | State::Outside | State::Inside | State::Done) => state,
                };
            }
            ChatEvent::Said(said) => {
                info!("user {} says: {}", said.uid.0, said.msg.as_str());
                if said.uid == self.uid && self.state == State::Speaking {
                    self.state = State::Done;
                }
            }
            _ => {}
        }
    }
}
