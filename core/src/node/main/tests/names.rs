//! What users are called, and whom games ban.

use super::login::{REVISION, TOKEN, UID, with_accounts};
use super::*;
use crate::entropy::Turn;
use crate::protocol::login_to_main::VerifyAck;
use crate::protocol::world_to_main::{Ban, UserList};
use crate::session::PeerAddress;
use crate::time::Instant;

/// Guests, and a list of those who are not welcome.
struct Strict {
    guests: Guests,
    banned: Vec<(Uid, Instant)>,
    now: Instant,
}

impl Authenticator for Strict {
    fn identify(
        &mut self,
        turn: &mut Turn<'_>,
        token: Option<Token>,
        is_taken: &dyn Fn(Uid) -> bool,
    ) -> Result<Identity, ErrorCode> {
        self.now = turn.now;
        self.guests.identify(turn, token, is_taken)
    }

    fn welcomes(&mut self, uid: Uid, _: PeerAddress) -> Result<(), ErrorCode> {
        let holds = |(banned, until): &(Uid, Instant)| *banned == uid && *until > self.now;
        if self.banned.iter().any(holds) { Err(ErrorCode::BANNED) } else { Ok(()) }
    }

    fn ban(&mut self, now: Instant, uid: Uid, for_ms: u32) {
        self.banned.push((uid, now.after_ms(for_ms)));
    }
}

fn with_strict(test: impl FnOnce(&mut MainBench<'_, Strict>)) {
    let (guests, now) = (Guests::new([7; 32]), Instant::ZERO);
    with_authenticator(8, BENCH_CONFIG, Strict { guests, banned: Vec::new(), now }, test);
}

fn with_config(config: MainConfig, test: impl FnOnce(&mut MainBench<'_>)) {
    let mut node_memory = Box::new(BenchMemory::NEW);
    let mut memory = Box::new(MainMemory::<MAX_USERS, WORLD_COUNT_MAX>::NEW);
    let main = Main::new(memory.storage(), config, Guests::new([7; 32]), test_secrets());
    let mut bench = Bench::new(Sizes::ALL.lend(&mut node_memory), BENCH_CONFIG, main);
    test(&mut bench);
    bench.finish();
}

fn hello_as<A: Authenticator>(bench: &mut MainBench<'_, A>, nickname: &str) -> SessionKey {
    let key = bench.accept();
    let nickname = Text::new(nickname).unwrap();
    bench.say(key, &Hello { versions: Versions::OURS, token: None, nickname });
    key
}

#[test]
fn a_nickname_goes_along_to_the_world() {
    with_main(|bench| {
        let world = bench.register(1, "", 10);
        let key = hello_as(bench, "Zoë");
        assert!(bench.heard(key)[0].is::<Welcome>());
        bench.say(key, &EnterWorldReq { region: Text::EMPTY, wish: Wish::ANY });
        let attach = bench.attach_at(world);
        assert_eq!((attach.account.as_str(), attach.nickname.as_str()), ("", "Zoë"));
    });
}

#[test]
fn a_nickname_that_nobody_can_have_is_refused_at_once() {
    with_main(|bench| {
        for bad in [" ", "a ", "a\u{202E}b", "\u{200B}", "\n"] {
            let key = hello_as(bench, bad);
            assert_eq!(bench.heard(key), [error(ErrorCode::BAD_NAME, Hello::OPCODE.0)], "{bad:?}");
            assert!(bench.ended(key).is_some());
        }
        assert_eq!(bench.role().users().len(), 0);
    });
}

#[test]
fn an_account_s_name_comes_from_login() {
    with_accounts(|bench| {
        let login = bench.connect_login();
        let world = bench.register(1, "", 10);
        let key = bench.accept();
        let nickname = Text::new("Al").unwrap();
        bench.say(key, &Hello { versions: Versions::OURS, token: Some(TOKEN), nickname });
        let request = bench.question(login).request;
        let account = Text::new("alice").unwrap();
        bench.say(login, &VerifyAck { request, uid: UID, revision: REVISION, account });
        assert!(bench.heard(key)[0].is::<Welcome>());
        bench.say(key, &EnterWorldReq { region: Text::EMPTY, wish: Wish::ANY });
        let attach = bench.attach_at(world);
        assert_eq!((attach.account.as_str(), attach.nickname.as_str()), ("alice", "Al"));
    });
}

#[test]
fn a_realm_may_insist_on_accounts_names() {
    let config = MainConfig { names: NamePolicy::Accounts, ..CONFIG };
    with_config(config, |bench: &mut MainBench<'_>| {
        let world = bench.register(1, "", 10);
        let key = hello_as(bench, "a\u{202E}b");
        assert!(bench.heard(key)[0].is::<Welcome>(), "what is passed over harms nobody");
        bench.say(key, &EnterWorldReq { region: Text::EMPTY, wish: Wish::ANY });
        assert_eq!(bench.attach_at(world).nickname, Text::EMPTY);
    });
}

#[test]
fn whom_a_game_bans_is_out_everywhere_and_stays_out_for_its_time() {
    with_strict(|bench| {
        let world = bench.register(1, "", 10);
        let (guest, other) = (bench.greet(), bench.greet());
        bench.enter(guest, world);
        bench.say(world, &Ban { uid: guest.uid, for_ms: 3_200 });
        assert_eq!(bench.heard(guest.key), [bye(ErrorCode::BANNED)]);
        assert_eq!(bench.heard(world), [detach(guest.uid, ErrorCode::BANNED)]);
        bench.say(world, &UserLeft { uid: guest.uid });
        bench.pass_ms(1_600);
        let again = bench.say_hello(Some(guest.token));
        assert_eq!(bench.heard(again), [error(ErrorCode::BANNED, Hello::OPCODE.0)]);
        assert_eq!((bench.role().stats().banned, bench.role().stats().game_bans), (2, 1));
        bench.pass_ms(1_600);
        let over = bench.welcome(Some(guest.token));
        assert_eq!(over.uid, guest.uid);
        assert_eq!(bench.heard(other.key), []);
    });
}

#[test]
fn only_a_world_s_word_bans() {
    with_strict(|bench| {
        let guest = bench.greet();
        let key = bench.accept_world(7);
        bench.say(key, &Ban { uid: guest.uid, for_ms: 60_000 });
        assert_eq!(bench.heard(key), [error(ErrorCode::OUT_OF_PLACE, Ban::OPCODE.0)]);
        assert_eq!(bench.heard(guest.key), []);
    });
}

#[test]
fn a_spectator_takes_no_place_of_its_world() {
    with_main(|bench| {
        let world = bench.register(1, "", 1);
        let guests = [bench.greet(), bench.greet(), bench.greet()];
        bench.ask(guests[0], "");
        let attach = bench.attach_at(world);
        bench.say(world, &ack(&attach));
        bench.heard(guests[0].key);
        assert_eq!(bench.users_of(1), 1, "whoever is on its way does");
        let joined = UserJoined { uid: guests[0].uid, is_spectator: true };
        for _ in 0..2 {
            bench.say(world, &joined);
            assert_eq!(bench.users_of(1), 0);
        }
        bench.enter(guests[1], world);
        assert_eq!(bench.users_of(1), 1);
        bench.ask(guests[2], "");
        assert_eq!(bench.heard(guests[2].key), [error(ErrorCode::FULL, EnterWorldReq::OPCODE.0)]);
        // The list says the same.
        let uids = [guests[0].uid, guests[1].uid].into_iter().collect();
        let list = UserList { is_first: true, is_last: true, uids, held: 0, spectators: 0b01 };
        bench.say(world, &list);
        assert_eq!(bench.users_of(1), 1);
        bench.say(world, &UserLeft { uid: guests[0].uid });
        assert_eq!(bench.users_of(1), 1);
        bench.say(world, &UserLeft { uid: guests[1].uid });
        assert_eq!(bench.users_of(1), 0);
    });
}
