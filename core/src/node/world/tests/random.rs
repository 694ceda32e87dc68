//! A world under whatever peers can do to it.

use std::collections::HashMap;

use proptest::prelude::*;

use super::view::View;
use super::*;
use crate::node::cluster::tests::{CHALLENGE, ack_for};
use crate::node::testing::{Step, Word, any_steps};
use crate::protocol::EVENT_MAX_BYTES;
use crate::session::{LinkTag, Session};

const UIDS: u32 = 9;

/// Small enough that rooms, rings, pools and books are full as a matter of course.
const TINY: Setup = Setup {
    net: NetConfig { connections_per_address: 3, packet_burst: 60, ..BENCH_CONFIG },
    sizes: Sizes { sessions: 12, receive_buffers: 3, send_buffers: 9, send_buffer_bytes: 512 },
    rooms: 2,
    room_capacity: 4,
    room_spectators: 0,
    ring_bytes: 1_024,
    attaches: 4,
    flush_interval_ms: FLUSH_MS,
    mains: 1,
};

fn uid_of(word: Word) -> Uid {
    Uid(1 + u64::from(word.whom) % u64::from(UIDS))
}

/// Somebody who is expected, if anybody is.
fn expected_uid<G: Game>(bench: &WorldBench<'_, G>, word: Word) -> Uid {
    let is_expected = |uid: &Uid| bench.role().attaches().is_pending(*uid);
    (1..=u64::from(UIDS)).map(Uid).find(is_expected).unwrap_or(uid_of(word))
}

/// What the peer at `key` says: mostly what its place in the protocol allows.
fn speak<G: Game>(bench: &WorldBench<'_, G>, key: SessionKey, word: Word) -> Vec<u8> {
    let tag = bench.node.sessions().get(key).map_or_else(LinkTag::default, Session::tag);
    match (tag.kind, word.what) {
        (_, 0..4) => frame_of(&Ping { nonce: word.whom.into() }),
        (_, 4) => frame_of(&Bye { reason: ErrorCode::GOODBYE }),
        (_, 5..8) => [4, 0, word.whom, 0x70, 0, 0].to_vec(),
        (link::MAIN, 8..60) if bench.role().is_registered() => {
            frame_of(&DetachUser { uid: uid_of(word), reason: ErrorCode::REPLACED })
        }
        (link::MAIN, _) if bench.role().is_registered() => {
            let ttl_ms = u32::from(word.amount) % 4_000;
            let names = ["", "Zo\u{EB}", "a name of 24 bytes in all"];
            let nickname = Text::truncated(names[usize::from(word.amount) % names.len()]);
            let attach = attach_of(uid_of(word), word.what.into());
            frame_of(&AttachUser { ttl_ms, nickname, ..attach })
        }
        (link::MAIN, 100..) if bench.role().mains.at(0).unwrap().is_proving() => {
            frame_of(&CHALLENGE)
        }
        (link::MAIN, _) => match ack_for(bench.stream(key), ServerKind::MAIN) {
            Some(ack) if bench.role().mains.at(0).unwrap().is_proving() => frame_of(&ack),
            _ => frame_of(&Registered {}),
        },
        (link::STRANGER, 20..40) => frame_of(&join_of(uid_of(word))),
        (link::STRANGER, 40..) => frame_of(&join_of(expected_uid(bench, word))),
        (_, 8..120) => {
            let pos = at(i32::from(word.amount) << (word.whom % 16));
            frame_of(&Move { pos, dir: Direction(word.amount) })
        }
        (_, 120..252) => {
            let bytes = usize::from(word.amount) % (EVENT_MAX_BYTES + 1);
            frame_of(&event(word.whom.into(), &vec![5; bytes]))
        }
        _ => frame_of(&Leave {}),
    }
}

/// The pictures that the players have, by session.
#[derive(Default)]
struct Views {
    views: HashMap<SessionKey, View>,
}

impl Views {
    /// Reads what everyone has heard. A welcome begins a picture.
    fn hear<G: Game>(&mut self, bench: &mut WorldBench<'_, G>) {
        for key in bench.live_peers() {
            let said = bench.heard(key);
            let inside = (bench.role().rooms().iter()).find(|(_, user)| user.session() == key);
            if let Some((_, user)) = inside {
                let MemberState { uid, number, .. } = user.state();
                let view = self.views.entry(key).or_insert_with(|| View::of(uid.0 as u32, number));
                view.hear_all(&said);
            }
        }
    }

    /// The same for those whose welcome has been read already.
    fn hear_from_the_start<G: Game>(&mut self, bench: &WorldBench<'_, G>) {
        for (_, user) in bench.role().rooms().iter() {
            let MemberState { uid, number, .. } = user.state();
            let mut view = View::of(uid.0 as u32, number);
            view.hear_all(&said_in(bench.stream(user.session())).0);
            self.views.insert(user.session(), view);
        }
    }

    fn check<G: Game>(&self, bench: &WorldBench<'_, G>) {
        for (_, user) in bench.role().rooms().iter().filter(|(_, user)| !user.is_away()) {
            self.views.get(&user.session()).expect("everyone has heard something").check(bench);
        }
    }
}

fn check_rooms<G: Game>(bench: &WorldBench<'_, G>) {
    let uids = bench.uids();
    assert!(uids.windows(2).all(|pair| pair[0] < pair[1]), "a uid is in the rooms twice");
    let rooms = bench.role().rooms();
    for room in 0..rooms.rooms() as u16 {
        let members = rooms.iter().filter(|(_, user)| user.room() == room).count();
        assert_eq!(members, usize::from(rooms.members(room)));
        assert!(members <= usize::from(TINY.room_capacity));
        let away = rooms.iter().filter(|(_, user)| user.room() == room && user.is_away());
        assert!(away.count() <= usize::from(TINY.room_capacity / 4));
    }
    for (_, user) in rooms.iter().filter(|(_, user)| G::HOLD_MS == 0 || !user.is_away()) {
        assert!(bench.node.sessions().is_open(user.session()), "a member without a connection");
    }
    assert_eq!(rooms.users(), (bench.role().stats().joined - bench.role().stats().left) as usize);
}

/// Main lets somebody in now and then: by chance alone, hardly anybody would ever come.
#[derive(Clone, Debug)]
enum Act {
    Anything(Step),
    Attach(Uid),
}

fn any_acts() -> impl Strategy<Value = Vec<Act>> {
    any_steps().prop_flat_map(|steps| {
        let attaches = prop::collection::vec(prop::option::weighted(0.1, 1..=UIDS), steps.len());
        attaches.prop_map(move |attaches| {
            let acts = steps.iter().zip(attaches).flat_map(|(step, uid)| {
                let attach = uid.map(|uid| Act::Attach(Uid(uid.into())));
                core::iter::once(Act::Anything(step.clone())).chain(attach)
            });
            acts.collect()
        })
    })
}

fn attach<G: Game>(bench: &mut WorldBench<'_, G>, uid: Uid) {
    let is_main = |key: &SessionKey| {
        bench.node.sessions().get(*key).is_some_and(|session| session.tag().kind == link::MAIN)
    };
    if let Some(main) = bench.live_peers().into_iter().find(is_main) {
        bench.say(main, &attach_of(uid, 1));
    }
}

fn run(setup: Setup, acts: &[Act]) {
    with_world(setup, |bench| play(bench, acts));
}

fn play<G: Game>(bench: &mut WorldBench<'_, G>, acts: &[Act]) {
    let main = bench.meet_main();
    bench.fill(main, UIDS - 3);
    let mut views = Views::default();
    views.hear_from_the_start(bench);
    for act in acts {
        match act {
            Act::Anything(step) => bench.take(step, speak),
            Act::Attach(uid) => attach(bench, *uid),
        }
        check_rooms(bench);
        views.hear(bench);
    }
    for key in bench.live_peers() {
        bench.unblock(key, usize::MAX);
    }
    bench.pass_ms(3 * FLUSH_MS);
    // A seat whose time ends in the last moment is told with the flush behind it.
    while bench.role().rooms().next_flush().is_some() {
        bench.pass_ms(FLUSH_MS);
    }
    views.hear(bench);
    views.check(bench);
}

proptest! {
    /// Never a panic, a leak, a uid twice in the rooms, a session that ends twice, a deadline in the
    /// past, or a player whose picture of the room is not exact.
    #[test]
    fn a_world_survives_its_peers(acts in any_acts()) {
        run(TINY, &acts);
    }

    #[test]
    fn a_world_without_a_flush_interval_survives_its_peers(acts in any_acts()) {
        run(Setup { flush_interval_ms: 0, ..TINY }, &acts);
    }

    /// The same in rooms that hold seats.
    #[cfg(feature = "seats")]
    #[test]
    fn a_world_that_holds_seats_survives_its_peers(acts in any_acts(), flush in 0u32..2) {
        let setup = Setup { flush_interval_ms: flush * FLUSH_MS, ..TINY };
        with_game(setup, |bench: &mut WorldBench<'_, super::seats::Keeper>| play(bench, &acts));
    }

    /// The same with both kinds of members in each room.
    #[cfg(feature = "websocket")]
    #[test]
    fn a_world_with_web_sockets_survives_its_peers(acts in any_acts(), flush in 0u32..2) {
        let setup = Setup { flush_interval_ms: flush * FLUSH_MS, ..TINY };
        with_world(setup, |bench| {
            bench.mix_in_web_sockets();
            play(bench, &acts);
        });
    }
}
