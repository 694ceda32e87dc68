//! Devices that seal their links to Main with the keys of their accounts.

use super::login::{FIRST_MS, LoginBench, REVISION, UID, with_seals};
use super::*;
use crate::node::device_key::DeviceKey;
use crate::node::sealed_client::ClearClient;
use crate::node::testing::sealed::SealedPeer;
use crate::protocol::client_to_listener::SecureClient;
use crate::protocol::listener_to_client::SecureClientAnswer;
use crate::protocol::login_to_main::{DeviceAck, VerifyAck, VerifyDenied};
use crate::protocol::main_to_login::{VerifyDevice, VerifyToken};
use crate::secure::Dialing;
use crate::session::SealMemory;
use crate::timer::TICK_MS;

/// One link of a server, and two of devices.
type Seals = SealMemory<3, { 3 * 240 }, { 3 * 300 }>;
const DEVICES: u16 = 2;

fn key() -> DeviceKey {
    DeviceKey::new([3; 32])
}

fn with_devices(test: impl FnOnce(&mut LoginBench<'_>)) {
    let mut seals = Seals::NEW;
    with_seals(seals.storage_with_clients(DEVICES), test);
}

fn first_message(key: &DeviceKey) -> (Dialing, SecureClient) {
    let (to, key_id) = (ServerKind::MAIN, key.key_id());
    let clear = ClearClient { versions: Versions::OURS, to, key_id };
    clear.begin(&key.seal_key().0, 200, [9; 32]).unwrap()
}

fn refusal(code: ErrorCode) -> Said {
    error(code, SecureClient::OPCODE.0)
}

fn greet(device: &mut SealedPeer, bench: &mut LoginBench<'_>, token: Option<Token>) {
    device.say(bench, &Hello { versions: Versions::OURS, token, nickname: Text::EMPTY });
}

impl LoginBench<'_> {
    fn begin_device(&mut self) -> (SessionKey, Dialing) {
        let session = self.accept();
        let (dialing, hello) = first_message(&key());
        self.say(session, &hello);
        (session, dialing)
    }

    /// The one question about a device that Login was asked.
    fn asked_device(&mut self, login: SessionKey) -> u32 {
        let heard = self.heard(login);
        let [said] = &heard[..] else { panic!("not one question: {heard:?}") };
        let asked: VerifyDevice = said.read().unwrap_or_else(|| panic!("{heard:?}"));
        assert_eq!(asked.key_id, key().key_id());
        asked.request
    }

    fn seal_device(&mut self, login: SessionKey) -> SealedPeer {
        let (session, dialing) = self.begin_device();
        let request = self.asked_device(login);
        assert_eq!(self.heard(session), []);
        self.say(login, &DeviceAck { request, seal_key: key().seal_key() });
        let heard = self.heard(session);
        let [said] = &heard[..] else { panic!("{heard:?}") };
        let answer: SecureClientAnswer = said.read().unwrap_or_else(|| panic!("{heard:?}"));
        let (channel, _) = dialing.finish(self.now, answer.start.0).unwrap();
        SealedPeer { session, channel, seen_bytes: self.stream(session).len() }
    }

    fn expect_no_device(&mut self, session: SessionKey, code: ErrorCode) {
        assert_eq!(self.heard(session), [refusal(code)]);
        assert_eq!(self.ended(session), Some(code));
    }
}

#[test]
fn a_device_is_who_its_token_says_and_nobody_reads_along() {
    with_devices(|bench| {
        let login = bench.connect_login();
        let mut device = bench.seal_device(login);
        assert_eq!(bench.role().users().len(), 0, "a seal is nobody");
        greet(&mut device, bench, Some(key().token()));
        let VerifyToken { request, token } = bench.question(login);
        assert_eq!(token, key().token());
        let account = Text::truncated("board");
        bench.say(login, &VerifyAck { request, uid: UID, revision: REVISION, account });
        let welcome = Welcome { version: 2, uid: UID, token };
        assert_eq!(device.heard(bench), [Said::of(&welcome)]);
        assert_eq!(bench.state(device.session), Some(SessionState::Ready));
        let stream = bench.stream(device.session);
        assert!(!stream.windows(8).any(|window| token.0.starts_with(window)));
        device.say(bench, &Bye { reason: ErrorCode::GOODBYE });
    });
}

#[test]
fn refusals_of_login_reach_the_device() {
    for code in [ErrorCode::BAD_PROOF, ErrorCode::BUSY, ErrorCode::LOGIN_UNAVAILABLE] {
        with_devices(|bench| {
            let login = bench.connect_login();
            let (session, _) = bench.begin_device();
            let request = bench.asked_device(login);
            bench.say(login, &VerifyDenied { request, reason: code });
            bench.expect_no_device(session, code);
            assert_eq!(bench.role().stats().hellos_refused, 1);
        });
    }
}

#[test]
fn another_key_of_the_same_name_is_refused_as_one_that_nobody_has() {
    with_devices(|bench| {
        let login = bench.connect_login();
        let (session, _) = bench.begin_device();
        let request = bench.asked_device(login);
        bench.say(login, &DeviceAck { request, seal_key: DeviceKey::new([4; 32]).seal_key() });
        bench.expect_no_device(session, ErrorCode::BAD_PROOF);
    });
}

/// A sealed link is worth no token, and no guest comes by it.
#[test]
fn a_device_without_its_token_is_nobody() {
    for (token, code) in
        [(None, ErrorCode::LOGIN_NEEDED), (Some(Token([8; 32])), ErrorCode::BAD_TOKEN)]
    {
        with_devices(|bench| {
            let login = bench.connect_login();
            let mut device = bench.seal_device(login);
            greet(&mut device, bench, token);
            if token.is_some() {
                let request = bench.question(login).request;
                bench.say(login, &VerifyDenied { request, reason: code });
            }
            assert_eq!(device.heard(bench), [error(code, Hello::OPCODE.0)]);
            assert_eq!(bench.role().users().len(), 0);
        });
    }
}

#[test]
fn whoever_repeats_a_first_message_gets_no_further() {
    with_devices(|bench| {
        let login = bench.connect_login();
        let (_, hello) = first_message(&key());
        let seal = |bench: &mut LoginBench<'_>| {
            let session = bench.accept();
            bench.say(session, &hello);
            let request = bench.asked_device(login);
            bench.say(login, &DeviceAck { request, seal_key: key().seal_key() });
            assert!(bench.heard(session)[0].is::<SecureClientAnswer>());
            session
        };
        let thief = seal(bench);
        bench.say(thief, &Hello { versions: Versions::OURS, token: None, nickname: Text::EMPTY });
        assert_eq!(bench.ended(thief), Some(ErrorCode::BROKEN_SEAL));
        // Who says nothing gives way to who comes, the oldest first, and holds up no device.
        let silent = [(); DEVICES as usize].map(|()| seal(bench));
        let mut device = bench.seal_device(login);
        assert_eq!(bench.ended(silent[0]), Some(ErrorCode::BUSY));
        greet(&mut device, bench, Some(key().token()));
        assert_eq!(bench.question(login).token, key().token());
        bench.disconnect(device.session);
    });
}

#[test]
fn a_link_is_sealed_once_and_while_it_waits_nothing_else_is_heard() {
    with_devices(|bench| {
        let login = bench.connect_login();
        let mut device = bench.seal_device(login);
        let (_, hello) = first_message(&key());
        device.say(bench, &hello);
        assert_eq!(bench.ended(device.session), Some(ErrorCode::OUT_OF_PLACE));
        let (session, _) = bench.begin_device();
        bench.asked_device(login);
        bench.say(session, &Hello { versions: Versions::OURS, token: None, nickname: Text::EMPTY });
        assert_eq!(bench.ended(session), Some(ErrorCode::OUT_OF_PLACE));
        // What was meant for a world is not Main's.
        let session = bench.accept();
        bench.say(session, &SecureClient { to: ServerKind::WORLD, ..hello });
        assert_eq!(bench.ended(session), Some(ErrorCode::OUT_OF_PLACE));
        assert_eq!(bench.heard(login), []);
    });
}

#[test]
fn without_login_no_device_comes_and_it_does_not_wait_for_ever() {
    with_devices(|bench| {
        let (early, _) = bench.begin_device();
        bench.expect_no_device(early, ErrorCode::LOGIN_UNAVAILABLE);
        let login = bench.connect_login();
        let (waiting, _) = bench.begin_device();
        bench.disconnect(login);
        bench.expect_no_device(waiting, ErrorCode::LOGIN_UNAVAILABLE);
        bench.pass_ms(FIRST_MS + TICK_MS);
        let login = bench.connect_login();
        bench.seal_device(login);
    });
}

/// An answer that is none to its question lets nobody in.
#[test]
fn login_s_answers_are_not_taken_for_one_another() {
    with_devices(|bench| {
        let login = bench.connect_login();
        let (session, _) = bench.begin_device();
        let request = bench.asked_device(login);
        bench
            .say(login, &VerifyAck { request, uid: UID, revision: REVISION, account: Text::EMPTY });
        bench.expect_no_device(session, ErrorCode::LOGIN_UNAVAILABLE);
        let client = bench.say_hello(Some(Token([5; 32])));
        let request = bench.question(login).request;
        bench.say(login, &DeviceAck { request, seal_key: key().seal_key() });
        assert_eq!(bench.ended(client), Some(ErrorCode::LOGIN_UNAVAILABLE));
        assert_eq!(bench.role().users().len(), 0);
    });
}

#[test]
fn a_realm_of_guests_has_no_devices() {
    let mut seals = Seals::NEW;
    let mut node_memory = Box::new(BenchMemory::NEW);
    let mut memory = Box::new(MainMemory::<MAX_USERS, WORLD_COUNT_MAX>::NEW);
    let main = Main::new(memory.storage(), CONFIG, Guests::new([7; 32]), test_secrets());
    let mut storage = Sizes::ALL.lend(&mut node_memory);
    storage.seals = seals.storage_with_clients(DEVICES);
    let mut bench = Bench::new(storage, BENCH_CONFIG, main);
    let session = bench.accept();
    bench.say(session, &first_message(&key()).1);
    assert_eq!(bench.heard(session), [refusal(ErrorCode::NO_ACCOUNTS)]);
    bench.finish();
}
