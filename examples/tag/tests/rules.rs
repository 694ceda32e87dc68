//! The rules of tag, with real clients in virtual time.

use tinyrealm_core::protocol::{MemberNumber, Position, Uid};
use tinyrealm_tag::{FIELD, IT_IS, REACH, SAFE_MS, Tag};
use tinyrealm_testing::{GameBench, Plan, Player, Weather, play};

const TICK_MS: u32 = 100;

const fn at(x: i32, y: i32) -> Position {
    Position { x, y, z: 0 }
}

/// Who is it, as the player was told last.
fn told(bench: &GameBench<Tag>, player: Player) -> Option<Uid> {
    let (number, data) = bench.events(player, IT_IS).pop()?;
    assert_eq!(number, MemberNumber::GAME);
    data.try_into().ok().map(u64::from_le_bytes).map(Uid)
}

/// Ann, who is it, at the origin, and Bob, well away from her; nobody is safe any more.
fn two() -> (GameBench<Tag>, Player, Player) {
    let mut bench = GameBench::new(Tag::NEW);
    let (ann, bob) = (bench.join(), bench.join());
    bench.move_to(ann, at(0, 0)).unwrap();
    bench.move_to(bob, at(FIELD, FIELD)).unwrap();
    bench.advance_ms(SAFE_MS);
    assert_eq!((bench.game().it(), bench.game().tags()), (bench.uid(ann), 0));
    (bench, ann, bob)
}

#[test]
fn the_first_one_in_is_it_and_a_newcomer_is_told() {
    let (bench, ann, bob) = two();
    for player in [ann, bob] {
        assert_eq!(told(&bench, player), Some(bench.uid(ann)));
        assert_eq!(bench.events(player, IT_IS).len(), 1);
    }
}

#[test]
fn whoever_is_it_tags_another_within_reach() {
    let (mut bench, ann, bob) = two();
    bench.move_to(bob, at(REACH + 1, 0)).unwrap();
    bench.advance_ms(10 * TICK_MS);
    assert_eq!(bench.game().tags(), 0, "a step too far");
    bench.move_to(bob, at(REACH, 0)).unwrap();
    bench.advance_ms(2 * TICK_MS);
    assert_eq!(bench.game().it(), bench.uid(bob));
    for player in [ann, bob] {
        assert_eq!(told(&bench, player), Some(bench.uid(bob)));
    }
}

#[test]
fn nobody_is_tagged_back_at_once() {
    let (mut bench, ann, bob) = two();
    bench.move_to(bob, at(0, 0)).unwrap();
    bench.advance_ms(TICK_MS);
    assert_eq!(bench.game().tags(), 1);
    bench.advance_ms(SAFE_MS - TICK_MS);
    assert_eq!((bench.game().tags(), bench.game().it()), (1, bench.uid(bob)));
    bench.advance_ms(2 * TICK_MS);
    assert_eq!((bench.game().tags(), bench.game().it()), (2, bench.uid(ann)));
}

#[test]
fn another_one_becomes_it_when_it_leaves_and_nobody_in_an_empty_room() {
    let (mut bench, ann, bob) = two();
    bench.cut(ann);
    bench.advance_ms(TICK_MS);
    assert_eq!(told(&bench, bob), Some(bench.uid(bob)));
    bench.come_back(ann);
    bench.advance_ms(TICK_MS);
    assert_eq!(told(&bench, ann), Some(bench.uid(bob)));
    bench.leave(bob);
    bench.leave(ann);
    assert_eq!(bench.game().it(), Uid::NOBODY);
}

#[test]
fn nobody_leaves_the_field() {
    let (mut bench, ann, bob) = two();
    bench.move_to(bob, at(FIELD, -FIELD)).unwrap();
    assert_eq!(bench.corrections(bob), []);
    bench.move_to(bob, at(FIELD + 1, -FIELD - 1)).unwrap();
    bench.advance_ms(TICK_MS);
    assert_eq!(bench.corrections(bob), [at(FIELD, -FIELD)]);
    assert_eq!(bench.members(ann)[1].pos, at(FIELD, -FIELD));
}

#[test]
fn whatever_happens_somebody_in_the_room_is_it_and_in_the_end_everybody_knows() {
    let plan = Plan { field: FIELD / 4, event_kinds: 0, ..Plan::DEFAULT };
    play(
        plan,
        Tag::default,
        |_, _, _| {},
        |bench| {
            let room = bench.room();
            let is_in = room.iter().any(|member| member.uid == bench.game().it());
            assert!(is_in || room.is_empty(), "{:?} is it", bench.game().it());
            if bench.weather() == Weather::FINE {
                for player in bench.players().filter(|player| bench.is_in_room(*player)) {
                    assert_eq!(told(bench, player), Some(bench.game().it()));
                }
            }
        },
    );
}
