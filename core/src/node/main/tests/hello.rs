//! Who is who: hello, tokens, a second login, a full directory, chat.

use super::*;
use crate::protocol::Versions;
use crate::protocol::Wish;
use crate::protocol::either_way::VersionRefused;
use crate::protocol::main_to_client::ChatRefused;

#[test]
fn a_newcomer_gets_a_name_and_a_token() {
    with_main(|bench| {
        let (first, second) = (bench.greet(), bench.greet());
        assert_ne!(first.uid, second.uid);
        assert_eq!((bench.role().users().len(), bench.role().stats().hellos), (2, 2));
        assert_eq!(bench.place(first.uid), Some(Place::Outside));
        assert_eq!(bench.state(first.key), Some(SessionState::Ready));
    });
}

#[test]
fn both_sides_of_the_version() {
    for (from, to, is_spoken) in [(1, 1, false), (1, 2, true), (2, 3, true), (3, 4, false)] {
        with_main(|bench| {
            let key = bench.accept();
            bench.say(
                key,
                &Hello { versions: Versions { from, to }, token: None, nickname: Text::EMPTY },
            );
            let heard = bench.heard(key);
            if is_spoken {
                assert_eq!(heard[0].read().map(|Welcome { version, .. }| version), Some(2));
            } else {
                let refused = Said::of(&VersionRefused { versions: Versions::OURS });
                assert_eq!(heard, [refused, error(ErrorCode::BAD_VERSION, Hello::OPCODE.0)]);
                assert_eq!(bench.ended(key), Some(ErrorCode::BAD_VERSION));
            }
            assert_eq!(bench.role().stats().hellos, u32::from(is_spoken));
        });
    }
}

/// What a later version says behind its versions can't be decoded here, and need not be. One that has not
/// even those is malformed.
#[test]
fn the_versions_are_read_before_the_rest() {
    with_main(|bench| {
        let key = bench.accept();
        bench.say_bytes(key, &[9, 0, 0x01, 0x10, 0, 0, 3, 9, 0xEE, 0xEE, 0xEE]);
        assert!(bench.heard(key)[0].is::<VersionRefused>());
        let key = bench.accept();
        bench.say_bytes(key, &[5, 0, 0x01, 0x10, 0, 0, 3]);
        assert_eq!(bench.heard(key), [error(ErrorCode::MALFORMED, Hello::OPCODE.0)]);
    });
}

#[test]
fn a_token_makes_the_same_user_of_somebody() {
    with_main(|bench| {
        let guest = bench.greet();
        bench.disconnect(guest.key);
        assert_eq!(bench.place(guest.uid), None);
        let again = bench.welcome(Some(guest.token));
        assert_eq!((again.uid, again.token), (guest.uid, guest.token));
    });
}

#[test]
fn a_forged_token_is_refused() {
    with_main(|bench| {
        let guest = bench.greet();
        let mut forged = guest.token;
        forged.0[31] ^= 0x80;
        let key = bench.say_hello(Some(forged));
        assert_eq!(bench.heard(key), [error(ErrorCode::BAD_TOKEN, Hello::OPCODE.0)]);
        assert_eq!(bench.ended(key), Some(ErrorCode::BAD_TOKEN));
        assert_eq!(bench.role().stats().hellos_refused, 1);
        // The one whose token it almost is stays.
        assert_eq!(bench.state(guest.key), Some(SessionState::Ready));
    });
}

#[test]
fn a_second_hello_is_out_of_place() {
    with_main(|bench| {
        let guest = bench.greet();
        bench.say(
            guest.key,
            &Hello { versions: Versions::OURS, token: Some(guest.token), nickname: Text::EMPTY },
        );
        assert_eq!(bench.heard(guest.key), [error(ErrorCode::OUT_OF_PLACE, Hello::OPCODE.0)]);
        assert_eq!(bench.ended(guest.key), Some(ErrorCode::OUT_OF_PLACE));
        assert_eq!((bench.stats().violations, bench.place(guest.uid)), (1, None));
    });
}

#[test]
fn nothing_comes_before_hello() {
    let (channel, msg) = (Text::new("all").unwrap(), Text::new("hi").unwrap());
    let cases = [
        (frame_of(&EnterWorldReq { region: Text::EMPTY, wish: Wish::ANY }), EnterWorldReq::OPCODE),
        (frame_of(&ChatJoin { channel }), ChatJoin::OPCODE),
        (frame_of(&ChatLeave { channel }), ChatLeave::OPCODE),
        (frame_of(&ChatSay { request: 7, channel, msg }), ChatSay::OPCODE),
    ];
    for (frame, opcode) in cases {
        with_main(|bench| {
            let key = bench.accept();
            bench.say_bytes(key, &frame);
            assert_eq!(bench.heard(key), [error(ErrorCode::OUT_OF_PLACE, opcode.0)]);
            assert_eq!(bench.stats().violations, 1);
        });
    }
}

#[test]
fn a_second_login_replaces_the_first() {
    with_main(|bench| {
        let first = bench.greet();
        let second = bench.welcome(Some(first.token));
        assert_eq!(second.uid, first.uid);
        assert_eq!(bench.heard(first.key), [bye(ErrorCode::REPLACED)]);
        assert_eq!(bench.ended(first.key), Some(ErrorCode::REPLACED));
        // The first one's end does not touch the second.
        bench.disconnect(first.key);
        assert_eq!(bench.place(second.uid), Some(Place::Outside));
        bench.ask(second, "");
        assert_eq!(bench.heard(second.key), [refused(ErrorCode::NO_WORLD)]);
        assert_eq!(bench.role().users().len(), 1);
    });
}

/// Also when both are in one read, and whatever the first one still says.
#[test]
fn a_replaced_client_is_not_heard_any_more() {
    with_main(|bench| {
        let first = bench.greet();
        let world = bench.register(1, "", 10);
        bench.welcome(Some(first.token));
        bench.ask(first, "");
        bench.say(
            first.key,
            &Hello { versions: Versions::OURS, token: None, nickname: Text::EMPTY },
        );
        assert_eq!(bench.heard(world), []);
        assert_eq!(bench.heard(first.key), [bye(ErrorCode::REPLACED)]);
        assert_eq!(bench.stats().violations, 0);
    });
}

#[test]
fn a_wish_ends_with_its_connection() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        let first = bench.greet();
        bench.ask(first, "");
        let attach = bench.attach_at(world);
        let second = bench.welcome(Some(first.token));
        bench.say(world, &ack(&attach));
        // The second one has not asked: the world is to forget it.
        assert_eq!(bench.heard(second.key), []);
        assert_eq!(bench.heard(world), [detach(first.uid, ErrorCode::REPLACED)]);
        bench.say(world, &UserLeft { uid: first.uid });
        assert_eq!(bench.place(first.uid), Some(Place::Outside));
        bench.enter(second, world);
        assert_eq!(bench.place(first.uid), Some(Place::Inside(bench.key_of_world(1))));
    });
}

#[test]
fn both_sides_of_the_directory_s_size() {
    with_users(2, |bench| {
        let (first, second) = (bench.greet(), bench.greet());
        let key = bench.say_hello(None);
        assert_eq!(bench.heard(key), [error(ErrorCode::FULL, Hello::OPCODE.0)]);
        assert_eq!(bench.ended(key), Some(ErrorCode::FULL));
        assert_eq!(bench.role().stats().hellos_refused, 1);
        // Whoever is there already may come again, and whoever goes makes room.
        bench.welcome(Some(first.token));
        bench.disconnect(second.key);
        bench.greet();
    });
}

#[test]
fn chat_is_refused_clearly() {
    with_main(|bench| {
        let guest = bench.greet();
        let (channel, msg) = (Text::new("all").unwrap(), Text::new("hi").unwrap());
        bench.say(guest.key, &ChatJoin { channel });
        bench.say(guest.key, &ChatLeave { channel });
        bench.say(guest.key, &ChatSay { request: 7, channel, msg });
        let opcodes = [ChatJoin::OPCODE, ChatLeave::OPCODE, ChatSay::OPCODE];
        let reasons =
            [ErrorCode::CHAT_UNAVAILABLE, ErrorCode::NOT_IN_CHANNEL, ErrorCode::NOT_IN_CHANNEL];
        let expected: [Said; 3] = core::array::from_fn(|place| {
            let (about, reason, request) = (opcodes[place].0, reasons[place], [0, 0, 7][place]);
            Said::of(&ChatRefused { channel, about, request, reason })
        });
        assert_eq!(bench.heard(guest.key), expected);
        assert_eq!(bench.state(guest.key), Some(SessionState::Ready));
    });
}

#[test]
fn a_client_is_no_world_and_a_world_no_client() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        let guest = bench.greet();
        bench.say(guest.key, &UserJoined { uid: guest.uid, is_spectator: false });
        bench.say_registration(guest.key, 2, "", 10);
        bench.say(world, &Hello { versions: Versions::OURS, token: None, nickname: Text::EMPTY });
        let told = [UserJoined::OPCODE, RegisterWorld::OPCODE]
            .map(|opcode| error(ErrorCode::NOT_UNDERSTOOD, opcode.0));
        assert_eq!((bench.heard(guest.key), bench.heard(world)), (told.to_vec(), vec![]));
        assert_eq!(bench.stats().unknown_opcodes, 3);
        assert_eq!(
            (bench.place(guest.uid), bench.role().worlds().len()),
            (Some(Place::Outside), 1)
        );
    });
}

#[test]
fn whoever_goes_is_forgotten() {
    with_main(|bench| {
        let guests = [bench.greet(), bench.greet(), bench.greet()];
        bench.disconnect(guests[0].key);
        bench.say(guests[1].key, &Bye { reason: ErrorCode::GOODBYE });
        bench.say_bytes(guests[2].key, &[0, 0]);
        assert!(bench.role().users().is_empty());
    });
}
