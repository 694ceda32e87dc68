//! `/metrics`: the servers' reports as OpenMetrics text, which Prometheus reads.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, text as encoding};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use super::figures::Figures;
use crate::bots::report::BotsReport;
use crate::chat_server::report::ChatReport;
use crate::login_server::report::LoginReport;
use crate::main_server::report::MainReport;
use crate::report::NetReport;
use crate::world_server::node::WorldReport;

pub(super) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The text, of the newest reports.
///
/// # Errors
/// If it can't be written, which a string always can.
pub(super) fn text(figures: &Figures) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix("tinyrealm");
    registry.register_collector(Box::new(figures.clone()));
    let mut text = String::new();
    encoding::encode(&mut text, &registry)?;
    Ok(text)
}

/// One figure of several servers: a name, what it is, and each server's.
struct Family<'f, T> {
    name: &'f str,
    help: &'f str,
    values: Vec<(&'f str, T)>,
}

impl<T: Copy> Family<'_, T> {
    fn encode<M: EncodeMetric>(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        metric: impl Fn(T) -> M,
    ) -> fmt::Result {
        let Some((_, first)) = self.values.first() else { return Ok(()) };
        let kind = metric(*first).metric_type();
        let mut described = encoder.encode_descriptor(self.name, self.help, None, kind)?;
        for (server, value) in &self.values {
            let labels = [("server", *server)];
            metric(*value).encode(described.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

/// One row of a table of figures: its name, what it is, and where a report has it.
type Row<R, T> = (&'static str, &'static str, fn(&R) -> T);

fn write<R, T: Copy, M: EncodeMetric>(
    encoder: &mut DescriptorEncoder<'_>,
    reports: &[(String, R)],
    rows: &[Row<R, T>],
    metric: impl Fn(T) -> M + Copy,
) -> fmt::Result {
    rows.iter().try_for_each(|(name, help, of)| {
        let values = reports.iter().map(|(server, report)| (server.as_str(), of(report)));
        Family { name, help, values: values.collect() }.encode(encoder, metric)
    })
}

const NET_GAUGES: &[Row<NetReport, i64>] = &[
    ("sessions", "Connections", |net| net.sessions as i64),
    ("buffers_in_use", "Buffers that hold cut frames or packets", |net| net.buffers_in_use.into()),
];

const NET_COUNTERS: &[Row<NetReport, u64>] = &[
    ("connections_accepted", "Connections that were taken", |net| net.accepted.into()),
    ("connections_refused", "Connections that were not", |net| {
        [net.refused_full, net.refused_address, net.refused_often].map(u64::from).iter().sum()
    }),
    ("connections_closed", "Connections that have ended", |net| net.closed.into()),
    ("frames_received", "Frames heard", |net| net.frames_received),
    ("received_bytes", "Bytes heard", |net| net.bytes_received),
    ("sent_bytes", "Bytes said", |net| net.bytes_sent),
    ("violations", "Peers closed for what they sent", |net| net.violations.into()),
    ("floods", "Peers closed for how much they sent", |net| net.floods.into()),
    ("silent", "Peers closed for their silence", |net| net.silent.into()),
    ("overflows", "Peers closed for reading too slowly", |net| net.overflows.into()),
    ("unknown_opcodes", "Frames of no known kind", |net| net.unknown_opcodes.into()),
];

impl Collector for Figures {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let encoder = &mut encoder;
        let nets = self.nets();
        write(encoder, &nets, NET_GAUGES, ConstGauge::new)?;
        write(encoder, &nets, NET_COUNTERS, ConstCounter::new)?;
        self.encode_worlds(encoder)?;
        self.encode_main(encoder)?;
        self.encode_chat(encoder)?;
        self.encode_login(encoder)?;
        self.encode_bots(encoder)
    }
}

fn named<R>(name: &str, report: R) -> [(String, R); 1] {
    [(name.to_owned(), report)]
}

impl Figures {
    fn nets(&self) -> Vec<(String, NetReport)> {
        let worlds = self.worlds.iter();
        let mut nets: Vec<_> =
            worlds.map(|world| (format!("world {}", world.id), world.report.read().net)).collect();
        nets.extend(self.main.iter().map(|main| ("main".to_owned(), main.read().net)));
        nets.extend(self.chat.iter().map(|chat| ("chat".to_owned(), chat.read().net)));
        nets.extend(self.login.iter().map(|login| ("login".to_owned(), login.read().net)));
        nets
    }

    fn encode_worlds(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let worlds = self.worlds.iter();
        let reports: Vec<_> =
            worlds.map(|world| (format!("world {}", world.id), world.report.read())).collect();
        let gauges: &[Row<WorldReport, i64>] = &[
            ("world_registered", "1 if Main knows the world", |world| world.registered.into()),
            ("world_users", "Members of rooms", |world| world.users as i64),
            ("world_away", "Members whose seats are held", |world| world.away as i64),
            ("world_rooms", "Rooms with somebody in them", |world| world.rooms as i64),
        ];
        let counters: &[Row<WorldReport, u64>] = &[
            ("world_joined", "Users who came in", |world| world.joined.into()),
            ("world_left", "Users who left", |world| world.left.into()),
            ("world_lost", "Members who lost their connections, with their seats held", |world| {
                world.lost.into()
            }),
            ("world_returned", "Members who came back to their seats", |world| {
                world.returned.into()
            }),
            ("world_moves", "Moves heard", |world| world.moves),
            ("world_moves_conflated", "Moves replaced by newer ones", |world| {
                world.moves_conflated
            }),
            ("world_events", "Events heard", |world| world.events),
            ("world_deliveries", "Moves and events handed to members", |world| world.deliveries),
            ("world_flushes", "Times that rooms were served", |world| world.flushes),
            ("world_snapshots", "Pages of rooms for newcomers and the slow", |world| {
                world.snapshots.into()
            }),
        ];
        write(encoder, &reports, gauges, ConstGauge::new)?;
        write(encoder, &reports, counters, ConstCounter::new)
    }

    fn encode_main(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let Some(main) = &self.main else { return Ok(()) };
        let reports = named("main", main.read());
        let gauges: &[Row<MainReport, i64>] = &[
            ("main_users", "Users whom Main knows", |main| main.users as i64),
            ("main_worlds", "Worlds that are registered", |main| main.worlds as i64),
            ("main_mains", "Mains that are alive, if a directory tells of them", |main| {
                main.mains as i64
            }),
            ("main_chat_memberships", "Users in channels", |main| main.chat.memberships as i64),
            ("main_relay_connections", "Connections to worlds through Main", |main| {
                main.relay.connections.into()
            }),
        ];
        let counters: &[Row<MainReport, u64>] = &[
            ("main_hellos", "Users who were welcome", |main| main.hellos.into()),
            ("main_hellos_refused", "Users who were not", |main| main.hellos_refused.into()),
            ("main_enters", "Users who were sent to a world", |main| main.enters.into()),
            ("main_enters_refused", "Users for whom there was none", |main| {
                main.enters_refused.into()
            }),
            ("main_displaced", "Users of a world's word only who gave way", |main| {
                main.displaced.into()
            }),
            ("main_claims_lost", "Users who have said hello at another Main since", |main| {
                main.claims_lost.into()
            }),
            ("main_chat_deliveries", "Chat messages handed to users", |main| main.chat.deliveries),
            ("main_chat_missed", "Chat messages that slow users missed", |main| main.chat.missed),
            ("main_relay_passed", "Connections that were passed on to a world", |main| {
                main.relay.passed.into()
            }),
            ("main_relay_ended", "Connections that the relay has refused or closed", |main| {
                main.relay.ended.values().copied().map(u64::from).sum()
            }),
        ];
        write(encoder, &reports, gauges, ConstGauge::new)?;
        write(encoder, &reports, counters, ConstCounter::new)
    }

    fn encode_chat(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let Some(chat) = &self.chat else { return Ok(()) };
        let reports = named("chat", chat.read());
        let gauges: &[Row<ChatReport, i64>] =
            &[("chat_channels", "Channels with members", |chat| chat.channels as i64)];
        let counters: &[Row<ChatReport, u64>] = &[
            ("chat_messages", "Messages said", |chat| chat.said),
            ("chat_refused", "Messages and questions refused", |chat| chat.refused),
        ];
        write(encoder, &reports, gauges, ConstGauge::new)?;
        write(encoder, &reports, counters, ConstCounter::new)
    }

    fn encode_login(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let Some(login) = &self.login else { return Ok(()) };
        let counters: &[Row<LoginReport, u64>] = &[
            ("login_attempts", "Logins tried", |login| login.attempts.into()),
            ("login_granted", "Logins granted", |login| login.granted.into()),
            ("login_hashes", "Passwords hashed", |login| login.hashes),
            ("login_verified", "Tokens found good", |login| login.verified.into()),
        ];
        write(encoder, &named("login", login.read()), counters, ConstCounter::new)
    }

    fn encode_bots(&self, encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
        let Some(bots) = &self.bots else { return Ok(()) };
        let reports = named("bots", bots.read());
        let latency: &[Row<BotsReport, f64>] =
            &[("bots_latency_p99_seconds", "What bots wait for each other's moves", |bots| {
                bots.p99_ms / 1_000.0
            })];
        let gauges: &[Row<BotsReport, i64>] =
            &[("bots_joined", "Demo bots", |bots| bots.joined as i64)];
        let counters: &[Row<BotsReport, u64>] =
            &[("bots_lost", "What bots should have heard and have not", |bots| bots.lost)];
        write(encoder, &reports, latency, ConstGauge::new)?;
        write(encoder, &reports, gauges, ConstGauge::new)?;
        write(encoder, &reports, counters, ConstCounter::new)
    }
}
