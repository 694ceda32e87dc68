//! A client whose account is a device's: it seals its link to Main with its key.

use super::sealed::with_sealing_client_of;
use super::*;
use crate::node::device_key::DeviceKey;
use crate::node::sealed_client::answer_of;
use crate::node::testing::frame_of;
use crate::node::testing::sealed::SealedPeer;
use crate::protocol::client_to_listener::SecureClient;
use crate::protocol::listener_to_client::SecureClientAnswer;
use crate::protocol::{SealedStart, ServerKind};

fn key() -> DeviceKey {
    DeviceKey::new([3; 32])
}

fn with_device(is_by_tls: bool, test: impl FnOnce(&mut ClientBench<'_>)) {
    let config = ClientConfig { is_by_tls, device_key: Some(key()), ..ClientConfig::DEFAULT };
    with_sealing_client_of(config, test);
}

impl ClientBench<'_> {
    /// What it says in clear to Main.
    fn first_message(&mut self) -> (SessionKey, SecureClient) {
        let session = self.connect_to("main:7");
        let said = self.heard(session);
        let [said] = &said[..] else { panic!("{said:?}") };
        let hello: SecureClient = said.read().unwrap_or_else(|| panic!("{said:?}"));
        assert_eq!((hello.to, hello.key_id), (ServerKind::MAIN, key().key_id()));
        (session, hello)
    }

    fn seal_main(&mut self) -> SealedPeer {
        let (session, hello) = self.first_message();
        let seen_bytes = self.stream(session).len();
        let answered = answer_of(&hello, &key().seal_key().0, 200, ([8; 32], self.now));
        let (channel, _, start) = answered.unwrap();
        self.say(session, &SecureClientAnswer { start });
        SealedPeer { session, channel, seen_bytes }
    }

    /// Behind the end of a link it comes again, by the same way.
    fn comes_again(&mut self) -> SealedPeer {
        assert_eq!(self.links().0, MainState::Waiting);
        self.pass_ms(MOST_MS + TICK_MS);
        self.seal_main()
    }
}

#[test]
fn a_device_says_its_token_in_a_record_alone() {
    with_device(false, |bench| {
        bench.start();
        let mut main = bench.seal_main();
        let token = key().token();
        assert_eq!(main.heard(bench), [hello(Some(token))]);
        main.say(bench, &Welcome { version: 2, uid: UID, token });
        assert_eq!(bench.links(), (MainState::Ready, WorldState::Asking));
        assert_eq!(main.heard(bench), [asking()]);
        let stream = bench.stream(main.session);
        assert!(!stream.windows(8).any(|window| token.0.starts_with(window)));
        // Whatever becomes of the link, it comes again with its key.
        bench.disconnect(main.session);
        let mut main = bench.comes_again();
        assert_eq!(main.heard(bench), [hello(Some(token))]);
    });
}

/// Another key of its account may have been taken away: whether its own is good says Main when it comes again.
#[test]
fn a_device_that_is_revoked_comes_again() {
    for code in [ErrorCode::REVOKED, ErrorCode::BAD_TOKEN, ErrorCode::BANNED] {
        with_device(false, |bench| {
            bench.start();
            let mut main = bench.seal_main();
            main.say(bench, &Welcome { version: 2, uid: UID, token: key().token() });
            main.say(bench, &Error { code, about: 0 });
            main.say(bench, &Bye { reason: code });
            bench.disconnect(main.session);
            if code == ErrorCode::BANNED {
                assert_eq!(bench.links().0, MainState::Stopped);
                return;
            }
            let mut main = bench.comes_again();
            assert_eq!(main.heard(bench), [hello(Some(key().token()))], "{code:?}");
        });
    }
}

#[test]
fn by_tls_a_device_says_its_token_without_a_seal() {
    with_device(true, |bench| {
        bench.start();
        let main = bench.connect_to("main:7");
        assert_eq!(bench.heard(main), [hello(Some(key().token()))]);
    });
}

/// Whoever is on the way may say anything in clear, and gets no token for it.
#[test]
fn nothing_that_main_says_in_clear_is_believed() {
    for message in [
        frame_of(&Error { code: ErrorCode::BAD_PROOF, about: SecureClient::OPCODE.0 }),
        frame_of(&Error { code: ErrorCode::BAD_TOKEN, about: 0 }),
        frame_of(&Bye { reason: ErrorCode::BANNED }),
        frame_of(&Welcome { version: 2, uid: UID, token: TOKEN }),
        frame_of(&SecureClientAnswer { start: SealedStart([1; 52]) }),
    ] {
        with_device(false, |bench| {
            bench.start();
            let (session, _) = bench.first_message();
            bench.say_bytes(session, &message);
            if bench.ended(session).is_none() {
                bench.disconnect(session);
            }
            assert_eq!(bench.links(), (MainState::Waiting, WorldState::Outside), "{message:02x?}");
            let mut main = bench.comes_again();
            assert_eq!(main.heard(bench), [hello(Some(key().token()))]);
        });
    }
}
