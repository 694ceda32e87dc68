//! What a run was like, and why it failed.

use std::fmt;

use tinyrealm_core::node::chat::ChatStats;
use tinyrealm_core::node::login::LoginStats;
use tinyrealm_core::node::main::MainStats;
use tinyrealm_core::node::main::chat::MainChatStats;
use tinyrealm_core::node::world::WorldStats;
use tinyrealm_core::node::world::saves::SaveStats;
use tinyrealm_core::protocol::JoinDenial;
use tinyrealm_core::stats::NetStats;

use crate::profile::{FaultKind, Profile};

/// A run in which every invariant held.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// The weather.
    pub profile: Profile,
    /// A hash over everything that has happened: two runs of one seed have the same.
    pub trace_hash: u64,
    /// What has happened, in numbers.
    pub counters: Counters,
}

/// A run in which one did not.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// The weather.
    pub profile: Profile,
    /// When, in virtual time.
    pub at_us: u64,
    /// Which invariant.
    pub invariant: &'static str,
    /// What was found instead.
    pub found: String,
    /// What had happened before, oldest first.
    pub last_lines: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.last_lines {
            writeln!(f, "{line}")?;
        }
        let ms = self.at_us / 1_000;
        writeln!(f, "seed {} ({:?}), after {ms} ms: {}", self.seed, self.profile, self.invariant)?;
        writeln!(f, "    {}", self.found)?;
        let again = "TINYREALM_SIM_COUNT=1 cargo test -p tinyrealm-sim --test seeds";
        writeln!(f, "    to run it again: TINYREALM_SIM_SEED={} {again}", self.seed)
    }
}

impl std::error::Error for Failure {}

macro_rules! counters {
    ($( $(#[$meta:meta])* $name:ident, )*) => {
        /// What has happened in a run, or in many.
        #[derive(Clone, PartialEq, Eq, Debug, Default)]
        pub struct Counters {
            $( $(#[$meta])* pub $name: u64, )*
            /// Faults, in the order of [`FaultKind::ALL`].
            pub faults: [u64; FaultKind::ALL.len()],
            /// Joins that a world has denied, in the order of [`JoinDenial::ALL`].
            pub denied: [u64; JoinDenial::ALL.len()],
        }

        impl Counters {
            /// Adds what another run has counted.
            pub fn add(&mut self, other: &Self) {
                $( self.$name += other.$name; )*
                add_all(&mut self.faults, &other.faults);
                add_all(&mut self.denied, &other.denied);
            }
        }

        impl Counters {
            /// Every counter with its name, for a table.
            pub fn rows(&self) -> Vec<(String, u64)> {
                let mut rows = vec![$( (stringify!($name).to_owned(), self.$name) ),*];
                let faults = FaultKind::ALL.iter().zip(&self.faults);
                rows.extend(faults.map(|(kind, count)| (format!("fault {kind:?}"), *count)));
                let denied = JoinDenial::ALL.iter().zip(&self.denied);
                rows.extend(denied.map(|(why, count)| (format!("denied {}", why.name()), *count)));
                rows
            }
        }
    };
}

fn add_all(sums: &mut [u64], others: &[u64]) {
    for (sum, other) in sums.iter_mut().zip(others) {
        *sum += other;
    }
}

counters! {
    /// Runs.
    runs,
    /// Turns of nodes.
    turns,
    /// Virtual time, in milliseconds.
    virtual_ms,
    /// Players who logged in, for the first time or again.
    logins,
    /// Connections that players have opened as WebSockets.
    web_sockets,
    /// Players who left in good order.
    leaves,
    /// Attempts to join past Main.
    intrusions,
    /// Those that a world let in, with a stolen key.
    intrusions_admitted,
    /// Attempts to log in with a wrong password, or a forged token.
    forgeries,
    /// Attempts to be another server, with keys that are not its, or not any more.
    impostors,
    /// Those to listen in the place of one.
    usurpers,
    /// What servers have said to those.
    confided,
    /// Links between servers of which somebody on the way has changed something.
    spoiled,
    /// And of players.
    spoiled_players,
    /// Players who came into a world on a sealed link.
    sealed_joins,
    /// Welcomes of devices, which have sealed their links to Main.
    devices,
    /// Keys of devices that were taken away.
    device_keys_removed,
    /// Servers that were given other secrets.
    secrets_given,
    /// Logins that were asked of Login.
    attempts,
    /// Those that got a token.
    granted,
    /// Tokens that Login has verified.
    verified,
    /// Tokens that it has not.
    not_verified,
    /// Hellos that Main has welcomed.
    hellos,
    /// Hellos that Main has not.
    hellos_refused,
    /// Users whom Main has let go because they were revoked.
    revoked,
    /// Questions of Mains to the directory.
    directory_questions,
    /// Users whom one Main has taken over from another one.
    users_taken_over,
    /// Those who were told at the one that had them.
    claims_lost,
    /// What overtaken Mains have asked worlds for, that those must refuse.
    fenced,
    /// Clients whom Main has sent to a world.
    enters,
    /// Clients for whom Main had no world.
    enters_refused,
    /// Registrations of worlds.
    worlds_registered,
    /// Worlds that left the registry.
    worlds_lost,
    /// Users who joined a room.
    joins,
    /// Moves that games have taken.
    moves,
    /// Moves that a newer one replaced before they were sent.
    moves_conflated,
    /// Events that games have taken.
    events,
    /// Frames, times the members who get them.
    deliveries,
    /// Snapshots, for joining and for falling behind.
    snapshots,
    /// Events, times members, that were announced as missed.
    events_missed,
    /// Wishes for other rooms than just any one.
    wishes,
    /// Lists of rooms that were asked for.
    lists,
    /// Users who have come to watch.
    spectators,
    /// Inputs that games have taken.
    inputs,
    /// Inputs that came too late to be taken.
    inputs_late,
    /// Questions that players have asked the games of their rooms.
    riddles,
    /// Timers of rooms that have fired.
    timers_fired,
    /// Rooms that worlds had again when they started again.
    rooms_restored,
    /// Those of them that had a name.
    names_restored,
    /// Rooms that were opened by name.
    rooms_named,
    /// Members whose connections were lost, and whose seats were held.
    seats_lost,
    /// Members who have come back to their seats.
    seats_returned,
    /// Seats that worlds had again when they started again.
    seats_restored,
    /// What games have asked their stores for.
    saves,
    /// What they were refused, because a room had enough under way.
    saves_refused,
    /// What stores have not done.
    saves_failed,
    /// Users who have come into channels.
    channel_joins,
    /// Messages that the chat server has taken.
    messages,
    /// Messages, times the members who get them.
    message_deliveries,
    /// Messages, times members, that fell behind.
    messages_missed,
    /// Requests about channels that were refused.
    chat_refused,
    /// Links to the chat server that were opened.
    chat_links,
    /// Dials of all hosts.
    dials,
    /// Dials that did not lead to a connection.
    dials_failed,
    /// Writes of which a transport took a part.
    writes_cut,
    /// Reads of which a node took a part, or nothing.
    reads_put_off,
    /// Calls about sessions that a node had already let go of.
    late_calls,
    /// Sessions that were closed for their silence.
    silent,
    /// Sessions that were closed because they did not read what they were owed.
    overflows,
    /// Peers that were refused because every session was taken.
    refused_full,
    /// Sessions that have ended.
    closed,
}

impl Counters {
    pub(crate) fn add_net(&mut self, stats: &NetStats) {
        self.silent += u64::from(stats.silent);
        self.overflows += u64::from(stats.overflows);
        self.refused_full += u64::from(stats.refused_full);
        self.closed += u64::from(stats.closed);
    }

    pub(crate) fn add_saves(&mut self, stats: &SaveStats) {
        self.saves += u64::from(stats.accepted);
        self.saves_refused += u64::from(stats.refused);
        self.saves_failed += u64::from(stats.failed);
    }

    pub(crate) fn add_main(&mut self, stats: &MainStats) {
        self.hellos += u64::from(stats.hellos);
        self.hellos_refused += u64::from(stats.hellos_refused);
        self.revoked += u64::from(stats.revoked);
        self.enters += u64::from(stats.enters);
        self.enters_refused += u64::from(stats.enters_refused);
        self.worlds_registered += u64::from(stats.worlds_registered);
        self.worlds_lost += u64::from(stats.worlds_lost);
        self.claims_lost += u64::from(stats.claims_lost);
    }

    pub(crate) fn add_main_chat(&mut self, stats: &MainChatStats) {
        self.message_deliveries += stats.deliveries;
        self.messages_missed += stats.missed;
        self.chat_refused += stats.refused;
        self.chat_links += u64::from(stats.opened);
    }

    pub(crate) fn add_chat(&mut self, stats: &ChatStats) {
        self.channel_joins += u64::from(stats.joined);
        self.messages += stats.said;
    }

    pub(crate) fn add_login(&mut self, stats: &LoginStats) {
        self.attempts += u64::from(stats.attempts);
        self.granted += u64::from(stats.granted);
        self.verified += u64::from(stats.verified);
        self.not_verified += u64::from(stats.verifies - stats.verified);
    }

    pub(crate) fn add_world(&mut self, stats: &WorldStats) {
        self.joins += u64::from(stats.joined);
        self.moves += stats.moves;
        self.moves_conflated += stats.moves_conflated;
        self.inputs += stats.inputs;
        self.inputs_late += stats.inputs_late;
        self.events += stats.events;
        self.deliveries += stats.deliveries;
        self.snapshots += u64::from(stats.snapshots);
        self.events_missed += stats.events_missed;
        self.seats_lost += u64::from(stats.lost);
        self.seats_returned += u64::from(stats.returned);
        for (sum, count) in self.denied.iter_mut().zip(stats.denied) {
            *sum += u64::from(count);
        }
    }
}
