//! The size of a world's node, which may not grow unnoticed.
//!
//! Bounds: asserted where this is compiled, for every set of the core's features.

use super::game::Relay;
use super::mains::{MAINS_MAX, MainLink};
use super::notices::NoticeLine;
use super::saves::SaveBook;
use super::{World, things};
use crate::node::Node;
use crate::node::visit::VisitLog;
use crate::protocol::ADDRESS_MAX_BYTES;

/// Bytes of a world's node without the storage that it borrows.
pub const WORLD_NODE_BYTES: usize = core::mem::size_of::<Node<'static, World<'static, Relay>>>();

const _: () = {
    // It is mostly slices, three texts of the configuration, and its keys with the proof's nonces.
    // And a counter for each denial of a join, and for losses and returns.
    let most_bytes = if usize::BITS == 32 { 940 } else { 1_232 };
    // When the next held seat has had its time.
    let seat_bytes = if cfg!(feature = "seats") { 16 } else { 0 };
    // What addresses and networks hold and open, and the oldest stranger.
    let shares_bytes = if cfg!(feature = "shares") { 80 + usize::BITS as usize * 3 / 2 } else { 0 };
    // WebSockets: a second slice of rings and its share, origins and hosts, twice, a limit, two counters, mask keys.
    let web_socket_bytes =
        usize::BITS as usize * 3 / 2 + 16 + size_of::<crate::wire::ws::MaskKeys>();
    // When the log was last told of lost peers, and how much it may be told of visits.
    let log_bytes = if cfg!(feature = "log") { 32 + 2 * size_of::<VisitLog>() } else { 0 };
    let message_bytes = if cfg!(feature = "websocket") { web_socket_bytes } else { 0 };
    // Two pools' long buffers, and who may have them.
    let long_bytes = if cfg!(feature = "long-frames") { 2 * 56 + 8 } else { 0 };
    // Two counters of inputs.
    let inputs_bytes = if cfg!(feature = "inputs") { 16 } else { 0 };
    // A slice, and when the next question of a game has had its time.
    let asks_bytes = if cfg!(feature = "asks") { 16 + usize::BITS as usize / 4 } else { 0 };
    // What rooms keep, on its way.
    let saves_bytes = size_of::<SaveBook<'static>>();
    assert!(!cfg!(feature = "saves") || saves_bytes <= 216, "a book has grown: say why");
    // Bans, and how many spectators there are and may be.
    let people_bytes = if cfg!(feature = "names") { usize::BITS as usize / 4 + 16 } else { 0 };
    // When a room is to close, which Main is to hear of, and what makes games.
    let rooms_bytes = if cfg!(feature = "rooms") { 32 + usize::BITS as usize / 4 } else { 0 };
    // Two slices, and three sizes.
    let state_bytes = size_of::<things::States<'static>>();
    // A slice, and two places in it.
    let notice_bytes = size_of::<NoticeLine<'static>>();
    // Outlets and inlets, how much a record on its way has, and the link to Main: a handshake with each of two keys.
    let seal_bytes = if cfg!(feature = "secure") { 328 + usize::BITS as usize } else { 0 };
    // Whom each Main has named last; and a link to each beyond the first, and where that is.
    let beyond_bytes = size_of::<MainLink>() + size_of::<heapless::String<ADDRESS_MAX_BYTES>>();
    #[cfg(feature = "mains")]
    let announced_bytes = size_of::<super::announced::Announced>() + size_of::<MainLink>();
    #[cfg(not(feature = "mains"))]
    let announced_bytes = 0;
    let mains_bytes = if cfg!(feature = "mains") { 16 + (MAINS_MAX - 1) * beyond_bytes } else { 0 };
    let mains_bytes = mains_bytes + announced_bytes;
    // Two moves and the numbers of former ones, the two rooms, and whom each Main has to hear of.
    #[cfg(feature = "moving")]
    let moving_bytes = size_of::<super::moving::MovingBook>() + 8 + 8;
    #[cfg(not(feature = "moving"))]
    let moving_bytes = 0;
    // When a drain is over, and whether Main is to hear of it.
    let draining_bytes = if cfg!(feature = "draining") { 16 } else { 0 };
    let optional_bytes = moving_bytes
        + draining_bytes
        + rooms_bytes
        + seal_bytes
        + notice_bytes
        + state_bytes
        + inputs_bytes
        + asks_bytes
        + message_bytes
        + shares_bytes
        + log_bytes
        + long_bytes
        + saves_bytes
        + people_bytes
        + seat_bytes
        + mains_bytes;
    assert!(
        WORLD_NODE_BYTES <= most_bytes + optional_bytes,
        "a node has grown: say why, and what it costs"
    );
};
