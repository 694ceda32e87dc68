//! Attaches that are not redeemed, of users whom the world has from an earlier stay.
//!
//! Main's directory and the rooms agree afterwards, and no other world is asked before.

use super::*;

/// Runs `test` when Main has asked a world to expect a guest whom that world has already, from an
/// earlier stay.
fn with_earlier_stay(
    test: impl FnOnce(&mut MainBench<'_>, SessionKey, Guest, AttachUser<'static>),
) {
    with_main(|bench| {
        let world = bench.register(1, "", 9);
        let guest = bench.greet();
        bench.ask(guest, "");
        let attach = bench.attach_at(world);
        // The list of a world that was there before Main, in the middle of the attempt.
        bench.say(world, &user_list(&[attach.uid]));
        test(bench, world, guest, attach);
    });
}

/// The user is outside when the world has let go of it, and not before.
fn check_detaching(bench: &mut MainBench<'_>, world: SessionKey, uid: Uid) {
    assert_eq!(bench.heard(world), [detach(uid, ErrorCode::REPLACED)]);
    assert!(matches!(bench.place(uid), Some(Place::Detaching(_))));
    bench.say(world, &UserLeft { uid });
    assert_eq!(bench.place(uid), Some(Place::Outside));
}

#[test]
fn a_user_who_did_not_come_is_where_it_was() {
    with_earlier_stay(|bench, world, guest, attach| {
        bench.say(world, &ack(&attach));
        assert_eq!(bench.heard(guest.key), [sent_to(1, &attach)]);
        bench.pass_ms(ATTACH_TTL_MS + GRACE_MS + 15); // one tick more, less than a detach may take
        assert_eq!(bench.heard(world), []);
        assert_eq!(bench.place(guest.uid), Some(Place::Inside(bench.key_of_world(1))));
    });
}

#[test]
fn a_user_who_is_denied_is_detached_before_it_is_outside() {
    with_earlier_stay(|bench, world, guest, attach| {
        bench.say(world, &denial(&attach));
        check_detaching(bench, world, guest.uid);
        assert_eq!(bench.heard(guest.key), [refused(ErrorCode::FULL)]);
    });
}
