//! What rooms keep: the stores of the worlds, which outlive them, and what must be found there.
//!
//! A store takes its time and fails now and then ([`MemoryStore`]). A world that crashes loses what was not answered; one that
//! closes down is there until all of it is.
//!
//! Invariants: what a game was told to be kept is there, whatever ends its world, and is what a load finds; no two
//! records have one id; a world that starts again has its rooms again, each under its name, with its seats and with what
//! its game has kept.

use std::collections::{BTreeMap, BTreeSet};

use tinyrealm_core::node::world::RecordId;
use tinyrealm_core::node::world::saves::{JobKey, StoreJob, StoreTask};
use tinyrealm_core::protocol::{RoomId, Uid};
use tinyrealm_core::time::Instant;
use tinyrealm_testing::{Answer, KeptBytes, MemoryStore, Random, StoreWeather};

use super::Realm;
use super::servers::WorldNode;
use crate::actors::recorder::{key_of, value_of};
use crate::actors::room_state::{ROOM_STATE_BYTES, RoomState};
use crate::broken::{Broken, ensure};
use crate::host::Tools;
use crate::ids::HostId;
use crate::journal::InStore;
use crate::settings::Sabotage;
use crate::sizes::ROOMS;
use crate::timeline::Happening;
use crate::trace::What;

/// Saves until the one that is sabotaged.
const SAVES_TO_SABOTAGE: u32 = 5;

const IS_THERE: &str = "what was told to be kept is there";
const GOES_ON: &str = "a room goes on where it was";

/// The store of one world, and what its games were told of it.
pub(super) struct Keep {
    store: MemoryStore,
    /// How often the world has started.
    pub(super) life: u32,
    /// When answers are planned for.
    planned: Option<Instant>,
    told: [u64; ROOMS],
    /// The states of rooms that the world has handed out,
    handed_rooms: [Option<Vec<u8>>; ROOMS],
    /// and those that it was told to be kept.
    told_rooms: [Option<Vec<u8>>; ROOMS],
    /// Whether the store, once, keeps another state of a room.
    changes_room: bool,
    asked: BTreeSet<RecordId>,
    recorded: BTreeSet<RecordId>,
    until_sabotage: u32,
}

impl Keep {
    pub(super) const fn new(weather: StoreWeather, random: Random, sabotage: Sabotage) -> Self {
        let is_sabotaged = matches!(sabotage, Sabotage::LostSave);
        Self {
            store: MemoryStore::new(weather, random),
            life: 0,
            planned: None,
            told: [0; ROOMS],
            told_rooms: [const { None }; ROOMS],
            handed_rooms: [const { None }; ROOMS],
            changes_room: matches!(sabotage, Sabotage::ChangedRoom),
            asked: BTreeSet::new(),
            recorded: BTreeSet::new(),
            until_sabotage: if is_sabotaged { SAVES_TO_SABOTAGE } else { 0 },
        }
    }

    fn kept(&self, room: u16) -> Option<&KeptBytes> {
        self.store.value(key_of(room))
    }

    fn value(&self, room: u16) -> u64 {
        self.kept(room).map_or(0, |kept| value_of(&kept.bytes))
    }

    /// Compares what a game has been told, or does, with what is there.
    pub(super) fn check(&mut self, room: u16, what: &InStore) -> Result<(), Broken> {
        let told = self.told.get_mut(usize::from(room));
        match (what, told) {
            (InStore::Saved(value), Some(told)) => *told = *value,
            (InStore::Loaded(value), Some(told)) => {
                let told = *told;
                ensure(*value >= told, "what was kept is loaded", || {
                    format!("{value:#x} of room {room}, and it was told of {told:#x}")
                })?;
            }
            (InStore::Asked(id), _) => {
                ensure(self.asked.insert(*id), "no two records have one id", || format!("{id:?}"))?;
            }
            (InStore::Recorded(id), _) => drop(self.recorded.insert(*id)),
            (_, None) => {}
        }
        self.check_told()
    }

    fn check_told(&self) -> Result<(), Broken> {
        for (room, told) in self.told.iter().enumerate() {
            let value = self.value(room as u16);
            ensure(value >= *told, IS_THERE, || {
                format!("{value:#x} of room {room}, and it was told of {told:#x}")
            })?;
        }
        for (room, told) in self.told_rooms.iter().enumerate() {
            let Some(told) = told else { continue };
            let kept = self.store.room(RoomId(room as u16));
            ensure(kept.is_some_and(|kept| kept.bytes == *told), IS_THERE, || {
                format!("{kept:?} of room {room}, and it was told of {told:?}")
            })?;
        }
        let records = self.store.records();
        let there: BTreeSet<_> = records.iter().map(|record| record.id).collect();
        ensure(there.is_superset(&self.recorded), "what was told to be recorded is there", || {
            format!("{:?}", self.recorded.difference(&there))
        })?;
        ensure(there.len() == records.len(), "a record is kept once", || format!("{records:?}"))
    }

    /// What is due; once, if the run is there for that, it is not kept, though the store says so.
    fn next_due(&mut self, now: Instant) -> Option<(JobKey, Answer)> {
        let before: Vec<_> = (0..ROOMS as u16).map(|room| self.kept(room).cloned()).collect();
        let (key, task, answer) = self.store.next_due(now)?;
        if self.is_lost(&task) {
            for (room, kept) in before.into_iter().enumerate() {
                let none = KeptBytes { version: 0, bytes: Vec::new() };
                self.store.set_value(key_of(room as u16), kept.unwrap_or(none));
            }
        }
        self.tell_room(&task, &answer);
        Some((key, answer))
    }

    /// The store begins with a job.
    fn take(&mut self, now: Instant, job: StoreJob, buffer: &mut [u8]) {
        if let StoreTask::SaveRoom(room) = &job.task {
            let bytes = &mut buffer[..job.bytes];
            self.handed_rooms[usize::from(room.0)] = Some(bytes.to_vec());
            if let Some(last) = bytes.last_mut().filter(|_| self.changes_room) {
                *last ^= 1;
                self.changes_room = false;
            }
        }
        if let StoreTask::ForgetRoom(room) = &job.task {
            // From here on it may be there or not, whatever the world hears of it.
            self.told_rooms[usize::from(room.0)] = None;
        }
        self.store.take(now, job, buffer);
    }

    /// The world is told of a room's state that it is kept, or not, or forgotten.
    fn tell_room(&mut self, task: &StoreTask, answer: &Answer) {
        let (StoreTask::SaveRoom(room) | StoreTask::ForgetRoom(room)) = task else { return };
        // What was handed out by a life that ended meanwhile is not what is forgotten now.
        let handed = self.handed_rooms[usize::from(room.0)].take();
        let is_saved = matches!(task, StoreTask::SaveRoom(_)) && *answer == Answer::Done;
        self.told_rooms[usize::from(room.0)] = handed.filter(|_| is_saved);
    }

    /// The rooms that the world is to have again.
    fn rooms(&self) -> BTreeMap<u16, RoomState> {
        let kept = (0..ROOMS as u16).filter_map(|room| {
            let bytes = &self.store.room(RoomId(room))?.bytes;
            let state = bytes.get(bytes.len().checked_sub(ROOM_STATE_BYTES)?..)?;
            Some((room, RoomState::read(state)?))
        });
        kept.collect()
    }

    /// Whether the next save is one that the store does not keep, though it says so.
    fn is_lost(&mut self, task: &StoreTask) -> bool {
        if self.until_sabotage == 0 || !matches!(task, StoreTask::Save(_)) {
            return false;
        }
        self.until_sabotage -= 1;
        self.until_sabotage == 0
    }
}

impl Realm<'_> {
    /// The world starts with what it has kept.
    pub(super) fn restore(
        &mut self,
        world: usize,
        node: &mut WorldNode<'_>,
        random: &mut Random,
    ) -> Result<(), Broken> {
        let now = self.timeline.now();
        let keep = &self.keeps[world];
        keep.check_told()?;
        for room in 0..ROOMS as u16 {
            let Some(kept) = keep.store.room(RoomId(room)) else { continue };
            let mut buffer = vec![0; node.role().role.job_bytes()];
            let turn = &mut tinyrealm_core::entropy::Turn { now, entropy: random };
            let restored = node.act(turn, |bent, cx| {
                bent.role.restore_room(cx, RoomId(room), kept.lend(&mut buffer))
            });
            // It has written it itself.
            ensure(restored.is_ok(), GOES_ON, || {
                format!("room {room} of world {world}: {restored:?}, {:?}", keep.rooms())
            })?;
        }
        self.check_restored(world, node)?;
        self.restore_seats(world, node)
    }

    /// A world has its rooms again: each under its name, with its seats, unless somebody has another one by now.
    fn check_restored(&mut self, world: usize, node: &WorldNode<'_>) -> Result<(), Broken> {
        let states = self.keeps[world].rooms();
        let role = &node.role().role;
        let users = role.rooms().iter().map(|(_, user)| (user.state().uid, user.room()));
        let seats: BTreeMap<Uid, u16> = users.collect();
        let has_seat = |room: u16, uid: &Uid| {
            states.get(&room).is_some_and(|state| state.members.contains(uid))
        };
        for (room, state) in &states {
            let named = role.room_named(&state.name);
            let has_name = state.name.is_empty() || named == Some(RoomId(*room));
            let mut members = state.members.iter();
            let has_seats =
                members.all(|uid| seats.get(uid).is_some_and(|room| has_seat(*room, uid)));
            ensure(has_name && has_seats, GOES_ON, || {
                format!("room {room} of world {world} was {state:?}; {named:?}, {seats:?}")
            })?;
            self.timeline.counters.rooms_restored += 1;
            self.timeline.counters.names_restored += u64::from(!state.name.is_empty());
        }
        let mut seats_there = seats.iter();
        ensure(seats_there.all(|(uid, room)| has_seat(*room, uid)), GOES_ON, || {
            format!("world {world} has {seats:?}, and had {states:?}")
        })
    }

    /// The seats that a world has again.
    fn restore_seats(&mut self, world: usize, node: &WorldNode<'_>) -> Result<(), Broken> {
        for (_, user) in node.role().role.rooms().iter() {
            self.timeline.counters.seats_restored += 1;
            self.checks.rooms.restored((world, user.room()), user.state())?;
        }
        Ok(())
    }

    /// The store of a world begins with what the world hands out.
    pub(super) fn hand_out_saves(&mut self, world: usize) {
        let Some(host) = &mut self.servers.worlds[world] else { return };
        let now = self.timeline.now();
        let tools = &mut Tools { timeline: &mut self.timeline, network: &mut self.network };
        let mut buffer = vec![0; host.node().role().role.job_bytes()];
        let keep = &mut self.keeps[world];
        while let Some(job) = host.ask(tools, |bent, _| bent.role.next_job(&mut buffer)) {
            keep.take(now, job, &mut buffer);
        }
        self.plan_answers(world);
    }

    fn plan_answers(&mut self, world: usize) {
        let keep = &mut self.keeps[world];
        let next_at = keep.store.next_at();
        if let Some(at) = next_at.filter(|at| keep.planned != Some(*at)) {
            let at_us = self.timeline.when_us(at);
            self.timeline.plan(at_us, Happening::Keeps(world));
        }
        keep.planned = next_at;
    }

    /// The store of a world has done what is due.
    pub(super) fn keeps(&mut self, world: usize) -> Result<(), Broken> {
        let now = self.timeline.now();
        while let Some((key, answer)) = self.keeps[world].next_due(now) {
            let Some(host) = &mut self.servers.worlds[world] else { continue };
            self.timeline.note(
                HostId::world(world),
                What::Kept { is_done: !matches!(answer, Answer::Failed) },
            );
            let tools = &mut Tools { timeline: &mut self.timeline, network: &mut self.network };
            let mut buffer = vec![0; host.node().role().role.job_bytes()];
            let outcome = answer.lend(&mut buffer);
            host.act(tools, |bent, cx| bent.role.finish_job(cx, key, outcome));
            self.digest()?;
        }
        self.plan_answers(world);
        self.lose_if_closed(HostId::world(world));
        Ok(())
    }

    /// The world is no more: what was not answered may be done or not.
    pub(super) fn lose_saves(&mut self, world: usize) {
        self.keeps[world].store.crash();
        // What was under way is kept or not.
        for room in 0..ROOMS {
            if self.keeps[world].handed_rooms[room].take().is_some() {
                self.keeps[world].told_rooms[room] = None;
            }
        }
        self.keeps[world].planned = None;
    }
}
