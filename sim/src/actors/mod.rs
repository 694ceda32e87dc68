//! Who acts in a realm besides the core's own machines: the game that records, and the visitors.
//!
//! Every client is the core's [`RealmClient`](tinyrealm_core::node::client::RealmClient); what is
//! here only listens, or, as [`intruder`], does what no honest client would.

pub(crate) mod intruder;
pub(crate) mod player;
pub(crate) mod recorder;
pub(crate) mod visitor;

pub(crate) use intruder::Intruder;
pub(crate) use player::Player;
pub(crate) use recorder::Recorder;
pub(crate) use visitor::Visitor;
