//! A user's slot has one tenant after another, and nothing of one may reach the next.

use super::*;

/// How somebody goes: of the two sessions the first is Main's, the second its own.
type WayOut = fn(&mut WorldBench<'_, Relay>, [SessionKey; 2]);

/// However somebody goes while its transport is full: it gets what was its own, its goodbye, and
/// nothing of whoever has its slot now.
#[test]
fn a_draining_session_gets_nothing_of_the_next_user_in_its_slot() {
    let ways: [(WayOut, Said); 3] = [
        (
            |bench, [main, _]| {
                bench.say(main, &DetachUser { uid: Uid(1), reason: ErrorCode::DETACHED });
            },
            bye(ErrorCode::DETACHED),
        ),
        (|bench, [_, key]| bench.say(key, &Leave {}), bye(ErrorCode::GOODBYE)),
        (
            |bench, [_, key]| bench.say_bytes(key, &[0, 0]),
            Said::of(&Error { code: ErrorCode::BAD_FRAME, about: 0 }),
        ),
    ];
    for (leave, farewell) in ways {
        with_world(SETUP, |bench| {
            let main = bench.meet_main();
            let keys = bench.fill(main, 2);
            bench.limit(keys[0], 5);
            bench.say(keys[1], &event(1, b"cut in the middle"));
            bench.pass_ms(FLUSH_MS);
            leave(bench, [main, keys[0]]);
            assert_eq!(bench.state(keys[0]), Some(SessionState::Draining));

            let heir = bench.join(main, 3);
            let index = |uid: u32| {
                let mut users = bench.role().rooms().iter();
                users
                    .find(|(_, user)| user.state().uid == Uid(uid.into()))
                    .map(|(key, _)| key.index())
            };
            assert_eq!(index(3), Some(0)); // the slot of user 1
            bench.say(keys[1], &event(1, b"for the heir"));
            bench.pass_ms(FLUSH_MS);
            bench.unblock(keys[0], usize::MAX);
            bench.say(keys[1], &event(1, b"again"));
            bench.pass_ms(FLUSH_MS);
            let expected = [said_event(2, 1, b"cut in the middle"), farewell.clone()];
            assert_eq!(bench.heard(keys[0]), expected);
            assert_eq!(bench.heard(heir).len(), 4);
        });
    }
}

/// A world whose send buffers a stranger holds, all of them.
fn with_hog(test: impl FnOnce(&mut WorldBench<'_, Relay>, SessionKey, SessionKey)) {
    let sizes = Sizes { send_buffers: 4, ..Sizes::ALL };
    let net = NetConfig { send_buffers_per_session: 4, packet_burst: 2_000, ..BENCH_CONFIG };
    with_world(Setup { sizes, net, ..SETUP }, |bench| {
        let main = bench.meet_main();
        let hog = bench.accept();
        test(bench, main, hog);
    });
}

impl WorldBench<'_, Relay> {
    /// Lets `hog` have what is left of the send buffers.
    fn hog_buffers(&mut self, hog: SessionKey) {
        self.limit(hog, 0);
        self.act(|_, cx| while cx.sessions.send(hog, &Ping { nonce: u32::MAX }).is_ok() {});
        assert_eq!(self.node.sessions().buffers_available(), 0);
    }
}

/// A frame was cut and there is no buffer for its rest: the stream can't go on.
#[test]
fn a_cut_frame_without_a_buffer_ends_its_session() {
    with_hog(|bench, main, hog| {
        let keys = bench.fill(main, 2);
        bench.hog_buffers(hog);
        bench.limit(keys[1], 5);
        bench.say(keys[0], &event(1, b"cut in the middle"));
        bench.now = bench.now.after_ms(FLUSH_MS);
        bench.transmit();
        let stream_bytes = bench.stream(keys[1]).len();
        // The role is still to be told: that is due now.
        assert_eq!(bench.ended(keys[1]), None);
        assert_eq!(bench.node.poll_timeout(), Some(Instant::ZERO));
        bench.drive();
        assert_eq!(bench.ended(keys[1]), Some(ErrorCode::TOO_SLOW));
        // The link to Main finds no buffer for the report either, and stays: the list will say it.
        assert_eq!((bench.stats().overflows, bench.uids()), (1, vec![1]));
        assert_eq!(bench.ended(main), None);
        bench.unblock(keys[1], usize::MAX);
        assert_eq!(bench.stream(keys[1]).len(), stream_bytes);
        assert!(bench.requests().contains(&Asked::Shutdown(keys[1])));
    });
}

/// Until the role is told of that end, whatever the driver calls first must not mix up the slot's
/// old tenant with its new one: here the user comes again, and takes over its own slot.
#[test]
fn an_end_that_is_told_late_does_not_end_the_next_user_in_the_slot() {
    with_hog(|bench, main, hog| {
        let keys = bench.fill(main, 2);
        bench.say(main, &attach_of(Uid(2), 2));
        let again = bench.accept();
        bench.hog_buffers(hog);
        bench.limit(keys[1], 5);
        bench.say(keys[0], &event(1, b"cut in the middle"));
        bench.now = bench.now.after_ms(FLUSH_MS);
        bench.transmit();
        bench.unblock_silently(hog, usize::MAX);
        bench.transmit();
        assert_eq!(bench.ended(keys[1]), None);

        bench.say_silently(again, &frame_of(&join_of(Uid(2))));
        bench.drive();
        assert_eq!(bench.ended(keys[1]), Some(ErrorCode::TOO_SLOW));
        assert_eq!(bench.uids(), [1, 2]);
        bench.heard(again);
        bench.say(keys[0], &event(1, b"for the heir"));
        assert_eq!(bench.flush_and_hear(again), [said_event(1, 1, b"for the heir")]);
    });
}
