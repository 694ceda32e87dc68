//! Claims of users by several Mains: what is old lets nobody in and nobody out.

use super::seats::{HOLD_MS, Keeper};
use super::*;
use crate::protocol::ClaimNumber;
use crate::protocol::either_way::Pong;
use crate::protocol::main_to_world::UserClaimed;
use crate::protocol::world_to_main::{
    AttachAck, AttachDenied, UserHeld, UserJoined, UserLeft, UserList,
};

const UID: Uid = Uid(1);

fn claimed(number: u64) -> UserClaimed {
    UserClaimed { uid: UID, claim: ClaimNumber(number) }
}

fn attached(attempt: u32) -> Said {
    Said::of(&AttachAck { uid: UID, attempt })
}

fn denied(attempt: u32) -> Said {
    Said::of(&AttachDenied { uid: UID, attempt, reason: ErrorCode::STALE_CLAIM })
}

impl<G: Game> WorldBench<'_, G> {
    fn claim(&mut self, main: SessionKey, number: u64, attempt: u32) -> Vec<Said> {
        self.say(main, &claimed(number));
        self.say(main, &attach_of(UID, attempt));
        self.heard(main)
    }

    fn comes(&mut self) -> SessionKey {
        let key = self.accept();
        self.say(key, &join_of(UID));
        key
    }
}

#[test]
fn a_lower_number_attaches_nobody() {
    with_game::<Keeper>(SETUP, |bench| {
        let main = bench.meet_main();
        assert_eq!(bench.claim(main, 7, 1), [attached(1)]);
        assert_eq!(bench.claim(main, 6, 2), [denied(2)]);
        assert_eq!(bench.claim(main, 7, 3), [attached(3)]);
        bench.comes();
        assert_eq!(bench.uids(), [1]);
        // The same of who is inside.
        bench.heard(main);
        assert_eq!(bench.claim(main, 6, 4), [denied(4)]);
        assert_eq!(bench.uids(), [1]);
        // Whoever has no number at all knows less than any.
        bench.say(main, &UserClaimed { uid: Uid(2), claim: ClaimNumber(1) });
        bench.say(main, &attach_of(UID, 5));
        assert_eq!(bench.heard(main), [denied(5)]);
    });
}

/// It is told at once that it waits for nobody, and then who is there, once.
#[test]
fn a_main_that_is_mistaken_hears_who_is_there_with_the_next_report() {
    with_game::<Keeper>(SETUP, |bench| {
        let main = bench.meet_main();
        bench.claim(main, 7, 1);
        let player = bench.comes();
        bench.heard(main);
        let lists = |bench: &mut WorldBench<'_, Keeper>| {
            let heard = bench.heard(main);
            heard.iter().filter(|said| said.is::<UserList>()).count()
        };
        for mistaken in [true, false] {
            if mistaken {
                bench.say(main, &claimed(6));
                bench.say(main, &DetachUser { uid: UID, reason: ErrorCode::REPLACED });
                assert_eq!(bench.heard(main), [Said::of(&UserLeft { uid: UID })]);
                assert_eq!(bench.uids(), [1]);
            }
            bench.pass_ms(STATUS_MS);
            assert_eq!(lists(bench), usize::from(mistaken));
        }
        assert_eq!(bench.claim(main, 6, 2), [denied(2)]);
        bench.say(player, &Pong { nonce: 0 });
        bench.pass_ms(STATUS_MS);
        assert_eq!(lists(bench), 1);
    });
}

#[test]
fn a_higher_number_ends_a_ghost_and_keeps_its_seat() {
    with_game::<Keeper>(SETUP, |bench| {
        let main = bench.meet_main();
        bench.claim(main, 7, 1);
        let ghost = bench.comes();
        bench.heard(ghost);
        bench.heard(main);
        // The same number again, and a lower one, say nothing new.
        bench.say(main, &claimed(7));
        bench.say(main, &claimed(6));
        assert_eq!((bench.heard(ghost), bench.heard(main)), (vec![], vec![]));
        bench.say(main, &claimed(8));
        assert_eq!(bench.heard(ghost), [bye(ErrorCode::REPLACED)]);
        assert_eq!(bench.heard(main), [Said::of(&UserHeld { uid: UID })]);
        assert_eq!(bench.uids(), [1]);
        assert_eq!(bench.claim(main, 7, 2), [denied(2)]);
        assert_eq!(bench.claim(main, 8, 3), [attached(3)]);
        let back = bench.comes();
        assert!(bench.heard(back)[0].read::<JoinOk>().is_some_and(|joined| joined.is_returned));
        assert_eq!(bench.heard(main), [Said::of(&UserJoined { uid: UID, is_spectator: false })]);
    });
}

#[test]
fn a_seat_that_nobody_comes_back_to_ends() {
    with_game::<Keeper>(SETUP, |bench| {
        let main = bench.meet_main();
        bench.claim(main, 7, 1);
        bench.comes();
        bench.say(main, &claimed(8));
        bench.heard(main);
        bench.pass_ms(HOLD_MS + FLUSH_MS);
        assert!(bench.uids().is_empty());
        // Who is not there is not known: whatever is said of it is as good as new.
        bench.heard(main);
        assert_eq!(bench.claim(main, 7, 2), [attached(2)]);
    });
}

#[test]
fn a_ticket_of_a_lower_number_is_void() {
    with_game::<Keeper>(SETUP, |bench| {
        let main = bench.meet_main();
        bench.claim(main, 7, 1);
        bench.say(main, &claimed(8));
        let late = bench.comes();
        assert!(bench.heard(late)[0].read::<JoinOk>().is_none());
        assert!(bench.uids().is_empty());
    });
}

#[test]
fn a_lower_number_detaches_nobody_and_is_answered() {
    with_game::<Keeper>(SETUP, |bench| {
        let main = bench.meet_main();
        bench.claim(main, 7, 1);
        let member = bench.comes();
        bench.heard(main);
        bench.heard(member);
        for number in [6, 7] {
            bench.say(main, &claimed(number));
            bench.say(main, &DetachUser { uid: UID, reason: ErrorCode::DETACHED });
            assert_eq!(bench.heard(main), [Said::of(&UserLeft { uid: UID })]);
            let expected = if number == 6 { vec![] } else { vec![bye(ErrorCode::DETACHED)] };
            assert_eq!(bench.heard(member), expected, "{number}");
        }
        assert!(bench.uids().is_empty());
    });
}

/// A number that was said on a link is worth nothing on the next one.
#[test]
fn a_new_link_speaks_by_no_claim_of_the_former_one() {
    with_game::<Keeper>(SETUP, |bench| {
        let main = bench.meet_main();
        assert_eq!(bench.claim(main, 7, 1), [attached(1)]);
        bench.comes();
        bench.disconnect(main);
        let (_, main) = bench.wait_for_dials().remove(0);
        bench.main_connected(main);
        bench.say(main, &Registered {});
        bench.heard(main);
        bench.say(main, &attach_of(UID, 2));
        assert_eq!(bench.heard(main), [denied(2)]);
        bench.say(main, &DetachUser { uid: UID, reason: ErrorCode::DETACHED });
        assert_eq!(bench.uids(), [1]);
        assert_eq!(bench.claim(main, 7, 3)[1..], [attached(3)]);
    });
}

fn lists(heard: &[Said]) -> usize {
    heard.iter().filter(|said| said.is::<UserList>()).count()
}

const VERDICTS: [ErrorCode; 3] = [ErrorCode::REVOKED, ErrorCode::BANNED, ErrorCode::REMOVED];

/// Of somebody whom it has no claim of, a Main may say that it is to go: that counts once the one that has spoken by the claim is gone.
#[test]
fn whom_a_lost_main_has_left_the_others_put_out() {
    for reason in VERDICTS {
        with_game::<Keeper>(mains::TWO, |bench| {
            let [one, other] = [bench.meet_main(), bench.register()];
            assert_eq!(bench.claim(one, 7, 1), [attached(1)]);
            let player = bench.comes();
            bench.heard(player);
            bench.heard(other);
            bench.say(other, &DetachUser { uid: UID, reason });
            assert_eq!((bench.uids(), bench.heard(other)), (vec![1], vec![]), "{reason:?}");
            bench.disconnect(one);
            let heard = bench.heard(other);
            assert_eq!(lists(&heard), 1, "{heard:?}");
            bench.say(other, &DetachUser { uid: UID, reason: ErrorCode::DETACHED });
            assert_eq!(bench.heard(other), [Said::of(&UserLeft { uid: UID })], "no verdict");
            assert_eq!(bench.uids(), [1]);
            bench.say(other, &DetachUser { uid: UID, reason });
            assert_eq!(bench.heard(player).last(), Some(&bye(reason)));
            assert!(bench.heard(other).contains(&Said::of(&UserLeft { uid: UID })));
            assert!(bench.uids().is_empty());
            // Another one may have said so first.
            bench.say(other, &DetachUser { uid: UID, reason });
            assert_eq!(bench.heard(other), [Said::of(&UserLeft { uid: UID })]);
        });
    }
}

/// That Main may be back, in a new life: it does not have the user because of that. Whoever claims it anew has it.
#[test]
fn a_main_that_is_back_has_nobody_before_it_claims_it_anew() {
    for claims_anew in [false, true] {
        with_game::<Keeper>(mains::TWO, |bench| {
            let [one, other] = [bench.meet_main(), bench.register()];
            bench.claim(one, 7, 1);
            bench.comes();
            bench.disconnect(one);
            let (_, one) = bench.wait_for_dials().remove(0);
            bench.main_connected(one);
            bench.say(one, &Registered {});
            bench.heard(one);
            if claims_anew {
                assert!(bench.claim(one, 8, 2).contains(&attached(2)));
            }
            bench.say(other, &DetachUser { uid: UID, reason: ErrorCode::REVOKED });
            assert_eq!(bench.uids().is_empty(), !claims_anew);
        });
    }
}

/// Whoever comes by a ticket of a Main that is gone is told of once more: the others know nothing yet that they had to judge.
#[test]
fn who_comes_by_a_ticket_of_a_lost_main_is_told_of_with_the_next_report() {
    for is_lost in [false, true] {
        with_game::<Keeper>(mains::TWO, |bench| {
            let [one, other] = [bench.meet_main(), bench.register()];
            bench.claim(one, 7, 1);
            if is_lost {
                bench.disconnect(one);
            }
            bench.heard(other);
            bench.comes();
            assert_eq!(lists(&bench.heard(other)), 0);
            bench.pass_ms(STATUS_MS);
            assert_eq!(lists(&bench.heard(other)), usize::from(is_lost));
            bench.say(other, &DetachUser { uid: UID, reason: ErrorCode::REVOKED });
            assert_eq!(bench.uids().is_empty(), is_lost);
        });
    }
}

/// Where there is no directory the others hear of nobody anew.
#[test]
fn without_claims_nobody_is_told_of_because_a_main_is_lost() {
    with_game::<Keeper>(mains::TWO, |bench| {
        let [one, other] = [bench.meet_main(), bench.register()];
        bench.join(one, 1);
        bench.heard(other);
        bench.disconnect(one);
        assert_eq!(lists(&bench.heard(other)), 0);
    });
}
