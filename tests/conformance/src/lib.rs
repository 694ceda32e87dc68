//! Every driver runs any node, and every one of them the same way: this is where it is tested.
//!
//! Purpose: [`script`] is what peers do to a node, as data; [`hosts`] run a node with it, on the tokio
//! driver over loopback TCP, on the poll driver and on the embassy driver over a network in memory.
//! What every peer receives has to be the same, byte by byte. [`lab`] is that network for tests of its
//! own: with loss, duplication, disorder, and cut cables.
//!
//! Contract: apart from the tokio host, time is virtual and randomness has a seed.

pub mod clock;
pub mod cluster;
pub mod device;
pub mod hosts;
pub mod hub;
pub mod lab;
pub mod nodes;
pub mod random;
pub mod realm;
pub mod remote;
pub mod script;
pub mod scripts;
pub mod sealing;
pub mod tasks;
pub mod web;
