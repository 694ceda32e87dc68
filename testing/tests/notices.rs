//! What a game hands out of its room, on a bench.

use tinyrealm_core::node::world::{Game, Left, RoomContext};
use tinyrealm_core::protocol;
use tinyrealm_core::protocol::{SendError, Uid};
use tinyrealm_core::wire::opcode::GAME;
use tinyrealm_testing::GameBench;

protocol! {
    /// What the door hands out.
    mod door_notices in GAME.server_to_client;

    /// Somebody has come in.
    1 came => Came {
        /// Who.
        uid: Uid,
    }

    /// Somebody has gone.
    2 went => Went {
        /// Who.
        uid: Uid,
    }
}

use door_notices::{Came, Went};

/// A room that tells of everybody at its door.
struct Door;

impl Game for Door {
    const NAME: &'static str = "door";

    fn on_enter(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid) {
        room.notice(&Came { uid }).unwrap();
    }

    fn on_leave(&mut self, room: &mut RoomContext<'_, '_>, uid: Uid, _: Left) {
        room.notice(&Went { uid }).unwrap();
    }
}

#[test]
fn what_a_game_hands_out_is_read_by_its_type() {
    let mut bench = GameBench::new(Door);
    let (ann, bob) = (bench.join(), bench.join());
    let [ann_uid, bob_uid] = [ann, bob].map(|player| bench.uid(player));
    assert_eq!(bench.notices::<Came>(), [Came { uid: ann_uid }, Came { uid: bob_uid }]);
    assert_eq!(bench.notices::<Went>(), []);
    bench.forget_heard();
    bench.leave(ann);
    bench.advance_ms(50);
    assert_eq!(bench.notices::<Came>(), []);
    assert_eq!(bench.notices::<Went>(), [Went { uid: ann_uid }]);
}

#[test]
fn a_game_that_hands_out_too_much_at_once_is_told_so_and_may_again_later() {
    let mut bench = GameBench::new(Door);
    let flood = |room: &mut RoomContext<'_, '_>| {
        let came = (0..10_000).map(|uid| room.notice(&Came { uid: Uid(uid) }));
        came.take_while(|noticed| match noticed {
            Ok(()) => true,
            Err(refusal) => {
                assert_eq!(*refusal, SendError::Full);
                false
            }
        })
        .count()
    };
    let waiting = bench.with_room(|_, room| flood(room));
    assert!((300..10_000).contains(&waiting), "{waiting}");
    assert_eq!(bench.notices::<Came>().len(), waiting);
    assert_eq!(bench.with_room(|_, room| room.notice(&Went { uid: Uid(1) })), Ok(()));
    assert_eq!(bench.notices::<Went>().len(), 1);
}
