//! Who acts in a realm besides the core's own machines: the game that records, the chat server's
//! witness, and the visitors.
//!
//! Every server is the core's own role, and every client its
//! [`RealmClient`](tinyrealm_core::node::client::RealmClient); what is here only listens, or, as
//! [`hoarder`], [`intruder`], [`impostor`] and [`usurper`], does what no honest client would, or, as [`bent`], what no honest server would.

pub(crate) mod bent;
pub(crate) mod hoarder;
pub(crate) mod impostor;
pub(crate) mod intruder;
pub(crate) mod names;
pub(crate) mod player;
pub(crate) mod recorder;
pub(crate) mod riddle;
pub(crate) mod room_state;
pub(crate) mod usurper;
pub(crate) mod visitor;
pub(crate) mod witness;
pub(crate) mod words;

pub(crate) use bent::Bent;
pub(crate) use hoarder::Hoarder;
pub(crate) use impostor::Impostor;
pub(crate) use intruder::Intruder;
pub(crate) use player::Player;
pub(crate) use recorder::Recorder;
pub(crate) use usurper::Usurper;
pub(crate) use visitor::Visitor;
pub(crate) use witness::Witness;
