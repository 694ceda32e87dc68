//! A Main that looks for its Login and for its chat server: neither link is taken for the other.

use super::*;
use crate::node::testing::Asked;
use crate::protocol::chat_to_main::{Joined, Opened};
use crate::protocol::login_to_main::VerifyAck;
use crate::protocol::main_to_chat::{JoinChannel, LeaveChannel, Open};
use crate::protocol::main_to_login::VerifyToken;
use crate::protocol::{Revision, Seq};

const LOGIN: &str = "login:3";
const CHAT: &str = "chat:7";
const FIRST_MS: u32 = 320;
const UID: Uid = Uid(7);
const TOKEN: Token = Token([5; 32]);

type BothBench<'a> = MainBench<'a, Accounts>;

fn with_both(test: impl FnOnce(&mut BothBench<'_>)) {
    let mut memory = Box::new(FewChannels::NEW);
    let mut hellos = [const { Slot::VACANT }; 2];
    let storage =
        MainStorage { chat: memory.chat.storage(), hellos: &mut hellos, ..memory.main.storage() };
    let policy = ChatPolicy {
        reconnect_first_ms: FIRST_MS,
        reconnect_most_ms: FIRST_MS,
        ..ChatPolicy::DEFAULT
    };
    let login = LoginLinkConfig {
        address: heapless::String::try_from(LOGIN).unwrap(),
        hello_timeout_ms: 1_600,
        reconnect_first_ms: FIRST_MS,
        reconnect_most_ms: FIRST_MS,
    };
    let main = Main::new(storage, MainConfig { chat: policy, ..CONFIG }, Accounts, test_secrets())
        .with_login(login)
        .with_chat(heapless::String::try_from(CHAT).unwrap());
    let mut bench = Bench::new(Sizes::ALL.lend(&mut memory.node), BENCH_CONFIG, main);
    bench.act(Main::start);
    test(&mut bench);
    bench.finish();
}

impl BothBench<'_> {
    /// The connections that Main asks for now, with their addresses.
    fn dialed(&mut self) -> Vec<(SessionKey, std::string::String)> {
        let asked = self.requests().into_iter();
        let dialed = asked.filter_map(|asked| match asked {
            Asked::Connect { key, address } => Some((key, address)),
            _ => None,
        });
        dialed.collect()
    }

    fn take_link(&mut self, (key, address): (SessionKey, std::string::String)) -> SessionKey {
        self.connected(key);
        if address == LOGIN {
            self.take_proof_as(key, ServerKind::LOGIN);
            self.nobody_is_revoked(key);
        } else {
            assert_eq!(address, CHAT);
            self.take_proof_as(key, ServerKind::CHAT);
            assert!(self.heard(key)[0].is::<Open>());
            self.say(key, &Opened { instance: 9 });
        }
        key
    }

    /// Both links stand: Login's, then the chat server's.
    fn take_both(&mut self) -> [SessionKey; 2] {
        let mut dialed = self.dialed();
        dialed.sort_by_key(|(_, address)| address == CHAT);
        let taken: Vec<_> = dialed.into_iter().map(|dial| self.take_link(dial)).collect();
        let [login, chat] = taken[..] else { panic!("not two links: {taken:?}") };
        assert_eq!(self.links(), (true, true));
        [login, chat]
    }

    /// Whether Login and the chat server can be asked.
    fn links(&self) -> (bool, bool) {
        (self.role().has_login(), self.role().chat().is_live())
    }

    fn log_in(&mut self, login: SessionKey) -> SessionKey {
        let client = self.say_hello(Some(TOKEN));
        let asked: VerifyToken = match &self.heard(login)[..] {
            [said] => said.read().expect("a question"),
            other => panic!("{other:?}"),
        };
        self.say(
            login,
            &VerifyAck {
                request: asked.request,
                uid: UID,
                revision: Revision(3),
                account: Text::EMPTY,
            },
        );
        assert_eq!(self.heard(client), [Said::of(&Welcome { version: 2, uid: UID, token: TOKEN })]);
        client
    }
}

#[test]
fn each_link_is_lost_and_found_without_the_other() {
    with_both(|bench| {
        let [login, chat] = bench.take_both();
        bench.disconnect(login);
        assert_eq!(bench.links(), (false, true));
        bench.pass_ms(FIRST_MS + crate::timer::TICK_MS);
        let dialed = bench.dialed();
        let [(_, address)] = &dialed[..] else { panic!("{dialed:?}") };
        assert_eq!(address, LOGIN);
        bench.take_link(dialed[0].clone());
        assert_eq!(bench.links(), (true, true));

        bench.disconnect(chat);
        assert_eq!(bench.links(), (true, false));
        bench.pass_ms(FIRST_MS + crate::timer::TICK_MS);
        let dialed = bench.dialed();
        let [(_, address)] = &dialed[..] else { panic!("{dialed:?}") };
        assert_eq!(address, CHAT);
        bench.take_link(dialed[0].clone());
        assert_eq!(bench.links(), (true, true));
    });
}

#[test]
fn a_peer_that_refuses_the_proof_is_closed_on_either_link() {
    with_both(|bench| {
        let refusal = Error { code: ErrorCode::BAD_PROOF, about: 0 };
        let dialed = bench.dialed();
        assert_eq!(dialed.len(), 2);
        for (key, _) in dialed {
            bench.connected(key);
            bench.say(key, &refusal);
            assert_eq!(bench.ended(key), Some(ErrorCode::BAD_PROOF));
        }
        bench.pass_ms(FIRST_MS + crate::timer::TICK_MS);
        bench.take_both();
    });
}

#[test]
fn whoever_is_revoked_is_out_of_its_channels() {
    with_both(|bench| {
        let [login, chat] = bench.take_both();
        let client = bench.log_in(login);
        let channel = Text::new("lobby").unwrap();
        bench.say(client, &ChatJoin { channel });
        let attempt = match &bench.heard(chat)[..] {
            [said] => said.read::<JoinChannel<'_>>().expect("a wish to come in").attempt,
            other => panic!("{other:?}"),
        };
        let (members, oldest, next_seq) = (1, Seq(1), Seq(1));
        bench.say(chat, &Joined { uid: UID, channel, attempt, members, oldest, next_seq });
        bench.revoke(login, &[(UID, 4, false)], 4);
        assert_eq!(bench.ended(client), Some(ErrorCode::REVOKED));
        assert_eq!(bench.heard(chat), [Said::of(&LeaveChannel { uid: UID, channel })]);
        assert_eq!(bench.role().chat().memberships(), 0);
    });
}

#[test]
fn an_account_that_comes_again_is_in_no_channel() {
    with_both(|bench| {
        let [login, chat] = bench.take_both();
        let before = bench.log_in(login);
        let channel = Text::new("lobby").unwrap();
        bench.say(before, &ChatJoin { channel });
        let attempt = match &bench.heard(chat)[..] {
            [said] => said.read::<JoinChannel<'_>>().expect("a wish to come in").attempt,
            other => panic!("{other:?}"),
        };
        let (members, oldest, next_seq) = (1, Seq(1), Seq(1));
        bench.say(chat, &Joined { uid: UID, channel, attempt, members, oldest, next_seq });
        assert_eq!(bench.role().chat().memberships(), 1);

        bench.log_in(login);
        assert_eq!(bench.ended(before), Some(ErrorCode::REPLACED));
        assert_eq!(bench.heard(chat), [Said::of(&LeaveChannel { uid: UID, channel })]);
        assert_eq!(bench.role().chat().memberships(), 0);
    });
}
