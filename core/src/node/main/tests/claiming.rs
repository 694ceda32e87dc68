//! Main and the directory of a realm of several Mains, one answer at a time.

use super::*;
use crate::node::directory::{Answer, Ask, ClaimSlot, ClaimStorage, Work};
use crate::protocol::ClaimNumber;
use crate::protocol::main_to_world::UserClaimed;
use crate::protocol::world_to_main::UserHeld;

const CLAIMS: usize = 4;

fn with_directory(test: impl FnOnce(&mut MainBench<'_>)) {
    with_directory_of(MAX_USERS, Guests::new([7; 32]), test);
}

/// The same with room for so many users, and with who tells who they are.
pub(super) fn with_directory_of<A: Authenticator>(
    users: usize,
    authenticator: A,
    test: impl FnOnce(&mut MainBench<'_, A>),
) {
    let mut node_memory = Box::new(BenchMemory::NEW);
    let mut memory = Box::new(MainMemory::<MAX_USERS, WORLD_COUNT_MAX>::NEW);
    let mut claims = [const { Slot::<ClaimSlot<PendingClaim>>::VACANT }; CLAIMS];
    let (mut heads, mut nexts) = ([Link::NONE; CLAIMS], [Link::NONE; CLAIMS]);
    let (mut queue, mut listed) = ([0; CLAIMS], [false; CLAIMS]);
    let claims = ClaimStorage {
        claims: &mut claims,
        heads: &mut heads,
        nexts: &mut nexts,
        queue: &mut queue,
        listed: &mut listed,
    };
    let mut storage = MainStorage { claims, ..memory.storage() };
    trim(&mut storage.users, users);
    trim(&mut storage.user_heads, users);
    trim(&mut storage.user_nexts, users);
    let main = Main::new(storage, CONFIG, authenticator, test_secrets());
    let mut bench = Bench::new(Sizes::ALL.lend(&mut node_memory), BENCH_CONFIG, main);
    test(&mut bench);
    bench.finish();
}

impl<A: Authenticator> MainBench<'_, A> {
    /// The one question that the directory is asked now.
    #[track_caller]
    pub(super) fn asked(&mut self) -> Work {
        let work = self.act(|main, _| main.next_directory_work()).expect("a question");
        assert_eq!(self.act(|main, _| main.next_directory_work()), None);
        work
    }

    pub(super) fn answer_claim(&mut self, work: Work, answer: Answer) {
        self.act(|main, cx| main.directory_answered(cx, work, answer));
    }
}

impl MainBench<'_> {
    fn tell(&mut self, uid: Uid, number: u64, is_ours: bool) {
        self.act(|main, cx| main.directory_changed(cx, uid, ClaimNumber(number), is_ours));
    }

    /// A guest who has been claimed under this number.
    fn claimed(&mut self, token: Option<Token>, number: u64) -> Guest {
        let key = self.say_hello(token);
        let work = self.asked();
        self.answer_claim(work, Answer::Written(ClaimNumber(number)));
        let heard = self.heard(key);
        let Some(Welcome { uid, token, .. }) = heard[0].read() else { panic!("{heard:?}") };
        Guest { key, uid, token }
    }

    fn expect_refused_hello(&mut self, client: SessionKey, code: ErrorCode) {
        assert_eq!(self.heard(client), [error(code, Hello::OPCODE.0)]);
    }
}

fn write(expected: u64) -> Ask {
    Ask::Write { expected: ClaimNumber(expected) }
}

#[test]
fn a_hello_waits_for_its_claim() {
    with_directory(|bench| {
        let client = bench.say_hello(None);
        let work = bench.asked();
        assert_eq!((work.ask, work.uid.is_guest()), (write(0), true));
        assert_eq!(bench.heard(client), []);
        bench.answer_claim(work, Answer::Written(ClaimNumber(7)));
        let heard = bench.heard(client);
        assert_eq!(heard[0].read::<Welcome>().map(|welcome| welcome.uid), Some(work.uid));
        // The same answer again is about nothing.
        bench.answer_claim(work, Answer::Conflict);
        assert_eq!(bench.role().claims().number(work.uid), ClaimNumber(7));
        // Whoever is gone leaves nothing.
        bench.disconnect(client);
        let work = bench.asked();
        assert_eq!(work.ask, Ask::Remove { expected: ClaimNumber(7) });
        bench.answer_claim(work, Answer::Removed);
        assert!(bench.role().claims().is_empty());
    });
}

#[test]
fn who_was_first_elsewhere_is_overtaken() {
    with_directory(|bench| {
        let client = bench.say_hello(None);
        let work = bench.asked();
        bench.answer_claim(work, Answer::Conflict);
        let work = bench.asked();
        assert_eq!(work.ask, Ask::Read);
        bench.answer_claim(work, Answer::Found(ClaimNumber(8)));
        let work = bench.asked();
        assert_eq!(work.ask, write(8));
        bench.answer_claim(work, Answer::Written(ClaimNumber(9)));
        assert!(bench.heard(client)[0].read::<Welcome>().is_some());
    });
}

#[test]
fn a_directory_that_does_not_answer_refuses_and_those_inside_go_on() {
    with_directory(|bench| {
        let inside = bench.claimed(None, 7);
        let late = bench.say_hello(None);
        let work = bench.asked();
        bench.pass_ms(CLAIM_TIMEOUT_MS - 100);
        assert_eq!(bench.heard(late), []);
        bench.pass_ms(200);
        bench.expect_refused_hello(late, ErrorCode::DIRECTORY_UNAVAILABLE);
        // What is written all the same is nobody's.
        bench.answer_claim(work, Answer::Written(ClaimNumber(8)));
        let work = bench.asked();
        assert_eq!(work.ask, Ask::Remove { expected: ClaimNumber(8) });
        bench.answer_claim(work, Answer::Unavailable);
        let known = bench.say_hello(Some(inside.token));
        let work = bench.asked();
        assert_eq!(work.ask, write(7));
        bench.answer_claim(work, Answer::Unavailable);
        bench.expect_refused_hello(known, ErrorCode::DIRECTORY_UNAVAILABLE);
        assert_eq!(bench.state(inside.key), Some(SessionState::Ready));
        assert_eq!(bench.heard(inside.key), []);
    });
}

#[test]
fn both_sides_of_how_many_claims_there_are() {
    with_directory(|bench| {
        for number in 1..=CLAIMS as u64 {
            bench.claimed(None, number);
        }
        let one_more = bench.say_hello(None);
        bench.expect_refused_hello(one_more, ErrorCode::FULL);
        assert_eq!(bench.role().claims().len(), CLAIMS);
    });
}

#[test]
fn a_newer_hello_of_the_same_user_takes_the_place_of_one_that_waits() {
    with_directory(|bench| {
        let guest = bench.claimed(None, 7);
        let first = bench.say_hello(Some(guest.token));
        let second = bench.say_hello(Some(guest.token));
        assert_eq!(bench.heard(first), [bye(ErrorCode::REPLACED)]);
        let work = bench.asked();
        bench.answer_claim(work, Answer::Written(ClaimNumber(8)));
        assert_eq!(bench.heard(guest.key), [bye(ErrorCode::REPLACED)]);
        assert!(bench.heard(second)[0].read::<Welcome>().is_some());
    });
}

#[test]
fn who_is_elsewhere_is_told_and_its_world_keeps_its_seat() {
    with_directory(|bench| {
        let world = bench.register(1, "", 8);
        let guest = bench.claimed(None, 7);
        bench.ask(guest, "");
        let heard = bench.heard(world);
        let claimed = UserClaimed { uid: guest.uid, claim: ClaimNumber(7) };
        assert_eq!(heard[0], Said::of(&claimed));
        let attach: AttachUser<'static> = heard[1].keep().expect("an attach");
        bench.say(world, &ack(&attach));
        bench.say(world, &UserJoined { uid: guest.uid, is_spectator: false });
        bench.heard(guest.key);
        // What is old changes nothing.
        bench.tell(guest.uid, 6, false);
        bench.tell(guest.uid, 7, true);
        assert_eq!(bench.heard(guest.key), []);
        bench.tell(guest.uid, 9, false);
        assert_eq!(bench.heard(guest.key), [bye(ErrorCode::REPLACED)]);
        let claimed = UserClaimed { uid: guest.uid, claim: ClaimNumber(9) };
        assert_eq!(bench.heard(world), [Said::of(&claimed)]);
        bench.say(world, &UserHeld { uid: guest.uid });
        assert_eq!(bench.place(guest.uid), Some(Place::Inside(bench.key_of_world(1))));
        assert_eq!(bench.role().stats().claims_lost, 1);
        bench.say(world, &UserLeft { uid: guest.uid });
        assert_eq!(bench.place(guest.uid), None);
    });
}

#[test]
fn a_world_that_knows_better_says_so() {
    with_directory(|bench| {
        let world = bench.register(1, "", 8);
        let guest = bench.claimed(None, 7);
        bench.ask(guest, "");
        let attach: AttachUser<'static> = bench.heard(world)[1].keep().expect("an attach");
        let reason = ErrorCode::STALE_CLAIM;
        bench.say(world, &AttachDenied { reason, ..denial(&attach) });
        assert_eq!(bench.heard(guest.key), [bye(ErrorCode::REPLACED)]);
        assert_eq!(bench.place(guest.uid), None);
        assert!(bench.role().claims().is_empty());
        assert_eq!(bench.act(|main, _| main.next_directory_work()), None);
    });
}

/// Somebody in a world, whose connection to Main is lost, and the claim that it was let in with.
fn whoever_lost_its_connection(bench: &mut MainBench<'_>, world: SessionKey) -> Guest {
    let guest = bench.claimed(None, 7);
    bench.ask(guest, "north");
    let attach: AttachUser<'static> = bench.heard(world)[1].keep().expect("an attach");
    bench.say(world, &ack(&attach));
    bench.say(world, &UserJoined { uid: guest.uid, is_spectator: false });
    bench.disconnect(guest.key);
    guest
}

/// A Main that is full forgets who has no connection to it, and worlds that fence claims let nobody go for that. Who says hello
/// again may be in a world still: that has to let go before another one has it.
#[test]
fn whom_a_full_main_has_forgotten_is_in_one_world_only() {
    for is_full in [true, false] {
        with_directory_of(2, Guests::new([7; 32]), |bench| {
            let [former, next] = [bench.register(1, "north", 8), bench.register(2, "south", 8)];
            let guest = whoever_lost_its_connection(bench, former);
            let others = [8, 9].map(|number| is_full.then(|| bench.claimed(None, number)));
            assert_eq!(bench.place(guest.uid).is_none(), is_full);
            assert_eq!(bench.heard(former), []);
            for other in others.into_iter().flatten() {
                bench.disconnect(other.key);
            }
            while let Some(work) = bench.act(|main, _| main.next_directory_work()) {
                bench.answer_claim(work, Answer::Removed);
            }
            let guest = bench.claimed(Some(guest.token), 10);
            bench.ask(guest, "south");
            let claimed = Said::of(&UserClaimed { uid: guest.uid, claim: ClaimNumber(10) });
            let detached = detach(guest.uid, ErrorCode::REPLACED);
            assert_eq!(bench.heard(former), [claimed.clone(), detached], "{is_full}");
            bench.say(former, &UserLeft { uid: guest.uid });
            let heard = bench.heard(next);
            assert!(heard[0] == claimed && heard[1].is::<AttachUser>(), "{heard:?}");
        });
    }
}

/// The same of somebody of whom a world has told when there was no place for it here.
#[test]
fn whom_a_full_main_has_not_taken_down_is_in_one_world_only() {
    with_directory_of(3, Guests::new([7; 32]), |bench| {
        let [former, _] = [bench.register(1, "north", 8), bench.register(2, "south", 8)];
        let known = bench.claimed(None, 7);
        bench.disconnect(known.key);
        let work = bench.asked();
        bench.answer_claim(work, Answer::Removed);
        let others = [8, 9, 10].map(|number| bench.claimed(None, number));
        bench.say(former, &user_list(&[known.uid]));
        assert_eq!(bench.place(known.uid), None);
        for other in others {
            bench.disconnect(other.key);
            let work = bench.asked();
            bench.answer_claim(work, Answer::Removed);
        }
        let new_guest = bench.claimed(None, 11);
        bench.ask(new_guest, "south");
        assert_eq!(bench.heard(former), [], "it can be nowhere");
        let known = bench.claimed(Some(known.token), 12);
        bench.ask(known, "south");
        let claimed = Said::of(&UserClaimed { uid: known.uid, claim: ClaimNumber(12) });
        assert_eq!(bench.heard(former), [claimed, detach(known.uid, ErrorCode::REPLACED)]);
        bench.say(former, &user_list(&[]));
        let other = bench.claimed(Some(others[0].token), 13);
        bench.ask(other, "south");
        assert_eq!(bench.heard(former), [], "it has named all who are there");
    });
}
