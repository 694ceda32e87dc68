//! `View`: the room as one client sees it, and what it has heard of it.
//!
//! Invariants: after `JoinOk` comes the whole room, then what happens in it: who enters was not
//! there, who leaves or moves was. Moves of one sender never go back. Events are the room's events,
//! in the room's order, from the moment of entering on, without a gap that was not announced by its
//! exact number.

use std::collections::{BTreeMap, BTreeSet};

use tinyrealm_core::protocol::client_to_world::Event;
use tinyrealm_core::protocol::world_to_client::{JoinOk, RoomSnapshot};
use tinyrealm_core::protocol::{ErrorCode, MemberState, Uid};

use super::asks::Asks;
use super::known;
use super::rooms::{Membership, Rooms};
use super::states::States;
use crate::broken::{Broken, ensure};
use crate::ids::ConnectionId;
use crate::journal::Heard;
use crate::speech::{Speech, number_of};

/// What a client knows of its room.
#[derive(Debug)]
pub(crate) struct Inside {
    pub(crate) connection: ConnectionId,
    pub(crate) members: BTreeMap<Uid, MemberState>,
    /// Pages of the present snapshot that have not come; `None` before the first snapshot.
    pages_left: Option<u16>,
    /// Members on those pages.
    members_left: u16,
    /// Where in the room's log the next event is.
    pub(crate) next_event: usize,
    /// Back in its seat, it does not know how many of the events since then it was told of: as many as these at most.
    maybe_missed: Option<usize>,
    pub(crate) states: States,
    /// Whether all that there was to see has come.
    pub(crate) has_states: bool,
    /// Whose connections are lost.
    pub(crate) away: BTreeSet<Uid>,
    /// The highest number of each sender's moves.
    newest: BTreeMap<Uid, i32>,
    /// What the client has sent from there.
    pub(crate) moves_sent: u32,
    pub(crate) events_sent: u32,
    pub(crate) inputs_sent: u32,
    /// The newest input that it has sent, and that it knows to be taken.
    pub(crate) newest_input: u32,
    pub(crate) acked_input: u32,
    /// It has neither a place nor a body.
    pub(crate) watches: bool,
    /// Its questions.
    pub(crate) asks: Asks,
    /// What members are called.
    pub(crate) names: BTreeMap<Uid, String>,
}

/// One client; see the [module](self).
#[derive(Debug, Default)]
pub(crate) struct View {
    pub(crate) inside: Option<Inside>,
}

impl View {
    pub(super) fn take(
        &mut self,
        rooms: &Rooms,
        cause: Option<ConnectionId>,
        heard: &Heard,
    ) -> Result<(), Broken> {
        match heard {
            Heard::Joined(join) => self.joined(rooms, known(cause)?, join),
            Heard::WorldLost(_) => {
                let inside = self.inside.take();
                inside.map_or(Ok(()), |inside| inside.asks.check_over(|_| true))
            }
            // Time and a lost connection end one without a word of anybody's.
            Heard::Answered(ask, outcome) => match &mut self.inside {
                Some(inside) => inside.asks.ended(*ask, *outcome),
                None => Asks::default().ended(*ask, *outcome),
            },
            Heard::Snapshot(page) => self.inside(cause)?.snapshot(rooms, page),
            Heard::Entered(member) => self.inside(cause)?.entered(*member),
            Heard::Left(uid) => self.inside(cause)?.left(*uid),
            Heard::Thing(id, mark) => self.inside(cause)?.saw(|states| states.put(*id, *mark)),
            Heard::Tally(uid, number) => {
                self.inside(cause)?.saw(|states| states.tally(*uid, *number))
            }
            Heard::Named(uid, name) => {
                let names = &mut self.inside(cause)?.names;
                names.insert(*uid, name.clone());
                // It is called nothing from now on.
                names.retain(|_, name| !name.is_empty());
                Ok(())
            }
            Heard::InputAck(tick) => self.inside(cause)?.acked(rooms, *tick),
            Heard::Complete => {
                let inside = self.inside(cause)?;
                inside.has_states = true;
                inside.settled()
            }
            Heard::Away(uid) => self.inside(cause)?.is_away(*uid),
            Heard::Back(uid) => self.inside(cause)?.is_back(*uid),
            Heard::Moved(member) => self.inside(cause)?.moved(*member),
            Heard::Said(uid, speech) => self.inside(cause)?.said(rooms, *uid, *speech),
            Heard::Refused(ErrorCode::BUSY, about) if *about == Event::OPCODE.0 => {
                Err(Broken::new("a room has always room for one more event", "BUSY"))
            }
            Heard::Welcome(_)
            | Heard::Token(..)
            | Heard::LoginDenied(_)
            | Heard::LoginLost(_)
            | Heard::InChannel(..)
            | Heard::Rooms(..)
            | Heard::SentTo(..)
            | Heard::JoinDenied(_)
            | Heard::EnterRefused(_)
            | Heard::Refused(..)
            | Heard::MainLost(_)
            | Heard::Stopped(_) => Ok(()),
        }
    }

    fn joined(
        &mut self,
        rooms: &Rooms,
        connection: ConnectionId,
        join: &JoinOk,
    ) -> Result<(), Broken> {
        let stay = stay_of(rooms, connection)?;
        let is_right =
            self.inside.is_none() && stay.room == join.room_id.0 && stay.others == join.members;
        ensure(is_right, "JoinOk tells where one is", || format!("{join:?}, and is {stay:?}"))?;
        self.inside = Some(Inside {
            connection,
            members: BTreeMap::new(),
            pages_left: None,
            members_left: 0,
            next_event: stay.first_event,
            maybe_missed: join.is_returned.then_some(0),
            states: States::default(),
            has_states: false,
            away: BTreeSet::new(),
            newest: BTreeMap::new(),
            moves_sent: 0,
            events_sent: 0,
            inputs_sent: 0,
            newest_input: 0,
            acked_input: 0,
            watches: stay.watches,
            asks: Asks::default(),
            names: BTreeMap::new(),
        });
        Ok(())
    }

    fn inside(&mut self, cause: Option<ConnectionId>) -> Result<&mut Inside, Broken> {
        let inside = self.inside.as_mut().filter(|inside| Some(inside.connection) == cause);
        inside.ok_or_else(|| Broken::new("a room is heard by its members", "this one is outside"))
    }
}

fn stay_of(rooms: &Rooms, connection: ConnectionId) -> Result<&Membership, Broken> {
    let stay = rooms.membership(connection);
    stay.ok_or_else(|| Broken::new("who hears JoinOk was let in", format!("{connection:?}")))
}

impl Inside {
    fn snapshot(&mut self, rooms: &Rooms, page: &RoomSnapshot) -> Result<(), Broken> {
        let stay = stay_of(rooms, self.connection)?;
        if self.pages_left.is_none_or(|left| left == 0) {
            self.pages_left = Some(page.pages_left + 1);
            self.members_left = page.members_left;
            self.members.clear();
            self.away.clear();
            self.names.clear();
            self.states = States::default();
            self.has_states = false;
            self.miss(page.missed_events, rooms.log(stay.log))?;
        }
        let expected = (self.pages_left, self.members_left);
        let found = (Some(page.pages_left + 1), page.members_left);
        ensure(found == expected, "pages of a snapshot follow each other", || {
            format!("pages and members left: {found:?}, and should be {expected:?}")
        })?;
        for member in &page.members {
            ensure(member.uid != stay.uid, "a snapshot tells of the others", || {
                format!("{member:?}")
            })?;
            self.see(*member)?;
        }
        self.pages_left = Some(page.pages_left);
        self.members_left = page.members_left.saturating_sub(page.members.len() as u16);
        ensure(page.pages_left > 0 || self.members_left == 0, "a snapshot is whole", || {
            format!("{} members have no page", self.members_left)
        })
    }

    /// Somebody who is back learns from the first event how many it was told of.
    fn find_place(&mut self, log: &[Speech], speech: Option<Speech>) {
        if let Some(missed) = self.maybe_missed.take() {
            let since = log.iter().skip(self.next_event).take(missed + 1);
            let place = since.enumerate().find(|(_, said)| Some(**said) == speech);
            self.next_event += place.map_or(0, |(place, _)| place);
        }
    }

    /// Whether it has heard everything, or was told of it.
    pub(crate) fn has_heard(&self, said: usize) -> bool {
        let unheard = said - self.next_event;
        unheard <= self.maybe_missed.unwrap_or(0)
    }

    fn miss(&mut self, events: u32, log: &[Speech]) -> Result<(), Broken> {
        if let Some(missed) = &mut self.maybe_missed {
            *missed += events as usize;
            return Ok(());
        }
        self.next_event += events as usize;
        ensure(self.next_event <= log.len(), "what is announced as missed was said", || {
            format!("{events} missed, which makes {} of {}", self.next_event, log.len())
        })
    }

    /// Somebody is on a page: it was not on another one, and has not gone back.
    fn see(&mut self, member: MemberState) -> Result<(), Broken> {
        let number = number_of(&member);
        let newest = self.newest.get(&member.uid).copied().unwrap_or(0);
        let is_right = number.is_some_and(|number| number == 0 || number >= newest);
        ensure(is_right, "a snapshot never goes back", || format!("{member:?} behind {newest}"))?;
        self.newest.insert(member.uid, newest.max(number.unwrap_or(0)));
        let before = self.members.insert(member.uid, member);
        ensure(before.is_none(), "a snapshot tells of each once", || format!("{member:?}"))
    }

    /// Ring frames come only when the snapshot is whole.
    fn settled(&self) -> Result<(), Broken> {
        ensure(self.pages_left == Some(0), "the room comes before what happens in it", || {
            format!("{:?} pages are to come", self.pages_left)
        })
    }

    fn entered(&mut self, member: MemberState) -> Result<(), Broken> {
        self.settled()?;
        let before = self.members.insert(member.uid, member);
        let is_right = before.is_none() && number_of(&member) == Some(0);
        ensure(is_right, "who enters was not there", || format!("{member:?}, and was {before:?}"))
    }

    fn left(&mut self, uid: Uid) -> Result<(), Broken> {
        self.settled()?;
        let before = self.members.remove(&uid);
        self.away.remove(&uid);
        self.states.left(uid);
        self.names.remove(&uid);
        ensure(before.is_some(), "who leaves was seen", || format!("{uid:?}"))
    }

    /// So far the room has got with its inputs.
    fn acked(&mut self, rooms: &Rooms, tick: u32) -> Result<(), Broken> {
        let newest = stay_of(rooms, self.connection)?.newest_input;
        let before = std::mem::replace(&mut self.acked_input, tick);
        ensure((before..=newest).contains(&tick), "what is acknowledged was taken", || {
            format!("{tick} behind {before}, and {newest} was taken")
        })
    }

    fn saw(&mut self, see: impl FnOnce(&mut States)) -> Result<(), Broken> {
        see(&mut self.states);
        self.settled()
    }

    fn is_away(&mut self, uid: Uid) -> Result<(), Broken> {
        self.settled()?;
        let is_right = self.members.contains_key(&uid) && self.away.insert(uid);
        ensure(is_right, "who goes away was there", || format!("{uid:?}"))
    }

    fn is_back(&mut self, uid: Uid) -> Result<(), Broken> {
        self.settled()?;
        ensure(self.away.remove(&uid), "who comes back was away", || format!("{uid:?}"))
    }

    fn moved(&mut self, member: MemberState) -> Result<(), Broken> {
        self.settled()?;
        let before = self.members.insert(member.uid, member);
        ensure(before.is_some(), "who moves was seen", || format!("{member:?}"))?;
        let number = number_of(&member).unwrap_or(0);
        let newest = self.newest.insert(member.uid, number).unwrap_or(0);
        ensure(number > newest, "moves of one sender never go back", || {
            format!("{member:?} behind {newest}")
        })
    }

    fn said(&mut self, rooms: &Rooms, uid: Uid, speech: Option<Speech>) -> Result<(), Broken> {
        self.settled()?;
        let log = rooms.log(stay_of(rooms, self.connection)?.log);
        self.find_place(log, speech);
        let expected = log.get(self.next_event).copied();
        let is_right =
            expected.is_some() && speech == expected && speech.map(|s| s.uid) == Some(uid);
        ensure(is_right, "events come in the room's order, once, without a gap", || {
            format!("{uid:?} said {speech:?}; the next is {expected:?}, number {}", self.next_event)
        })?;
        self.next_event += 1;
        Ok(())
    }
}
