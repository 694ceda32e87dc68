//! The deterministic simulator of a whole realm: one to three Mains with four worlds, a directory, Login with an account
//! store, a chat server, and fifty accounts with their clients, over a virtual network, in virtual
//! time, from one number.
//!
//! Purpose: to run the core as it runs in production, thousands of times, in weather that production
//! sees once a year, and to check after every step what must always hold. A failure names its seed;
//! the same seed fails in the same way, as often as one likes to look at it.
//!
//! Contract: nothing here reads a clock, opens a socket or starts a thread. Every node is the core's
//! own, driven by the core's contract for drivers (`host`); every decision comes from the seed
//! (`tinyrealm_testing::Random`). What is checked, and when, is told in `checks`, `host`, `realm::finale` and
//! `realm::agreement`.
//!
//! Mains: most realms have one to three that share a directory, and worlds have links to each of them, whether they are
//! configured or announced. The directory (`realm::directory`) is late, down, out of reach, and tells what is old; Mains begin new
//! lives, and clients go to another Main by the list that they were told. What Mains say of claims is followed at the worlds
//! (`checks::claims`). In the other realms (`layout`) two Mains have half of the worlds each,
//! and know nothing of each other: what they share is the cluster's
//! secret, Login (or the secret that guests' tokens are signed with: a quarter of the realms have
//! guests), and the chat server. So a token is good at both, and a user who says hello to both is a
//! user of both, in a world of each, and in a channel by the Main that said so last. Clients mostly go
//! to their own Main, and stray at times.
//!
//! Visitors come from a few addresses, each that of many, and four of them only hoard: what each address holds
//! is counted from the nodes' own tables (`checks::shares`), and hoarders keep nobody out (`realm::hoarding`).
//!
//! Players have nicknames, want regions, and wish for rooms by name, new, private and impossible ones, to play there or
//! to watch (`realm::wishing`); games lock their rooms for a while, and ring bells (`actors::recorder`). Whoever loses its connection
//! has its seat for a while, also in a world that has crashed, and comes back to it. Games show things and what their
//! members have said, and keep values, records and their rooms in stores that fail (`realm::keeping`).
//!
//! Links between servers are sealed, and so are those of many players to worlds, and of devices, which come by a key, to
//! Main too. In rough weather somebody is on the way, who changes, repeats, swaps and drops bytes: nothing of that is taken,
//! and the link ends and comes back (`network::meddling`). Keys of devices are taken away (`realm::revoking`).
//!
//! Where servers crash, half of the realms exchange the cluster's secret meanwhile (`realm::exchange`). Thieves show
//! stolen keys as other servers, and listen in the place of those that are down (`realm::impostors`).
//!
//! Login hands its work out: the simulator is the store (`store`), which takes its time, is slow or
//! fails for a while, and outlives Login. The chat server keeps nothing: a new one goes on behind what
//! the Mains have heard. What it has taken is written down beside it (`actors::witness`), and what a
//! broken server would do is done in front of an honest one (`actors::bent`).
//!
//! Bounds: about twenty-five seconds of virtual time a run, a hundred thousand trace lines, of which the
//! last ones are kept. With `TINYREALM_SIM_TRACE` set, all of them go to standard error.
//!
//! ```
//! use tinyrealm_sim::{Profile, Sabotage, Settings, run, run_with};
//! let report = run(1).unwrap_or_else(|failure| panic!("{failure}"));
//! assert!(report.counters.joins >= 50);
//! // A network that loses a byte does not go unnoticed.
//! let broken = Settings { sabotage: Sabotage::LostByte, ..Settings::of_seed(1) };
//! assert!(run_with(&Settings { profile: Some(Profile::Calm), ..broken }).is_err());
//! ```
#![forbid(unsafe_code)]

mod actors;
mod bounded;
mod broken;
mod checks;
mod host;
mod ids;
mod journal;
mod layout;
mod memory;
mod network;
mod opening;
mod profile;
mod realm;
mod report;
mod revocations;
mod room_names;
mod secrets;
mod settings;
mod sizes;
mod speech;
mod store;
mod talk;
mod timeline;
mod trace;
mod tuning;

pub use profile::{FaultKind, Profile};
pub use report::{Counters, Failure, Report};
pub use settings::{Sabotage, Settings};

use journal::Journal;
use memory::Arenas;
use realm::Realm;

/// Runs the realm of `seed`.
///
/// # Errors
/// The first invariant that did not hold.
pub fn run(seed: u64) -> Result<Report, Box<Failure>> {
    run_with(&Settings::of_seed(seed))
}

/// Runs one realm.
///
/// # Errors
/// The first invariant that did not hold.
pub fn run_with(settings: &Settings) -> Result<Report, Box<Failure>> {
    let journal = Journal::default();
    let arenas = Arenas::default();
    let mut realm = Realm::new(settings, &arenas, &journal);
    let outcome = realm.run();
    let (seed, profile, timeline) = (settings.seed, realm.profile(), realm.timeline());
    match outcome {
        Ok(()) => {
            let trace_hash = timeline.trace.hash();
            let mut counters = timeline.counters.clone();
            counters.virtual_ms = timeline.now_us() / 1_000;
            Ok(Report { seed, profile, trace_hash, counters })
        }
        Err(broken) => Err(Box::new(Failure {
            seed,
            profile,
            at_us: timeline.now_us(),
            invariant: broken.invariant,
            found: broken.found,
            last_lines: timeline.trace.last_lines(),
        })),
    }
}
