//! Main under whatever clients and worlds can do to it.

use crate::protocol::Versions;
use crate::protocol::Wish;
use std::collections::HashMap;

use proptest::prelude::*;

use super::*;
use crate::entropy::Turn;
use crate::node::cluster::tests::{hello_of, proof_for};
use crate::node::testing::{Step, Word, any_steps, stream_of};
use crate::session::{LinkTag, Session};
use crate::timer::TICK_MS;

const UIDS: u8 = 6;
const WORLDS: u16 = 4;

/// Believes everyone: the first byte of a token is the uid. So there are few of them, and they meet.
struct Gullible;

impl Authenticator for Gullible {
    fn identify(
        &mut self,
        _: &mut Turn<'_>,
        token: Option<Token>,
        _: &dyn Fn(Uid) -> bool,
    ) -> Result<Identity, ErrorCode> {
        let token = token.ok_or(ErrorCode::BAD_TOKEN)?;
        Ok(Identity::Known(Uid(token.0[0].into()), token))
    }
}

fn uid_of(word: Word) -> Uid {
    Uid(u64::from(1 + word.whom % UIDS))
}

fn registration(id: u16, word: Word) -> Vec<u8> {
    let (addr, region) = (address(id), if id.is_multiple_of(2) { "north" } else { "south" });
    let (addr, region) = (Text::new(&addr).unwrap(), Text::new(region).unwrap());
    let capacity = word.amount % 6;
    frame_of(&RegisterWorld {
        versions: Versions::OURS,
        world_id: WorldId(id),
        region,
        capacity,
        addr,
        fingerprint: 0,
        rooms: 0,
        is_sealing: false,
    })
}

/// An answer to the attempt that the user really is in, if there is one.
fn answer_of(bench: &RandomBench<'_>, word: Word) -> AttachAck {
    let uid = uid_of(word);
    let users = bench.role().users();
    let attempt = users.find(uid).and_then(|key| users.get(key)).map_or(1, |user| user.attempt);
    AttachAck { uid, attempt }
}

/// What the peer at `key` says: mostly what its place in the protocol allows.
fn speak(bench: &RandomBench<'_>, key: SessionKey, word: Word) -> Vec<u8> {
    let tag = bench.node.sessions().get(key).map_or_else(LinkTag::default, Session::tag);
    let AttachAck { uid, attempt } = answer_of(bench, word);
    match (tag.kind, word.what) {
        (_, 0) => frame_of(&Bye { reason: ErrorCode::GOODBYE }),
        (_, 1..8) => [4, 0, word.whom, 0x70, 0, 0].to_vec(),
        (link::STRANGER, 8..150) => frame_of(&Hello {
            versions: Versions::OURS,
            token: Some(Token([uid.0 as u8; 32])),
            nickname: Text::EMPTY,
        }),
        (link::STRANGER, 150..) => {
            let id = 1 + u16::from(word.whom) % WORLDS;
            let proof = proof_for(bench.stream(key), ServerKind::WORLD, ServerKind::MAIN, id);
            let hello = || Said::of(&hello_of(ServerKind::WORLD, id));
            stream_of(&[proof.unwrap_or_else(hello)])
        }
        (link::PROVEN, _) => registration(tag.index, word),
        (link::WORLD, 8..80) => frame_of(&AttachAck { uid, attempt }),
        (link::WORLD, 80..110) => frame_of(&AttachDenied { uid, attempt, reason: ErrorCode::FULL }),
        (link::WORLD, 110..170) => {
            frame_of(&UserJoined { uid, is_spectator: word.amount.is_multiple_of(4) })
        }
        (link::WORLD, 170..220) => frame_of(&UserLeft { uid }),
        (link::WORLD, 220..235) => {
            let uids = [uid, Uid(uid.0 % 3 + 1)];
            let (is_first, is_last) =
                (word.amount.is_multiple_of(2), word.amount.is_multiple_of(3));
            let uids = heapless::Vec::from_slice(&uids).unwrap();
            frame_of(&UserList { is_first, is_last, uids, held: 0, spectators: word.amount.into() })
        }
        (link::WORLD, 235..) => {
            frame_of(&Status { users: word.amount % 5, rooms: 1, load: 0, held: 0 })
        }
        (_, 8..250) => {
            let regions = ["", "", "", "north", "south", "west"];
            let region = regions[usize::from(word.whom) % regions.len()];
            frame_of(&EnterWorldReq { region: Text::new(region).unwrap(), wish: Wish::ANY })
        }
        _ => frame_of(&ChatJoin { channel: Text::EMPTY }),
    }
}

/// Worlds answer what they are asked, most of the time: by chance alone, nobody would ever get in.
#[derive(Clone, Debug)]
enum Act {
    Anything(Step),
    /// Every world answers the attaches and detaches that it has heard of.
    Answer,
}

fn any_acts() -> impl Strategy<Value = Vec<Act>> {
    any_steps().prop_flat_map(|steps| {
        let answers = prop::collection::vec(prop::bool::weighted(0.3), steps.len());
        answers.prop_map(move |answers| {
            let acts = steps.iter().zip(answers).flat_map(|(step, answers)| {
                let answer = answers.then_some(Act::Answer);
                core::iter::once(Act::Anything(step.clone())).chain(answer)
            });
            acts.collect()
        })
    })
}

type RandomBench<'a> = MainBench<'a, Gullible>;

/// The answers that clients have got, and the questions that worlds have not answered.
#[derive(Default)]
struct Book {
    answers: u32,
    questions: HashMap<SessionKey, Vec<Said>>,
}

/// Whether it answers a request to enter, and not one that was out of place.
fn is_answer(said: &Said) -> bool {
    let codes = [ErrorCode::NO_WORLD, ErrorCode::FULL, ErrorCode::WORLD_TIMEOUT];
    let is_refusal =
        |error: Error| error.about == EnterWorldReq::OPCODE.0 && codes.contains(&error.code);
    said.is::<EnterWorldAck>() || said.read().is_some_and(is_refusal)
}

impl Book {
    fn hear(&mut self, bench: &mut RandomBench<'_>) {
        for key in bench.live_peers() {
            for said in bench.heard(key) {
                if is_answer(&said) {
                    self.answers += 1;
                } else if said.is::<AttachUser>() || said.is::<DetachUser>() {
                    self.questions.entry(key).or_default().push(said);
                }
            }
        }
    }

    fn answer(&mut self, bench: &mut RandomBench<'_>) {
        for key in bench.live_peers() {
            for question in self.questions.remove(&key).unwrap_or_default() {
                if let Some(attach) = question.read::<AttachUser>() {
                    bench.say(key, &ack(&attach));
                }
                if let Some(DetachUser { uid, .. }) = question.read() {
                    bench.say(key, &UserLeft { uid });
                }
            }
        }
    }
}

fn check_directory(bench: &RandomBench<'_>) {
    let main = bench.role();
    let mut uids: Vec<Uid> = main.users().iter().map(|(_, user)| user.uid).collect();
    uids.sort_unstable();
    assert!(uids.windows(2).all(|pair| pair[0] < pair[1]), "a user is in the directory twice");
    for (_, user) in main.users().iter() {
        let is_here = bench.node.sessions().is_open(user.session());
        let is_somewhere = is_here || user.place() != Place::Outside || user.detaches != 0;
        assert!(is_somewhere, "{user:?} is nowhere");
        assert!(is_here || !user.wants_in, "{user:?} wants in without a connection");
        assert!(user.place().world().is_none_or(|world| main.worlds().get(world).is_some()));
    }
    let mut ids = Vec::new();
    for (key, world) in main.worlds().iter() {
        let users = main.users().iter().filter(|(_, user)| user.place().world() == Some(key));
        let users = users.filter(|(_, user)| user.takes_place());
        assert_eq!(usize::from(world.users), users.count(), "users of world {}", world.world_id.0);
        let users = main.users().iter().filter(|(_, user)| user.place().world() == Some(key));
        let absent = users.filter(|(_, user)| user.is_absent()).count();
        assert_eq!(usize::from(world.absent), absent, "absent in world {}", world.world_id.0);
        assert!(bench.node.sessions().is_open(world.session), "a world without a link");
        assert!(!ids.contains(&world.world_id));
        ids.push(world.world_id);
    }
}

fn run(acts: &[Act]) {
    with_authenticator(5, BENCH_CONFIG, Gullible, |bench| {
        let mut book = Book::default();
        for world_id in [1, 2] {
            bench.register(world_id, "", 4);
        }
        for act in acts {
            match act {
                Act::Anything(step) => bench.take(step, speak),
                Act::Answer => book.answer(bench),
            }
            check_directory(bench);
            book.hear(bench);
        }
        // When nobody says anything any more, every wish is answered in the end.
        let attempts_ms = (ATTACH_TIMEOUT_MS + TICK_MS) * (u32::from(WORLDS) + 2);
        bench.pass_ms(ATTACH_TTL_MS + GRACE_MS + attempts_ms);
        check_directory(bench);
        assert!(bench.role().users().iter().all(|(_, user)| !user.wants_in));
        assert!(bench.role().users().iter().all(|(_, user)| {
            !matches!(user.place(), Place::Attaching(_) | Place::Detaching(_))
        }));
        book.hear(bench);
        let stats = bench.role().stats();
        assert!(book.answers <= stats.enters + stats.enters_refused);
    });
}

proptest! {
    /// Never a panic, a leak, a user twice in the directory or counted in the wrong world, a session
    /// that ends twice, a deadline in the past, or a request that is never answered.
    #[test]
    fn main_survives_its_peers(acts in any_acts()) {
        run(&acts);
    }
}
