//! Names of rooms that several Mains claim: what was given back stays given back.

use super::mains::TWO;
use super::*;
use crate::protocol::main_to_world::RoomClaimed;
use crate::protocol::world_to_main::{
    AttachAck, AttachDenied, RoomClaimEnds, RoomClosed, RoomIsClaimed, RoomOpened,
};
use crate::protocol::{ClaimNumber, RoomId, WishKind};

impl WorldBench<'_, Relay> {
    /// What a Main hears when it asks to let somebody into the room of this name, which is claimed under that number.
    fn attach_claimed(
        &mut self,
        main: SessionKey,
        uid: u64,
        (name, claim): (&str, u64),
    ) -> Vec<Said> {
        self.say(main, &RoomClaimed { claim: ClaimNumber(claim) });
        let kind = WishKind::NAMED_OR_NEW;
        let wish = Wish { kind, name: Text::new(name).unwrap(), ..Wish::ANY };
        self.say(main, &AttachUser { wish, ..attach_of(Uid(uid), 1) });
        self.heard(main)
    }
}

fn attached(uid: u64) -> Said {
    Said::of(&AttachAck { uid: Uid(uid), attempt: 1 })
}

fn denied(uid: u64, reason: ErrorCode) -> Said {
    Said::of(&AttachDenied { uid: Uid(uid), attempt: 1, reason })
}

fn ends(claim: u64) -> Said {
    Said::of(&RoomClaimEnds { claim: ClaimNumber(claim) })
}

/// The number that a Main is told, and whether the room behind it.
fn told(heard: &[Said]) -> Vec<(u64, bool)> {
    let is_behind = |index: usize| heard.get(index + 1).is_some_and(Said::is::<RoomOpened<'_>>);
    let numbers = heard.iter().enumerate().filter_map(|(index, said)| {
        Some((said.read::<RoomIsClaimed>()?.claim.0, is_behind(index)))
    });
    numbers.collect()
}

#[test]
fn all_mains_hear_of_a_room_s_number_and_of_a_higher_one() {
    with_world(TWO, |bench| {
        bench.act(World::start);
        let (one, other) = (bench.register(), bench.register());
        let heard = bench.attach_claimed(one, 1, ("den", 7));
        assert!(heard.contains(&attached(1)), "{heard:?}");
        assert_eq!(told(&heard), [(7, true)]);
        assert_eq!(told(&bench.heard(other)), [(7, true)]);
        // A lower one is whoever's who has not heard of it.
        let heard = bench.attach_claimed(other, 2, ("den", 6));
        assert_eq!((told(&heard), heard.contains(&attached(2))), (vec![], true));
        assert_eq!(told(&bench.attach_claimed(other, 2, ("den", 9))), [(9, true)]);
        assert_eq!(told(&bench.heard(one)), [(9, true)]);
    });
}

#[test]
fn both_sides_of_the_number_that_a_room_was_closed_under() {
    with_world(TWO, |bench| {
        let main = bench.meet_main();
        bench.attach_claimed(main, 1, ("den", 7));
        bench.say(main, &DetachUser { uid: Uid(1), reason: ErrorCode::REPLACED });
        assert!(bench.heard(main).contains(&Said::of(&RoomClosed { room_id: RoomId(0) })));
        for name in ["den", "hut"] {
            let heard = bench.attach_claimed(main, 1, (name, 7));
            assert_eq!(heard, [ends(7), denied(1, ErrorCode::STALE_ROOM)]);
        }
        assert_eq!(told(&bench.attach_claimed(main, 1, ("den", 8))), [(8, true)]);
    });
}

#[test]
fn what_is_denied_is_opened_under_a_higher_number_only() {
    with_world(TWO, |bench| {
        let main = bench.meet_main();
        bench.attach_claimed(main, 1, ("den", 5));
        bench.attach_claimed(main, 2, ("hut", 6));
        let full = bench.attach_claimed(main, 3, ("inn", 9));
        assert_eq!(full, [ends(9), denied(3, ErrorCode::FULL)]);
        bench.say(main, &DetachUser { uid: Uid(1), reason: ErrorCode::REPLACED });
        bench.heard(main);
        let stale = bench.attach_claimed(main, 3, ("inn", 9));
        assert_eq!(stale, [ends(9), denied(3, ErrorCode::STALE_ROOM)]);
        assert_eq!(told(&bench.attach_claimed(main, 3, ("inn", 10))), [(10, true)]);
        // One that is there is none that ends.
        bench.say(main, &RoomClaimed { claim: ClaimNumber(11) });
        let wish = Wish { kind: WishKind::CREATE, name: Text::new("inn").unwrap(), ..Wish::ANY };
        bench.say(main, &AttachUser { wish, ..attach_of(Uid(4), 1) });
        let heard = bench.heard(main);
        assert!(heard.contains(&denied(4, ErrorCode::ROOM_EXISTS)), "{heard:?}");
        assert!(!heard.contains(&ends(11)), "{heard:?}");
    });
}
