//! What strangers may hold, and for how long: places in worlds, and in the realm.

use super::*;
use crate::node::testing::address_of;
use crate::session::Holding;
use crate::session::manager::Farewell;

/// Sixteen places, of which the last two are for whoever holds little.
const CAPACITY: u16 = 16;

impl MainBench<'_> {
    pub(super) fn guest_from(&mut self, address: u16) -> Option<Guest> {
        let key = self.accept_from(address_of(address)).expect("a connection");
        self.say(key, &Hello { versions: Versions::OURS, token: None, nickname: Text::EMPTY });
        let heard = self.heard(key);
        let Welcome { uid, token, .. } = heard[0].read()?;
        Some(Guest { key, uid, token })
    }

    /// The world acknowledges every attach that it is asked for; answers who was.
    fn acknowledge(&mut self, world: SessionKey) -> Vec<Uid> {
        let heard = self.heard(world);
        let attaches: Vec<AttachUser<'_>> = heard.iter().filter_map(Said::read).collect();
        attaches.iter().for_each(|attach| self.say(world, &ack(attach)));
        attaches.iter().map(|attach| attach.uid).collect()
    }
}

#[test]
fn a_ticket_ends_with_the_connection_that_asked_for_it() {
    with_main(|bench| {
        let world = bench.register(1, "", CAPACITY);
        let guest = bench.greet();
        bench.ask(guest, "");
        bench.acknowledge(world);
        bench.disconnect(guest.key);
        assert_eq!(bench.heard(world), [detach(guest.uid, ErrorCode::GOODBYE)]);
        bench.say(world, &UserLeft { uid: guest.uid });
        assert_eq!((bench.place(guest.uid), bench.users_of(1)), (None, 0));
    });
}

/// Its `Join` was faster than the end of its connection: the world has not let go, and says so.
#[test]
fn whoever_has_joined_meanwhile_stays() {
    with_main(|bench| {
        let world = bench.register(1, "", CAPACITY);
        let guest = bench.greet();
        bench.ask(guest, "");
        bench.acknowledge(world);
        bench.disconnect(guest.key);
        bench.say(world, &UserJoined { uid: guest.uid, is_spectator: false });
        let inside = Some(Place::Inside(bench.key_of_world(1)));
        bench.pass_ms(ATTACH_TTL_MS + 2 * GRACE_MS);
        assert_eq!((bench.place(guest.uid), bench.users_of(1)), (inside, 1));
        assert_eq!(bench.heard(world), [detach(guest.uid, ErrorCode::GOODBYE)]);
    });
}

#[test]
fn a_second_connection_of_the_same_user_begins_without_a_ticket() {
    with_main(|bench| {
        let world = bench.register(1, "", CAPACITY);
        let guest = bench.greet();
        bench.ask(guest, "");
        bench.acknowledge(world);
        bench.welcome(Some(guest.token));
        assert_eq!(bench.heard(world), [detach(guest.uid, ErrorCode::GOODBYE)]);
    });
}

/// Hello, EnterWorldReq, hang up, a thousand times: a newcomer gets in at once.
#[test]
fn hanging_up_leaves_no_place_taken() {
    with_main(|bench| {
        let world = bench.register(1, "", CAPACITY);
        for _ in 0..1_000 {
            let Some(guest) = bench.guest_from(1) else { panic!("a guest") };
            bench.ask(guest, "");
            bench.acknowledge(world);
            bench.disconnect(guest.key);
            for said in bench.heard(world) {
                if let Some(DetachUser { uid, .. }) = said.read() {
                    bench.say(world, &UserLeft { uid });
                }
            }
        }
        assert_eq!((bench.users_of(1), bench.role().users().len()), (0, 0));
        let newcomer = bench.guest_from(2).unwrap();
        bench.ask(newcomer, "");
        assert_eq!(bench.acknowledge(world), [newcomer.uid]);
    });
}

/// One address may hold tickets for all but the last places; who waits for its share gets it when some
/// of its tickets are used, or reads FULL in the end. Whoever comes from elsewhere is served at once.
#[test]
fn both_sides_of_an_address_s_share_of_tickets() {
    with_main(|bench| {
        let world = bench.register(1, "", CAPACITY);
        let crowd: Vec<_> = (0..16).map(|_| bench.guest_from(1).unwrap()).collect();
        crowd.iter().for_each(|guest| bench.ask(*guest, ""));
        let sent = bench.acknowledge(world);
        assert_eq!(sent.len(), 14);
        let newcomer = bench.guest_from(2).unwrap();
        bench.ask(newcomer, "");
        assert_eq!(bench.acknowledge(world), [newcomer.uid]);
        bench.heard(newcomer.key);
        for uid in &sent {
            bench.say(world, &UserJoined { uid: *uid, is_spectator: false });
        }
        bench.pass_ms(112);
        let last = bench.acknowledge(world);
        let [waited, refused_one] = if last == [crowd[14].uid] { [14, 15] } else { [15, 14] };
        assert_eq!(last, [crowd[waited].uid]);
        bench.pass_ms(ATTACH_TIMEOUT_MS);
        assert_eq!(bench.heard(crowd[refused_one].key), [refused(ErrorCode::FULL)]);
    });
}

/// A world says that it has somebody who waits for its share elsewhere: the wish is not forgotten.
#[test]
fn whoever_waits_and_is_found_in_a_world_is_answered() {
    with_main(|bench| {
        let world = bench.register(1, "", CAPACITY);
        let crowd: Vec<_> = (0..15).map(|_| bench.guest_from(1).unwrap()).collect();
        crowd.iter().for_each(|guest| bench.ask(*guest, ""));
        assert_eq!(bench.acknowledge(world).len(), 14);
        let waiting = crowd[14];
        bench.say(world, &UserJoined { uid: waiting.uid, is_spectator: false });
        assert_eq!(bench.heard(world), [detach(waiting.uid, ErrorCode::REPLACED)]);
        bench.say(world, &UserLeft { uid: waiting.uid });
        bench.pass_ms(2 * ATTACH_TIMEOUT_MS);
        assert_eq!(bench.heard(waiting.key), [refused(ErrorCode::FULL)]);
    });
}

/// Places for 80: 5 are for whoever has a token, and of the last 10 of the rest each address gets few.
#[test]
fn both_sides_of_an_address_s_share_of_guests() {
    with_users(80, |bench| {
        let mut old = bench.guest_from(9).unwrap();
        bench.disconnect(old.key);
        let crowd: Vec<_> = (0..80).map_while(|_| bench.guest_from(1)).collect();
        assert_eq!(crowd.len(), 65);
        let from_elsewhere = (0..80).filter(|_| bench.guest_from(2).is_some()).count();
        assert_eq!(from_elsewhere, 2);
        assert!(bench.guest_from(3).is_some() && bench.guest_from(4).is_some());
        (10..40).for_each(|address| {
            bench.guest_from(address);
        });
        assert_eq!(bench.role().users().len(), 75);
        old = bench.welcome(Some(old.token));
        // A place is free again with whoever had it.
        bench.disconnect(crowd[0].key);
        bench.disconnect(old.key);
        assert!(bench.guest_from(50).is_some());
    });
}

/// Its world and its connection end in one turn, and the world's end is told first: its address, which has
/// another connection, holds no guest any more.
#[test]
fn a_guest_who_is_forgotten_before_its_connection_ends_is_given_back() {
    with_main(|bench| {
        let world = bench.register(1, "", CAPACITY);
        let (guest, other) =
            (bench.guest_from(1).unwrap(), bench.accept_from(address_of(1)).unwrap());
        bench.ask(guest, "");
        bench.acknowledge(world);
        bench.say(world, &UserJoined { uid: guest.uid, is_spectator: false });
        let held = |bench: &MainBench<'_>| {
            let sessions = bench.node.sessions();
            sessions.shares().held(sessions.address_key(other), Holding::Guest)
        };
        assert_eq!(held(bench), 1);
        bench.act(|_, cx| {
            for key in [world, guest.key] {
                cx.sessions.close(cx.now, key, Farewell::Bye(ErrorCode::GOODBYE));
            }
        });
        assert_eq!((bench.place(guest.uid), held(bench)), (None, 0));
    });
}

/// Clients leave places to connections, so that a world finds one, and whoever has a token an answer.
#[test]
fn a_realm_full_of_clients_takes_a_world() {
    with_main(|bench| {
        let mut address = 100;
        while bench.guest_from(address).is_some() {
            address += 1;
        }
        assert!(bench.node.sessions().len() < bench.node.sessions().capacity());
        bench.register(1, "", CAPACITY);
    });
}
