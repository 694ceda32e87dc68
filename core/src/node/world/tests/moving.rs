//! Moves: state of which only the newest counts, and which its mover does not hear.

use super::*;

#[test]
fn a_move_reaches_the_others_and_not_the_mover() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 3);
        bench.say(keys[0], &step(5));
        bench.pass_ms(FLUSH_MS);
        assert_eq!(bench.heard(keys[0]), []);
        assert_eq!(bench.heard(keys[1]), [moved(1, 5)]);
        assert_eq!(bench.heard(keys[2]), [moved(1, 5)]);
    });
}

#[test]
fn of_two_moves_in_one_flush_the_newer_is_told() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 2);
        bench.say(keys[0], &step(5));
        bench.pass_ms(FLUSH_MS - 1);
        bench.say(keys[0], &step(6));
        bench.pass_ms(1);
        assert_eq!(bench.heard(keys[1]), [moved(1, 6)]);
        let stats = bench.role().stats();
        assert_eq!((stats.moves, stats.moves_conflated), (2, 1));

        bench.say(keys[0], &step(7));
        assert_eq!(bench.flush_and_hear(keys[1]), [moved(1, 7)]);
        let stats = bench.role().stats();
        assert_eq!((stats.moves, stats.moves_conflated), (3, 1));
    });
}

#[test]
fn moves_of_several_flushes_are_all_told() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 2);
        bench.limit(keys[1], 0);
        for x in 1..6 {
            bench.say(keys[0], &step(x));
            bench.say(keys[1], &step(x));
            bench.pass_ms(FLUSH_MS);
        }
        bench.unblock(keys[1], usize::MAX);
        let expected: Vec<Said> = (1..6).map(|x| moved(1, x)).collect();
        assert_eq!(bench.heard(keys[1]), expected);
    });
}

/// However they go: others see the last move, then the leaving.
#[test]
fn a_move_and_a_leaving_in_one_flush_are_both_told_in_this_order() {
    let ways: [fn(&mut WorldBench<'_, Relay>, SessionKey); 3] = [
        |bench, key| bench.say(key, &Leave {}),
        |bench, key| bench.disconnect(key),
        |bench, key| bench.say_bytes(key, &[0, 0]),
    ];
    for leave in ways {
        with_world(SETUP, |bench| {
            let main = bench.meet_main();
            let keys = bench.fill(main, 3);
            bench.say(keys[0], &step(5));
            bench.say(keys[1], &step(8));
            leave(bench, keys[0]);
            assert_eq!(bench.flush_and_hear(keys[2]), [moved(2, 8), moved(1, 5), left(1)]);
            assert_eq!(bench.heard(keys[1]), [moved(1, 5), left(1)]);
        });
    }
}

#[test]
fn a_move_is_kept_for_those_who_come_later() {
    with_world(SETUP, |bench| {
        let main = bench.meet_main();
        let keys = bench.fill(main, 1);
        bench.say(keys[0], &step(5));
        bench.pass_ms(FLUSH_MS);
        let key = bench.join(main, 2);
        let snapshot: RoomSnapshot = bench.heard(key)[1].read().unwrap();
        let expected =
            MemberState { number: number(1), uid: Uid(1), pos: at(5), dir: Direction(9) };
        assert_eq!(snapshot.members.as_slice(), [expected]);
        assert_eq!(bench.heard(keys[0]), []);
    });
}
