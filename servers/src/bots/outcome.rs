//! `Outcome`: the verdict, as JSON and in words.

use std::fmt;
use std::time::Instant;

use serde::Serialize;

use super::outages::{OutageSum, Server};
use super::plan::{Play, Restarts};
use super::swarm::Swarm;

/// What bots have found out about a realm. Counts but `sent` are deliveries: a message, times those
/// who are to hear it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Outcome {
    bots: u16,
    web_sockets: u16,
    joined: usize,
    hz: f64,
    events: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    played: Option<GameReport>,
    sent: u64,
    expected: u64,
    received: u64,
    conflated: u64,
    lost: u64,
    missed_announced: u64,
    duplicated: u64,
    disordered: u64,
    wrong_room: u64,
    self_seen: u64,
    unknown: u64,
    snapshots: u64,
    disconnects: u64,
    present: usize,
    refused: u64,
    p50_ms: f64,
    p99_ms: f64,
    max_ms: f64,
    chat_hz: f64,
    chat_joined: usize,
    chat_present: usize,
    chat_sent: u64,
    chat_expected: u64,
    chat_received: u64,
    chat_lost: u64,
    chat_missed_announced: u64,
    chat_gaps_unknown: u64,
    chat_duplicated: u64,
    chat_disordered: u64,
    chat_wrong_channel: u64,
    chat_refused: u64,
    chat_interrupted: u64,
    chat_unanswered: u64,
    chat_p50_ms: f64,
    chat_p99_ms: f64,
    outages: OutageReport,
    #[serde(skip)]
    restarts: Restarts,
}

/// How a game went by its bots.
#[derive(Copy, Clone, Debug, Serialize)]
struct GameReport {
    broken_rules: u64,
    first_broken: Option<&'static str>,
}

/// What bots had to do without.
#[derive(Copy, Clone, Debug, Serialize)]
struct OutageReport {
    login: OutageSum,
    main: OutageSum,
    world: OutageSum,
    chat: OutageSum,
}

impl Outcome {
    pub(super) fn of(swarm: &Swarm) -> Self {
        let totals = swarm.ledger.totals;
        let latency = &swarm.ledger.latency;
        let quantile_ms = |quantile| latency.value_at_quantile(quantile) as f64 / 1_000.0;
        let chat = swarm.ledger.chat.totals;
        let outages = &swarm.ledger.outages;
        let chat_latency = &swarm.ledger.chat.latency;
        let chat_quantile_ms = |quantile| chat_latency.value_at_quantile(quantile) as f64 / 1_000.0;
        Self {
            bots: swarm.plan().count,
            web_sockets: swarm.plan().web_sockets,
            joined: swarm.joined,
            hz: swarm.plan().hz,
            events: matches!(swarm.plan().play, Play::Events),
            played: swarm.ledger.played.map(|played| GameReport {
                broken_rules: played.broken,
                first_broken: played.first_broken,
            }),
            sent: totals.sent,
            expected: totals.expected,
            received: totals.received,
            conflated: totals.conflated,
            lost: totals.lost,
            missed_announced: totals.missed_announced,
            duplicated: totals.duplicated,
            disordered: totals.disordered,
            wrong_room: totals.wrong_room,
            self_seen: totals.self_seen,
            unknown: totals.unknown,
            snapshots: totals.snapshots,
            disconnects: totals.disconnects,
            present: swarm.ledger.present,
            refused: totals.refused,
            p50_ms: quantile_ms(0.5),
            p99_ms: quantile_ms(0.99),
            max_ms: latency.max() as f64 / 1_000.0,
            chat_hz: swarm.plan().chat_hz,
            chat_joined: swarm.ledger.chat.joined(),
            chat_present: swarm.ledger.chat.present,
            chat_expected: chat.received + chat.lost + chat.missed_announced,
            chat_sent: chat.sent,
            chat_received: chat.received,
            chat_lost: chat.lost,
            chat_missed_announced: chat.missed_announced,
            chat_gaps_unknown: chat.gaps_unknown,
            chat_duplicated: chat.duplicated,
            chat_disordered: chat.disordered,
            chat_wrong_channel: chat.wrong_channel,
            chat_refused: chat.refused,
            chat_interrupted: chat.interrupted,
            chat_unanswered: chat.unanswered,
            chat_p50_ms: chat_quantile_ms(0.5),
            chat_p99_ms: chat_quantile_ms(0.99),
            outages: OutageReport {
                login: outages.of(Server::Login),
                main: outages.of(Server::Main),
                world: outages.of(Server::World),
                chat: outages.of(Server::Chat),
            },
            restarts: swarm.plan().restarts,
        }
    }

    /// How they do now, with what they had to do without since they were asked last.
    pub(super) fn so_far(swarm: &mut Swarm) -> Self {
        let now = Instant::now();
        let (present, chat_present) = (swarm.ledger.settled(), swarm.ledger.chat.settled());
        let outages = &mut swarm.ledger.outages;
        let [login, main, world, chat] = [Server::Login, Server::Main, Server::World, Server::Chat]
            .map(|server| outages.take_recent(server, now));
        let outages = OutageReport { login, main, world, chat };
        Self { present, chat_present, outages, ..Self::of(swarm) }
    }

    /// Whether everyone joined and stayed, and everything arrived where, when and as often as it
    /// should. Bots leave no room by themselves, so a disconnect is the realm's doing. In a trial
    /// whoever has lost something has to have it back.
    pub(super) fn is_clean(&self) -> bool {
        let faults = [
            self.lost,
            self.duplicated,
            self.disordered,
            self.wrong_room,
            self.self_seen,
            self.unknown,
            self.played.map_or(0, |played| played.broken_rules),
            self.chat_lost,
            self.chat_duplicated,
            self.chat_disordered,
            self.chat_wrong_channel,
            self.chat_unanswered,
        ];
        let bots = usize::from(self.bots);
        let are_in = |count, talkers| count == bots && (self.chat_hz == 0.0 || talkers == bots);
        let has_joined = are_in(self.joined, self.chat_joined);
        let has_stayed = match self.restarts {
            Restarts::Fault => self.disconnects == 0,
            Restarts::Trial => are_in(self.present, self.chat_present) && self.outages.open() == 0,
        };
        has_joined && has_stayed && faults.iter().all(|fault| *fault == 0)
    }
}

impl OutageReport {
    const fn all(&self) -> [(&'static str, OutageSum); 4] {
        [("Login", self.login), ("Main", self.main), ("world", self.world), ("chat", self.chat)]
    }

    fn open(&self) -> u64 {
        self.all().iter().map(|(_, sum)| sum.open).sum()
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (server, sum) in self.all().iter().filter(|(_, sum)| sum.times > 0) {
            writeln!(
                f,
                "without {server}: {} times, {} ms at most, {} refused; {} at the end",
                sum.times, sum.longest_ms, sum.refused, sum.open
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} of {} bots joined; {} over WebSocket, {} over TCP; {} {} sent",
            self.joined,
            self.bots,
            self.web_sockets,
            self.bots.saturating_sub(self.web_sockets),
            self.sent,
            self.kind()
        )?;
        match &self.played {
            Some(played) => writeln!(f, "{} heard; {played}", self.received)?,
            None => self.write_deliveries(f)?,
        }
        writeln!(
            f,
            "disconnects {}, snapshots after falling behind {}, refusals {}",
            self.disconnects, self.snapshots, self.refused
        )?;
        if self.chat_hz > 0.0 {
            self.write_chat(f)?;
        }
        self.outages.write(f)?;
        write!(f, "{}", if self.is_clean() { "all is well" } else { "SOMETHING IS WRONG" })
    }
}

impl fmt::Display for GameReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rules broken {}", self.broken_rules)?;
        self.first_broken.map_or(Ok(()), |rule| write!(f, ", first: {rule}"))
    }
}

impl Outcome {
    const fn kind(&self) -> &'static str {
        match (self.played.is_some(), self.events) {
            (true, _) => "moves, events and messages",
            (false, true) => "events",
            (false, false) => "moves",
        }
    }

    fn write_deliveries(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "deliveries: {} expected = {} received + {} conflated + {} announced as missed + {} lost",
            self.expected, self.received, self.conflated, self.missed_announced, self.lost
        )?;
        writeln!(
            f,
            "duplicated {}, out of order {}, in the wrong room {}, own moves seen {}, unknown {}",
            self.duplicated, self.disordered, self.wrong_room, self.self_seen, self.unknown
        )?;
        writeln!(
            f,
            "latency: p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms",
            self.p50_ms, self.p99_ms, self.max_ms
        )
    }

    fn write_chat(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "channels: {} of {} bots joined; {} messages, {} refused, {} interrupted, {} unanswered",
            self.chat_joined,
            self.bots,
            self.chat_sent,
            self.chat_refused,
            self.chat_interrupted,
            self.chat_unanswered
        )?;
        writeln!(
            f,
            "channel deliveries: {} expected = {} received + {} announced as missed + {} lost; \
             {} gaps of unknown length",
            self.chat_expected,
            self.chat_received,
            self.chat_missed_announced,
            self.chat_lost,
            self.chat_gaps_unknown
        )?;
        writeln!(
            f,
            "channel faults: duplicated {}, out of order {}, in the wrong channel {}; \
             latency p50 {:.1} ms, p99 {:.1} ms",
            self.chat_duplicated,
            self.chat_disordered,
            self.chat_wrong_channel,
            self.chat_p50_ms,
            self.chat_p99_ms
        )
    }
}
