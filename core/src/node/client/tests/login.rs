//! A client with an account: Login first, then Main; denied, sent away, back again.

use super::*;
use crate::protocol::Password;
use crate::protocol::client_to_login::LoginReq;
use crate::protocol::login_to_client::{LoginAck, LoginDenied};

const DEVICE: Token = Token([9; 32]);

/// A [`Diary`] whose writer has an account, and what its device was given.
#[derive(Default)]
struct Member(Diary, Option<Token>);

impl ClientHandler for Member {
    fn on_event(&mut self, client: u16, event: ClientEvent<'_>) {
        self.0.on_event(client, event);
    }

    fn credentials(&self, _: u16) -> Credentials<'_> {
        Credentials { login_address: "login:3", id: "alice", password: "secret", device: self.1 }
    }

    fn keep_device(&mut self, _: u16, device: Token) {
        self.1 = Some(device);
    }
}

type MemberBench<'a> = Bench<'a, Client<Member>>;

fn with_member(test: impl FnOnce(&mut MemberBench<'_>)) {
    let config = ClientConfig {
        region: text("north"),
        has_account: true,
        reconnect_first_ms: FIRST_MS,
        reconnect_most_ms: MOST_MS,
        ..ClientConfig::DEFAULT
    };
    let mut memory = Box::new(BenchMemory::NEW);
    let client = Client::new(text("main:7"), config, Member::default());
    let mut bench = Bench::new(Sizes::ALL.lend(&mut memory), BENCH_CONFIG, client);
    bench.act(Client::start);
    test(&mut bench);
    bench.finish();
}

fn request_of(device: Option<Token>) -> Said {
    let (id, pw) = (Text::new("alice").unwrap(), Password(Text::new("secret").unwrap()));
    Said::of(&LoginReq { versions: Versions::OURS, id, pw, device })
}

impl MemberBench<'_> {
    /// The client wants to connect to `address`, now; it does.
    fn connect_member_to(&mut self, address: &str) -> SessionKey {
        let asked = self.requests();
        let dial = asked.iter().find_map(|asked| match asked {
            Asked::Connect { key, address: at } if at == address => Some(*key),
            _ => None,
        });
        let key = dial.unwrap_or_else(|| panic!("{asked:?}"));
        self.connected(key);
        key
    }

    fn member_links(&self) -> ClientState {
        self.role().machine().state()
    }

    fn member_notes(&self) -> Vec<Noted> {
        self.role().handler().0.notes.take()
    }

    /// Up to the question for a token.
    fn meet_login(&mut self) -> SessionKey {
        self.meet_login_as(None)
    }

    fn meet_login_as(&mut self, device: Option<Token>) -> SessionKey {
        let login = self.connect_member_to("login:3");
        assert_eq!(self.heard(login), [request_of(device)]);
        assert_eq!(self.member_links().0, MainState::LoggingIn);
        login
    }

    fn deny(&mut self, login: SessionKey, reason: LoginDenial, retry_after_ms: u32) {
        self.say(login, &LoginDenied { reason, retry_after_ms });
        self.disconnect(login);
        assert_eq!(self.member_notes()[0], Noted::LoginDenied(reason, retry_after_ms));
    }
}

#[test]
fn a_token_of_login_is_shown_to_main() {
    with_member(|bench| {
        let login = bench.meet_login();
        bench.say(
            login,
            &LoginAck { version: 2, uid: UID, token: TOKEN, ttl_s: 60, device: DEVICE },
        );
        assert_eq!(bench.heard(login), [bye(ErrorCode::GOODBYE)]);
        let main = bench.connect_member_to("main:7");
        assert_eq!(bench.heard(main), [hello(Some(TOKEN))]);
        bench.say(main, &Welcome { version: 2, uid: UID, token: TOKEN });
        assert_eq!(bench.member_links(), (MainState::Ready, WorldState::Asking));
        // With its token it finds back to Main without Login.
        bench.disconnect(main);
        bench.pass_ms(FIRST_MS + TICK_MS);
        let main = bench.connect_member_to("main:7");
        assert_eq!(bench.heard(main), [hello(Some(TOKEN))]);
    });
}

#[test]
fn a_token_that_is_worth_nothing_any_more_leads_back_to_login() {
    with_member(|bench| {
        let login = bench.meet_login();
        bench.say(
            login,
            &LoginAck { version: 2, uid: UID, token: TOKEN, ttl_s: 60, device: DEVICE },
        );
        let main = bench.connect_member_to("main:7");
        bench.say(main, &Error { code: ErrorCode::BAD_TOKEN, about: Hello::OPCODE.0 });
        bench.disconnect(main);
        bench.pass_ms(FIRST_MS + TICK_MS);
        // What its device was given is shown, and was told to whoever keeps it.
        bench.meet_login_as(Some(DEVICE));
        assert_eq!(bench.role().handler().1, Some(DEVICE));
    });
}

/// What ends a stay of a former login, later than the client has logged in again, is not about the new one.
#[test]
fn both_sides_of_a_stay_that_is_revoked() {
    for (logs_in_again, says_bye) in [(false, true), (false, false), (true, true), (true, false)] {
        with_member(|bench| {
            let acknowledged =
                LoginAck { version: 2, uid: UID, token: TOKEN, ttl_s: 60, device: DEVICE };
            let login = bench.meet_login();
            bench.say(login, &acknowledged);
            let main = bench.connect_member_to("main:7");
            bench.say(main, &Welcome { version: 2, uid: UID, token: TOKEN });
            bench.say(main, &sent_to_world());
            let world = bench.connect_member_to(WORLD);
            bench.say(world, &join_ok());
            bench.disconnect(main);
            bench.pass_ms(FIRST_MS + TICK_MS);
            let main = bench.connect_member_to("main:7");
            if logs_in_again {
                bench.say(main, &Error { code: ErrorCode::BAD_TOKEN, about: Hello::OPCODE.0 });
                bench.disconnect(main);
                bench.pass_ms(2 * FIRST_MS + TICK_MS);
                let login = bench.meet_login_as(Some(DEVICE));
                bench.say(login, &acknowledged);
                bench.connect_member_to("main:7");
            }
            let code = ErrorCode::REVOKED;
            if says_bye {
                bench.say(world, &Bye { reason: code });
            } else {
                bench.say(world, &Error { code, about: 0 });
                bench.disconnect(world);
            }
            assert_eq!(bench.member_links().1, WorldState::Outside);
            let is_out = bench.member_links().0 == MainState::Stopped;
            assert_eq!(is_out, !logs_in_again);
        });
    }
}

#[test]
fn while_login_is_unavailable_the_token_is_kept() {
    with_member(|bench| {
        let login = bench.meet_login();
        bench.say(
            login,
            &LoginAck { version: 2, uid: UID, token: TOKEN, ttl_s: 60, device: DEVICE },
        );
        let main = bench.connect_member_to("main:7");
        bench.say(main, &Error { code: ErrorCode::LOGIN_UNAVAILABLE, about: Hello::OPCODE.0 });
        bench.disconnect(main);
        bench.pass_ms(FIRST_MS + TICK_MS);
        let main = bench.connect_member_to("main:7");
        assert_eq!(bench.heard(main), [hello(Some(TOKEN))]);
    });
}

#[test]
fn a_wrong_password_is_not_tried_again() {
    for reason in [LoginDenial::WRONG, LoginDenial::DISABLED, LoginDenial::BANNED] {
        with_member(|bench| {
            let login = bench.meet_login();
            bench.deny(login, reason, 0);
            assert_eq!(bench.member_links().0, MainState::Stopped);
            bench.pass_ms(10 * MOST_MS);
            assert!(!bench.requests().iter().any(|asked| matches!(asked, Asked::Connect { .. })));
        });
    }
}

#[test]
fn whoever_is_told_when_to_come_back_does_not_come_earlier() {
    for reason in [LoginDenial::LOCKED, LoginDenial::TOO_MANY, LoginDenial::BUSY] {
        with_member(|bench| {
            let login = bench.meet_login();
            bench.deny(login, reason, 10_000);
            bench.pass_ms(9_999);
            assert!(!bench.requests().iter().any(|asked| matches!(asked, Asked::Connect { .. })));
            bench.pass_ms(1 + TICK_MS);
            bench.meet_login();
        });
    }
}

#[test]
fn a_lost_login_is_tried_again() {
    with_member(|bench| {
        let asked = bench.requests();
        let Asked::Connect { key, .. } = asked[0] else { panic!("{asked:?}") };
        bench.connect_failed(key);
        assert_eq!(bench.member_notes(), [Noted::LoginLost(ErrorCode::UNREACHABLE)]);
        bench.pass_ms(FIRST_MS + TICK_MS);
        let login = bench.meet_login();
        bench.disconnect(login);
        assert_eq!(bench.member_notes(), [Noted::LoginLost(ErrorCode::LOST)]);
        bench.pass_ms(2 * FIRST_MS + TICK_MS);
        bench.meet_login();
    });
}

#[test]
fn a_wish_that_only_accounts_may_have_is_made_again() {
    with_member(|bench| {
        let login = bench.meet_login();
        let ack = LoginAck { version: 2, uid: UID, token: TOKEN, ttl_s: 60, device: DEVICE };
        bench.say(login, &ack);
        let main = bench.connect_member_to("main:7");
        bench.say(main, &Welcome { version: 2, uid: UID, token: TOKEN });
        bench.heard(main);
        let code = ErrorCode::LOGIN_NEEDED;
        bench.say(main, &Error { code, about: EnterWorldReq::OPCODE.0 });
        bench.pass_ms(FIRST_MS + TICK_MS);
        assert_eq!(bench.member_links(), (MainState::Ready, WorldState::Asking));
        assert_eq!(bench.heard(main), [asking()]);
    });
}
