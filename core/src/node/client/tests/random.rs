//! A client under whatever its servers and its owner can do to it.

use proptest::prelude::*;

use super::*;
use crate::node::testing::{Step, Word, any_steps};
use crate::session::Session;

/// What the peer at `key` says: mostly what its place in the protocol allows.
fn speak(bench: &ClientBench<'_>, key: SessionKey, word: Word) -> Vec<u8> {
    let tag = bench.node.sessions().get(key).map_or_else(LinkTag::default, Session::tag);
    let is_main = bench.role().address(tag) == "main:7";
    let code = ErrorCode::ALL[usize::from(word.whom) % ErrorCode::ALL.len()];
    let member = MemberState { uid: Uid(word.whom.into()), ..MemberState::default() };
    let world_addr = Text::new(WORLD).unwrap();
    match word.what {
        0..6 => frame_of(&Bye { reason: code }),
        6..30 => {
            let about = [0, EnterWorldReq::OPCODE.0, Hello::OPCODE.0][usize::from(word.amount) % 3];
            frame_of(&Error { code, about })
        }
        30..130 if is_main => frame_of(&Welcome { version: 2, uid: UID, token: TOKEN }),
        130.. if is_main => frame_of(&EnterWorldAck {
            world_addr,
            is_sealing: false,
            key_id: KeyId([7; 8]),
            handshake_key: KEY,
        }),
        30..120 => frame_of(&join_ok()),
        120..130 => frame_of(&JoinDenied { reason: JoinDenial::FULL, code: 0, text: Text::EMPTY }),
        130..200 => {
            frame_of(&MoveBroadcast { number: member.number, pos: member.pos, dir: member.dir })
        }
        _ => frame_of(&UserEntered { member }),
    }
}

/// What the owner does besides.
#[derive(Clone, Debug)]
enum Act {
    Anything(Step),
    Start,
    Move,
    Say(usize),
}

fn any_acts() -> impl Strategy<Value = Vec<Act>> {
    any_steps().prop_flat_map(|steps| {
        let owner = prop_oneof![
            6 => Just(None),
            1 => Just(Some(Act::Start)),
            2 => Just(Some(Act::Move)),
            2 => (0..=EVENT_MAX_BYTES).prop_map(|bytes| Some(Act::Say(bytes))),
        ];
        let owner = prop::collection::vec(owner, steps.len());
        owner.prop_map(move |owner| {
            let steps = steps.iter().filter(|step| !matches!(step, Step::Accept { .. }));
            let acts = steps
                .zip(owner)
                .flat_map(|(step, act)| core::iter::once(Act::Anything(step.clone())).chain(act));
            acts.collect()
        })
    })
}

fn take(bench: &mut ClientBench<'_>, act: &Act) {
    match act {
        Act::Anything(step) => bench.take(step, speak),
        Act::Start => bench.start(),
        Act::Move => {
            let _ = bench.act(|client, cx| client.move_to(cx, Position::ORIGIN, Direction(1)));
        }
        Act::Say(bytes) => {
            let data = vec![1; *bytes];
            let _ = bench.act(|client, cx| client.say(cx, 1, Bytes::new(&data).unwrap()));
        }
    }
}

/// Servers that behave bring every client that has not stopped into a room.
fn bring_inside(bench: &mut ClientBench<'_>) {
    for key in bench.live_peers() {
        bench.disconnect(key);
    }
    for _ in 0..20 {
        bench.pass_ms(MOST_MS);
        for asked in bench.requests() {
            if let Asked::Connect { key, address } = asked
                && bench.node.sessions().get(key).is_some()
            {
                bench.connected(key);
                if address == "main:7" {
                    bench.welcome(key);
                    bench.send_to_world(key);
                } else {
                    bench.say(key, &join_ok());
                }
            }
        }
    }
}

fn run(acts: &[Act]) {
    let sizes = Sizes { sessions: 2, receive_buffers: 2, send_buffers: 3, ..Sizes::ALL };
    with_sizes(sizes, |bench| {
        bench.start();
        for act in acts {
            take(bench, act);
            assert!(bench.node.sessions().len() <= 2);
        }
        bring_inside(bench);
        let (main, world) = bench.links();
        let expected = match main {
            MainState::Stopped => (MainState::Stopped, WorldState::Outside),
            _ => (MainState::Ready, WorldState::Inside),
        };
        assert_eq!((main, world), expected);
        let notes = bench.notes();
        let stops = notes.iter().filter(|noted| matches!(noted, Noted::Stopped(_))).count();
        assert_eq!(stops, usize::from(main == MainState::Stopped));
    });
}

proptest! {
    /// Never a panic, a leak, a session that ends twice or a deadline in the past; and whatever has
    /// happened, it finds its way back into a room, unless it was stopped for good.
    #[test]
    fn a_client_survives_its_servers(acts in any_acts()) {
        run(&acts);
    }
}
