//! Clients that Login is asked about, and what they have begun with.

use crate::node::Names;
use crate::node::visit::Visit;
#[cfg(feature = "sealed-clients")]
use crate::protocol::client_to_listener::SecureClient;
use crate::protocol::client_to_main::Hello;
use crate::protocol::{Token, Uid, Versions};
use crate::session::{AddressKey, SessionKey};
use crate::storage::{Key, Vacant};
use crate::time::Stamp;
use crate::wire::Opcode;

/// What a client has said, and is still to be judged by.
#[derive(Clone, Debug)]
pub(super) struct Greeting {
    pub(super) token: Token,
    pub(super) versions: Versions,
    /// What it wants to be called.
    pub(super) names: Names,
    /// What the log calls all that comes of it.
    pub(super) visit: Visit,
}

impl Greeting {
    /// Nobody's.
    pub(super) const NONE: Self = Self {
        token: Token([0; 32]),
        versions: Versions { from: 0, to: 0 },
        names: Names::NONE,
        visit: Visit::NONE,
    };
}

/// Somebody who has said hello, and is not in yet.
#[derive(Copy, Clone, Debug)]
pub(super) struct Comer {
    pub(super) session: SessionKey,
    pub(super) visit: Visit,
    /// [`Uid::NOBODY`] as long as nobody has said.
    pub(super) uid: Uid,
}

impl Comer {
    pub(super) const fn unknown(session: SessionKey, visit: Visit) -> Self {
        Self { session, visit, uid: Uid::NOBODY }
    }
}

/// What Login is asked about a client.
#[derive(Clone, Debug)]
pub(super) enum Question {
    /// Whose its token is.
    Token(Greeting),
    /// What its link is sealed with, if it has the key.
    #[cfg(feature = "sealed-clients")]
    Device(SecureClient),
}

impl Question {
    /// What is refused with it.
    pub(super) const fn about(&self) -> Opcode {
        match self {
            Self::Token(_) => Hello::OPCODE,
            #[cfg(feature = "sealed-clients")]
            Self::Device(_) => SecureClient::OPCODE,
        }
    }

    /// The visit that has begun with it.
    pub(super) const fn visit(&self) -> Visit {
        match self {
            Self::Token(greeting) => greeting.visit,
            #[cfg(feature = "sealed-clients")]
            Self::Device(_) => Visit::NONE,
        }
    }
}

/// A client that Login is being asked about.
#[derive(Clone, Debug)]
pub struct PendingHello {
    pub(super) session: SessionKey,
    pub(super) address: AddressKey,
    pub(super) question: Question,
    /// The number of the question.
    pub(super) request: u32,
    /// Whether Login has been asked: the question waits for room on the link.
    pub(super) is_asked: bool,
    pub(super) asked_at: Stamp,
}

impl Vacant for PendingHello {
    const VACANT: Self = Self {
        session: Key::DANGLING,
        address: Key::DANGLING,
        question: Question::Token(Greeting::NONE),
        request: 0,
        is_asked: false,
        asked_at: Stamp::ZERO,
    };
}
