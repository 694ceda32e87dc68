//! The floor: the least that a server can do for the same deliveries.
//!
//! One thread, one epoll, one buffer a room. Moves are noted as they come; a flush encodes each moved
//! member once and gives every member what the others have moved with one vectored write. Chat messages
//! are encoded as they come, and everyone gets them. Things change by its own clock, and are encoded as they change. No limits, no timeouts, no handshake, no slow
//! readers: a peer that does not read loses bytes.

use std::io::{self, IoSlice, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::Range;
use std::time::{Duration, Instant};
use tinyrealm_core::protocol::MemberNumber;

use anyhow::Context;
use tinyrealm_core::protocol::world_to_client::JoinOk;
use tinyrealm_core::protocol::{Direction, Position, RoomId, Uid, encode_frame};

use crate::gallery::{TICK_MS, changes};
use crate::poller::Poller;
use crate::wire::{self, Heard, MOVE_FRAME_MAX_BYTES};

const LISTENER: u64 = u64::MAX;
const READ_BUFFER_BYTES: usize = 64 * 1024;

struct Member {
    stream: TcpStream,
    uid: Uid,
    /// What it is called in its room.
    number: u16,
    room: usize,
    /// The newest move: position and direction, encoded.
    state: Vec<u8>,
    has_moved: bool,
    /// Where its own move lies in the room's buffer.
    own: Range<usize>,
    partial: Vec<u8>,
}

#[derive(Default)]
struct Room {
    members: Vec<usize>,
    is_dirty: bool,
    /// What is to be written at the next flush.
    buffer: Vec<u8>,
    /// Chat messages so far.
    said: u64,
}

struct Floor {
    members: Vec<Member>,
    rooms: Vec<Room>,
    dirty: Vec<usize>,
    room_capacity: usize,
    flush_interval: Duration,
    next_flush: Option<Instant>,
    /// When things change, if there are any.
    next_tick: Option<Instant>,
    ticks: u32,
}

/// `floor ROOM_CAPACITY FLUSH_INTERVAL_MS relay|gallery`: serves until it is killed; prints its address.
pub(crate) fn serve(arguments: &[String]) -> anyhow::Result<()> {
    let [room_capacity, flush_interval_ms, game] = arguments else {
        anyhow::bail!("two numbers and a game")
    };
    let mut floor = Floor {
        members: Vec::new(),
        rooms: Vec::new(),
        dirty: Vec::new(),
        room_capacity: room_capacity.parse().context("room capacity")?,
        flush_interval: Duration::from_millis(flush_interval_ms.parse().context("interval")?),
        next_flush: None,
        next_tick: (game == "gallery").then(Instant::now),
        ticks: 0,
    };
    let listener = TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    println!("floor listening on {}", listener.local_addr()?);
    let mut poller = Poller::new()?;
    poller.add(&listener, LISTENER)?;
    let mut buffer = vec![0; READ_BUFFER_BYTES];
    let mut woken = Vec::new();
    loop {
        let next = floor.next_flush.into_iter().chain(floor.next_tick).min();
        let timeout = next.map(|at| at.saturating_duration_since(Instant::now()));
        woken.clear();
        woken.extend(poller.wait(timeout)?);
        for number in &woken {
            match *number {
                LISTENER => floor.accept(&listener, &poller)?,
                member => floor.read(member as usize, &mut buffer),
            }
        }
        floor.tick();
        if floor.next_flush.is_some_and(|at| at <= Instant::now()) {
            floor.flush();
        }
    }
}

impl Floor {
    fn accept(&mut self, listener: &TcpListener, poller: &Poller) -> anyhow::Result<()> {
        while let Ok((stream, _)) = listener.accept() {
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            poller.add(&stream, self.members.len() as u64)?;
            let count = self.members.len();
            self.members.push(Member {
                stream,
                uid: Uid(Uid::GUEST_BIT + count as u64),
                number: (count % self.room_capacity) as u16 + 1,
                room: self.members.len() / self.room_capacity,
                state: Vec::with_capacity(MOVE_FRAME_MAX_BYTES),
                has_moved: false,
                own: 0..0,
                partial: Vec::new(),
            });
        }
        Ok(())
    }

    fn read(&mut self, number: usize, buffer: &mut [u8]) {
        let Ok(count @ 1..) = self.members[number].stream.read(buffer) else {
            // Its file descriptor is closed with the process; the load ends first.
            return;
        };
        if self.members[number].partial.is_empty() {
            let rest = self.handle(number, &buffer[..count]);
            let kept = buffer[count - rest..count].to_vec();
            self.members[number].partial = kept;
            return;
        }
        let mut joined = std::mem::take(&mut self.members[number].partial);
        joined.extend_from_slice(&buffer[..count]);
        let rest = self.handle(number, &joined);
        joined.drain(..joined.len() - rest);
        self.members[number].partial = joined;
    }

    /// Handles whole frames and answers how many bytes are left.
    fn handle(&mut self, number: usize, mut input: &[u8]) -> usize {
        while let Some((heard, rest)) = wire::next(input) {
            match heard {
                Heard::Join => self.join(number),
                Heard::Move(state) => self.note_move(number, state),
                Heard::Say(said) => self.say(number, said),
                Heard::Other => {}
            }
            input = rest;
        }
        input.len()
    }

    fn join(&mut self, number: usize) {
        let room = self.members[number].room;
        if self.rooms.len() <= room {
            self.rooms.resize_with(room + 1, Room::default);
        }
        self.rooms[room].members.push(number);
        let message = JoinOk {
            version: 2,
            number: MemberNumber(1),
            room_id: RoomId(room as u16),
            spawn_pos: Position::ORIGIN,
            members: 0,
            spawn_dir: Direction(0),
            is_returned: false,
        };
        let mut out = [0; 64];
        let used = encode_frame(&message, &mut out).expect("it fits");
        // The socket is new: it has room for this.
        let _ = self.members[number].stream.write(&out[..used]);
    }

    fn note_move(&mut self, number: usize, state: &[u8]) {
        let member = &mut self.members[number];
        member.state.clear();
        member.state.extend_from_slice(state);
        member.has_moved = true;
        let room = member.room;
        self.flush_soon(room);
    }

    fn say(&mut self, number: usize, said: &[u8]) {
        let Member { uid, room: place, .. } = self.members[number];
        let room = &mut self.rooms[place];
        room.said += 1;
        wire::push_say(&mut room.buffer, room.said, uid.0, said);
        self.flush_soon(place);
    }

    /// Encodes the things that change now, once a room.
    fn tick(&mut self) {
        let Some(due) = self.next_tick.filter(|at| *at <= Instant::now()) else { return };
        self.next_tick = Some(due + Duration::from_millis(TICK_MS.into()));
        self.ticks += 1;
        for place in 0..self.rooms.len() {
            for (id, thing) in changes(self.ticks) {
                wire::push_thing(&mut self.rooms[place].buffer, id, &thing);
            }
            self.flush_soon(place);
        }
    }

    fn flush_soon(&mut self, place: usize) {
        let room = &mut self.rooms[place];
        if !room.is_dirty {
            room.is_dirty = true;
            self.dirty.push(place);
        }
        if self.next_flush.is_none() {
            self.next_flush = Some(Instant::now() + self.flush_interval);
        }
    }

    fn flush(&mut self) {
        self.next_flush = None;
        for room in self.dirty.drain(..) {
            let room = &mut self.rooms[room];
            room.is_dirty = false;
            for number in &room.members {
                let member = &mut self.members[*number];
                member.own = 0..0;
                if std::mem::take(&mut member.has_moved) {
                    let start = room.buffer.len();
                    wire::push_move(&mut room.buffer, member.number, &member.state);
                    member.own = start..room.buffer.len();
                }
            }
            for number in &room.members {
                let member = &mut self.members[*number];
                let slices = [
                    IoSlice::new(&room.buffer[..member.own.start]),
                    IoSlice::new(&room.buffer[member.own.end..]),
                ];
                match member.stream.write_vectored(&slices) {
                    Err(error) if error.kind() != io::ErrorKind::WouldBlock => {}
                    _ => {}
                }
            }
            room.buffer.clear();
        }
    }
}
