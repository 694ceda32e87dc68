//! Notices: what games hand out to whoever runs their world.
//!
//! Purpose: a driver, or a thread beside it, hears what a game wants it to know, in the game's own messages:
//! [`RoomContext::notice`] puts one in line, [`World::next_notice`] takes it out.
//!
//! Contract: they come out in the order in which they were put in, of all rooms, each once. Where nobody takes them,
//! before [`World::with_notices`] and after [`World::end_notices`], nobody is told: [`SendError::Closed`].
//!
//! Bounds: as many wait as fit into the line that is lent to the world, each with [`NOTICE_HEAD_BYTES`] more than its
//! fields have; full is an answer. Without the cargo feature `notices` none do.

#[cfg(not(feature = "notices"))]
mod absent;
mod handing_out;
#[cfg(feature = "notices")]
mod line;

#[cfg(not(feature = "notices"))]
pub(super) use absent::NoticeLine;
#[cfg(feature = "notices")]
pub(super) use line::NoticeLine;

#[cfg(doc)]
use super::{RoomContext, World};
#[cfg(doc)]
use crate::protocol::SendError;
use crate::wire::opcode::OPCODE_BYTES;

/// In front of each that waits: its room, its length and its opcode.
pub const NOTICE_HEAD_BYTES: usize = 2 + 4 + OPCODE_BYTES;
