//! Another room than before.

use super::*;
use crate::protocol::client_to_main::ListRoomsReq;
use crate::protocol::client_to_world::Leave;

fn den() -> Wish<'static> {
    Wish::named_or_new(Text::new("den").unwrap())
}

fn asking_for(wish: Wish<'_>) -> Said {
    Said::of(&EnterWorldReq { region: Text::new("north").unwrap(), wish })
}

#[test]
fn the_present_room_is_left_for_another_that_is_asked_for_without_a_wait() {
    with_client(|bench| {
        let (main, world) = bench.go_inside();
        bench.act(|client, cx| client.wish_for(cx, den()));
        assert_eq!(bench.heard(world), [Said::of(&Leave {}), bye(ErrorCode::GOODBYE)]);
        assert_eq!(bench.heard(main), [asking_for(den())]);
        // Refused, it is asked for again in a while.
        bench.say(main, &Error { code: ErrorCode::FULL, about: EnterWorldReq::OPCODE.0 });
        assert_eq!(bench.heard(main), []);
        bench.pass_ms(FIRST_MS + TICK_MS);
        assert_eq!(bench.heard(main), [asking_for(den())]);
    });
}

#[test]
fn the_answer_to_an_earlier_wish_is_passed_over() {
    with_client(|bench| {
        let main = bench.meet_main();
        bench.act(|client, cx| client.wish_for(cx, den()));
        assert_eq!(bench.heard(main), []);
        bench.send_to_world(main);
        assert!(!bench.wants_to_connect());
        assert_eq!(bench.heard(main), [asking_for(den())]);
        let hut = Wish::named(Text::new("hut").unwrap());
        bench.act(|client, cx| client.wish_for(cx, hut));
        bench.say(main, &Error { code: ErrorCode::FULL, about: EnterWorldReq::OPCODE.0 });
        assert_eq!(bench.heard(main), [asking_for(hut)]);
        bench.reach_world(main);
    });
}

#[test]
fn an_earlier_wish_that_stays_refused_is_no_end_of_the_next() {
    with_client(|bench| {
        let main = bench.meet_main();
        bench.act(|client, cx| client.wish_for(cx, den()));
        let wrong = Error { code: ErrorCode::WRONG_SECRET, about: EnterWorldReq::OPCODE.0 };
        bench.say(main, &wrong);
        assert_eq!(bench.heard(main), [asking_for(den())]);
        bench.say(main, &wrong);
        assert_eq!(bench.links(), (MainState::Stopped, WorldState::Outside));
    });
}

#[test]
fn rooms_are_listed_for_who_is_known_to_main() {
    with_client(|bench| {
        let mode = Text::new("duel").unwrap();
        let list =
            |client: &mut Client<Diary>, cx: &mut Context<'_, '_>| client.list_rooms(cx, mode, 9);
        assert_eq!(bench.act(list), Err(SendError::Closed));
        let main = bench.meet_main();
        assert_eq!(bench.act(list), Ok(()));
        let region = Text::new("north").unwrap();
        assert_eq!(bench.heard(main), [Said::of(&ListRoomsReq { region, mode, after: 9 })]);
    });
}
