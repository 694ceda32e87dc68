//! A world with two Mains: each link goes its own way, and hears what is its own.

use std::string::String;

use super::*;
use crate::protocol::ClaimNumber;
use crate::protocol::main_to_world::UserClaimed;
use crate::protocol::world_to_main::{self, AttachAck, AttachDenied, Status, UserJoined, UserList};

pub(super) const TWO: Setup = Setup { mains: 2, ..SETUP };

impl<G: Game> WorldBench<'_, G> {
    /// Both Mains take the connections that the world asks for, and the world itself.
    fn meet_mains(&mut self) -> [SessionKey; 2] {
        self.act(World::start);
        [self.register(), self.register()]
    }

    /// The connections that the world has asked for, and where to.
    pub(super) fn dials(&mut self) -> Vec<(String, SessionKey)> {
        let asked = self.requests().into_iter();
        asked
            .filter_map(|asked| match asked {
                Asked::Connect { key, address, .. } => Some((address, key)),
                _ => None,
            })
            .collect()
    }

    /// The next ones.
    #[track_caller]
    pub(super) fn wait_for_dials(&mut self) -> Vec<(String, SessionKey)> {
        for _ in 0..2 * RECONNECT_MOST_MS {
            let dials = self.dials();
            if !dials.is_empty() {
                return dials;
            }
            self.pass_ms(1);
        }
        panic!("nothing is dialed");
    }
}

fn joined(uid: u64) -> Said {
    Said::of(&UserJoined { uid: Uid(uid), is_spectator: false })
}

#[test]
fn it_looks_for_every_main_that_is_configured() {
    for (mains, expected) in [(1, vec!["main:7"]), (2, vec!["main:7", "other:7"])] {
        with_world(Setup { mains, ..SETUP }, |bench| {
            bench.act(World::start);
            let asked: Vec<String> = bench.dials().into_iter().map(|(to, _)| to).collect();
            assert_eq!(asked, expected);
            assert_eq!(usize::from(bench.role().own_links()), mains);
        });
    }
}

#[test]
fn what_happens_is_said_to_both_and_an_answer_to_who_has_asked() {
    with_world(TWO, |bench| {
        let [one, other] = bench.meet_mains();
        bench.heard(one);
        bench.say(one, &attach_of(Uid(1), 7));
        let ack = Said::of(&AttachAck { uid: Uid(1), attempt: 7 });
        assert_eq!((bench.heard(one), bench.heard(other)), (vec![ack], vec![]));
        let key = bench.accept();
        bench.say(key, &join_of(Uid(1)));
        assert!(bench.heard(one).contains(&joined(1)) && bench.heard(other).contains(&joined(1)));
        bench.say(other, &DetachUser { uid: Uid(2), reason: ErrorCode::REPLACED });
        let left = Said::of(&world_to_main::UserLeft { uid: Uid(2) });
        assert_eq!((bench.heard(one), bench.heard(other)), (vec![], vec![left]));
    });
}

/// Players of both are in one room, and one Main's end is nobody's.
#[test]
fn one_main_that_is_gone_takes_nobody_with_it_and_is_looked_for() {
    with_world(TWO, |bench| {
        let [one, other] = bench.meet_mains();
        let (first, second) = (bench.join(one, 1), bench.join(other, 2));
        bench.pass_ms(FLUSH_MS);
        bench.disconnect(one);
        assert!(bench.role().is_registered(), "with the other");
        bench.heard(second);
        bench.say(first, &event(1, b"on"));
        assert_eq!(bench.flush_and_hear(second), [said_event(1, 1, b"on")]);
        bench.join(other, 3);
        bench.heard(other);
        let (address, again) = bench.wait_for_dials().remove(0);
        assert_eq!(address, "main:7");
        bench.main_connected(again);
        bench.heard(other);
        bench.say(again, &Registered {});
        let lists: Vec<UserList> = bench.heard(again).iter().filter_map(Said::read).collect();
        let mut uids = lists[0].uids.to_vec();
        uids.sort_unstable();
        assert_eq!((lists.len(), uids), (1, [1, 2, 3].map(Uid).to_vec()));
        assert!(!bench.heard(other).iter().any(Said::is::<UserList>), "it has had its own");
    });
}

#[test]
fn one_main_that_is_never_there_is_tried_while_the_other_is_had() {
    with_world(TWO, |bench| {
        bench.act(World::start);
        let asked = bench.dials();
        bench.connect_failed(asked[0].1);
        bench.main_connected(asked[1].1);
        bench.say(asked[1].1, &Registered {});
        assert!(bench.role().is_registered());
        let (address, again) = bench.wait_for_dials().remove(0);
        assert_eq!(address, "main:7");
        bench.connect_failed(again);
        bench.join(asked[1].1, 1);
        assert_eq!((bench.uids(), bench.ended(asked[1].1)), (vec![1], None));
    });
}

#[test]
fn a_world_that_one_main_has_replaced_goes_on_with_the_other() {
    with_world(TWO, |bench| {
        let [one, other] = bench.meet_mains();
        bench.say(one, &Bye { reason: ErrorCode::REPLACED });
        assert!(bench.role().is_registered());
        bench.pass_ms(4 * RECONNECT_MOST_MS);
        assert_eq!(bench.dials(), []);
        assert!(bench.heard(other).iter().any(Said::is::<Status>), "its timer goes on");
        bench.disconnect(other);
        assert_eq!(bench.wait_for_dials().remove(0).0, "other:7");
    });
}

/// One link takes nothing: only that one is told again what it has missed.
#[test]
fn each_link_has_its_own_place_in_the_list() {
    let net = NetConfig { send_buffers_per_server: 2, ..BENCH_CONFIG };
    let sizes = Sizes { send_buffer_bytes: 400, ..Sizes::ALL };
    with_world(Setup { net, sizes, ..TWO }, |bench| {
        let [one, other] = bench.meet_mains();
        bench.heard(one);
        bench.limit(one, 0);
        for uid in 1..80 {
            let key = bench.join(other, uid);
            bench.disconnect(key);
            bench.heard(other);
        }
        bench.join(other, 80);
        assert!(!bench.heard(other).iter().any(Said::is::<UserList>));
        bench.unblock(one, usize::MAX);
        let lists: Vec<UserList> = bench.heard(one).iter().filter_map(Said::read).collect();
        assert_eq!(lists.last().map(|list| &list.uids[..]), Some(&[Uid(80)][..]));
        assert_eq!(bench.ended(one), None);
    });
}

#[cfg(feature = "rooms")]
#[test]
fn each_main_hears_of_rooms_by_itself() {
    use crate::protocol::WishKind;
    use crate::protocol::world_to_main::{RoomChanged, RoomClosed, RoomOpened};

    with_world(TWO, |bench| {
        let [one, other] = bench.meet_mains();
        bench.disconnect(other);
        let name = Text::new("den").unwrap();
        let wish = Wish { kind: WishKind::NAMED_OR_NEW, name, ..Wish::ANY };
        bench.say(one, &AttachUser { wish, ..attach_of(Uid(1), 1) });
        let key = bench.accept();
        bench.say(key, &join_of(Uid(1)));
        bench.pass_ms(STATUS_MS);
        let heard = bench.heard(one);
        let opened = heard.iter().filter(|said| said.is::<RoomOpened<'_>>()).count();
        assert!(opened == 1 && heard.iter().any(Said::is::<RoomChanged<'_>>), "{heard:?}");
        let (_, again) = bench.wait_for_dials().remove(0);
        bench.main_connected(again);
        bench.heard(one);
        bench.say(again, &Registered {});
        let heard = bench.heard(again);
        let opened: Vec<RoomOpened<'_>> = heard.iter().filter_map(Said::read).collect();
        assert_eq!((opened.len(), opened[0].line.members), (1, 1));
        assert!(!bench.heard(one).iter().any(Said::is::<RoomOpened<'_>>), "it knows");
        bench.say(key, &Leave {});
        for main in [one, again] {
            assert!(bench.heard(main).iter().any(Said::is::<RoomClosed>));
        }
    });
}

/// What a Main says is under its own number, whatever another one has said last.
#[test]
fn a_main_that_has_lost_somebody_throws_out_nobody_who_came_by_the_other() {
    with_world(TWO, |bench| {
        let [one, other] = bench.meet_mains();
        let claimed = |claim| UserClaimed { uid: Uid(1), claim: ClaimNumber(claim) };
        let detach = DetachUser { uid: Uid(1), reason: ErrorCode::DETACHED };
        bench.say(one, &claimed(5));
        bench.join(one, 1);
        bench.say(other, &claimed(6));
        let key = bench.join(other, 1);
        assert!(bench.heard(key)[0].is::<JoinOk>());
        bench.say(one, &detach);
        bench.say(one, &attach_of(Uid(1), 7));
        let denied = AttachDenied { uid: Uid(1), attempt: 7, reason: ErrorCode::STALE_CLAIM };
        assert!(bench.heard(one).ends_with(&[Said::of(&denied)]));
        assert_eq!((bench.uids(), bench.ended(key)), (vec![1], None));
        bench.say(other, &detach);
        assert_eq!(bench.ended(key), Some(ErrorCode::DETACHED));
    });
}
