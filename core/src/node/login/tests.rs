//! Login at the bench: clients and Mains are scripted, and so are those who check passwords.

mod clients;
mod known;
mod mains;
mod places;
mod queue;

use crate::protocol::Versions;
use std::boxed::Box;
use std::format;
use std::string::String;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::config::NetConfig;
use crate::node::cluster::tests::test_keys;
use crate::node::testing::{BENCH_CONFIG, Bench, BenchMemory, Said, Sizes, address_of};
use crate::protocol::client_to_login::LoginReq;
use crate::protocol::either_way::{Bye, Error};
use crate::protocol::login_to_client::{LoginAck, LoginDenied};
use crate::protocol::{ErrorCode, Password, Text};
use crate::session::{PeerAddress, SessionKey, SessionState};

const LOGINS: usize = 8;
/// Places that those who were let in before and all others leave to each other.
const KEPT: usize = 2;
const VERIFIES: usize = 4;
const BUSY_RETRY_MS: u32 = 160;
const UID: Uid = Uid(7);
const TTL_S: u32 = 60;
const GENERATION: u64 = 3;
const GRANTED: LoginOutcome =
    LoginOutcome::Granted { uid: UID, ttl_s: TTL_S, generation: GENERATION };
const WRONG: LoginOutcome = LoginOutcome::Denied(LoginDenial::WRONG);

const CONFIG: LoginConfig = LoginConfig {
    account: AttemptPolicy { free_failures: 2, first_delay_ms: 1_000, ..AttemptPolicy::ACCOUNT },
    address: AttemptPolicy { free_failures: 4, first_delay_ms: 2_000, ..AttemptPolicy::ADDRESS },
    logins_running: 2,
    kept_percent: 25,
    verifies_running: 2,
    busy_retry_ms: BUSY_RETRY_MS,
};

type LoginBench<'a> = Bench<'a, Login<'a>>;

fn with_config(config: LoginConfig, test: impl FnOnce(&mut LoginBench<'_>)) {
    with_sizes(Sizes::ALL, config, test);
}

fn with_sizes(sizes: Sizes, config: LoginConfig, test: impl FnOnce(&mut LoginBench<'_>)) {
    with_net(BENCH_CONFIG, sizes, config, test);
}

fn with_net(
    net: NetConfig,
    sizes: Sizes,
    config: LoginConfig,
    test: impl FnOnce(&mut LoginBench<'_>),
) {
    let mut node_memory = Box::new(BenchMemory::NEW);
    let mut memory = Box::new(LoginMemory::<LOGINS, VERIFIES, 64>::NEW);
    let mut draws = Zeros;
    let mut turn = Turn { now: crate::time::Instant::ZERO, entropy: &mut draws };
    let login = Login::new(memory.storage(), config, test_keys(ServerKind::LOGIN, 0), &mut turn);
    let mut bench = Bench::new(sizes.lend(&mut node_memory), net, login);
    test(&mut bench);
    bench.finish();
}

fn with_login(test: impl FnOnce(&mut LoginBench<'_>)) {
    with_config(CONFIG, test);
}

struct Zeros;

impl crate::entropy::Entropy for Zeros {
    fn fill(&mut self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

fn request<'a>(id: &'a str, password: &'a str) -> LoginReq<'a> {
    let pw = Password(Text::new(password).expect("a short password"));
    let id = Text::new(id).expect("a short id");
    LoginReq { versions: Versions::OURS, id, pw, device: None }
}

fn denied(reason: LoginDenial, retry_after_ms: u32) -> Said {
    Said::of(&LoginDenied { reason, retry_after_ms })
}

impl LoginBench<'_> {
    /// Somebody at address `from` tries.
    fn try_from(&mut self, from: u16, id: &str) -> SessionKey {
        self.try_with(from, id, None)
    }

    /// The same, with what a device has kept.
    fn try_with(&mut self, from: u16, id: &str, device: Option<Token>) -> SessionKey {
        let key = self.accept_from(address_of(from)).expect("the node takes one more");
        self.say(key, &LoginReq { device, ..request(id, "hunter2") });
        key
    }

    fn next_login(&mut self) -> Option<LoginWork> {
        self.act(Login::next_login)
    }

    fn finish_login(&mut self, work: &LoginWork, outcome: LoginOutcome) {
        let key = work.key;
        self.act(|login, cx| login.finish_login(cx, key, outcome));
    }

    /// The one answer that a client has got, behind which its connection closes.
    #[track_caller]
    fn answer(&mut self, client: SessionKey) -> Said {
        let mut heard = self.heard(client);
        assert_eq!(self.ended(client), Some(ErrorCode::GOODBYE), "{heard:?}");
        heard.remove(0)
    }

    /// A whole attempt, checked at once, and its answer.
    #[track_caller]
    fn attempt(&mut self, from: u16, id: &str, outcome: LoginOutcome) -> Said {
        let client = self.try_from(from, id);
        if let Some(work) = self.next_login() {
            self.finish_login(&work, outcome);
        }
        self.answer(client)
    }
}
