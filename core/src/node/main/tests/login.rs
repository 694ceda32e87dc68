//! Main and its Login: tokens that are asked about, a Login that is slow, lost or back again.

use super::*;
use crate::node::NodeStorage;
use crate::node::directory::ClaimStorage;
use crate::node::testing::Asked;
use crate::protocol::Versions;
use crate::protocol::login_to_main::{StoreRevision, VerifyAck, VerifyDenied};
use crate::protocol::main_to_login::{RevokedSince, VerifyToken};
use crate::protocol::{Revision, ServerKind, Wish};
#[cfg(feature = "sealed-clients")]
use crate::session::SealStorage;
use crate::timer::TICK_MS;

const HELLO_TIMEOUT_MS: u32 = 1_600;
pub(super) const FIRST_MS: u32 = 320;
const MOST_MS: u32 = 1_280;
const HELLOS: usize = 4;
pub(super) const UID: Uid = Uid(7);
pub(super) const TOKEN: Token = Token([5; 32]);
pub(super) const REVISION: Revision = Revision(9);

pub(super) type LoginBench<'a> = MainBench<'a, Accounts>;

/// Runs `test` at the bench of a Main that looks for its Login.
pub(super) fn with_accounts(test: impl FnOnce(&mut LoginBench<'_>)) {
    with_hellos::<HELLOS>(BENCH_CONFIG, test);
}

/// The same in a realm of several Mains.
pub(super) fn with_accounts_and_directory(test: impl FnOnce(&mut LoginBench<'_>)) {
    let mut node_memory = Box::new(BenchMemory::NEW);
    let mut claims = [const { Slot::VACANT }; 4];
    let (mut heads, mut nexts) = ([Link::NONE; 4], [Link::NONE; 4]);
    let (mut queue, mut listed) = ([0; 4], [false; 4]);
    let claims = ClaimStorage {
        claims: &mut claims,
        heads: &mut heads,
        nexts: &mut nexts,
        queue: &mut queue,
        listed: &mut listed,
    };
    let storage = Sizes::ALL.lend(&mut node_memory);
    with_claims::<HELLOS>(storage, BENCH_CONFIG, claims, test);
}

fn with_hellos<const HELLOS: usize>(net: NetConfig, test: impl FnOnce(&mut LoginBench<'_>)) {
    let mut node_memory = Box::new(BenchMemory::NEW);
    with_storage::<HELLOS>(Sizes::ALL.lend(&mut node_memory), net, test);
}

/// [`with_accounts`] with memory for sealed links.
#[cfg(feature = "sealed-clients")]
pub(super) fn with_seals(seals: SealStorage<'_>, test: impl FnOnce(&mut LoginBench<'_>)) {
    let mut node_memory = Box::new(BenchMemory::NEW);
    let storage = NodeStorage { seals, ..Sizes::ALL.lend(&mut node_memory) };
    with_storage::<HELLOS>(storage, BENCH_CONFIG, test);
}

fn with_storage<const HELLOS: usize>(
    node_storage: NodeStorage<'_>,
    net: NetConfig,
    test: impl FnOnce(&mut LoginBench<'_>),
) {
    with_claims::<HELLOS>(node_storage, net, ClaimStorage::default(), test);
}

fn with_claims<const HELLOS: usize>(
    node_storage: NodeStorage<'_>,
    net: NetConfig,
    claims: ClaimStorage<'_, PendingClaim>,
    test: impl FnOnce(&mut LoginBench<'_>),
) {
    let mut memory = Box::new(MainMemory::<MAX_USERS, WORLD_COUNT_MAX>::NEW);
    let mut hellos = [const { Slot::VACANT }; HELLOS];
    let storage = MainStorage { hellos: &mut hellos, claims, ..memory.storage() };
    let config = LoginLinkConfig {
        address: heapless::String::try_from("login:3").unwrap(),
        hello_timeout_ms: HELLO_TIMEOUT_MS,
        reconnect_first_ms: FIRST_MS,
        reconnect_most_ms: MOST_MS,
    };
    let main = Main::new(storage, CONFIG, Accounts, test_secrets()).with_login(config);
    let mut bench = Bench::new(node_storage, net, main);
    bench.act(Main::start);
    test(&mut bench);
    bench.finish();
}

impl LoginBench<'_> {
    /// Main wants to connect to its Login, now; it does, and both prove themselves.
    pub(super) fn connect_login(&mut self) -> SessionKey {
        let key = self.dial_login();
        assert!(!self.role().has_login());
        self.take_proof_as(key, ServerKind::LOGIN);
        assert!(self.role().has_login());
        self.nobody_is_revoked(key);
        key
    }

    pub(super) fn dial_login(&mut self) -> SessionKey {
        let asked = self.requests();
        let dial = asked.iter().find_map(|asked| match asked {
            Asked::Connect { key, address } if address == "login:3" => Some(*key),
            _ => None,
        });
        let key = dial.unwrap_or_else(|| panic!("{asked:?}"));
        self.connected(key);
        key
    }

    fn wants_login(&mut self) -> bool {
        self.requests().iter().any(|asked| matches!(asked, Asked::Connect { .. }))
    }

    /// The one question that Login was asked.
    pub(super) fn question(&mut self, login: SessionKey) -> VerifyToken {
        let heard = self.heard(login);
        let [said] = &heard[..] else { panic!("not one question: {heard:?}") };
        said.read().unwrap_or_else(|| panic!("{heard:?}"))
    }

    fn expect_refused(&mut self, client: SessionKey, code: ErrorCode) {
        assert_eq!(self.heard(client), [error(code, Hello::OPCODE.0)]);
        assert_eq!(self.ended(client), Some(code));
    }
}

#[test]
fn a_token_is_worth_what_login_says() {
    with_accounts(|bench| {
        let login = bench.connect_login();
        let client = bench.say_hello(Some(TOKEN));
        let VerifyToken { request, token } = bench.question(login);
        assert_eq!(token, TOKEN);
        assert_eq!(bench.heard(client), []);
        bench
            .say(login, &VerifyAck { request, uid: UID, revision: REVISION, account: Text::EMPTY });
        assert_eq!(
            bench.heard(client),
            [Said::of(&Welcome { version: 2, uid: UID, token: TOKEN })]
        );
        assert_eq!(bench.state(client), Some(SessionState::Ready));
        // The same answer again is about nobody.
        bench.say(
            login,
            &VerifyAck { request, uid: Uid(8), revision: REVISION, account: Text::EMPTY },
        );
        assert_eq!((bench.role().users().len(), bench.role().stats().hellos), (1, 1));
    });
}

#[test]
fn refusals_of_login_reach_the_client() {
    for code in [ErrorCode::BAD_TOKEN, ErrorCode::BUSY, ErrorCode::LOGIN_UNAVAILABLE] {
        with_accounts(|bench| {
            let login = bench.connect_login();
            let client = bench.say_hello(Some(TOKEN));
            let request = bench.question(login).request;
            bench.say(login, &VerifyDenied { request, reason: code });
            bench.expect_refused(client, code);
            assert_eq!(bench.role().stats().hellos_refused, 1);
        });
    }
}

#[test]
fn there_are_no_guests() {
    with_accounts(|bench| {
        bench.connect_login();
        let client = bench.say_hello(None);
        bench.expect_refused(client, ErrorCode::LOGIN_NEEDED);
    });
}

#[test]
fn without_login_a_hello_is_refused_and_users_stay() {
    with_accounts(|bench| {
        let early = bench.say_hello(Some(TOKEN));
        bench.expect_refused(early, ErrorCode::LOGIN_UNAVAILABLE);
        let login = bench.connect_login();
        let inside = bench.say_hello(Some(TOKEN));
        let request = bench.question(login).request;
        bench
            .say(login, &VerifyAck { request, uid: UID, revision: REVISION, account: Text::EMPTY });
        let waiting = bench.say_hello(Some(Token([6; 32])));
        bench.disconnect(login);
        bench.expect_refused(waiting, ErrorCode::LOGIN_UNAVAILABLE);
        assert!(!bench.role().has_login());
        let late = bench.say_hello(Some(TOKEN));
        bench.expect_refused(late, ErrorCode::LOGIN_UNAVAILABLE);
        assert_eq!(bench.state(inside), Some(SessionState::Ready));

        bench.pass_ms(FIRST_MS + TICK_MS);
        let login = bench.connect_login();
        let again = bench.say_hello(Some(TOKEN));
        let request = bench.question(login).request;
        bench
            .say(login, &VerifyAck { request, uid: UID, revision: REVISION, account: Text::EMPTY });
        assert!(bench.heard(again)[0].is::<Welcome>());
        assert_eq!(bench.ended(inside), Some(ErrorCode::REPLACED));
    });
}

#[test]
fn login_is_looked_for_with_growing_patience() {
    with_accounts(|bench| {
        for whole_ms in [FIRST_MS, 2 * FIRST_MS, MOST_MS, MOST_MS] {
            let asked = bench.requests();
            let [Asked::Connect { key, .. }] = asked[..] else { panic!("{asked:?}") };
            bench.connect_failed(key);
            bench.pass_ms(whole_ms / 2 - 1);
            assert!(!bench.wants_login(), "too early");
            bench.pass_ms(whole_ms - whole_ms / 2 + TICK_MS);
        }
        let login = bench.connect_login();
        // A Login that only takes connections is no reason to be impatient again.
        bench.disconnect(login);
        bench.pass_ms(MOST_MS / 2 - 1);
        assert!(!bench.wants_login(), "too early");
    });
}

#[test]
fn both_sides_of_login_s_time() {
    with_accounts(|bench| {
        let login = bench.connect_login();
        let first = bench.say_hello(Some(TOKEN));
        let request = bench.question(login).request;
        bench.pass_ms(HELLO_TIMEOUT_MS / 2);
        let second = bench.say_hello(Some(Token([6; 32])));
        let second_request = bench.question(login).request;
        bench.pass_ms(HELLO_TIMEOUT_MS / 2 - 1);
        assert_eq!(bench.heard(first), []);
        bench.pass_ms(1 + TICK_MS);
        bench.expect_refused(first, ErrorCode::LOGIN_UNAVAILABLE);
        // Its answer comes too late, and is not taken for the other's.
        bench
            .say(login, &VerifyAck { request, uid: UID, revision: REVISION, account: Text::EMPTY });
        assert_eq!(bench.heard(second), []);
        bench.pass_ms(HELLO_TIMEOUT_MS / 2 - 2 * TICK_MS);
        bench.say(
            login,
            &VerifyAck {
                request: second_request,
                uid: Uid(8),
                revision: REVISION,
                account: Text::EMPTY,
            },
        );
        assert!(bench.heard(second)[0].is::<Welcome>());
    });
}

#[test]
fn both_sides_of_the_hellos_that_wait() {
    with_accounts(|bench| {
        let login = bench.connect_login();
        let waiting = [(); HELLOS].map(|()| bench.say_hello(Some(TOKEN)));
        let asked = bench.heard(login);
        assert_eq!(asked.len(), HELLOS);
        let first: VerifyToken = asked[0].read().unwrap();
        let one_more = bench.say_hello(Some(TOKEN));
        bench.expect_refused(one_more, ErrorCode::BUSY);
        // Whoever goes makes room, and the answer about it is nobody's.
        bench.disconnect(waiting[0]);
        let next = bench.say_hello(Some(TOKEN));
        let request = bench.question(login).request;
        bench.say(
            login,
            &VerifyAck {
                request: first.request,
                uid: UID,
                revision: REVISION,
                account: Text::EMPTY,
            },
        );
        assert_eq!(bench.heard(next), []);
        bench
            .say(login, &VerifyAck { request, uid: UID, revision: REVISION, account: Text::EMPTY });
        assert!(bench.heard(next)[0].is::<Welcome>());
    });
}

/// A Login whose link takes nothing for a while: the link stays, and each question is asked when it does.
#[test]
fn login_is_asked_at_the_pace_of_its_link() {
    const MANY: usize = 32;
    let net = NetConfig { send_buffers_per_server: 2, ..BENCH_CONFIG };
    with_hellos::<{ 2 * MANY }>(net, |bench| {
        let login = bench.connect_login();
        bench.limit(login, 0);
        let late: Vec<SessionKey> = (0..MANY).map(|_| bench.say_hello(Some(TOKEN))).collect();
        bench.say(login, &StoreRevision { revision: REVISION });
        bench.pass_ms(HELLO_TIMEOUT_MS + TICK_MS);
        for client in late {
            bench.expect_refused(client, ErrorCode::LOGIN_UNAVAILABLE);
        }
        let waiting: Vec<SessionKey> = (0..MANY).map(|_| bench.say_hello(Some(TOKEN))).collect();
        bench.unblock(login, usize::MAX);
        let heard = bench.heard(login);
        let asked: Vec<u32> =
            heard.iter().filter_map(Said::read::<VerifyToken>).map(|said| said.request).collect();
        assert!(asked.len() >= MANY && asked.len() < 2 * MANY, "{}", asked.len());
        assert!(asked.is_sorted());
        for request in &asked[asked.len() - MANY..] {
            bench.say(login, &VerifyDenied { request: *request, reason: ErrorCode::BAD_TOKEN });
        }
        for client in waiting {
            bench.expect_refused(client, ErrorCode::BAD_TOKEN);
        }
        // Who was revoked is asked for, too, as soon as it can be.
        bench.pass_ms(HELLO_TIMEOUT_MS);
        let again = bench.heard(login);
        assert!(heard.iter().chain(&again).any(Said::is::<RevokedSince>));
        assert_eq!((bench.ended(login), bench.stats().overflows), (None, 0));
    });
}

#[test]
fn whoever_waits_says_nothing_more() {
    with_accounts(|bench| {
        let login = bench.connect_login();
        let twice = bench.say_hello(Some(TOKEN));
        bench.say(
            twice,
            &Hello { versions: Versions::OURS, token: Some(TOKEN), nickname: Text::EMPTY },
        );
        assert_eq!(bench.ended(twice), Some(ErrorCode::OUT_OF_PLACE));
        let hasty = bench.say_hello(Some(TOKEN));
        bench.say(hasty, &EnterWorldReq { region: Text::new("").unwrap(), wish: Wish::ANY });
        assert_eq!(bench.ended(hasty), Some(ErrorCode::OUT_OF_PLACE));
        assert_eq!(bench.heard(login).len(), 2);
        assert_eq!(bench.role().users().len(), 0);
    });
}

#[test]
fn a_stranger_can_t_speak_for_login() {
    with_accounts(|bench| {
        bench.connect_login();
        let client = bench.say_hello(Some(TOKEN));
        let stranger = bench.accept();
        for request in 0..0x2_0004 {
            if request & 0xFFFC == 0 {
                bench.say(
                    stranger,
                    &VerifyAck { request, uid: UID, revision: REVISION, account: Text::EMPTY },
                );
            }
        }
        assert_eq!(bench.heard(client), []);
        assert!(bench.stats().unknown_opcodes > 0);
    });
}

#[test]
fn nobody_is_login_without_a_proof() {
    with_accounts(|bench| {
        let early = bench.dial_login();
        bench.say(
            early,
            &VerifyAck { request: 0, uid: UID, revision: REVISION, account: Text::EMPTY },
        );
        assert_eq!(bench.ended(early), Some(ErrorCode::OUT_OF_PLACE));
        bench.pass_ms(FIRST_MS + TICK_MS);
        let wrong = bench.dial_login();
        let mut ack = bench.hear_proof(wrong, ServerKind::LOGIN);
        ack.proof.0[0] ^= 1;
        bench.say(wrong, &ack);
        assert_eq!(bench.ended(wrong), Some(ErrorCode::BAD_PROOF));
        let client = bench.say_hello(Some(TOKEN));
        bench.expect_refused(client, ErrorCode::LOGIN_UNAVAILABLE);
    });
}
