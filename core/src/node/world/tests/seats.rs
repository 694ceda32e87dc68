//! Seats that are held: losing, coming back, and all that ends one.

use core::cell::RefCell;
use std::collections::BTreeMap;

use proptest::prelude::*;

use super::view::View;
use super::*;
use crate::protocol::world_to_client::{UserAway, UserBack};
use crate::protocol::world_to_main::{self, AttachAck, Status, UserHeld, UserJoined, UserList};
use crate::session::PeerAddress;

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Call {
    Spawn(u32),
    Enter(u32),
    Lost(u32),
    Return(u32),
    Leave(u32, Left),
}

/// Holds seats for a while, and removes whomever an event of this kind names.
#[derive(Default)]
pub(super) struct Keeper {
    pub(super) calls: RefCell<Vec<Call>>,
}

pub(super) const REMOVE: u16 = 4;
const PLACE: u16 = 2;
pub(super) const HOLD_MS: u32 = 3_200;

impl Keeper {
    fn note(&self, call: Call) {
        self.calls.borrow_mut().push(call);
    }
}

impl Game for Keeper {
    const NAME: &'static str = "keeper";
    const HOLD_MS: u32 = HOLD_MS;

    fn spawn(&mut self, _: &mut RoomContext<'_, '_>, uid: Uid) -> (Position, Direction) {
        self.note(Call::Spawn(uid.0 as u32));
        (Position::ORIGIN, Direction(0))
    }

    fn on_enter(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid) {
        assert!(!room.is_away(uid));
        self.note(Call::Enter(uid.0 as u32));
    }

    fn on_lost(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid) {
        assert!(room.member(uid).is_some());
        self.note(Call::Lost(uid.0 as u32));
    }

    fn on_return(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid) {
        assert!(room.member(uid).is_some() && !room.is_away(uid));
        self.note(Call::Return(uid.0 as u32));
    }

    fn on_leave(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid, why: Left) {
        assert!(room.member(uid).is_none() && !room.is_away(uid));
        self.note(Call::Leave(uid.0 as u32, why));
    }

    fn on_event(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        uid: Uid,
        kind: u16,
        data: Bytes<'_, { crate::protocol::EVENT_MAX_BYTES }>,
    ) -> Result<(), crate::wire::Full> {
        let whom = Uid(data.as_slice().first().copied().unwrap_or_default().into());
        match kind {
            REMOVE => room.kick(whom, &Refusal::UNSAID),
            PLACE => room.place(whom, at(333), Direction(7)),
            _ => return room.broadcast(uid, kind, data),
        }
        Ok(())
    }
}

type KeeperBench<'a> = WorldBench<'a, Keeper>;

fn with_keeper(test: impl FnOnce(&mut KeeperBench<'_>)) {
    with_game(SETUP, test);
}

impl KeeperBench<'_> {
    fn calls(&self) -> Vec<Call> {
        let games = (0..MAX_ROOMS as u16).filter_map(|room| self.role().game(RoomId(room)));
        games.flat_map(|game| game.calls.take()).collect()
    }

    /// `uid` is attached and joins, from this address.
    fn join_from(&mut self, main: SessionKey, uid: u32, address: PeerAddress) -> SessionKey {
        self.say(main, &attach_of(Uid(uid.into()), 1));
        let key = self.accept_from(address).expect("a place for one more");
        self.say(key, &join_of(Uid(uid.into())));
        key
    }

    /// Users `1..=count` are in a room, each from an address of its own, with nothing left to hear.
    fn fill_from_everywhere(&mut self, main: SessionKey, count: u32) -> Vec<SessionKey> {
        let keys: Vec<_> = (1..=count).map(|uid| self.join_from(main, uid, from(uid))).collect();
        self.pass_ms(FLUSH_MS);
        for key in &keys {
            self.heard(*key);
        }
        self.heard(main);
        self.calls();
        keys
    }

    fn away(&self) -> Vec<u32> {
        let users = self.role().rooms().iter().filter(|(_, user)| user.is_away());
        let mut uids: Vec<u32> = users.map(|(_, user)| user.state().uid.0 as u32).collect();
        uids.sort_unstable();
        uids
    }
}

pub(super) fn from(address: u32) -> PeerAddress {
    let [a, b] = (address as u16).to_be_bytes();
    PeerAddress(core::net::Ipv4Addr::new(10, 1, a, b).to_ipv6_mapped().octets())
}

fn away(of: u32) -> Said {
    Said::of(&UserAway { number: number(of) })
}

fn back(of: u32) -> Said {
    Said::of(&UserBack { number: number(of) })
}

#[test]
fn whoever_comes_back_in_time_is_who_it_was() {
    with_keeper(|bench| {
        let main = bench.meet_main();
        let keys = bench.fill_from_everywhere(main, 4);
        bench.say(keys[1], &step(50));
        bench.pass_ms(FLUSH_MS);
        bench.disconnect(keys[1]);
        assert_eq!(bench.flush_and_hear(keys[0]), [moved(2, 50), away(2)]);
        assert_eq!(bench.heard(main), [Said::of(&UserHeld { uid: Uid(2) })]);
        assert_eq!((bench.calls(), bench.away()), (vec![Call::Lost(2)], vec![2]));
        // What is said meanwhile is announced as missed.
        bench.say(keys[0], &event(9, &[1]));
        bench.say(keys[2], &step(7));
        bench.pass_ms(HOLD_MS - 3 * FLUSH_MS);
        let again = bench.join(main, 2);
        let heard = bench.heard(again);
        let welcome: JoinOk = heard[0].read().unwrap();
        let expected = JoinOk {
            version: Versions::OURS.to,
            room_id: RoomId(0),
            number: number(2),
            spawn_pos: at(50),
            members: 3,
            spawn_dir: Direction(9),
            is_returned: true,
        };
        assert_eq!(welcome, expected);
        let page: RoomSnapshot = heard[1].read().unwrap();
        assert_eq!((page.missed_events, page.members.len(), heard.len()), (1, 3, 2));
        assert!(bench.flush_and_hear(keys[3]).ends_with(&[back(2)]));
        assert_eq!(bench.heard(again), []);
        let joined = Said::of(&UserJoined { uid: Uid(2), is_spectator: false });
        assert_eq!(bench.heard(main).last(), Some(&joined));
        assert_eq!((bench.calls(), bench.away()), (vec![Call::Return(2)], vec![]));
        bench.pass_ms(2 * HOLD_MS);
        assert_eq!(bench.uids(), [1, 2, 3, 4]);
    });
}

#[test]
fn both_sides_of_the_time() {
    for (wait_ms, is_held) in [(HOLD_MS - 1, true), (HOLD_MS, false)] {
        with_keeper(|bench| {
            let main = bench.meet_main();
            let keys = bench.fill_from_everywhere(main, 4);
            bench.disconnect(keys[1]);
            bench.calls();
            bench.pass_ms(wait_ms);
            assert_eq!(bench.uids().contains(&2), is_held);
            let expired = vec![Call::Leave(2, Left::Expired)];
            assert_eq!(bench.calls(), if is_held { vec![] } else { expired });
            let again = bench.join(main, 2);
            let welcome: JoinOk = bench.heard(again)[0].read().unwrap();
            assert_eq!(welcome.is_returned, is_held);
            assert_eq!(welcome.number, number(if is_held { 2 } else { 5 }));
        });
    }
}

/// A key that is redeemed late, before the deadline was looked at, leads to no seat that has had its time.
#[test]
fn a_late_turn_makes_no_seat_last_longer() {
    with_keeper(|bench| {
        let main = bench.meet_main();
        let keys = bench.fill_from_everywhere(main, 4);
        bench.disconnect(keys[1]);
        bench.say(main, &attach_of(Uid(2), 1));
        let again = bench.accept();
        bench.calls();
        bench.stall_ms(HOLD_MS);
        bench.say(again, &join_of(Uid(2)));
        let expected = vec![Call::Leave(2, Left::Expired), Call::Spawn(2), Call::Enter(2)];
        assert_eq!(bench.calls(), expected);
    });
}

/// A quarter of the room's 48 seats, and of the last of them one address gets its share.
#[test]
fn both_sides_of_a_quarter_and_of_an_address_s_share() {
    with_keeper(|bench| {
        let main = bench.meet_main();
        let keys = bench.fill_from_everywhere(main, 14);
        for key in &keys {
            bench.disconnect(*key);
        }
        assert_eq!(bench.away(), (1..=12).collect::<Vec<_>>());
        assert_eq!(bench.uids().len(), 12);
        let calls = bench.calls();
        assert_eq!(calls[12..], [Call::Leave(13, Left::Expired), Call::Leave(14, Left::Expired)]);
        // Somebody who is back makes room for another one.
        let one = bench.join_from(main, 1, from(1));
        let last = bench.join_from(main, 15, from(15));
        bench.disconnect(last);
        assert_eq!(bench.away().len(), 12);
        bench.disconnect(one);
        assert_eq!(bench.away().len(), 12);
    });
    #[cfg(feature = "shares")]
    with_keeper(|bench| {
        let main = bench.meet_main();
        let keys: Vec<_> = (1..=14).map(|uid| bench.join_from(main, uid, from(1))).collect();
        for key in &keys {
            bench.disconnect(*key);
        }
        // One of twelve is left for whoever comes from elsewhere.
        assert_eq!(bench.away().len(), 11);
        let other = bench.join_from(main, 20, from(2));
        bench.disconnect(other);
        assert_eq!((bench.away().len(), bench.away().contains(&20)), (12, true));
    });
}

#[test]
fn a_small_room_holds_one_seat() {
    with_game(Setup { room_capacity: 3, ..SETUP }, |bench: &mut KeeperBench<'_>| {
        let main = bench.meet_main();
        let keys = bench.fill_from_everywhere(main, 3);
        bench.disconnect(keys[0]);
        bench.disconnect(keys[1]);
        assert_eq!((bench.away(), bench.uids()), (vec![1], vec![1, 3]));
    });
}

#[test]
fn each_end_has_its_reason() {
    type End = fn(&mut KeeperBench<'_>, SessionKey, SessionKey);
    let ends: [(End, Left); 6] = [
        (|bench, _, key| bench.say(key, &Leave {}), Left::Left),
        (|bench, _, key| bench.say(key, &Bye { reason: ErrorCode::GOODBYE }), Left::Left),
        (|bench, _, key| bench.say(key, &event(REMOVE, &[2])), Left::Removed),
        (|bench, main, _| detach(bench, main, ErrorCode::REPLACED), Left::Replaced),
        (|bench, main, _| detach(bench, main, ErrorCode::REVOKED), Left::Revoked),
        (|bench, main, _| detach(bench, main, ErrorCode::BANNED), Left::Revoked),
    ];
    for (end, why) in ends {
        with_keeper(|bench| {
            let main = bench.meet_main();
            let keys = bench.fill_from_everywhere(main, 4);
            end(bench, main, keys[1]);
            assert_eq!(bench.calls(), [Call::Leave(2, why)]);
            assert_eq!((bench.away(), bench.uids()), (vec![], vec![1, 3, 4]));
        });
    }
}

fn detach(bench: &mut KeeperBench<'_>, main: SessionKey, reason: ErrorCode) {
    bench.say(main, &DetachUser { uid: Uid(2), reason });
}

#[test]
fn a_held_seat_ends_when_its_member_may_not_come_back() {
    type End = fn(&mut KeeperBench<'_>, SessionKey, SessionKey);
    let ends: [(End, Left); 4] = [
        (|bench, main, _| detach(bench, main, ErrorCode::REVOKED), Left::Revoked),
        (|bench, main, _| detach(bench, main, ErrorCode::BANNED), Left::Revoked),
        (|bench, main, _| detach(bench, main, ErrorCode::REPLACED), Left::Replaced),
        (|bench, _, other| bench.say(other, &event(REMOVE, &[2])), Left::Removed),
    ];
    for (end, why) in ends {
        with_keeper(|bench| {
            let main = bench.meet_main();
            let keys = bench.fill_from_everywhere(main, 4);
            bench.disconnect(keys[1]);
            bench.calls();
            bench.heard(main);
            bench.flush_and_hear(keys[2]);
            end(bench, main, keys[0]);
            assert_eq!(bench.calls(), [Call::Leave(2, why)]);
            assert_eq!(bench.heard(main), [Said::of(&world_to_main::UserLeft { uid: Uid(2) })]);
            assert_eq!(bench.flush_and_hear(keys[2]), [left(2)]);
            bench.pass_ms(2 * HOLD_MS);
            assert_eq!(bench.uids(), [1, 3, 4]);
        });
    }
}

/// Whom the game removes in the turn in which its connection is lost is not held.
#[test]
fn who_is_removed_is_not_held_however_its_connection_ends() {
    with_keeper(|bench| {
        let main = bench.meet_main();
        let keys = bench.fill_from_everywhere(main, 4);
        bench.limit(keys[1], 0);
        bench.say(keys[0], &event(REMOVE, &[2]));
        bench.disconnect(keys[1]);
        assert_eq!(bench.calls(), [Call::Leave(2, Left::Removed)]);
    });
}

/// The old connection is not noticed lost: the new one takes its place.
#[test]
fn who_connects_anew_takes_its_seat_over() {
    with_keeper(|bench| {
        let main = bench.meet_main();
        let keys = bench.fill_from_everywhere(main, 4);
        bench.say(keys[1], &step(8));
        let again = bench.join(main, 2);
        let welcome: JoinOk = bench.heard(again)[0].read().unwrap();
        assert!(welcome.is_returned && welcome.number == number(2) && welcome.spawn_pos == at(8));
        assert_eq!(bench.heard(keys[1]).last(), Some(&bye(ErrorCode::REPLACED)));
        assert_eq!(bench.flush_and_hear(keys[0]), [moved(2, 8)]);
        assert_eq!(bench.calls(), [Call::Lost(2), Call::Return(2)]);
        // Its former connection's end is nothing to it.
        bench.disconnect(keys[1]);
        assert_eq!((bench.calls(), bench.away()), (vec![], vec![]));
        // And when its client says that another one goes on, that is no goodbye.
        bench.say(again, &Bye { reason: ErrorCode::REPLACED });
        assert_eq!((bench.calls(), bench.away()), (vec![Call::Lost(2)], vec![2]));
    });
}

#[test]
fn who_comes_back_needs_no_place() {
    let setup = Setup { rooms: 1, room_capacity: 4, attaches: 4, ..SETUP };
    with_game(setup, |bench: &mut KeeperBench<'_>| {
        let main = bench.meet_main();
        let keys = bench.fill_from_everywhere(main, 4);
        bench.disconnect(keys[1]);
        bench.heard(main);
        // A held seat is a place taken.
        bench.say(main, &attach_of(Uid(9), 3));
        assert!(!bench.heard(main)[0].is::<AttachAck>());
        let again = bench.join(main, 2);
        assert!(bench.heard(again)[0].is::<JoinOk>());
        bench.pass_ms(FLUSH_MS);
        bench.heard(main);
        // Whoever is on its way back takes no second place from anybody.
        bench.say(keys[0], &Leave {});
        bench.heard(main);
        for uid in [2, 3, 4] {
            bench.say(main, &attach_of(Uid(uid), 4));
        }
        bench.say(main, &attach_of(Uid(9), 5));
        assert_eq!(bench.heard(main).iter().filter(|said| said.is::<AttachAck>()).count(), 4);
        bench.say(main, &attach_of(Uid(10), 6));
        assert!(!bench.heard(main)[0].is::<AttachAck>());
    });
}

/// What is void is the key alone; who holds a seat is said again.
#[test]
fn a_void_key_costs_nobody_its_seat() {
    with_keeper(|bench| {
        let main = bench.meet_main();
        let keys = bench.fill_from_everywhere(main, 4);
        bench.disconnect(keys[1]);
        bench.say(main, &attach_of(Uid(2), 1));
        bench.heard(main);
        bench.say(main, &DetachUser { uid: Uid(2), reason: ErrorCode::GOODBYE });
        assert_eq!(bench.heard(main), [Said::of(&UserHeld { uid: Uid(2) })]);
        assert!(!bench.role().attaches().is_pending(Uid(2)));
        assert_eq!(bench.away(), [2]);
    });
}

#[test]
fn a_new_main_hears_who_is_away() {
    with_keeper(|bench| {
        let main = bench.meet_main();
        let keys = bench.fill_from_everywhere(main, 5);
        bench.disconnect(keys[1]);
        bench.disconnect(keys[3]);
        bench.disconnect(main);
        bench.pass_ms(RECONNECT_FIRST_MS);
        let main = bench.connect_main();
        bench.say(main, &Registered {});
        let heard = bench.heard(main);
        let status = heard.iter().find_map(Said::read::<Status>).unwrap();
        assert_eq!((status.users, status.held), (5, 2));
        let list = heard.iter().find_map(Said::read::<UserList>).unwrap();
        let away = (0..5).filter(|index| list.held >> index & 1 == 1);
        let mut away: Vec<u64> = away.map(|index| list.uids[index].0).collect();
        away.sort_unstable();
        assert_eq!((list.uids.len(), away), (5, vec![2, 4]));
    });
}

/// Whoever comes back, and whoever comes anew, knows what those know who were there all the time.
#[test]
fn who_comes_back_knows_what_the_others_know() {
    with_keeper(|bench| {
        let main = bench.meet_main();
        let keys: Vec<_> = (1..=40).map(|uid| bench.join_from(main, uid, from(uid))).collect();
        bench.pass_ms(FLUSH_MS);
        let mut old = View::of(40, number(40));
        old.hear_all(&said_in(bench.stream(keys[39])).0);
        for uid in [3, 5, 8, 20, 21] {
            bench.disconnect(keys[uid - 1]);
        }
        bench.say(keys[0], &event(PLACE, &[5]));
        bench.say(keys[1], &event(77, &[5]));
        bench.say(keys[9], &step(10));
        bench.heard(keys[39]);
        let mut views = vec![];
        for uid in [5, 20, 60] {
            let key = bench.join(main, uid);
            let heard = bench.heard(key);
            let welcome: JoinOk = heard[0].read().unwrap();
            let mut view = View::of(uid, welcome.number);
            view.hear_all(&heard);
            views.push((key, view));
        }
        bench.pass_ms(HOLD_MS / 2);
        bench.say(keys[9], &step(11));
        bench.pass_ms(HOLD_MS);
        for (key, view) in &mut views {
            view.hear_all(&bench.heard(*key));
            view.check(bench);
        }
        let mut anew = View::of(40, number(40));
        anew.hear_all(&said_in(bench.stream(keys[39])).0);
        anew.check(bench);
        assert_eq!(bench.away(), Vec::<u32>::new());
    });
}

/// Without the time, or without the feature, a loss is a leave and a new connection comes in anew.
#[test]
fn a_game_that_holds_no_seats_has_leaves_alone() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 3);
        bench.disconnect(keys[1]);
        assert_eq!(bench.uids(), [1, 3]);
        let again = bench.join(main, 3);
        let welcome: JoinOk = bench.heard(again)[0].read().unwrap();
        assert_eq!((welcome.is_returned, welcome.number), (false, number(4)));
    });
}

#[derive(Clone, Debug)]
enum Act {
    Join(u32),
    Cut(u32),
    Leave(u32),
    Kick(u32),
    Detach(u32),
    Pass(u32),
}

fn any_act() -> impl Strategy<Value = Act> {
    let uid = 1..=9u32;
    prop_oneof![
        4 => uid.clone().prop_map(Act::Join),
        4 => uid.clone().prop_map(Act::Cut),
        1 => uid.clone().prop_map(Act::Leave),
        1 => uid.clone().prop_map(Act::Kick),
        1 => uid.prop_map(Act::Detach),
        2 => (1..HOLD_MS).prop_map(Act::Pass),
    ]
}

/// A room of eight, of whom two may be away: who is in it, what it is called, and until when it is away.
#[derive(Default)]
struct Model {
    members: BTreeMap<u32, (u16, Option<u32>)>,
    last_number: u16,
    now_ms: u32,
}

impl Model {
    fn join(&mut self, uid: u32) -> bool {
        if let Some((_, until)) = self.members.get_mut(&uid) {
            *until = None;
            return true;
        }
        if self.members.len() == 8 {
            return false;
        }
        self.last_number += 1;
        self.members.insert(uid, (self.last_number, None));
        true
    }

    fn cut(&mut self, uid: u32) {
        let away = self.members.values().filter(|(_, until)| until.is_some()).count();
        match self.members.get_mut(&uid) {
            Some((_, until)) if away < 2 => *until = Some(self.now_ms + HOLD_MS),
            _ => drop(self.members.remove(&uid)),
        }
    }

    fn pass(&mut self, ms: u32) {
        self.now_ms += ms;
        let now_ms = self.now_ms;
        self.members.retain(|_, (_, until)| until.is_none_or(|until| until > now_ms));
    }
}

fn as_model(bench: &KeeperBench<'_>) -> BTreeMap<u32, (u16, bool)> {
    let users = bench.role().rooms().iter();
    users
        .map(|(_, user)| (user.state().uid.0 as u32, (user.state().number.0, user.is_away())))
        .collect()
}

fn play_as_model(acts: &[Act]) {
    let setup = Setup { rooms: 1, room_capacity: 8, ..SETUP };
    with_game(setup, |bench: &mut KeeperBench<'_>| {
        let main = bench.meet_main();
        let witness = bench.join_from(main, 50, from(50));
        let (mut model, mut keys) = (Model::default(), BTreeMap::new());
        model.join(50);
        for act in acts {
            match *act {
                Act::Join(uid) => {
                    let key = bench.join_from(main, uid, from(uid));
                    if model.join(uid) {
                        keys.insert(uid, key);
                    }
                }
                Act::Cut(uid) => {
                    if let Some(key) = keys.remove(&uid) {
                        bench.disconnect(key);
                        model.cut(uid);
                    }
                }
                Act::Leave(uid) => {
                    if let Some(key) = keys.remove(&uid) {
                        bench.say(key, &Leave {});
                        model.members.remove(&uid);
                    }
                }
                Act::Kick(uid) => {
                    bench.say(witness, &event(REMOVE, &[uid as u8]));
                    keys.remove(&uid);
                    model.members.remove(&uid);
                }
                Act::Detach(uid) => {
                    let reason = ErrorCode::REPLACED;
                    bench.say(main, &DetachUser { uid: Uid(uid.into()), reason });
                    keys.remove(&uid);
                    model.members.remove(&uid);
                }
                Act::Pass(ms) => {
                    bench.pass_ms(ms);
                    // Whoever says nothing for long is taken for lost.
                    keys.values().chain([&witness]).for_each(|key| bench.say(*key, &step(1)));
                    model.pass(ms);
                }
            }
            let expected = model.members.iter();
            let expected: BTreeMap<_, _> =
                expected.map(|(uid, (number, until))| (*uid, (*number, until.is_some()))).collect();
            assert_eq!(as_model(bench), expected, "{act:?}");
            assert_eq!(bench.role().rooms().away(), bench.away().len());
        }
    });
}

proptest! {
    /// A number is nobody else's while it is held, nobody has two seats, and who comes back in time has its own.
    #[test]
    fn seats_are_those_of_a_naive_model(acts in prop::collection::vec(any_act(), 1..60)) {
        play_as_model(&acts);
    }
}
