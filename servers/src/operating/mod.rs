//! Operating: what whoever runs a server asks of its nodes while they run.
//!
//! Purpose: a [`Question`] goes to a node's own thread by its [`Desk`], is answered there between two turns by what the role
//! [does](Operated), and comes back. Nobody reads a node's memory but the node.
//!
//! Contract: each question has one answer: what was asked, or why not. Whoever asks is told when the node's thread
//! hangs, and waits no longer than [`ANSWER_MOST`]; a node never waits for who asks.
//!
//! Bounds: [`QUESTIONS_MAX`] wait, one is answered a turn, and it looks at [`SLOTS_PER_QUESTION`] lines at most: who wants
//! more asks again from there.

mod desk;
mod lines;
mod others;

use std::fmt;
use std::time::Duration;

#[cfg(feature = "cluster")]
pub(crate) use desk::Asked;
pub(crate) use desk::{Counter, Desk};
pub(crate) use lines::{ChannelLine, Match, Piece, RoomLine, Search, UserLine, shown};
pub(crate) use others::Others;
#[cfg(feature = "cluster")]
pub(crate) use others::{Asking, Other};
use serde::{Deserialize, Serialize};
use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::main::RoomMove;
use tinyrealm_core::node::{Node, Role};
use tinyrealm_core::protocol::Uid;

/// How many questions may wait for a node.
const QUESTIONS_MAX: usize = 16;
/// How many slots one question looks at.
const SLOTS_PER_QUESTION: u16 = 1_024;
/// Whoever has no answer by then is told so.
const ANSWER_MOST: Duration = Duration::from_secs(2);

/// What lines are about.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum List {
    Users,
    Rooms,
    Channels,
}

/// What a node is asked, or asked to do.
#[derive(Clone, Debug)]
pub(crate) enum Question {
    /// Some of its lines.
    Lines(List, Search),
    /// Somebody is to go, and is told why where the protocol has words for it.
    Kick(Uid, String),
    /// Everybody who is connected is told this, which is as long as an announcement may be at most.
    Announce(String),
    /// Nobody new is to come, or newcomers may again.
    TakeNobody(bool),
    /// A world of Main's is to take nobody new, for so many milliseconds at most, or newcomers again.
    OrderDrain { world: u16, is_draining: bool, within_ms: Option<u32> },
    /// A room of Main's worlds is to move, to this world or to the least loaded that takes it.
    MoveRoom { room: WhichRoom, to: Option<u16> },
    /// What has become of the move of this number.
    Move(u32),
}

/// A room of a realm.
#[derive(Clone, Debug)]
pub(crate) enum WhichRoom {
    /// The one of this name.
    Named(String),
    /// What a world calls so.
    Numbered { world: u16, number: u16 },
}

/// What has come of it.
#[derive(Debug)]
pub(crate) enum Outcome {
    Lines(Piece),
    /// So many users are told.
    Told(usize),
    Done,
    /// The number of a move that has begun.
    Moving(u32),
    /// It is that far.
    Move(RoomMove),
}

/// Why nothing has come of it.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Refused {
    /// That is no matter of this server.
    NotHere,
    NoSuchUser,
    NoSuchWorld,
    NoSuchRoom,
    /// The rooms of that world don't move.
    RoomsStay,
    /// The world that was named takes no rooms of that one.
    NotThere,
    /// No world does.
    NoTarget,
    /// It has more places than rooms have there.
    TooLarge,
    /// Nothing is free there.
    NoRoomThere,
    /// As many moves are under way as may be.
    MovesBusy,
    /// As many questions wait as may.
    Busy,
    /// The node's thread has not answered.
    Hangs,
    /// The node has ended.
    Ended,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotHere => "this server knows nothing of it: ask another one of the realm",
            Self::NoSuchUser => "there is no such user here",
            Self::NoSuchWorld => "no such world is registered with this Main",
            Self::NoSuchRoom => {
                "no room of this name is open: `ctl rooms` has the names; one without is called by its number, with --from WORLD"
            }
            Self::RoomsStay => {
                "the rooms of its world can't be saved, so they can't move: its game keeps nothing, or it is of an earlier version"
            }
            Self::NotThere => {
                "that world does not take it: it drains, has the room already, or has another game or another version of it"
            }
            Self::NoTarget => {
                "no other world takes rooms of this game: start one with the same game, in the same version"
            }
            Self::TooLarge => {
                "the room has more places than rooms have there: take a world with --to whose world.room_capacity is not less"
            }
            Self::NoRoomThere => {
                "no room is free there, or not so many places: take another world with --to, or raise world.rooms there"
            }
            Self::MovesBusy => "too many rooms are on their way: try again in some seconds",
            Self::Busy => "too many questions wait for this server: try again",
            Self::Hangs => "the server's thread has not answered in 2 s: see /healthz",
            Self::Ended => "the server is ending",
        })
    }
}

/// A role that whoever runs it may ask.
pub(crate) trait Operated<'a>: Role<'a> + Sized {
    /// Answers one question.
    ///
    /// # Errors
    /// Why not.
    fn answer(
        node: &mut Node<'a, Self>,
        turn: &mut Turn<'_>,
        question: &Question,
    ) -> Result<Outcome, Refused>;
}
