//! The list of abuses. Each goes on until the field is over.

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use tinyrealm_core::protocol::client_to_login::LoginReq;
use tinyrealm_core::protocol::client_to_main::{
    ChatHistory, ChatJoin, ChatLeave, ChatSay, EnterWorldReq, Hello,
};
use tinyrealm_core::protocol::client_to_world::Event;
use tinyrealm_core::protocol::either_way::Ping;
use tinyrealm_core::protocol::{Bytes, Password, Seq, Text, Versions, Wish};
use tinyrealm_core::wire::ws::FrameKind;

use crate::stranger::{Crowd, Deeds, Field, Stranger, connect};
use crate::support::peer::{frame, raw_frame};
use crate::support::web::{masked, request};
use crate::support::{Pass, Peer};

/// One abuse.
pub(crate) struct Abuse {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Field) -> Deeds,
    pub(crate) trace: Trace,
}

/// In which realm something is abused.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// Main and a world, as processes of their own.
    Apart,
    /// Login and the page of `up`.
    Together,
}

/// A counter of a server that is at least so much if the abuse has reached it. Bots leave less.
#[derive(Copy, Clone, Debug)]
pub(crate) enum Trace {
    Main(&'static str, u64),
    World(&'static str, u64),
    Chat(&'static str, u64),
    Login(&'static str, u64),
    /// Attempts that somebody has heard, of a server that counts none.
    Answers(u64),
}

impl Trace {
    pub(crate) const fn at_least(self) -> u64 {
        match self {
            Self::Main(_, least)
            | Self::World(_, least)
            | Self::Chat(_, least)
            | Self::Login(_, least)
            | Self::Answers(least) => least,
        }
    }

    pub(crate) const fn place(self) -> Place {
        match self {
            Self::Main(..) | Self::World(..) | Self::Chat(..) => Place::Apart,
            Self::Login(..) | Self::Answers(_) => Place::Together,
        }
    }
}

pub(crate) const ABUSES: &[Abuse] = &[
    Abuse {
        name: "half-open-main",
        run: half_open_main,
        trace: Trace::Main("net.crowded_out", 100),
    },
    Abuse {
        name: "half-open-world",
        run: half_open_world,
        trace: Trace::World("net.crowded_out", 100),
    },
    Abuse { name: "tickets", run: tickets, trace: Trace::Main("enters", 200) },
    Abuse {
        name: "web-pieces",
        run: web_pieces,
        trace: Trace::Main("net.frames_received", 10_000),
    },
    Abuse { name: "web-floods", run: web_floods, trace: Trace::World("net.floods", 100) },
    Abuse { name: "garbage", run: garbage, trace: Trace::Main("net.violations", 100) },
    Abuse { name: "floods", run: floods, trace: Trace::Main("net.floods", 100) },
    Abuse {
        name: "chat-history",
        run: chat_history,
        trace: Trace::Chat("net.bytes_sent", 1_000_000),
    },
    Abuse { name: "chat-joins", run: chat_joins, trace: Trace::Chat("joined", 500) },
    Abuse { name: "chat-channels", run: chat_channels, trace: Trace::Chat("channels", 200) },
    Abuse { name: "slow-readers", run: slow_readers, trace: Trace::World("events_missed", 100) },
    Abuse {
        name: "half-open-login",
        run: half_open_login,
        trace: Trace::Login("net.crowded_out", 100),
    },
    Abuse { name: "half-logins", run: half_logins, trace: Trace::Login("net.crowded_out", 100) },
    Abuse { name: "http-half-open", run: http_half_open, trace: Trace::Answers(100) },
    Abuse { name: "http-slow-heads", run: http_slow_heads, trace: Trace::Answers(100) },
    Abuse { name: "http-slow-reads", run: http_slow_reads, trace: Trace::Answers(100) },
    Abuse { name: "http-watchers", run: http_watchers, trace: Trace::Answers(100) },
];

/// More than Main has places, as `main.rs` configures it.
const HALF_OPEN: usize = 1_200;
/// More than the world has.
const HALF_OPEN_AT_WORLD: usize = 900;
const GUESTS: usize = 120;
/// More than `http.connections`.
const VISITORS: usize = 1_200;
/// Guests ask five times a second, which is what `chat.requests_per_second` allows.
const CHAT_INTERVAL: Duration = Duration::from_millis(200);
/// Just within `net.packets_per_second`.
const PIECES_A_TURN: usize = 24;
const PIECES_INTERVAL: Duration = Duration::from_millis(100);
const CHANNELS_PER_USER: u64 = 8;
/// More than a second's worth of any limit.
const FLOOD: usize = 5_000;
const SLOW_READERS: usize = 24;
const RECEIVE_BUFFER_BYTES: usize = 32 * 1_024;
const SAID: u16 = 40;

fn nothing(_: usize) -> Vec<u8> {
    Vec::new()
}

fn hello() -> Vec<u8> {
    frame(&Hello { versions: Versions::OURS, token: None, nickname: Text::EMPTY })
}

fn join(channel: &str) -> Vec<u8> {
    frame(&ChatJoin { channel: Text::truncated(channel) })
}

/// Connections that say nothing.
fn half_open(field: &Field, to: SocketAddr, count: usize) -> Deeds {
    let turn = |_: usize, _: u64| (Vec::new(), 0);
    let interval = Duration::from_millis(100);
    Crowd { to, count, opening: &nothing, turn: &turn, interval }.run(field)
}

fn half_open_main(field: &Field) -> Deeds {
    let [main, _] = field.servers();
    half_open(field, main, HALF_OPEN)
}

fn half_open_world(field: &Field) -> Deeds {
    let [_, world] = field.servers();
    half_open(field, world, HALF_OPEN_AT_WORLD)
}

fn half_open_login(field: &Field) -> Deeds {
    let [login, _] = field.servers();
    half_open(field, login, HALF_OPEN)
}

/// All but the last byte of a request.
fn half_logins(field: &Field) -> Deeds {
    let [to, _] = field.servers();
    let pw = Password(Text::truncated("a long password"));
    let id = Text::truncated("nobody");
    let mut request = frame(&LoginReq { versions: Versions::OURS, id, pw, device: None });
    request.pop();
    let turn = |_: usize, _: u64| (Vec::new(), 0);
    let interval = Duration::from_millis(100);
    Crowd { to, count: HALF_OPEN, opening: &|_| request.clone(), turn: &turn, interval }.run(field)
}

/// Visitors of the page, who say this in the beginning and that in every turn.
fn visitors(field: &Field, opening: &str, more: &str) -> Deeds {
    let [_, to] = field.servers();
    let turn = |_: usize, _: u64| (more.as_bytes().to_vec(), 1);
    let interval = Duration::from_millis(200);
    let opening = |_: usize| opening.as_bytes().to_vec();
    Crowd { to, count: VISITORS, opening: &opening, turn: &turn, interval }.run(field)
}

fn http_half_open(field: &Field) -> Deeds {
    visitors(field, "", "")
}

/// A line now and then, and never the last one.
fn http_slow_heads(field: &Field) -> Deeds {
    visitors(field, "GET / HTTP/1.1\r\nHost: localhost\r\n", "X-More: 1\r\n")
}

/// Whoever watches the figures, and asks for them once more.
fn http_watchers(field: &Field) -> Deeds {
    let request = "GET /stats HTTP/1.1\r\nHost: localhost\r\n\r\n";
    visitors(field, request, request)
}

/// The longest that the page has, asked for again and again, and not taken.
fn http_slow_reads(field: &Field) -> Deeds {
    const ASKED: &[u8] = b"GET /tinyrealm.wasm HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let [_, page] = field.servers();
    let mut deeds = Deeds::default();
    let mut members: Vec<Option<Stranger>> = (0..VISITORS).map(|_| None).collect();
    while !field.is_over() {
        for (number, member) in members.iter_mut().enumerate() {
            if !member.as_mut().is_some_and(|stranger| stranger.say(ASKED)) {
                *member = Stranger::connect_narrowly(page, number);
                deeds.connections += u64::from(member.is_some());
            } else {
                deeds.attempts += 1;
            }
        }
        thread::sleep(Duration::from_millis(200));
    }
    deeds
}

/// One connection after another, each with these bytes, then gone; by turns at these addresses.
fn hit_and_run(field: &Field, to: &[SocketAddr], bytes: impl Fn(usize) -> Vec<u8>) -> Deeds {
    let mut deeds = Deeds::default();
    for (number, to) in to.iter().cycle().enumerate() {
        if field.is_over() {
            break;
        }
        let Some(mut stranger) = Stranger::connect(*to, number) else { continue };
        deeds.connections += 1;
        deeds.attempts += u64::from(stranger.say(&bytes(number)));
    }
    deeds
}

/// Hello, `EnterWorldReq`, hang up.
fn tickets(field: &Field) -> Deeds {
    let asking = [hello(), frame(&EnterWorldReq { region: Text::EMPTY, wish: Wish::ANY })].concat();
    hit_and_run(field, &field.servers()[..1], |_| asking.clone())
}

/// Empty pieces of a message, and pings, as fast as allowed.
fn web_pieces(field: &Field) -> Deeds {
    let unfinished = |mut frame: Vec<u8>| {
        frame[0] ^= 0x80;
        frame
    };
    let first = unfinished(masked(FrameKind::Binary, b""));
    let piece = unfinished(masked(FrameKind::Continuation, b""));
    let ping = masked(FrameKind::Ping, b"");
    let opening = |_: usize| [request("").into_bytes(), first.clone()].concat();
    let turn = |number: usize, _: u64| {
        let what = if number.is_multiple_of(2) { &piece } else { &ping };
        (what.repeat(PIECES_A_TURN), PIECES_A_TURN as u64)
    };
    let interval = PIECES_INTERVAL;
    Crowd { to: field.servers()[0], count: 48, opening: &opening, turn: &turn, interval }.run(field)
}

/// The same by thousands.
fn web_floods(field: &Field) -> Deeds {
    let flood = masked(FrameKind::Ping, b"").repeat(FLOOD);
    let bytes = [request("").into_bytes(), flood].concat();
    hit_and_run(field, &field.servers(), |_| bytes.clone())
}

/// What is no frame, too long a one, or one that nobody can decode.
fn garbage(field: &Field) -> Deeds {
    let noise: Vec<u8> =
        (0..4_096_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let too_long = [&[0xFF, 0xFF][..], &noise].concat();
    let undecodable = raw_frame(i32::from_le_bytes([0, 0x10, 0, 0]), &[0xFF; 400]);
    let kinds = [noise, too_long, undecodable, vec![0; 64]];
    hit_and_run(field, &field.servers(), |number| kinds[number / 2 % kinds.len()].clone())
}

/// Pings over the packet limit, from strangers and from guests.
fn floods(field: &Field) -> Deeds {
    let pings = frame(&Ping { nonce: 1 }).repeat(FLOOD);
    let from_guest = [hello(), pings.clone()].concat();
    let bytes =
        |number: usize| if number.is_multiple_of(2) { from_guest.clone() } else { pings.clone() };
    hit_and_run(field, &field.servers(), bytes)
}

/// Guests in channels, at their limit of requests.
fn guests(
    field: &Field,
    opening: &dyn Fn(usize) -> Vec<u8>,
    turn: &dyn Fn(usize, u64) -> (Vec<u8>, u64),
) -> Deeds {
    Crowd { to: field.servers()[0], count: GUESTS, opening, turn, interval: CHAT_INTERVAL }
        .run(field)
}

/// Everything that a full channel keeps, again and again.
fn chat_history(field: &Field) -> Deeds {
    let channel = Text::truncated("gossip");
    let text = "x".repeat(250);
    let msg = Text::truncated(&text);
    let opening = |_: usize| [hello(), join("gossip")].concat();
    // The first words fill the channel, once everyone is in it.
    let turn = |_: usize, turn: u64| match turn {
        ..5 => (frame(&ChatSay { request: 7, channel, msg }), 1),
        _ => (frame(&ChatHistory { channel, since: Seq(0) }), 1),
    };
    guests(field, &opening, &turn)
}

fn chat_joins(field: &Field) -> Deeds {
    let turn = |_: usize, turn: u64| match turn % 2 {
        0 => (join("door"), 1),
        _ => (frame(&ChatLeave { channel: Text::truncated("door") }), 1),
    };
    guests(field, &|_| [hello(), join("door")].concat(), &turn)
}

/// As many channels as each of them may have, and again others.
fn chat_channels(field: &Field) -> Deeds {
    let name = |number: usize, place: u64| format!("{number}-{place}");
    let opening = |number: usize| {
        let joins = (0..CHANNELS_PER_USER).flat_map(|place| join(&name(number, place)));
        hello().into_iter().chain(joins).collect()
    };
    let turn = |number: usize, turn: u64| (join(&name(number, CHANNELS_PER_USER + turn)), 1);
    guests(field, &opening, &turn)
}

/// Somebody in the bots' room who never reads.
fn slow_reader(field: &Field, number: usize) -> Option<(Peer, Peer)> {
    let mut main = Peer::over(connect(field.servers()[0], number, None).ok()?);
    let uid = main.hello(None).uid;
    let pass: Pass = main.try_enter("").ok()?;
    let stream = connect(pass.world, number, Some(RECEIVE_BUFFER_BYTES)).ok()?;
    let (world, ..) = pass.join_over(Peer::over(stream), uid);
    Some((main, world))
}

/// Members who say long things and read nothing.
fn slow_readers(field: &Field) -> Deeds {
    let mut members: Vec<_> =
        (0..SLOW_READERS).filter_map(|number| slow_reader(field, number)).collect();
    let mut deeds = Deeds { connections: 2 * members.len() as u64, attempts: 0 };
    while !field.is_over() {
        for (_, world) in &mut members {
            world.tell(&Event { request: 7, kind: SAID, data: Bytes::new(&[0xEE; 200]).unwrap() });
            deeds.attempts += 1;
        }
        thread::sleep(Duration::from_millis(100));
    }
    deeds
}
