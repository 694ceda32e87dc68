//! Main at the bench: clients and worlds are scripted, one frame at a time.

mod both_links;
mod channels;
mod claiming;
mod claims;
#[cfg(feature = "sealed-clients")]
mod devices;
mod draining;
mod enter;
mod expiry;
mod hello;
mod login;
mod lost;
mod mains;
#[cfg(feature = "names")]
mod names;
mod naming;
mod operating;
mod paced;
mod places;
mod random;
mod reported;
mod revoked;
mod rooms;
mod seats;
#[cfg(feature = "shares")]
mod shares;
mod worlds;

use crate::protocol::Versions;
use std::boxed::Box;
use std::format;
use std::vec;
use std::vec::Vec;

use super::*;
use crate::config::NetConfig;
use crate::node::cluster::tests::test_secrets;
use crate::node::testing::{BENCH_CONFIG, Bench, BenchMemory, Said, Sizes, frame_of, trim};
use crate::protocol::client_to_main::{ChatJoin, ChatLeave, ChatSay, EnterWorldReq, Hello};
use crate::protocol::either_way::{Bye, Error};
use crate::protocol::login_to_main::Revocations;
use crate::protocol::main_to_client::{EnterWorldAck, Welcome};
use crate::protocol::main_to_login::RevokedSince;
use crate::protocol::main_to_world::{AttachUser, DetachUser, Registered};
use crate::protocol::world_to_main::{
    AttachAck, AttachDenied, RegisterWorld, Status, UserJoined, UserLeft, UserList,
};
use crate::protocol::{ErrorCode, ServerKind, Text, Token, Uid, Wish, WorldId};
use crate::session::{SessionKey, SessionState};

const MAX_USERS: usize = 96;
const ATTACH_TIMEOUT_MS: u32 = 320;
const ATTACH_TTL_MS: u32 = 1_600;
const SETTLE_MS: u32 = 1_600;
const HOLD_MS: u32 = 3_200;
const CLAIM_TIMEOUT_MS: u32 = 1_600;
/// How much longer than the world Main waits for somebody who was sent there.
const GRACE_MS: u32 = 1_000;

const CONFIG: MainConfig = MainConfig {
    attach_timeout_ms: ATTACH_TIMEOUT_MS,
    attach_ttl_ms: ATTACH_TTL_MS,
    names: NamePolicy::Any,
    registry_settle_ms: SETTLE_MS,
    room_hold_ms: HOLD_MS,
    claim_timeout_ms: CLAIM_TIMEOUT_MS,
    chat: ChatPolicy::DEFAULT,
};

pub(crate) type MainBench<'a, A = Guests> = Bench<'a, Main<'a, A>>;

/// Runs `test` at the bench of a Main with room for `users`.
fn with_authenticator<A: Authenticator>(
    users: usize,
    net: NetConfig,
    authenticator: A,
    test: impl FnOnce(&mut MainBench<'_, A>),
) {
    let mut node_memory = Box::new(BenchMemory::NEW);
    let mut memory = Box::new(MainMemory::<MAX_USERS, WORLD_COUNT_MAX>::NEW);
    let mut storage = memory.storage();
    trim(&mut storage.users, users);
    trim(&mut storage.user_heads, users);
    trim(&mut storage.user_nexts, users);
    let main = Main::new(storage, CONFIG, authenticator, test_secrets());
    let mut bench = Bench::new(Sizes::ALL.lend(&mut node_memory), net, main);
    test(&mut bench);
    bench.finish();
}

/// The memory of a Main with channels and room for 8 users.
struct ChannelsMemory<const CHANNELS: usize, const MEMBERS: usize, const RING_BYTES: usize> {
    node: BenchMemory,
    main: MainMemory<8, 1>,
    chat: MainChatMemory<CHANNELS, MEMBERS, RING_BYTES, 2>,
}

/// With few channels.
type FewChannels = ChannelsMemory<3, 12, { 3 * CHANNEL_RING_BYTES }>;

impl<const CHANNELS: usize, const MEMBERS: usize, const RING_BYTES: usize>
    ChannelsMemory<CHANNELS, MEMBERS, RING_BYTES>
{
    const NEW: Self =
        Self { node: BenchMemory::NEW, main: MainMemory::NEW, chat: MainChatMemory::NEW };

    /// The bench of a Main that looks for its chat server.
    fn bench(&mut self, policy: ChatPolicy) -> MainBench<'_> {
        let storage = MainStorage { chat: self.chat.storage(), ..self.main.storage() };
        let config = MainConfig { chat: policy, ..CONFIG };
        let address = heapless::String::try_from("chat:7").expect("a short address");
        let guests = Guests::new([7; 32]);
        let main = Main::new(storage, config, guests, test_secrets()).with_chat(address);
        let mut bench = Bench::new(Sizes::ALL.lend(&mut self.node), BENCH_CONFIG, main);
        bench.act(Main::start);
        bench
    }
}

/// Runs `test` at the bench of a Main with a chat server to look for.
fn with_channels(policy: ChatPolicy, test: impl FnOnce(&mut MainBench<'_>)) {
    let mut memory = Box::new(FewChannels::NEW);
    let mut bench = memory.bench(policy);
    test(&mut bench);
    bench.finish();
}

/// [`with_channels`] with two Mains.
pub(crate) fn with_two_mains(policy: ChatPolicy, test: impl FnOnce([&mut MainBench<'_>; 2])) {
    let (mut first, mut second) = (Box::new(FewChannels::NEW), Box::new(FewChannels::NEW));
    let (mut first, mut second) = (first.bench(policy), second.bench(policy));
    test([&mut first, &mut second]);
    first.finish();
    second.finish();
}

/// Runs `test` with Mains of one directory, which they ask about so many names and claims at once. They have not started.
pub(crate) fn with_mains_of_a_directory<const MAINS: usize>(
    names: usize,
    claims: usize,
    test: impl FnOnce([&mut MainBench<'_>; MAINS]),
) {
    let mut memories = [(); MAINS].map(|()| rooms::NamedMemory::new(names, claims));
    let mut benches = memories.each_mut().map(rooms::NamedMemory::bench);
    test(benches.each_mut());
    benches.into_iter().for_each(Bench::finish);
}

const CHANNEL_RING_BYTES: usize = 1_024;

fn with_users(users: usize, test: impl FnOnce(&mut MainBench<'_>)) {
    with_authenticator(users, BENCH_CONFIG, Guests::new([7; 32]), test);
}

fn with_main(test: impl FnOnce(&mut MainBench<'_>)) {
    with_users(MAX_USERS, test);
}

/// A client that has said hello.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Guest {
    pub(crate) key: SessionKey,
    pub(crate) uid: Uid,
    token: Token,
}

fn refused(code: ErrorCode) -> Said {
    Said::of(&Error { code, about: EnterWorldReq::OPCODE.0 })
}

fn error(code: ErrorCode, about: i32) -> Said {
    Said::of(&Error { code, about })
}

fn bye(reason: ErrorCode) -> Said {
    Said::of(&Bye { reason })
}

fn detach(uid: Uid, reason: ErrorCode) -> Said {
    Said::of(&DetachUser { uid, reason })
}

/// The world's address, which Main gives to those whom it sends there.
fn address(world_id: u16) -> std::string::String {
    format!("world{world_id}:9")
}

/// Where Main sends somebody, as an answer to `attach`.
fn sent_to(world_id: u16, attach: &AttachUser<'_>) -> Said {
    let world_addr = address(world_id);
    let world_addr = Text::new(&world_addr).expect("a short address");
    Said::of(&EnterWorldAck {
        world_addr,
        is_sealing: false,
        key_id: attach.key_id,
        handshake_key: attach.handshake_key,
    })
}

/// All of a world's users, on one page.
fn user_list(uids: &[Uid]) -> UserList {
    let uids = heapless::Vec::from_slice(uids).expect("one page");
    UserList { is_first: true, is_last: true, uids, held: 0, spectators: 0 }
}

fn ack(attach: &AttachUser<'_>) -> AttachAck {
    AttachAck { uid: attach.uid, attempt: attach.attempt }
}

fn denial(attach: &AttachUser<'_>) -> AttachDenied {
    AttachDenied { uid: attach.uid, attempt: attach.attempt, reason: ErrorCode::FULL }
}

impl<A: Authenticator> MainBench<'_, A> {
    fn say_hello(&mut self, token: Option<Token>) -> SessionKey {
        let key = self.accept();
        self.say(key, &Hello { versions: Versions::OURS, token, nickname: Text::EMPTY });
        key
    }

    fn welcome(&mut self, token: Option<Token>) -> Guest {
        let key = self.say_hello(token);
        let heard = self.heard(key);
        let Some(Welcome { uid, token, .. }) = heard[0].read() else { panic!("{heard:?}") };
        Guest { key, uid, token }
    }

    pub(crate) fn greet(&mut self) -> Guest {
        self.welcome(None)
    }

    fn ask(&mut self, guest: Guest, region: &str) {
        self.say(guest.key, &EnterWorldReq { region: Text::new(region).unwrap(), wish: Wish::ANY });
    }

    fn say_register(&mut self, world_id: u16, region: &str, capacity: u16) -> SessionKey {
        let key = self.accept_world(world_id);
        self.say_registration(key, world_id, region, capacity);
        key
    }

    /// A world that has proven to be this one.
    fn accept_world(&mut self, world_id: u16) -> SessionKey {
        let key = self.accept();
        self.prove_as(key, ServerKind::WORLD, ServerKind::MAIN, world_id);
        key
    }

    fn say_register_unproven(&mut self, world_id: u16) -> SessionKey {
        let key = self.accept();
        self.say_registration(key, world_id, "", 1);
        key
    }

    fn say_registration(&mut self, key: SessionKey, world_id: u16, region: &str, capacity: u16) {
        let addr = address(world_id);
        let addr = Text::new(&addr).expect("a short address");
        let region = Text::new(region).expect("a short region");
        self.say(
            key,
            &RegisterWorld {
                versions: Versions::OURS,
                world_id: WorldId(world_id),
                region,
                capacity,
                addr,
                fingerprint: 0,
                rooms: 0,
                is_sealing: false,
            },
        );
    }

    /// A world that is in the registry.
    fn register(&mut self, world_id: u16, region: &str, capacity: u16) -> SessionKey {
        let key = self.say_register(world_id, region, capacity);
        assert_eq!(self.heard(key), [Said::of(&Registered {})]);
        key
    }

    /// The one attach that `world` was asked for.
    fn attach_at(&mut self, world: SessionKey) -> AttachUser<'static> {
        let heard = self.heard(world);
        let attach = match &heard[..] {
            [said] => said.keep(),
            _ => None,
        };
        attach.unwrap_or_else(|| panic!("not one attach: {heard:?}"))
    }

    /// Takes a user into `world`, which is the one that Main chooses.
    fn enter(&mut self, guest: Guest, world: SessionKey) -> AttachUser<'static> {
        self.ask(guest, "");
        let attach = self.attach_at(world);
        self.say(world, &ack(&attach));
        self.heard(guest.key);
        self.say(world, &UserJoined { uid: guest.uid, is_spectator: false });
        attach
    }

    /// What Main asks Login about those who were revoked: there is nobody.
    fn nobody_is_revoked(&mut self, login: SessionKey) {
        let heard = self.heard(login);
        let [said] = &heard[..] else { panic!("not one question: {heard:?}") };
        let Some(asked) = said.read::<RevokedSince>() else { panic!("{heard:?}") };
        let (after, after_uid, complete) = (asked.revision, asked.uid, asked.revision);
        let list = heapless::Vec::new();
        self.say(login, &Revocations { after, after_uid, list, complete });
    }

    fn place(&self, uid: Uid) -> Option<Place> {
        let users = self.role().users();
        users.get(users.find(uid)?).map(UserEntry::place)
    }

    fn key_of_world(&self, world_id: u16) -> WorldKey {
        self.role().worlds().find(WorldId(world_id)).expect("a registered world")
    }

    /// The users whom Main counts in a world.
    fn users_of(&self, world_id: u16) -> u16 {
        self.role().worlds().get(self.key_of_world(world_id)).map_or(0, |world| world.users)
    }
}
