//! The load: many members that move, or talk in channels, at a rate, and count what they are delivered.
//!
//! A process of its own, so that its work is not the server's. It goes in through Main where there
//! is one. Talks with whoever started it by lines: `ready` when all are in; `begin` when the
//! measured time begins and `end DELIVERIES MESSAGES` when it is over.

use std::io::{self, BufRead};
use std::time::{Duration, Instant};
use tinyrealm_core::protocol::Versions;

use anyhow::{Context, bail, ensure};
use tinyrealm_core::protocol::client_to_main::{ChatJoin, ChatSay, EnterWorldReq, Hello};
use tinyrealm_core::protocol::client_to_world::{Join, Move};
use tinyrealm_core::protocol::either_way::Error;
use tinyrealm_core::protocol::main_to_client::{
    ChatBroadcast, ChatJoined, ChatRefused, EnterWorldAck, Welcome,
};
use tinyrealm_core::protocol::world_to_client::{JoinOk, MoveBroadcast, ThingPut};
use tinyrealm_core::protocol::{
    Direction, HandshakeKey, Message, Position, Text, Uid, Wish, decode, encode_frame,
};
use tinyrealm_core::wire::Framing;

use crate::link::Link;
use crate::poller::Poller;

const WARM_UP: Duration = Duration::from_secs(1);
const READ_BUFFER_BYTES: usize = 256 * 1024;
const SERVER_TRIES: u32 = 100;
const SERVER_PATIENCE: Duration = Duration::from_millis(50);

/// One member of a room.
struct Member {
    link: Link,
    partial: Vec<u8>,
    /// The connection to Main, which keeps the user in the realm.
    _main: Option<Link>,
}

/// Members of a channel have its number in common; a name is as long as people give them.
const CHANNEL: &str = "bench channel";
const SAID: &str = "this is about as long as what people say in a chat";

/// `load main|main-ws|main-tls|main-sealed|main-listen|direct|direct-listen|chat|chat-direct ADDRESS COUNT HZ SECONDS CHANNEL_MEMBERS`
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let [way, address, count, hz, seconds, channel_members] = arguments else {
        bail!("six arguments")
    };
    let count: usize = count.parse().context("count")?;
    let hz: f64 = hz.parse().context("hz")?;
    let seconds = Duration::from_secs(seconds.parse().context("seconds")?);
    let channel_members: usize = channel_members.parse().context("members of a channel")?;
    let mut members = Vec::with_capacity(count);
    for number in 0..count {
        members.push(match way.as_str() {
            "main" | "main-listen" => enter(address, Framing::Stream)?,
            "main-ws" => enter(address, Framing::Message)?,
            "main-tls" => enter_by_tls(address)?,
            "main-sealed" => enter_sealed(address)?,
            "chat" => join_channel(address, &channel_of(number, channel_members))?,
            _ => join_direct(address)?,
        });
    }
    let talk = match way.as_str() {
        "chat" | "chat-direct" => Talk::Says { channel_members },
        "main-listen" | "direct-listen" => Talk::Listens,
        _ => Talk::Moves,
    };
    for member in &members {
        member.link.stream.set_nonblocking(true)?;
    }
    println!("ready");
    std::io::stdin().lock().read_line(&mut String::new())?;
    if hz > 0.0 {
        let (deliveries, sent) = Load::new(members, talk)?.run(hz, seconds)?;
        println!("end {deliveries} {sent}");
    } else {
        // Idle members: until whoever started us has seen enough.
        std::io::stdin().lock().read_line(&mut String::new())?;
    }
    Ok(())
}

/// Reads frames until one has this message's opcode, and answers its payload.
fn receive<M: Message>(link: &mut Link) -> anyhow::Result<Vec<u8>> {
    receive_unless::<M>(link, Error::OPCODE.0)?.context("refused")
}

/// The same, or `None` if a refusal comes first.
fn receive_unless<M: Message>(link: &mut Link, refusal: i32) -> anyhow::Result<Option<Vec<u8>>> {
    loop {
        let mut body = link.receive()?;
        ensure!(body.len() >= 4, "a frame without opcode");
        if body.starts_with(&refusal.to_le_bytes()) {
            return Ok(None);
        }
        if body.starts_with(&M::OPCODE.0.to_le_bytes()) {
            return Ok(Some(body.split_off(4)));
        }
    }
}

fn channel_of(number: usize, channel_members: usize) -> String {
    format!("{CHANNEL} {}", number / channel_members.max(1))
}

/// Comes into a channel, as soon as Main has found its chat server.
fn join_channel(address: &str, channel: &str) -> anyhow::Result<Member> {
    let mut link = Link::open(address, Framing::Stream)?;
    link.send(&Hello { versions: Versions::OURS, token: None, nickname: Text::EMPTY })?;
    receive::<Welcome>(&mut link)?;
    for _ in 0..SERVER_TRIES {
        link.send(&ChatJoin { channel: Text::truncated(channel) })?;
        if receive_unless::<ChatJoined<'_>>(&mut link, ChatRefused::OPCODE.0)?.is_some() {
            return Ok(Member { link, partial: Vec::new(), _main: None });
        }
        std::thread::sleep(SERVER_PATIENCE);
    }
    bail!("Main has no chat server")
}

/// Asks until a world has registered.
fn ask_for_world(main: &mut Link) -> anyhow::Result<Vec<u8>> {
    for _ in 0..SERVER_TRIES {
        main.send(&EnterWorldReq { region: Text::EMPTY, wish: Wish::ANY })?;
        if let Some(payload) = receive_unless::<EnterWorldAck<'_>>(main, Error::OPCODE.0)? {
            return Ok(payload);
        }
        std::thread::sleep(SERVER_PATIENCE);
    }
    bail!("Main has no world")
}

/// Goes in through Main; what is measured is the connection to the world.
fn enter(address: &str, framing: Framing) -> anyhow::Result<Member> {
    enter_over(address, |ack| {
        Ok((Link::open(ack.world_addr.as_str(), framing)?, Some(ack.handshake_key)))
    })
}

/// The same, by TLS with the world.
fn enter_by_tls(address: &str) -> anyhow::Result<Member> {
    enter_over(address, |ack| {
        Ok((Link::open_secure(ack.world_addr.as_str())?, Some(ack.handshake_key)))
    })
}

/// The same, with the link to the world sealed with the ticket's key, which is not said then.
fn enter_sealed(address: &str) -> anyhow::Result<Member> {
    enter_over(address, |ack| {
        ensure!(ack.is_sealing, "a world that takes no sealed links");
        let mut link = Link::open(ack.world_addr.as_str(), Framing::Stream)?;
        link.seal_with(ack.key_id, &ack.handshake_key)?;
        Ok((link, None))
    })
}

fn enter_over(
    address: &str,
    open: impl Fn(&EnterWorldAck<'_>) -> anyhow::Result<(Link, Option<HandshakeKey>)>,
) -> anyhow::Result<Member> {
    let mut main = Link::open(address, Framing::Stream)?;
    main.send(&Hello { versions: Versions::OURS, token: None, nickname: Text::EMPTY })?;
    let payload = receive::<Welcome>(&mut main)?;
    let welcome: Welcome = decode(&payload).context("Welcome")?;
    let payload = ask_for_world(&mut main)?;
    let ack: EnterWorldAck<'_> = decode(&payload).context("EnterWorldAck")?;
    let (link, key) = open(&ack)?;
    let link = join(link, welcome.uid, key)?;
    Ok(Member { link, partial: Vec::new(), _main: Some(main) })
}

fn join_direct(address: &str) -> anyhow::Result<Member> {
    let link = Link::open(address, Framing::Stream)?;
    let link = join(link, Uid(1), Some(HandshakeKey([0; 32])))?;
    Ok(Member { link, partial: Vec::new(), _main: None })
}

fn join(mut link: Link, uid: Uid, handshake_key: Option<HandshakeKey>) -> anyhow::Result<Link> {
    link.send(&Join { versions: Versions::OURS, uid, handshake_key, fingerprint: 0 })?;
    receive::<JoinOk>(&mut link)?;
    Ok(link)
}

/// What members do.
#[derive(Copy, Clone)]
enum Talk {
    /// Move in their rooms.
    Moves,
    /// Say something in their channels.
    Says { channel_members: usize },
    /// Nothing: what there is to hear is the room's.
    Listens,
}

impl Talk {
    /// The opcodes of what is delivered.
    fn delivered(self) -> [[u8; 4]; 2] {
        let (moved, shown) = (MoveBroadcast::OPCODE.0, ThingPut::OPCODE.0);
        let opcodes = match self {
            Self::Moves | Self::Listens => [moved, shown],
            Self::Says { .. } => [ChatBroadcast::OPCODE.0; 2],
        };
        opcodes.map(i32::to_le_bytes)
    }

    /// Which of `count` members sends at this turn. Members of a room move one after the other, so that
    /// their moves meet in a flush; people talk whenever they like.
    const fn whose(self, turn: u32, count: usize) -> usize {
        /// Coprime to every count of members, so everyone has a turn.
        const STRIDE: usize = 7_919;
        match self {
            Self::Moves | Self::Listens => turn as usize % count,
            Self::Says { .. } => (turn as usize * STRIDE) % count,
        }
    }

    /// What member `number` sends, as a frame; nothing if it says nothing.
    fn frame(self, turn: u32, number: usize, out: &mut [u8]) -> Option<usize> {
        match self {
            Self::Moves => {
                let pos = Position { x: turn as i32 % 20_000, y: number as i32 * 10, z: 0 };
                encode_frame(&Move { pos, dir: Direction(turn as u16) }, out).ok()
            }
            Self::Says { channel_members } => {
                let channel = channel_of(number, channel_members);
                let (channel, msg) = (Text::truncated(&channel), Text::truncated(SAID));
                encode_frame(&ChatSay { request: 0, channel, msg }, out).ok()
            }
            Self::Listens => Some(0),
        }
    }
}

struct Load {
    talk: Talk,
    members: Vec<Member>,
    poller: Poller,
    buffer: Vec<u8>,
    deliveries: u64,
    sent: u64,
}

impl Load {
    fn new(members: Vec<Member>, talk: Talk) -> anyhow::Result<Self> {
        let poller = Poller::new()?;
        for (number, member) in members.iter().enumerate() {
            poller.add(&member.link.stream, number as u64)?;
        }
        let buffer = vec![0; READ_BUFFER_BYTES];
        Ok(Self { talk, members, poller, buffer, deliveries: 0, sent: 0 })
    }

    /// Has everyone send at `hz`, and answers the deliveries and messages of the measured time.
    fn run(&mut self, hz: f64, seconds: Duration) -> anyhow::Result<(u64, u64)> {
        let start = Instant::now();
        let between = Duration::from_secs_f64(1.0 / (hz * self.members.len() as f64));
        let mut turn: u32 = 0;
        let mut measured_from = None;
        let mut before = (0, 0);
        loop {
            let now = Instant::now();
            if measured_from.is_none() && now >= start + WARM_UP {
                measured_from = Some(now);
                before = (self.deliveries, self.sent);
                println!("begin");
            }
            if measured_from.is_some_and(|from| now >= from + seconds) {
                return Ok((self.deliveries - before.0, self.sent - before.1));
            }
            while start + between * turn <= now {
                self.send(turn)?;
                turn += 1;
            }
            self.read_all((start + between * turn).saturating_duration_since(Instant::now()))?;
        }
    }

    fn send(&mut self, turn: u32) -> anyhow::Result<()> {
        let number = self.talk.whose(turn, self.members.len());
        let mut out = [0; 128];
        let used = self.talk.frame(turn, number, &mut out).context("a message too long")?;
        if used == 0 {
            return Ok(());
        }
        // A server that is behind does not take it: it is not sent.
        self.sent += u64::from(self.members[number].link.send_frame(&out[..used])?);
        Ok(())
    }

    fn read_all(&mut self, timeout: Duration) -> anyhow::Result<()> {
        let delivered = self.talk.delivered();
        for number in self.poller.wait(Some(timeout))? {
            let member = &mut self.members[number as usize];
            let count = match member.link.read(&mut self.buffer) {
                // Records that are no text yet.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                read => read.unwrap_or(0),
            };
            ensure!(count > 0, "the server has closed a connection");
            let bytes = &self.buffer[..count];
            if member.partial.is_empty() {
                let rest = count_delivered(&member.link, bytes, delivered, &mut self.deliveries);
                member.partial.extend_from_slice(rest);
            } else {
                member.partial.extend_from_slice(bytes);
                let (link, partial) = (&member.link, &member.partial);
                let left = count_delivered(link, partial, delivered, &mut self.deliveries).len();
                member.partial.drain(..member.partial.len() - left);
            }
        }
        Ok(())
    }
}

/// Counts the frames with these opcodes, and answers what is behind the last whole one.
fn count_delivered<'b>(
    link: &Link,
    mut input: &'b [u8],
    delivered: [[u8; 4]; 2],
    deliveries: &mut u64,
) -> &'b [u8] {
    while let Some((body, rest)) = link.next_body(input) {
        *deliveries +=
            u64::from(body.first_chunk().is_some_and(|opcode| delivered.contains(opcode)));
        input = rest;
    }
    input
}
