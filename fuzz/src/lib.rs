//! What is fuzzed, as functions of bytes.
//!
//! Purpose: `cargo xtask fuzz TARGET` has a fuzzer look for bytes that take a function new ways;
//! `corpus/` keeps the shortest of each, and a test replays them with every run.
//!
//! Contract: a function returns, whatever the bytes are. A panic is a finding: of the core, or of what is
//! said about it here. Same bytes, same course.

mod cuts;
mod handshake;
mod messages;
mod node;
mod noise;
mod operations;
mod port;
mod records;

pub use handshake::handshake;
pub use messages::messages;
pub use node::node;
pub use noise::noise;
pub use port::port;
pub use records::records;

/// A function of bytes.
pub type Target = fn(&[u8]);

/// Each target with its name, which is that of its folder in `corpus/`.
pub const TARGETS: [(&str, Target); 6] = [
    ("messages", messages),
    ("handshake", handshake),
    ("node", node),
    ("noise", noise),
    ("records", records),
    ("port", port),
];
