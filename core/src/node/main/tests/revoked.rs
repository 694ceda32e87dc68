//! Users whom Login has revoked, and those who are banned.

use super::claiming::with_directory_of;
use super::login::{
    FIRST_MS, LoginBench, REVISION, TOKEN, UID, with_accounts, with_accounts_and_directory,
};
use super::*;
use crate::node::directory::{Answer, Ask};
use crate::protocol::login_to_main::{StoreRevision, VerifyAck};
use crate::protocol::world_to_main::UserHeld;
use crate::protocol::{ClaimNumber, REVOCATION_PAGE, Revision, Revocation};
use crate::session::PeerAddress;
use crate::timer::TICK_MS;

const ASK_AGAIN_MS: u32 = 500;

impl MainBench<'_, Accounts> {
    /// The one question of Main about those who were revoked.
    #[track_caller]
    fn revocation_question(&mut self, login: SessionKey) -> RevokedSince {
        let heard = self.heard(login);
        let [said] = &heard[..] else { panic!("not one question: {heard:?}") };
        said.read().unwrap_or_else(|| panic!("{heard:?}"))
    }

    fn answer(
        &mut self,
        login: SessionKey,
        asked: RevokedSince,
        revoked: &[(Uid, u64, bool)],
        complete: u64,
    ) {
        let list = revoked.iter().map(|&(uid, revision, is_renewed)| {
            let renewed_at = Revision(if is_renewed { revision } else { 0 });
            Revocation { uid, revision: Revision(revision), renewed_at }
        });
        let (after, after_uid, complete) = (asked.revision, asked.uid, Revision(complete));
        self.say(login, &Revocations { after, after_uid, list: list.collect(), complete });
    }

    /// Login has a new revision; Main asks, and hears this.
    #[track_caller]
    pub(super) fn revoke(
        &mut self,
        login: SessionKey,
        revoked: &[(Uid, u64, bool)],
        complete: u64,
    ) {
        self.say(login, &StoreRevision { revision: Revision(complete) });
        let asked = self.revocation_question(login);
        self.answer(login, asked, revoked, complete);
    }
}

impl LoginBench<'_> {
    fn log_in_at(&mut self, login: SessionKey, uid: Uid, revision: Revision) -> Guest {
        let key = self.say_hello(Some(TOKEN));
        let request = self.question(login).request;
        self.say(login, &VerifyAck { request, uid, revision, account: Text::EMPTY });
        assert!(self.heard(key)[0].is::<Welcome>());
        Guest { key, uid, token: TOKEN }
    }
}

/// The user is out, was told so on its connection, and nothing is left of it.
#[track_caller]
fn expect_out(bench: &mut LoginBench<'_>, guest: Guest) {
    assert_eq!(bench.heard(guest.key), [bye(ErrorCode::REVOKED)]);
    assert_eq!(bench.ended(guest.key), Some(ErrorCode::REVOKED));
}

#[test]
fn whoever_is_revoked_is_out_wherever_it_is() {
    type Way = fn(&mut LoginBench<'_>, Guest, SessionKey);
    let ways: [Way; 5] = [
        |_, _, _| {},
        |bench, guest, world| {
            bench.ask(guest, "");
            bench.attach_at(world);
        },
        |bench, guest, world| {
            bench.ask(guest, "");
            let attach = bench.attach_at(world);
            bench.say(world, &ack(&attach));
            bench.heard(guest.key);
        },
        |bench, guest, world| {
            bench.enter(guest, world);
        },
        |bench, guest, world| {
            bench.enter(guest, world);
            bench.ask(guest, "");
            bench.heard(world);
        },
    ];
    for (number, lead) in ways.into_iter().enumerate() {
        with_accounts(|bench| {
            let login = bench.connect_login();
            let world = bench.register(1, "", 10);
            let guest = bench.log_in_at(login, UID, REVISION);
            lead(bench, guest, world);
            bench.revoke(login, &[(UID, REVISION.0 + 1, false)], REVISION.0 + 1);
            expect_out(bench, guest);
            if number > 0 {
                assert_eq!(bench.heard(world), [detach(UID, ErrorCode::REVOKED)], "{number}");
                bench.say(world, &UserLeft { uid: UID });
            }
            assert_eq!((bench.place(UID), bench.users_of(1)), (None, 0), "{number}");
            assert_eq!(bench.role().stats().revoked, 1);
        });
    }
}

#[test]
fn both_sides_of_a_revocation() {
    with_accounts(|bench| {
        let login = bench.connect_login();
        let before = bench.log_in_at(login, Uid(1), Revision(9));
        let since = bench.log_in_at(login, Uid(2), Revision(10));
        bench.revoke(login, &[(Uid(1), 10, true), (Uid(2), 10, true)], 10);
        expect_out(bench, before);
        assert_eq!(bench.state(since.key), Some(SessionState::Ready));
        // Everybody, of before.
        let newer = bench.log_in_at(login, Uid(3), Revision(12));
        bench.revoke(login, &[(Uid::NOBODY, 12, false)], 12);
        expect_out(bench, since);
        assert_eq!(bench.state(newer.key), Some(SessionState::Ready));
    });
}

#[test]
fn whoever_logs_in_again_is_not_concerned() {
    with_accounts(|bench| {
        let login = bench.connect_login();
        bench.log_in_at(login, UID, Revision(9));
        bench.say(login, &StoreRevision { revision: Revision(10) });
        let asked = bench.revocation_question(login);
        bench.log_in_at(login, UID, Revision(10));
        bench.answer(login, asked, &[(UID, 10, true)], 10);
        assert!(bench.place(UID).is_some());
        assert_eq!(bench.role().stats().revoked, 0);
    });
}

#[test]
fn many_come_page_by_page_and_what_comes_meanwhile_is_asked_for() {
    with_accounts(|bench| {
        let login = bench.connect_login();
        let first = bench.log_in_at(login, Uid(1), Revision(1));
        let last = bench.log_in_at(login, Uid(100), Revision(1));
        bench.say(login, &StoreRevision { revision: Revision(5) });
        let asked = bench.revocation_question(login);
        let page: Vec<_> = (1..=REVOCATION_PAGE as u64).map(|n| (uid_of(n), 4, false)).collect();
        bench.answer(login, asked, &page, 0);
        expect_out(bench, first);
        let asked = bench.revocation_question(login);
        let place = (Revision(4), uid_of(REVOCATION_PAGE as u64));
        assert_eq!((asked.revision, asked.uid), place);
        // The same page again, and one that nobody has asked for.
        let stale = RevokedSince { revision: Revision(0), uid: Uid::NOBODY };
        bench.answer(login, stale, &[(Uid(100), 4, false)], 9);
        bench.say(login, &StoreRevision { revision: Revision(6) });
        assert_eq!(bench.state(last.key), Some(SessionState::Ready));
        bench.answer(login, asked, &[], 5);
        let asked = bench.revocation_question(login);
        assert_eq!((asked.revision, asked.uid), (Revision(5), Uid::MAX));
        bench.answer(login, asked, &[(Uid(100), 6, false)], 6);
        expect_out(bench, last);
        assert_eq!(bench.heard(login), [], "it knows all that there is");
    });
}

fn uid_of(number: u64) -> Uid {
    Uid(number)
}

#[test]
fn a_question_without_an_answer_is_asked_again() {
    with_accounts(|bench| {
        let login = bench.connect_login();
        bench.say(login, &StoreRevision { revision: Revision(5) });
        let asked = bench.revocation_question(login);
        bench.pass_ms(ASK_AGAIN_MS - 1);
        assert_eq!(bench.heard(login), []);
        bench.pass_ms(1 + TICK_MS);
        assert_eq!(bench.revocation_question(login), asked);
        bench.answer(login, asked, &[], 5);
        bench.pass_ms(2 * ASK_AGAIN_MS);
        assert_eq!(bench.heard(login), []);
    });
}

#[test]
fn a_main_whose_link_comes_back_asks_from_where_it_was() {
    with_accounts(|bench| {
        let login = bench.connect_login();
        let guest = bench.log_in_at(login, UID, Revision(7));
        bench.revoke(login, &[], 7);
        bench.disconnect(login);
        bench.pass_ms(FIRST_MS + TICK_MS);
        let login = bench.dial_login();
        bench.take_proof_as(login, ServerKind::LOGIN);
        let asked = bench.revocation_question(login);
        assert_eq!((asked.revision, asked.uid), (Revision(7), Uid::MAX));
        bench.answer(login, asked, &[(UID, 8, false)], 8);
        expect_out(bench, guest);
    });
}

/// A Main that was started anew knows from its worlds who is there, but not since when.
#[test]
fn whom_a_world_reports_is_out_unless_it_has_logged_in_since() {
    with_accounts(|bench| {
        let login = bench.connect_login();
        bench.revoke(login, &[], 20);
        let world = bench.register(1, "", 10);
        bench.say(world, &user_list(&[1, 2, 3].map(Uid)));
        let asked = bench.revocation_question(login);
        assert_eq!((asked.revision, asked.uid), (Revision(0), Uid::NOBODY), "all of it");
        // One more while the answer is on its way: it is asked for once more.
        bench.say(world, &UserJoined { uid: Uid(4), is_spectator: false });
        bench.answer(login, asked, &[(Uid(1), 5, false), (Uid(2), 6, true)], 20);
        // The second may be there by the older login: if it is not, it comes again.
        let out = [(Uid(1), ErrorCode::REVOKED), (Uid(2), ErrorCode::DETACHED)];
        assert_eq!(bench.heard(world), out.map(|(uid, reason)| detach(uid, reason)));
        let asked = bench.revocation_question(login);
        assert_eq!(asked.revision, Revision(0));
        bench.answer(login, asked, &[(Uid(4), 4, false)], 20);
        assert_eq!(bench.heard(world), [detach(Uid(4), ErrorCode::REVOKED)]);
        assert_eq!(bench.heard(login), []);
        assert!(bench.place(Uid(3)).is_some());
    });
}

/// Behind a restored backup nobody's stay is known to be of a newer login.
#[test]
fn whom_a_world_reports_comes_again_if_everybody_was_revoked() {
    with_accounts(|bench| {
        let login = bench.connect_login();
        let known = bench.log_in_at(login, Uid(1), Revision(2));
        let world = bench.register(1, "", 10);
        let uids = [Uid(1), Uid(2)].into_iter().collect();
        bench.say(world, &UserList { uids, is_first: true, is_last: true, held: 0, spectators: 0 });
        let asked = bench.revocation_question(login);
        bench.answer(login, asked, &[(Uid::NOBODY, 2, false)], 20);
        let out = [Uid(1), Uid(2)].map(|uid| detach(uid, ErrorCode::DETACHED));
        assert_eq!(bench.heard(world), out);
        assert_eq!(bench.state(known.key), Some(SessionState::Ready));
        bench.say(world, &UserLeft { uid: Uid(1) });
        bench.enter(known, world);
        bench.revoke(login, &[(Uid::NOBODY, 2, false)], 21);
        assert_eq!(bench.heard(world), [], "it is there by its own login now");
    });
}

/// Somebody who knew the old password is in the world, and the owner says hello with the new one before Main
/// hears that it was changed.
#[test]
fn both_sides_of_a_stay_of_an_older_login() {
    for (began_with, is_out) in [(9, true), (10, false)] {
        with_accounts(|bench| {
            let login = bench.connect_login();
            let world = bench.register(1, "", 10);
            let first = bench.log_in_at(login, UID, Revision(began_with));
            bench.enter(first, world);
            let owner = bench.log_in_at(login, UID, Revision(10));
            bench.revoke(login, &[(UID, 10, true)], 10);
            let expected = if is_out { vec![detach(UID, ErrorCode::DETACHED)] } else { vec![] };
            assert_eq!(bench.heard(world), expected);
            assert_eq!(bench.state(owner.key), Some(SessionState::Ready));
        });
    }
}

/// The stay of somebody whose seat is held goes on with the login that it has begun with, until it is back.
#[test]
fn both_sides_of_a_held_stay_of_an_older_login() {
    for (is_back, is_out) in [(false, true), (true, false)] {
        with_accounts(|bench| {
            let login = bench.connect_login();
            let world = bench.register(1, "", 10);
            let first = bench.log_in_at(login, UID, Revision(9));
            bench.enter(first, world);
            bench.say(world, &UserHeld { uid: UID });
            let owner = bench.log_in_at(login, UID, Revision(10));
            bench.ask(owner, "");
            let attach = bench.attach_at(world);
            bench.say(world, &ack(&attach));
            if is_back {
                bench.say(world, &UserJoined { uid: UID, is_spectator: false });
            }
            bench.revoke(login, &[(UID, 10, true)], 10);
            let expected = if is_out { vec![detach(UID, ErrorCode::DETACHED)] } else { vec![] };
            assert_eq!(bench.heard(world), expected);
        });
    }
}

/// A seat is held for nobody whose rights have ended.
#[test]
fn whose_account_is_revoked_while_it_is_away_loses_its_seat() {
    with_accounts(|bench| {
        let login = bench.connect_login();
        let world = bench.register(1, "", 10);
        let user = bench.log_in_at(login, UID, Revision(9));
        bench.enter(user, world);
        bench.say(world, &UserHeld { uid: UID });
        bench.disconnect(user.key);
        bench.revoke(login, &[(UID, 10, false)], 10);
        assert_eq!(bench.heard(world), [detach(UID, ErrorCode::REVOKED)]);
        bench.say(world, &UserLeft { uid: UID });
        assert_eq!((bench.place(UID), bench.users_of(1)), (None, 0));
    });
}

/// Login's answer about a token may be older than what is known of revocations.
#[test]
fn an_answer_that_is_older_than_what_is_known_is_asked_for_again() {
    with_accounts(|bench| {
        let login = bench.connect_login();
        let client = bench.say_hello(Some(TOKEN));
        let request = bench.question(login).request;
        bench.revoke(login, &[(UID, 10, false)], 10);
        bench.say(
            login,
            &VerifyAck { request, uid: UID, revision: Revision(9), account: Text::EMPTY },
        );
        assert_eq!(bench.heard(client), []);
        let request = bench.question(login).request;
        bench.say(
            login,
            &VerifyAck { request, uid: UID, revision: Revision(10), account: Text::EMPTY },
        );
        assert!(bench.heard(client)[0].is::<Welcome>());
    });
}

/// Accounts that have begun anew have lower revisions.
#[test]
fn a_store_that_is_another_one_is_believed() {
    with_accounts(|bench| {
        let login = bench.connect_login();
        bench.revoke(login, &[], 100);
        bench.disconnect(login);
        bench.pass_ms(FIRST_MS + TICK_MS);
        let login = bench.dial_login();
        bench.take_proof_as(login, ServerKind::LOGIN);
        let asked = bench.revocation_question(login);
        bench.answer(login, asked, &[], 3);
        bench.log_in_at(login, UID, Revision(3));
        bench.revoke(login, &[(UID, 4, false)], 4);
        assert_eq!((bench.place(UID), bench.heard(login)), (None, vec![]));
    });
}

/// Turns one uid and one address away.
struct Doorkeeper {
    guests: Guests,
    uid: Option<Uid>,
    address: Option<PeerAddress>,
}

impl Authenticator for Doorkeeper {
    fn identify(
        &mut self,
        turn: &mut crate::entropy::Turn<'_>,
        token: Option<Token>,
        is_taken: &dyn Fn(Uid) -> bool,
    ) -> Result<Identity, ErrorCode> {
        self.guests.identify(turn, token, is_taken)
    }

    fn welcomes(&mut self, uid: Uid, from: PeerAddress) -> Result<(), ErrorCode> {
        let is_banned = self.uid == Some(uid) || self.address == Some(from);
        if is_banned { Err(ErrorCode::BANNED) } else { Ok(()) }
    }
}

#[test]
fn whoever_is_banned_goes_and_does_not_come_back() {
    let doorkeeper = Doorkeeper { guests: Guests::new([7; 32]), uid: None, address: None };
    with_authenticator(8, BENCH_CONFIG, doorkeeper, |bench| {
        let world = bench.register(1, "", 10);
        let (banned, other) = (bench.greet(), bench.greet());
        bench.enter(banned, world);
        bench.act(|main, cx| {
            main.authenticator_mut().uid = Some(banned.uid);
            main.review_users(cx);
        });
        assert_eq!(bench.heard(banned.key), [bye(ErrorCode::BANNED)]);
        assert_eq!(bench.heard(world), [detach(banned.uid, ErrorCode::BANNED)]);
        assert_eq!(bench.state(other.key), Some(SessionState::Ready));
        let again = bench.say_hello(Some(banned.token));
        assert_eq!(bench.heard(again), [error(ErrorCode::BANNED, Hello::OPCODE.0)]);
        assert_eq!(bench.role().stats().banned, 2);
    });
}

/// Whoever is banned while its hello waits for its claim is judged again when that is granted.
#[test]
fn who_is_banned_while_it_waits_for_its_claim_is_not_let_in() {
    for is_banned in [false, true] {
        let doorkeeper = Doorkeeper { guests: Guests::new([7; 32]), uid: None, address: None };
        with_directory_of(8, doorkeeper, |bench| {
            let client = bench.say_hello(None);
            let work = bench.asked();
            bench.act(|main, cx| {
                main.authenticator_mut().uid = Some(work.uid).filter(|_| is_banned);
                main.review_users(cx);
            });
            bench.answer_claim(work, Answer::Written(ClaimNumber(7)));
            let heard = bench.heard(client);
            if !is_banned {
                assert!(heard[0].is::<Welcome>());
                return;
            }
            assert_eq!(heard, [error(ErrorCode::BANNED, Hello::OPCODE.0)]);
            // Its claim is nobody's.
            let work = bench.asked();
            assert_eq!(work.ask, Ask::Remove { expected: ClaimNumber(7) });
        });
    }
}

/// Nodes that know no addresses ban none.
#[cfg(feature = "shares")]
#[test]
fn an_address_is_banned_like_a_user() {
    let doorkeeper = Doorkeeper { guests: Guests::new([7; 32]), uid: None, address: None };
    with_authenticator(8, BENCH_CONFIG, doorkeeper, |bench| {
        let other = bench.greet();
        let address = crate::node::testing::address_of(5);
        bench.act(|main, cx| {
            main.authenticator_mut().address = Some(address);
            main.review_users(cx);
        });
        let key = bench.accept_from(address).unwrap();
        bench.say(key, &Hello { versions: Versions::OURS, token: None, nickname: Text::EMPTY });
        assert_eq!(bench.heard(key), [error(ErrorCode::BANNED, Hello::OPCODE.0)]);
        assert_eq!(bench.state(other.key), Some(SessionState::Ready));
        assert_eq!(bench.role().stats().banned, 1);
    });
}

/// Whoever is revoked while it waits for its claim is looked up once more, and is not let in by what was known before.
#[test]
fn who_is_revoked_while_it_waits_for_its_claim_is_asked_about_again() {
    with_accounts_and_directory(|bench| {
        let login = bench.connect_login();
        let key = bench.say_hello(Some(TOKEN));
        let verified = |request, revision| VerifyAck {
            request,
            uid: UID,
            revision: Revision(revision),
            account: Text::EMPTY,
        };
        let request = bench.question(login).request;
        bench.say(login, &verified(request, REVISION.0));
        let work = bench.act(|main, _| main.next_directory_work()).expect("a question");
        bench.revoke(login, &[(UID, REVISION.0 + 1, true)], REVISION.0 + 1);
        let written = Answer::Written(ClaimNumber(7));
        bench.act(|main, cx| main.directory_answered(cx, work, written));
        assert_eq!(bench.heard(key), []);
        // It has logged in since, and has a token that counts.
        let request = bench.question(login).request;
        bench.say(login, &verified(request, REVISION.0 + 1));
        while let Some(work) = bench.act(|main, _| main.next_directory_work()) {
            let written = Answer::Written(ClaimNumber(9));
            bench.act(|main, cx| main.directory_answered(cx, work, written));
        }
        assert!(bench.heard(key)[0].is::<Welcome>());
    });
}

/// Whom another Main has claimed that one judges, if it is there; its world knows, and hears of every Main what is known of its account.
#[test]
fn whom_only_a_world_has_told_of_is_judged_by_the_word_of_its_world() {
    with_accounts_and_directory(|bench| {
        let login = bench.connect_login();
        let world = bench.register(1, "", 10);
        bench.say(world, &user_list(&[1, 2].map(Uid)));
        let asked = bench.revocation_question(login);
        assert_eq!(asked.revision, Revision(0), "all of it");
        bench.answer(login, asked, &[], 9);
        for revision in [10, 11] {
            // The second may be there by the older login, which its own Main knows.
            bench.revoke(login, &[(Uid(1), revision, false), (Uid(2), revision, true)], revision);
            assert_eq!(bench.heard(world), [detach(Uid(1), ErrorCode::REVOKED)]);
            assert_eq!(bench.place(Uid(1)), Some(Place::Inside(bench.key_of_world(1))));
        }
        assert_eq!(bench.role().stats().revoked, 0, "it is not this Main's");
        bench.say(world, &UserLeft { uid: Uid(1) });
        assert_eq!((bench.place(Uid(1)), bench.users_of(1)), (None, 1));
        assert_eq!((bench.heard(world), bench.heard(login)), (vec![], vec![]));
    });
}

/// A world that has lost a Main tells who is there: that one may not have judged whom it had.
#[test]
fn behind_a_world_s_list_those_of_other_mains_are_judged_again() {
    with_accounts_and_directory(|bench| {
        let login = bench.connect_login();
        bench.revoke(login, &[(Uid(1), 10, false)], 10);
        let world = bench.register(1, "", 10);
        bench.say(world, &UserJoined { uid: Uid(1), is_spectator: false });
        assert_eq!((bench.heard(world), bench.heard(login)), (vec![], vec![]));
        for _ in 0..2 {
            bench.say(world, &user_list(&[Uid(1)]));
            let asked = bench.revocation_question(login);
            assert_eq!(asked.revision, Revision(0), "all of it");
            bench.answer(login, asked, &[(Uid(1), 10, false)], 10);
            assert_eq!(bench.heard(world), [detach(Uid(1), ErrorCode::REVOKED)]);
        }
        // Nobody is there whom another one has.
        bench.say(world, &user_list(&[]));
        assert_eq!(bench.heard(login), []);
    });
}

/// What a world was to be told of somebody is not told any more of who has come here, and may.
#[test]
fn who_comes_here_with_a_good_token_is_not_put_out_for_what_was_thought_of_it_before() {
    with_accounts_and_directory(|bench| {
        let login = bench.connect_login();
        let world = bench.register(1, "", 10);
        bench.say(world, &user_list(&[UID]));
        let asked = bench.revocation_question(login);
        bench.answer(login, asked, &[], 9);
        bench.limit(world, 0);
        bench.act(|main, cx| {
            let key = main.worlds.iter().next().expect("a world").1.session;
            while super::super::owed::tell(cx.sessions, key, &Registered {}) {}
        });
        bench.revoke(login, &[(UID, 10, false)], 10);
        let key = bench.say_hello(Some(TOKEN));
        let request = bench.question(login).request;
        let verified =
            VerifyAck { request, uid: UID, revision: Revision(11), account: Text::EMPTY };
        bench.say(login, &verified);
        let work = bench.asked();
        bench.answer_claim(work, Answer::Written(ClaimNumber(7)));
        assert!(bench.heard(key)[0].is::<Welcome>());
        bench.unblock(world, usize::MAX);
        let heard = bench.heard(world);
        assert!(!heard.iter().any(Said::is::<DetachUser>), "{heard:?}");
    });
}

/// A ban is as good as a revocation.
#[test]
fn whom_only_a_world_has_told_of_is_banned_by_the_word_of_its_world() {
    let doorkeeper = Doorkeeper { guests: Guests::new([7; 32]), uid: Some(Uid(1)), address: None };
    with_directory_of(8, doorkeeper, |bench| {
        let world = bench.register(1, "", 10);
        bench.say(world, &UserJoined { uid: Uid(1), is_spectator: false });
        assert_eq!(bench.heard(world), []);
        bench.act(Main::review_users);
        assert_eq!(bench.heard(world), [detach(Uid(1), ErrorCode::BANNED)]);
        bench.say(world, &user_list(&[1, 2].map(Uid)));
        assert_eq!(bench.heard(world), [detach(Uid(1), ErrorCode::BANNED)]);
        assert_eq!((bench.users_of(1), bench.role().stats().banned), (2, 0));
    });
}
