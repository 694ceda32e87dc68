//! What rooms keep: the stores of the worlds, which outlive them, and what must be found there.
//!
//! A store takes its time and fails now and then ([`MemoryStore`]). A world that crashes loses what was not answered; one that
//! closes down is there until all of it is.
//!
//! Invariants: what a game was told to be kept is there, whatever ends its world, and is what a load finds; no two
//! records have one id; a world that starts again has its rooms again.

use std::collections::BTreeSet;

use tinyrealm_core::node::world::RecordId;
use tinyrealm_core::node::world::saves::{JobKey, StoreTask};
use tinyrealm_core::protocol::RoomId;
use tinyrealm_core::time::Instant;
use tinyrealm_testing::{Answer, KeptBytes, MemoryStore, Random, StoreWeather};

use super::Realm;
use super::servers::WorldNode;
use crate::actors::recorder::{key_of, value_of};
use crate::broken::{Broken, ensure};
use crate::host::Tools;
use crate::ids::HostId;
use crate::journal::InStore;
use crate::memory::ROOMS;
use crate::settings::Sabotage;
use crate::timeline::Happening;
use crate::trace::What;

/// Saves until the one that is sabotaged.
const SAVES_TO_SABOTAGE: u32 = 5;

/// The store of one world, and what its games were told of it.
pub(super) struct Keep {
    store: MemoryStore,
    /// How often the world has started.
    pub(super) life: u32,
    /// When answers are planned for.
    planned: Option<Instant>,
    told: [u64; ROOMS],
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
            ensure(value >= *told, "what was told to be kept is there", || {
                format!("{value:#x} of room {room}, and it was told of {told:#x}")
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
        Some((key, answer))
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
        for room in 0..ROOMS as u16 {
            let Some(kept) = self.keeps[world].store.room(RoomId(room)) else { continue };
            let mut buffer = vec![0; node.role().role.job_bytes()];
            let turn = &mut tinyrealm_core::entropy::Turn { now, entropy: random };
            let restored = node.act(turn, |bent, cx| {
                bent.role.restore_room(cx, RoomId(room), kept.lend(&mut buffer))
            });
            // It has written it itself.
            restored.expect("a room goes on where it was");
        }
        self.restore_seats(world, node)
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
            keep.store.take(now, job, &buffer);
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
        self.keeps[world].planned = None;
    }
}
