//! `Peer`: one connection of a client that speaks bytes, so that it can break every rule; and
//! `User`: somebody who has gone the whole way into a room.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use tinyrealm_core::protocol::Versions;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use socket2::{Domain, SockRef, Socket, Type};
use tinyrealm_core::node::world::State;
use tinyrealm_core::protocol::client_to_main::{EnterWorldReq, Hello};
use tinyrealm_core::protocol::client_to_world::{Event, Join, Move};
use tinyrealm_core::protocol::either_way::{Bye, Error, Ping, Pong};
use tinyrealm_core::protocol::main_to_client::{EnterWorldAck, MainAddress, Welcome};
use tinyrealm_core::protocol::world_to_client::{
    JoinDenied, JoinOk, MemberExtra, MoveBroadcast, RoomSnapshot, ThingPut, UserEntered, UserLeft,
};
use tinyrealm_core::protocol::{
    Bytes, Direction, ErrorCode, HandshakeKey, JoinDenial, MemberNumber, Message, Position, RoomId,
    SCHEMAS, Text, Token, Uid, Wish, decode, encode_frame,
};
use tinyrealm_core::wire::ws::CloseCode;

use super::PATIENCE;
use super::web::{WebPeer, messages_of};

const PREFIX_BYTES: usize = 2;
const OPCODE_BYTES: usize = 4;
/// No frame of any link is longer.
const FRAME_MAX_BYTES: usize = 17_736;

/// `message` as the bytes of a stream.
pub(crate) fn frame(message: &impl Message) -> Vec<u8> {
    let mut bytes = vec![0; FRAME_MAX_BYTES];
    let used = encode_frame(message, &mut bytes).unwrap();
    bytes.truncate(used);
    bytes
}

/// Any opcode and payload as the bytes of a stream.
pub(crate) fn raw_frame(opcode: i32, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(OPCODE_BYTES + payload.len()).unwrap();
    [&length.to_le_bytes()[..], &opcode.to_le_bytes(), payload].concat()
}

/// What has come, or has not.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Heard {
    /// A whole frame with this opcode.
    Frame(i32),
    /// The connection has ended, and these bytes of a frame were left over.
    Closed { cut_bytes: usize },
    /// Nothing in time.
    Silence,
}

/// One connection; see the [module](self).
pub(crate) struct Peer {
    stream: TcpStream,
    received: Vec<u8>,
    /// How much of `received` has been looked at.
    consumed: usize,
    /// The body of the newest frame.
    body: Vec<u8>,
    /// What it is besides, if it is a WebSocket.
    web: Option<WebPeer>,
    /// Who is who in its room, as it has been told.
    names: BTreeMap<MemberNumber, Uid>,
    /// The session that its ticket is of, if that is to live as long.
    session: Option<KeptSession>,
}

/// A connection to Main that lives until this is dropped: somebody answers there.
struct KeptSession(TcpStream);

impl KeptSession {
    fn of(mut main: Peer) -> Self {
        let stream = main.stream.try_clone().unwrap();
        std::thread::spawn(move || {
            loop {
                match main.hear(PATIENCE) {
                    Heard::Frame(opcode) if opcode == Ping::OPCODE.0 => {
                        let Ping { nonce } = main.message();
                        main.send_if_open(&frame(&Pong { nonce }));
                    }
                    Heard::Frame(_) | Heard::Silence => {}
                    Heard::Closed { .. } => return,
                }
            }
        });
        Self(stream)
    }
}

impl Drop for KeptSession {
    fn drop(&mut self) {
        // Fails if Main has closed it already.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// The name of an opcode, for people.
pub(crate) fn name_of(opcode: i32) -> String {
    let mut messages = SCHEMAS.iter().flat_map(|schema| schema.messages);
    let known = messages.find(|message| message.opcode.0 == opcode);
    known.map_or_else(|| format!("opcode {opcode:#x}"), |message| message.name.to_owned())
}

impl Peer {
    #[track_caller]
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).unwrap_or_else(|e| panic!("{address}: {e}")))
    }

    /// A connection whose kernel takes little before it is read.
    #[track_caller]
    pub(crate) fn connect_with_receive_buffer(address: SocketAddr, bytes: usize) -> Self {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
        // Before the connection stands, so that its window is never larger.
        socket.set_recv_buffer_size(bytes).unwrap();
        socket.connect(&address.into()).unwrap();
        Self::over(socket.into())
    }

    /// Over a connection that stands.
    pub(crate) fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            received: Vec::new(),
            consumed: 0,
            body: Vec::new(),
            web: None,
            names: BTreeMap::new(),
            session: None,
        }
    }

    /// Its ticket is of that session, which stands as long as this connection does.
    pub(crate) fn keep_session(&mut self, main: Self) {
        self.session = Some(KeptSession::of(main));
    }

    /// A WebSocket: what is sent becomes messages, and what comes frames again.
    #[track_caller]
    pub(crate) fn web(address: SocketAddr) -> Self {
        Self::web_over(Self::connect(address).stream, "")
    }

    /// The same over this connection, with more lines in the request's head.
    #[track_caller]
    pub(crate) fn web_over(stream: TcpStream, head: &str) -> Self {
        let mut peer = Self::over(stream);
        peer.web = Some(WebPeer::shake_hands(&mut peer.stream, head));
        peer
    }

    /// Bytes as they are, also to a WebSocket.
    #[track_caller]
    pub(crate) fn send_raw(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap_or_else(|error| panic!("can't send: {error}"));
    }

    /// The code of the Close that has come, if it has.
    pub(crate) fn close_code(&self) -> Option<CloseCode> {
        self.web.as_ref()?.close_code
    }

    /// What the newest Pong of the WebSocket has said.
    pub(crate) fn last_pong(&self) -> Option<&[u8]> {
        self.web.as_ref()?.last_pong.as_deref()
    }

    /// A second handle of the same connection, to send while another thread reads.
    pub(crate) fn sender(&self) -> Self {
        Self::over(self.stream.try_clone().unwrap())
    }

    #[track_caller]
    pub(crate) fn send(&mut self, message: &impl Message) {
        self.send_bytes(&frame(message));
    }

    #[track_caller]
    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        match self.web {
            Some(_) => self.send_raw(&messages_of(bytes)),
            None => self.send_raw(bytes),
        }
    }

    /// Sends bytes to a peer who may have closed already: what becomes of them does not matter.
    pub(crate) fn send_if_open(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// [`Peer::send`] to a peer who may have closed already.
    pub(crate) fn tell(&mut self, message: &impl Message) {
        let bytes = frame(message);
        match self.web {
            Some(_) => self.send_if_open(&messages_of(&bytes)),
            None => self.send_if_open(&bytes),
        }
    }

    /// Ends the connection with a reset.
    pub(crate) fn reset(self) {
        SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).unwrap();
    }

    /// Says nothing more, and goes on listening.
    pub(crate) fn stop_sending(&self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// The next frame, if one comes in time.
    #[track_caller]
    pub(crate) fn hear(&mut self, within: Duration) -> Heard {
        let deadline = Instant::now() + within;
        loop {
            // Which Mains there are is said whenever that changes: nobody here goes to another one.
            while let Some(opcode) = self.take_frame() {
                if opcode != MainAddress::OPCODE.0 {
                    return Heard::Frame(opcode);
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Heard::Silence;
            }
            self.stream.set_read_timeout(Some(left)).unwrap();
            let mut part = [0; 16 * 1_024];
            match self.stream.read(&mut part) {
                Ok(0) => return Heard::Closed { cut_bytes: self.received.len() - self.consumed },
                Ok(count) => match &mut self.web {
                    Some(web) => web.take(&part[..count], &mut self.received),
                    None => self.received.extend_from_slice(&part[..count]),
                },
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => return Heard::Silence,
                    ErrorKind::Interrupted => {}
                    ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
                        let cut_bytes = self.received.len() - self.consumed;
                        return Heard::Closed { cut_bytes };
                    }
                    _ => panic!("can't receive: {error}"),
                },
            }
        }
    }

    /// Moves the next whole frame from `received` to `body`.
    fn take_frame(&mut self) -> Option<i32> {
        let rest = &self.received[self.consumed..];
        let (prefix, after) = rest.split_first_chunk::<PREFIX_BYTES>()?;
        let body = after.get(..usize::from(u16::from_le_bytes(*prefix)))?;
        let opcode = body.first_chunk::<OPCODE_BYTES>().expect("a frame has an opcode");
        let opcode = i32::from_le_bytes(*opcode);
        self.body.clear();
        self.body.extend_from_slice(body);
        self.consumed += PREFIX_BYTES + self.body.len();
        if self.consumed == self.received.len() {
            self.received.clear();
            self.consumed = 0;
        }
        self.learn_names(opcode);
        Some(opcode)
    }

    fn learn_names(&mut self, opcode: i32) {
        let payload = &self.body[OPCODE_BYTES..];
        if opcode == UserEntered::OPCODE.0
            && let Some(UserEntered { member }) = decode(payload)
        {
            self.names.insert(member.number, member.uid);
        }
        if opcode == RoomSnapshot::OPCODE.0
            && let Some(page) = decode::<RoomSnapshot>(payload)
        {
            self.names.extend(page.members.iter().map(|member| (member.number, member.uid)));
        }
    }

    /// Who is called so in the peer's room; nobody for the game itself.
    #[track_caller]
    pub(crate) fn who(&self, number: MemberNumber) -> Uid {
        match number {
            MemberNumber::GAME => Uid::NOBODY,
            number => *self.names.get(&number).unwrap_or_else(|| panic!("who is {number:?}?")),
        }
    }

    /// What somebody is called in the peer's room.
    #[track_caller]
    pub(crate) fn number_of(&self, uid: Uid) -> MemberNumber {
        let mut names = self.names.iter();
        *names.find(|(_, known)| **known == uid).unwrap_or_else(|| panic!("where is {uid:?}?")).0
    }

    /// Who has moved next, and where it is.
    #[track_caller]
    pub(crate) fn find_move(&mut self) -> (Uid, Position) {
        let moved = self.find::<MoveBroadcast>();
        (self.who(moved.number), moved.pos)
    }

    /// Who has left next.
    #[track_caller]
    pub(crate) fn expect_left(&mut self) -> Uid {
        let number = self.expect::<UserLeft>().number;
        self.who(number)
    }

    /// The newest frame, which is an `M`.
    #[track_caller]
    pub(crate) fn message<'p, M: Message + Deserialize<'p>>(&'p self) -> M {
        let payload = &self.body[OPCODE_BYTES..];
        decode(payload).unwrap_or_else(|| panic!("{} does not decode: {payload:?}", M::NAME))
    }

    /// The next message, which is an `M`. Pings may come at any time.
    #[track_caller]
    pub(crate) fn expect<'p, M: Message + Deserialize<'p>>(&'p mut self) -> M {
        self.pass(M::OPCODE.0, M::NAME, |opcode| opcode == Ping::OPCODE.0);
        self.message()
    }

    /// The next `M`; whatever comes before it is passed over.
    #[track_caller]
    pub(crate) fn find<'p, M: Message + Deserialize<'p>>(&'p mut self) -> M {
        self.pass(M::OPCODE.0, M::NAME, |_| true);
        self.message()
    }

    /// The next thing that is an `M`, and its id; whatever comes before it is passed over.
    #[track_caller]
    pub(crate) fn find_thing<M: Message + DeserializeOwned>(&mut self) -> (u16, M) {
        loop {
            let ThingPut { id, kind, data } = self.find();
            if let Some(thing) = (State { kind, data }).read() {
                return (id, thing);
            }
        }
    }

    /// What a member shows next, if that is an `M`; whatever comes before it is passed over.
    #[track_caller]
    pub(crate) fn find_state<M: Message + DeserializeOwned>(&mut self) -> (MemberNumber, M) {
        loop {
            let MemberExtra { number, kind, data } = self.find();
            if let Some(state) = (State { kind, data }).read() {
                return (number, state);
            }
        }
    }

    #[track_caller]
    fn pass(&mut self, wanted: i32, name: &str, may_pass: impl Fn(i32) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut passed = BTreeMap::<String, usize>::new();
        loop {
            match self.hear(deadline.saturating_duration_since(Instant::now())) {
                Heard::Frame(opcode) if opcode == wanted => return,
                Heard::Frame(opcode) if may_pass(opcode) => {
                    *passed.entry(name_of(opcode)).or_default() += 1;
                }
                Heard::Frame(opcode) => {
                    let what = name_of(opcode);
                    panic!("{what} {:?} came instead of {name}, after {passed:?}", self.body);
                }
                other => panic!("{other:?} instead of {name}, after {passed:?}"),
            }
        }
    }

    /// The connection ends now, between two frames, and with nothing more said.
    #[track_caller]
    pub(crate) fn expect_closed(&mut self) {
        match self.hear(PATIENCE) {
            Heard::Closed { cut_bytes: 0 } => {}
            Heard::Frame(opcode) => panic!("{} instead of the end", name_of(opcode)),
            other => panic!("{other:?} instead of the end"),
        }
    }

    /// The connection ends; what is said before does not matter, and the last frame may be cut.
    #[track_caller]
    pub(crate) fn expect_lost(&mut self) {
        loop {
            match self.hear(PATIENCE) {
                Heard::Closed { .. } => return,
                Heard::Frame(_) => {}
                Heard::Silence => panic!("the connection has not ended"),
            }
        }
    }

    /// The peer is told that it broke a rule, and the connection ends.
    #[track_caller]
    pub(crate) fn expect_refused(&mut self, code: ErrorCode, about: i32) {
        let error = self.find::<Error>();
        let found = (error.code.name(), error.about);
        assert_eq!(found, (code.name(), about));
        self.expect_closed();
    }

    /// The peer is told goodbye for this reason, and the connection ends.
    #[track_caller]
    pub(crate) fn expect_bye(&mut self, reason: ErrorCode) {
        assert_eq!(self.find::<Bye>().reason.name(), reason.name());
        self.expect_closed();
    }

    /// The other side still answers.
    #[track_caller]
    pub(crate) fn expect_served(&mut self) {
        const NONCE: u32 = 0x5EED;
        self.send(&Ping { nonce: NONCE });
        while self.find::<Pong>().nonce != NONCE {}
    }

    #[track_caller]
    pub(crate) fn hello(&mut self, token: Option<Token>) -> Welcome {
        self.send(&Hello { versions: Versions::OURS, token, nickname: Text::EMPTY });
        self.expect()
    }

    #[track_caller]
    pub(crate) fn enter(&mut self, region: &str) -> Pass {
        self.try_enter(region).unwrap_or_else(|code| panic!("no world: {}", code.name()))
    }

    /// Asks for a world when there is none to be had.
    #[track_caller]
    pub(crate) fn enter_in_vain(&mut self, region: &str) -> ErrorCode {
        self.try_enter(region).expect_err("a reason")
    }

    #[track_caller]
    pub(crate) fn try_enter(&mut self, region: &str) -> Result<Pass, ErrorCode> {
        self.send(&EnterWorldReq { region: Text::new(region).unwrap(), wish: Wish::ANY });
        self.hear_pass(&[])
    }

    /// Where Main sends the peer, or why not. Beside it only these messages come, refusals of them, and pings.
    #[track_caller]
    pub(crate) fn hear_pass(&mut self, beside: &[i32]) -> Result<Pass, ErrorCode> {
        loop {
            match self.hear(PATIENCE) {
                Heard::Frame(opcode) if opcode == EnterWorldAck::OPCODE.0 => {
                    let ack = self.message::<EnterWorldAck<'_>>();
                    let world = ack.world_addr.as_str().parse().unwrap();
                    return Ok(Pass { world, key: ack.handshake_key });
                }
                Heard::Frame(opcode) if opcode == Error::OPCODE.0 => {
                    let Error { code, about } = self.message();
                    if !beside.contains(&about) {
                        assert_eq!(about, EnterWorldReq::OPCODE.0);
                        return Err(code);
                    }
                }
                Heard::Frame(opcode) if opcode == Ping::OPCODE.0 || beside.contains(&opcode) => {}
                other => panic!("{other:?} instead of a world"),
            }
        }
    }

    /// Joins, and reads the snapshot of the room; answers it too.
    #[track_caller]
    pub(crate) fn join(&mut self, uid: Uid, key: HandshakeKey) -> (JoinOk, Vec<Uid>) {
        self.send(&Join {
            versions: Versions::OURS,
            uid,
            handshake_key: Some(key),
            fingerprint: 0,
        });
        let welcome = self.expect::<JoinOk>();
        self.names.insert(welcome.number, uid);
        let mut others = Vec::new();
        loop {
            let page = self.expect::<RoomSnapshot>();
            others.extend(page.members.iter().map(|member| member.uid));
            if page.pages_left == 0 {
                return (welcome, others);
            }
        }
    }

    /// Joins in vain.
    #[track_caller]
    pub(crate) fn join_in_vain(&mut self, uid: Uid, key: HandshakeKey) -> JoinDenial {
        self.send(&Join {
            versions: Versions::OURS,
            uid,
            handshake_key: Some(key),
            fingerprint: 0,
        });
        let reason = self.expect::<JoinDenied>().reason;
        self.expect_closed();
        reason
    }

    #[track_caller]
    pub(crate) fn say(&mut self, kind: u16, data: &[u8]) {
        self.send(&Event { request: 7, kind, data: Bytes::new(data).unwrap() });
    }

    #[track_caller]
    pub(crate) fn move_to(&mut self, x: i32) {
        self.send(&Move { pos: Position { x, y: 0, z: 0 }, dir: Direction(0) });
    }
}

/// What Main gives somebody for a world.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Pass {
    pub(crate) world: SocketAddr,
    pub(crate) key: HandshakeKey,
}

impl Pass {
    /// Shows it, and comes in.
    #[track_caller]
    pub(crate) fn join(&self, uid: Uid) -> (Peer, RoomId, Vec<Uid>) {
        self.join_over(Peer::connect(self.world), uid)
    }

    /// Shows it over this connection, and comes in.
    #[track_caller]
    pub(crate) fn join_over(&self, mut peer: Peer, uid: Uid) -> (Peer, RoomId, Vec<Uid>) {
        let (welcome, others) = peer.join(uid, self.key);
        (peer, welcome.room_id, others)
    }
}

/// Somebody in a room, with both connections.
pub(crate) struct User {
    pub(crate) uid: Uid,
    /// What it is called in its room.
    pub(crate) number: MemberNumber,
    pub(crate) token: Token,
    /// Where it has come in.
    pub(crate) spawn: Position,
    pub(crate) main: Peer,
    pub(crate) world: Peer,
    /// Where the world is.
    pub(crate) address: SocketAddr,
}

impl User {
    /// Walks there, `step` on each axis 20 times a second.
    pub(crate) fn walk(&mut self, from: Position, to: Position, step: i32) {
        let (mut at, mut next) = (from, Instant::now());
        let nearer = |from: i32, to: i32| from + (to - from).clamp(-step, step);
        while (at.x, at.y) != (to.x, to.y) {
            at = Position { x: nearer(at.x, to.x), y: nearer(at.y, to.y), z: 0 };
            self.world.send(&Move { pos: at, dir: Direction(0) });
            next += Duration::from_millis(50);
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
    }

    /// A new user, in any room of this region.
    #[track_caller]
    pub(crate) fn enter(main: SocketAddr, region: &str) -> Self {
        Self::enter_with(main, None, region)
    }

    /// Whoever this token is, in any room of this region.
    #[track_caller]
    pub(crate) fn enter_with(main: SocketAddr, token: Option<Token>, region: &str) -> Self {
        Self::enter_over(Peer::connect, main, token, region)
    }

    /// A new user whose connections are WebSockets.
    #[track_caller]
    pub(crate) fn enter_by_web(main: SocketAddr, region: &str) -> Self {
        Self::enter_over(Peer::web, main, None, region)
    }

    #[track_caller]
    fn enter_over(
        connect: impl Fn(SocketAddr) -> Peer,
        main: SocketAddr,
        token: Option<Token>,
        region: &str,
    ) -> Self {
        let mut main = connect(main);
        let Welcome { uid, token, .. } = main.hello(token);
        let pass = main.enter(region);
        let mut world = connect(pass.world);
        let (welcome, _) = world.join(uid, pass.key);
        let number = world.number_of(uid);
        Self { uid, number, token, spawn: welcome.spawn_pos, main, world, address: pass.world }
    }
}
