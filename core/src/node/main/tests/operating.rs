//! What whoever runs a Main asks of it.

use super::*;
use crate::protocol::ANNOUNCEMENT_MAX_BYTES;
use crate::protocol::either_way::Ping;
use crate::protocol::main_to_client::Announced;

const PONGS: u32 = 60;

#[test]
fn whoever_is_kicked_is_out_of_its_world_too_and_nobody_else_is() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        let (kicked, other) = (bench.greet(), bench.greet());
        bench.enter(kicked, world);
        assert!(bench.act(|main, cx| main.kick(cx, kicked.uid)));
        assert_eq!(bench.heard(kicked.key), [bye(ErrorCode::REMOVED)]);
        assert_eq!(bench.heard(world), [detach(kicked.uid, ErrorCode::REMOVED)]);
        assert_eq!(bench.state(other.key), Some(SessionState::Ready));
        assert!(!bench.act(|main, cx| main.kick(cx, kicked.uid)), "it is on its way out");
        assert!(!bench.act(|main, cx| main.kick(cx, Uid(99))), "there is none");
    });
}

#[test]
fn a_user_s_line_says_where_it_is_and_a_free_slot_has_none() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        let guest = bench.greet();
        bench.enter(guest, world);
        let main = bench.role();
        let slots = 0..main.users().capacity() as u16;
        let lines: std::vec::Vec<_> = slots.filter_map(|slot| main.user_line(slot)).collect();
        let [line] = &lines[..] else { panic!("{lines:?}") };
        assert_eq!((line.uid, line.session, line.room), (guest.uid, guest.key, None));
        assert_eq!(line.world.map(|world| world.0), Some(1));
        assert!(matches!(line.place, Place::Inside(_)), "{line:?}");
        assert!(main.user_line(u16::MAX).is_none());
        assert!(main.room_line(0).is_none() && main.channel_line(0).is_none());
    });
}

fn announce(bench: &mut MainBench<'_>, text: &str) -> usize {
    bench.act(|main, cx| main.announce(cx, Text::truncated(text)))
}

fn announced(text: &str) -> Said {
    Said::of(&Announced { text: Text::truncated(text) })
}

#[test]
fn an_announcement_is_heard_once_by_whoever_is_there() {
    with_main(|bench| {
        assert_eq!(announce(bench, "nobody hears"), 0);
        let world = bench.register(1, "", 10);
        let (inside, outside) = (bench.greet(), bench.greet());
        bench.enter(inside, world);
        let stranger = bench.accept();
        assert_eq!(announce(bench, "closing at ten"), 2);
        for guest in [inside, outside] {
            assert_eq!(bench.heard(guest.key), [announced("closing at ten")]);
        }
        let late = bench.greet();
        bench.pass_ms(1_000);
        for key in [inside.key, outside.key, late.key, stranger, world] {
            assert_eq!(bench.heard(key), []);
        }
        assert_eq!(announce(bench, "closing now"), 3);
        assert_eq!(bench.heard(late.key), [announced("closing now")]);
    });
}

#[test]
fn whose_connection_takes_nothing_hears_an_announcement_when_it_does() {
    let net = NetConfig { send_buffers_per_session: 1, ..BENCH_CONFIG };
    let longest = "a".repeat(ANNOUNCEMENT_MAX_BYTES);
    with_authenticator(MAX_USERS, net, Guests::new([7; 32]), |bench| {
        let (slow, other) = (bench.greet(), bench.greet());
        bench.limit(slow.key, 0);
        // Their answers leave no room in its only buffer.
        for nonce in 0..PONGS {
            bench.say(slow.key, &Ping { nonce });
        }
        assert_eq!(announce(bench, "the first"), 2);
        assert_eq!(announce(bench, &longest), 2);
        assert_eq!(bench.heard(other.key), [announced("the first"), announced(&longest)]);
        bench.unblock(slow.key, usize::MAX);
        assert_eq!(bench.heard(slow.key).len() as u32, PONGS);
        bench.pass_ms(10);
        assert_eq!(bench.heard(slow.key), [announced(&longest)]);
        bench.pass_ms(1_000);
        assert_eq!(bench.heard(slow.key), []);
    });
}
