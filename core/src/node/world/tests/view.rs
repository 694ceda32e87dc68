//! What a player knows from what it has heard: a strict reader of the stream.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// A player's picture of its room. Every message has to fit it: nobody enters twice, nobody unknown
/// moves, speaks or leaves.
#[derive(Debug, Default)]
pub(super) struct View {
    /// Its uid, and what it is called.
    own: u32,
    own_number: MemberNumber,
    others: BTreeMap<MemberNumber, MemberState>,
    /// Of the others, those who are away.
    away: BTreeSet<MemberNumber>,
    /// What they are called, and it itself.
    names: BTreeMap<MemberNumber, std::string::String>,
    /// Pages of a snapshot that are still to come.
    pages_left: u16,
    /// Events heard or announced as missed.
    pub(super) events: u32,
    /// Of those, the missed ones.
    pub(super) missed: u32,
    pub(super) snapshots: u32,
}

impl View {
    pub(super) fn of(uid: u32, own_number: MemberNumber) -> Self {
        Self { own: uid, own_number, ..Self::default() }
    }

    pub(super) fn hear_all(&mut self, said: &[Said]) {
        for (number, said_now) in said.iter().enumerate() {
            assert!(self.hear(said_now), "{said_now:?} does not fit, behind {:?}", &said[..number]);
        }
    }

    fn hear(&mut self, said: &Said) -> bool {
        if let Some(page) = said.read::<RoomSnapshot>() {
            return self.hear_page(&page);
        }
        let own = self.own_number;
        if let Some(UserEntered { member }) = said.read() {
            return member.number != own && self.others.insert(member.number, member).is_none();
        }
        if let Some(UserAway { number }) = said.read() {
            return self.others.contains_key(&number) && self.away.insert(number);
        }
        if let Some(UserBack { number }) = said.read() {
            return number == own || self.away.remove(&number);
        }
        if let Some(UserLeft { number }) = said.read() {
            self.away.remove(&number);
            self.names.remove(&number);
            return self.others.remove(&number).is_some();
        }
        if let Some(MemberName { number, name }) = said.read() {
            match name.as_str() {
                "" => self.names.remove(&number),
                name => self.names.insert(number, name.into()),
            };
            return number == own || self.others.contains_key(&number);
        }
        if let Some(MoveBroadcast { number, pos, dir }) = said.read() {
            let known = self.others.get_mut(&number);
            return number == own
                || known.map(|known| (known.pos, known.dir) = (pos, dir)).is_some();
        }
        if let Some(EventBroadcast { number, .. }) = said.read() {
            self.events += 1;
            return number == own || self.others.contains_key(&number);
        }
        true
    }

    fn hear_page(&mut self, page: &RoomSnapshot) -> bool {
        let is_first = self.pages_left == 0;
        if is_first {
            self.others.clear();
            self.away.clear();
            self.names.clear();
            self.snapshots += 1;
            self.events += page.missed_events;
            self.missed += page.missed_events;
        }
        let fits = is_first || page.pages_left + 1 == self.pages_left;
        self.pages_left = page.pages_left;
        let known = page.members.iter().map(|member| (member.number, *member));
        self.others.extend(known);
        fits
    }

    /// Compares with the room as it is, when everything has been heard.
    pub(super) fn check<G: Game>(&self, bench: &WorldBench<'_, G>) {
        let room = bench.room_of(self.own).expect("the player is in a room");
        let others: BTreeMap<MemberNumber, MemberState> = (bench.role().rooms().iter())
            .filter(|(_, user)| user.room() == room && user.state().uid.0 as u32 != self.own)
            .map(|(_, user)| (user.state().number, user.state()))
            .collect();
        let away: BTreeSet<MemberNumber> = (bench.role().rooms().iter())
            .filter(|(_, user)| user.room() == room && user.is_away())
            .map(|(_, user)| user.state().number)
            .collect();
        assert_eq!(self.away, away, "who is away, as {} sees it", self.own);
        assert_eq!((&self.others, self.pages_left), (&others, 0), "the view of {}", self.own);
        let members = bench.role().rooms().iter().map(|(_, user)| user);
        let named = members.filter(|user| user.room() == room && !user.names().shown().is_empty());
        let names: BTreeMap<_, _> =
            named.map(|user| (user.state().number, user.names().shown().into())).collect();
        assert_eq!(self.names, names, "the names that {} knows", self.own);
    }
}
