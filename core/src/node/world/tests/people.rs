//! Who comes in: names, spectators, kicks and bans.

use std::collections::BTreeMap;
use std::string::String;

use super::*;
use crate::protocol::EVENT_MAX_BYTES;
use crate::protocol::world_to_client::EventRefused;
use crate::protocol::world_to_main::{self, Ban, UserJoined, UserList};
use crate::wire::Full;

/// Events with which somebody asks for what is done to the member of this uid.
const KICK: u16 = 1;
const BAN: u16 = 2;
const BAN_MS: u32 = 5_000;

/// Lets people in by what they call themselves.
#[derive(Default)]
struct Club {
    asked: core::cell::RefCell<Vec<(u64, String, String, bool)>>,
    watching: core::cell::RefCell<Vec<u64>>,
}

impl Game for Club {
    const NAME: &'static str = "club";

    fn admit(&mut self, room: &mut RoomContext<'_, '_>, who: &Who<'_>) -> Admission {
        assert!(who.number.is_none() && !who.is_returning && room.who(who.uid).is_none());
        let asked = (who.uid.0, who.name.into(), who.nickname.into(), who.is_guest);
        self.asked.borrow_mut().push(asked);
        match who.nickname {
            _ if who.options == b"look on" => Admission::Spectator,
            "nobody" => Admission::Refuse(Refusal::new(9, "nobody is let in")),
            watcher if watcher.starts_with("watch") => Admission::Spectator,
            _ => Admission::Player,
        }
    }

    fn on_watch(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid) {
        assert!(room.spectators().any(|spectator| spectator == uid) && room.member(uid).is_none());
        assert_eq!(room.who(uid).unwrap().number, None);
        self.watching.borrow_mut().push(uid.0);
        let _ = room.tell_event(uid, 7, Bytes::new(b"look").unwrap());
    }

    fn on_enter(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid) {
        assert_eq!(room.who(uid).unwrap().number, Some(room.member(uid).unwrap().number));
    }

    fn on_event(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        uid: Uid,
        kind: u16,
        data: Bytes<'_, EVENT_MAX_BYTES>,
    ) -> Result<(), Full> {
        let whom = Uid(data.as_slice().first().copied().unwrap_or(0).into());
        match kind {
            KICK => room.kick(whom, &Refusal::new(3, "out")),
            BAN => room.ban(whom, BAN_MS, &Refusal::new(4, "out for long"))?,
            _ => room.broadcast(uid, kind, data)?,
        }
        Ok(())
    }
}

type ClubBench<'a> = WorldBench<'a, Club>;

const CLUB: Setup = Setup { rooms: 1, room_capacity: 3, room_spectators: 2, ..SETUP };

impl ClubBench<'_> {
    fn join_as(&mut self, main: SessionKey, uid: u32, nickname: &str) -> SessionKey {
        let nickname = Text::new(nickname).unwrap();
        self.say(main, &AttachUser { nickname, ..attach_of(Uid(uid.into()), 1) });
        let key = self.accept();
        self.say(key, &join_of(Uid(uid.into())));
        key
    }

    fn club(&self) -> &Club {
        self.role().game(RoomId(0)).unwrap()
    }
}

fn with_club(setup: Setup, test: impl FnOnce(&mut ClubBench<'_>, SessionKey)) {
    with_game(setup, |bench| {
        let main = bench.meet_main();
        test(bench, main);
    });
}

/// Whom a client knows, and by which names.
#[derive(Default, PartialEq, Debug)]
struct Known {
    members: Vec<u16>,
    names: BTreeMap<u16, String>,
    pages_left: u16,
}

impl Known {
    fn hear_all(&mut self, heard: &[Said]) {
        for said in heard {
            self.hear(said);
        }
    }

    fn hear(&mut self, said: &Said) {
        if let Some(page) = said.read::<RoomSnapshot>() {
            if self.pages_left == 0 {
                *self = Self::default();
            }
            self.pages_left = page.pages_left;
            self.members.extend(page.members.iter().map(|member| member.number.0));
        } else if let Some(UserEntered { member }) = said.read() {
            self.members.push(member.number.0);
        } else if let Some(UserLeft { number }) = said.read() {
            self.members.retain(|known| *known != number.0);
            self.names.remove(&number.0);
        } else if let Some(MemberName { number, name }) = said.read() {
            self.names.insert(number.0, name.as_str().into());
        }
    }
}

fn named(number: u32, name: &str) -> Said {
    Said::of(&MemberName { number: super::number(number), name: Text::new(name).unwrap() })
}

#[test]
fn names_stand_behind_entries_and_snapshots() {
    with_club(CLUB, |bench, main| {
        let ann = bench.join_as(main, 1, "Ann");
        let (account, nickname) = (Text::new("bob@home").unwrap(), Text::EMPTY);
        bench.say(main, &AttachUser { account, nickname, ..attach_of(Uid(2), 1) });
        let bob = bench.accept();
        bench.say(bob, &join_of(Uid(2)));
        let of_ann = bench.flush_and_hear(ann);
        assert_eq!(
            of_ann[2..],
            [named(1, "Ann"), named(1, "Ann"), entered(2), named(2, "bob@home")]
        );
        let of_bob = bench.heard(bob);
        assert!(of_bob[1].is::<RoomSnapshot>());
        let rest: Vec<_> = of_bob[2..].iter().filter(|said| !said.is::<UserEntered>()).collect();
        let (own, other) = (named(2, "bob@home"), named(1, "Ann"));
        assert_eq!(rest, [&own, &other, &own]);
        let nameless = bench.join_as(main, 3, "");
        assert_eq!(bench.flush_and_hear(ann), [entered(3)], "who has no name is not named");
        assert_eq!(bench.heard(nameless)[2..].len(), 2);
        let asked = bench.club().asked.borrow().clone();
        let expected = [("", "Ann"), ("bob@home", ""), ("", "")];
        let said: Vec<_> =
            asked.iter().map(|(_, name, nick, _)| (name.as_str(), nick.as_str())).collect();
        assert_eq!(said, expected);
    });
}

#[test]
fn who_falls_behind_knows_every_name_again() {
    let small = Setup { ring_bytes: 1_024, room_capacity: 20, ..CLUB };
    for seats in [3, 20] {
        with_club(small, |bench, main| {
            let keys: Vec<_> = (1..=seats)
                .map(|uid| bench.join_as(main, uid, &std::format!("member {uid}")))
                .collect();
            let slow = keys[1];
            let mut known = Known::default();
            known.hear_all(&bench.flush_and_hear(slow));
            bench.limit(slow, 0);
            bench.say(keys[2], &Leave {});
            for number in 0..30 {
                bench.say(keys[0], &event(9, &[number; 90]));
                bench.pass_ms(FLUSH_MS);
            }
            bench.join_as(main, 99, "late");
            bench.pass_ms(FLUSH_MS);
            bench.unblock(slow, usize::MAX);
            known.hear_all(&bench.heard(slow));
            let mut expected: BTreeMap<_, _> =
                (1..=seats as u16).map(|uid| (uid, std::format!("member {uid}"))).collect();
            expected.remove(&3);
            expected.insert(seats as u16 + 1, "late".into());
            assert_eq!(known.names, expected);
            assert_eq!(known.members.len(), seats as usize - 1);
        });
    }
}

#[test]
fn a_refusal_reaches_the_client_with_its_number_and_its_words() {
    with_club(CLUB, |bench, main| {
        let refused = bench.join_as(main, 1, "nobody");
        let text = Text::new("nobody is let in").unwrap();
        let denied = JoinDenied { reason: JoinDenial::REFUSED, code: 9, text };
        assert_eq!(bench.heard(refused), [Said::of(&denied)]);
        assert!(bench.ended(refused).is_some() && bench.uids().is_empty());
    });
}

#[test]
fn a_spectator_hears_all_and_is_nowhere() {
    with_club(CLUB, |bench, main| {
        let player = bench.join_as(main, 1, "Ann");
        bench.pass_ms(FLUSH_MS);
        bench.heard(player);
        let watcher = bench.join_as(main, 2, "watcher");
        let heard = bench.heard(watcher);
        let ok: JoinOk = heard[0].read().unwrap();
        assert_eq!((ok.number, ok.members), (MemberNumber::GAME, 1));
        let mut known = Known::default();
        known.hear_all(&heard);
        assert_eq!((known.members.as_slice(), known.names[&1].as_str()), (&[1][..], "Ann"));
        assert!(heard.contains(&said_event(0, 7, b"look")));
        assert_eq!(bench.flush_and_hear(player), [], "nobody is told of it");
        assert_eq!((bench.role().rooms().users(), bench.role().rooms().spectators()), (1, 1));
        let joined = UserJoined { uid: Uid(2), is_spectator: true };
        assert!(bench.heard(main).contains(&Said::of(&joined)));
        bench.say(player, &step(40));
        bench.say(player, &event(9, b"hi"));
        assert_eq!(bench.flush_and_hear(watcher), [said_event(1, 9, b"hi"), moved(1, 40)]);
        bench.heard(player);
        // What it does itself is refused, and harms nobody.
        bench.say(watcher, &step(10));
        bench.say(watcher, &event(9, b"me too"));
        let (code, about) = (ErrorCode::SPECTATING, Move::OPCODE.0);
        let refused = EventRefused { request: REQUEST, reason: code };
        let answers = [Said::of(&Error { code, about }), Said::of(&refused)];
        assert_eq!(bench.flush_and_hear(watcher), answers);
        assert_eq!(bench.heard(player), []);
        // It leaves as quietly.
        bench.say(watcher, &Leave {});
        assert_eq!(bench.flush_and_hear(player), []);
        assert_eq!(bench.role().rooms().spectators(), 0);
        assert!(bench.heard(main).contains(&Said::of(&world_to_main::UserLeft { uid: Uid(2) })));
    });
}

#[test]
fn both_sides_of_how_many_may_watch_and_play() {
    with_club(CLUB, |bench, main| {
        let watchers: Vec<_> = (11..13).map(|uid| bench.join_as(main, uid, "watch")).collect();
        let one_more = bench.join_as(main, 13, "watch");
        let full = JoinDenied { reason: JoinDenial::FULL, code: 0, text: Text::EMPTY };
        assert_eq!(bench.heard(one_more), [Said::of(&full)]);
        // They are in nobody's way.
        let players: Vec<_> = (1..4).map(|uid| bench.join_as(main, uid, "")).collect();
        assert_eq!(bench.role().rooms().users(), 3);
        let has_come = |bench: &mut ClubBench<'_>, key| bench.heard(key)[0].is::<JoinOk>();
        assert!(players.iter().chain(&watchers).all(|key| has_come(bench, *key)));
        bench.say(watchers[0], &Leave {});
        bench.say(players[0], &Leave {});
        let again = bench.join_as(main, 14, "watch");
        assert!(has_come(bench, again));
        assert!(bench.heard(main).iter().any(Said::is::<UserJoined>));
    });
}

#[test]
fn a_main_that_comes_anew_hears_who_watches() {
    with_club(CLUB, |bench, main| {
        for (uid, name) in [(1, "a"), (2, "watch"), (3, "b")] {
            bench.join_as(main, uid, name);
        }
        bench.heard(main);
        bench.say(main, &Registered {});
        let heard = bench.heard(main);
        let list: UserList = heard.iter().find_map(Said::read).unwrap();
        let watch = list.uids.iter().enumerate().filter(|(at, _)| list.spectators & 1 << at != 0);
        assert_eq!(watch.map(|(_, uid)| uid.0).collect::<Vec<_>>(), [2]);
        assert_eq!(list.uids.len(), 3);
    });
}

#[test]
fn who_is_kicked_is_told_why() {
    with_club(CLUB, |bench, main| {
        let (ann, bob) = (bench.join_as(main, 1, ""), bench.join_as(main, 2, ""));
        bench.pass_ms(FLUSH_MS);
        bench.heard(bob);
        bench.say(ann, &event(KICK, &[2]));
        let denied =
            JoinDenied { reason: JoinDenial::REFUSED, code: 3, text: Text::new("out").unwrap() };
        assert_eq!(bench.heard(bob), [Said::of(&denied), bye(ErrorCode::REMOVED)]);
        bench.disconnect(bob);
        bench.heard(main);
        let again = bench.join_as(main, 2, "");
        assert!(bench.heard(again)[0].is::<JoinOk>(), "it may ask again");
        assert!(!bench.heard(main).iter().any(Said::is::<Ban>));
    });
}

#[test]
fn a_ban_holds_here_for_its_time_and_main_hears_of_it_whenever_it_begins_anew() {
    with_club(CLUB, |bench, main| {
        let (ann, bob) = (bench.join_as(main, 1, ""), bench.join_as(main, 2, ""));
        bench.pass_ms(FLUSH_MS);
        bench.heard(bob);
        bench.heard(main);
        bench.say(ann, &event(BAN, &[2]));
        let text = Text::new("out for long").unwrap();
        let denied = JoinDenied { reason: JoinDenial::BANNED, code: 4, text };
        assert_eq!(bench.heard(bob), [Said::of(&denied), bye(ErrorCode::BANNED)]);
        bench.disconnect(bob);
        let ban = Said::of(&Ban { uid: Uid(2), for_ms: BAN_MS });
        assert_eq!(bench.heard(main).iter().filter(|said| **said == ban).count(), 1);
        // Main may have been told by another world in the meantime, or be another Main.
        let again = bench.join_as(main, 2, "");
        let banned = JoinDenied { reason: JoinDenial::BANNED, code: 0, text: Text::EMPTY };
        assert_eq!(bench.heard(again), [Said::of(&banned)]);
        bench.disconnect(main);
        bench.requests();
        bench.pass_ms(RECONNECT_FIRST_MS);
        let main = bench.connect_main();
        bench.say(main, &Registered {});
        let told: Vec<Ban> = bench.heard(main).iter().filter_map(Said::read).collect();
        assert!(
            told.len() == 1 && told[0].for_ms < BAN_MS && told[0].for_ms > BAN_MS / 2,
            "{told:?}"
        );
        bench.pass_ms(BAN_MS);
        let over = bench.join_as(main, 2, "");
        assert!(bench.heard(over)[0].is::<JoinOk>());
    });
}

/// What somebody has wished for is there for its game before it is in, and of its newest wish only.
#[test]
fn a_game_sees_the_options_of_a_wish() {
    with_game::<Club>(CLUB, |bench| {
        let main = bench.meet_main();
        let wish = Wish { options: Bytes::new(b"look on").unwrap(), ..Wish::ANY };
        bench.say(main, &AttachUser { wish, ..attach_of(Uid(1), 1) });
        let ann = bench.accept();
        bench.say(ann, &join_of(Uid(1)));
        assert_eq!(*bench.club().watching.borrow(), [1]);
        bench.say(main, &AttachUser { wish, ..attach_of(Uid(2), 1) });
        let bob = bench.join_as(main, 2, "");
        assert_eq!((bench.club().watching.borrow().len(), bench.role().rooms().users()), (1, 1));
        let _ = bob;
    });
}
