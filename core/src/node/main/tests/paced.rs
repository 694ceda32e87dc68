//! Worlds whose links take nothing, or little: whatever users ask, the link stays.

use super::*;
use crate::timer::TICK_MS;

/// Little may wait for a world.
const NET: NetConfig = NetConfig { send_buffers_per_server: 2, ..BENCH_CONFIG };
const GUESTS: usize = 60;

/// A Main with a world, somebody inside, and many who ask for it while its link takes nothing.
fn with_crowd(test: impl FnOnce(&mut MainBench<'_>, SessionKey, Guest, Vec<Guest>)) {
    with_authenticator(MAX_USERS, NET, Guests::new([7; 32]), |bench| {
        let world = bench.register(1, "", 90);
        let inside = bench.greet();
        bench.enter(inside, world);
        bench.heard(world);
        bench.limit(world, 0);
        let guests: Vec<Guest> = (0..GUESTS).map(|_| bench.greet()).collect();
        for guest in &guests {
            bench.ask(*guest, "");
        }
        test(bench, world, inside, guests);
        assert_eq!((bench.ended(world), bench.stats().overflows), (None, 0));
    });
}

fn attaches(heard: &[Said]) -> Vec<AttachUser<'_>> {
    heard.iter().filter_map(Said::read::<AttachUser<'_>>).collect()
}

#[test]
fn a_world_is_asked_at_the_pace_of_its_link() {
    with_crowd(|bench, world, inside, guests| {
        bench.unblock(world, usize::MAX);
        let heard = bench.heard(world);
        let heard = attaches(&heard);
        assert_eq!(heard.len(), GUESTS);
        for attach in &heard {
            bench.say(world, &ack(attach));
        }
        for guest in &guests {
            let attach = heard.iter().find(|attach| attach.uid == guest.uid).unwrap();
            assert_eq!(bench.heard(guest.key), [sent_to(1, attach)]);
        }
        assert_eq!(bench.heard(inside.key), []);
    });
}

/// The time that a request has runs while it waits; whoever gives up is not asked for.
#[test]
fn who_has_waited_too_long_is_told_so_and_not_asked_for() {
    with_crowd(|bench, world, inside, guests| {
        bench.pass_ms(ATTACH_TIMEOUT_MS + TICK_MS);
        for guest in &guests {
            assert_eq!(bench.heard(guest.key), [refused(ErrorCode::WORLD_TIMEOUT)]);
        }
        bench.unblock(world, usize::MAX);
        let heard = bench.heard(world);
        let asked = attaches(&heard);
        assert!(!asked.is_empty() && asked.len() < GUESTS, "{}", asked.len());
        for attach in asked {
            assert!(heard.contains(&detach(attach.uid, ErrorCode::WORLD_TIMEOUT)));
        }
        assert_eq!(heard.iter().filter(|said| said.is::<DetachUser>()).count() * 2, heard.len());
        assert_eq!(bench.heard(inside.key), []);
        assert_eq!((bench.users_of(1), bench.role().users().len()), (1, GUESTS + 1));
    });
}

/// Users who go while their world can't be told are remembered until it can.
#[test]
fn who_is_gone_is_remembered_until_the_world_knows() {
    with_authenticator(MAX_USERS, NET, Guests::new([7; 32]), |bench| {
        let world = bench.register(1, "", 90);
        let guests: Vec<Guest> = (0..GUESTS).map(|_| bench.greet()).collect();
        for guest in &guests {
            bench.ask(*guest, "");
        }
        for attach in attaches(&bench.heard(world)) {
            bench.say(world, &ack(&attach));
        }
        bench.limit(world, 0);
        for guest in &guests {
            bench.disconnect(guest.key);
        }
        bench.pass_ms(ATTACH_TTL_MS + GRACE_MS + 2 * ATTACH_TIMEOUT_MS);
        assert!(bench.role().users().len() > GUESTS / 2);
        bench.unblock(world, usize::MAX);
        let heard = bench.heard(world);
        for guest in &guests {
            let is_told = |said: &Said| said.read().is_some_and(|d: DetachUser| d.uid == guest.uid);
            assert!(heard.iter().any(is_told), "{:?}", guest.uid);
        }
        assert_eq!((bench.role().users().len(), bench.users_of(1)), (0, 0));
        assert_eq!((bench.ended(world), bench.stats().overflows), (None, 0));
    });
}

/// A user comes back while the world is still to let go of its former self: first that, then the new attach.
#[test]
fn a_detach_goes_before_the_attach_that_follows_it() {
    with_crowd(|bench, world, inside, _| {
        let elsewhere = bench.register(2, "south", 90);
        bench.ask(inside, "south");
        bench.disconnect(elsewhere);
        bench.pass_ms(ATTACH_TIMEOUT_MS + TICK_MS);
        assert_eq!(bench.heard(inside.key), [refused(ErrorCode::NO_WORLD)]);
        bench.ask(inside, "");
        bench.unblock(world, usize::MAX);
        let heard = bench.heard(world);
        let of_it = |said: &&Said| {
            let detach = said.read::<DetachUser>().map(|detach| detach.uid);
            detach.or_else(|| said.read::<AttachUser<'_>>().map(|attach| attach.uid))
                == Some(inside.uid)
        };
        let of_it: Vec<&Said> = heard.iter().filter(of_it).collect();
        assert!(of_it.len() == 2 && of_it[0].is::<DetachUser>() && of_it[1].is::<AttachUser>());
    });
}

/// A world that names more than there is room for, and takes no answer: it is asked to name them again.
#[test]
fn who_finds_no_place_is_turned_away_however_full_the_link_is() {
    with_authenticator(4, NET, Guests::new([7; 32]), |bench| {
        let world = bench.register(1, "", 90);
        bench.heard(world);
        bench.limit(world, 0);
        let mut inside: Vec<Uid> = (1..=90).map(Uid).collect();
        for _ in 0..20 {
            let pages: Vec<&[Uid]> = inside.chunks(30).collect();
            for (index, page) in pages.iter().enumerate() {
                let (is_first, is_last) = (index == 0, index + 1 == pages.len());
                let uids = heapless::Vec::from_slice(page).unwrap();
                bench.say(world, &UserList { is_first, is_last, uids, held: 0, spectators: 0 });
            }
            bench.unblock(world, usize::MAX);
            let heard = bench.heard(world);
            bench.limit(world, 0);
            let gone: Vec<Uid> =
                heard.iter().filter_map(Said::read::<DetachUser>).map(|said| said.uid).collect();
            inside.retain(|uid| !gone.contains(uid));
            if !heard.contains(&Said::of(&Registered {})) {
                break;
            }
        }
        assert_eq!((inside.len(), bench.role().users().len()), (4, 4));
        assert_eq!((bench.ended(world), bench.stats().overflows), (None, 0));
    });
}

/// A world's list is all that counts: who has left while its link took nothing is out.
#[test]
fn who_is_not_on_the_list_has_left() {
    with_main(|bench| {
        let world = bench.register(1, "", 90);
        let guests = [bench.greet(), bench.greet(), bench.greet()];
        for guest in guests {
            bench.enter(guest, world);
        }
        let page = |is_first, is_last, uids: &[Uid]| UserList {
            is_first,
            is_last,
            uids: heapless::Vec::from_slice(uids).unwrap(),
            held: 0,
            spectators: 0,
        };
        bench.say(world, &page(true, false, &[guests[0].uid]));
        assert_eq!(bench.users_of(1), 3, "it goes on");
        // Who comes meanwhile is named by that.
        bench.say(world, &UserLeft { uid: guests[1].uid });
        bench.say(world, &UserJoined { uid: guests[1].uid, is_spectator: false });
        bench.say(world, &page(false, true, &[]));
        let key = bench.key_of_world(1);
        let places = guests.map(|guest| bench.place(guest.uid));
        assert_eq!(
            places,
            [Some(Place::Inside(key)), Some(Place::Inside(key)), Some(Place::Outside)]
        );
    });
}
