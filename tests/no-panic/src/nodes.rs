//! The nodes: every call that a driver makes, on a world with the default game, on one with a game
//! that does everything, on a Main with guests or accounts, on a Login, on a chat server and on a
//! client.

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::slice;

use crate::game::{Busy, Number};
use tinyrealm_core::config::NetConfig;
use tinyrealm_core::entropy::{Entropy, Turn};
use tinyrealm_core::node::chat::{Chat, ChatConfig, ChatMap, ChatStorage};
use tinyrealm_core::node::client::{Client, ClientConfig, ClientEvent, ClientHandler, Credentials};
use tinyrealm_core::node::cluster::{ClusterKeys, ClusterSecret, ClusterSecrets};
use tinyrealm_core::node::login::{
    Login, LoginConfig, LoginKey, LoginOutcome, LoginStorage, RevocationPage, VerifyKey,
    VerifyOutcome,
};
use tinyrealm_core::node::main::{
    Accounts, Guests, GuestsOrAccounts, LoginLinkConfig, Main, MainConfig, MainStorage,
};
use tinyrealm_core::node::world::saves::{Found, JobKey, StoreOutcome, StoreTask};
use tinyrealm_core::node::world::{NewGame, Relay, World, WorldConfig, WorldStorage};
use tinyrealm_core::node::{ConnectFailure, Context, Node, NodeStorage, Request, Taken};
use tinyrealm_core::protocol::{
    ADDRESS_MAX_BYTES, Bytes, Direction, ErrorCode, JoinDenial, LoginDenial, Position, Revision,
    Revocation, RoomId, SealKey, Uid, either_way,
};
use tinyrealm_core::session::manager::Farewell;
use tinyrealm_core::session::{PeerAddress, SessionKey};
use tinyrealm_core::time::Instant;

/// Randomness from a function that the compiler can't see.
struct Unseen(extern "C" fn(*mut u8, usize));

impl Entropy for Unseen {
    fn fill(&mut self, bytes: &mut [u8]) {
        (self.0)(bytes.as_mut_ptr(), bytes.len());
    }
}

/// A handler that the compiler can't see.
struct UnseenHandler {
    on_event: extern "C" fn(u16, *const c_void),
    password: heapless::String<ADDRESS_MAX_BYTES>,
}

impl ClientHandler for UnseenHandler {
    fn on_event(&mut self, client: u16, event: ClientEvent<'_>) {
        (self.on_event)(client, (&raw const event).cast());
    }

    fn credentials(&self, _: u16) -> Credentials<'_> {
        Credentials {
            login_address: &self.password,
            id: &self.password,
            password: &self.password,
            device: None,
        }
    }
}

type WorldNode = Node<'static, World<'static, Relay>>;
type BusyWorld = World<'static, Busy>;
type BusyNode = Node<'static, BusyWorld>;
type MainNode = Node<'static, Main<'static, GuestsOrAccounts>>;
type LoginNode = Node<'static, Login<'static>>;
type ChatNode = Node<'static, Chat<'static>>;
type ClientNode = Node<'static, Client<UnseenHandler>>;

/// What comes with every call.
#[repr(C)]
pub struct Outside {
    fill: extern "C" fn(*mut u8, usize),
    now_micros: u64,
}

impl Outside {
    fn with<T>(&self, act: impl FnOnce(&mut Turn<'_>) -> T) -> T {
        let mut entropy = Unseen(self.fill);
        act(&mut Turn { now: Instant::from_micros(self.now_micros), entropy: &mut entropy })
    }
}

macro_rules! driver_exports {
    ($Node:ty: $accepted:ident $connected:ident $connect_failed:ident $received:ident
     $disconnected:ident $timeout:ident $shutdown:ident $writable:ident $transmit:ident
     $transmitted:ident $request:ident $poll_timeout:ident $inspect:ident) => {
        #[unsafe(no_mangle)]
        extern "C" fn $accepted(
            node: &mut $Node,
            outside: &Outside,
            address: &[u8; 16],
            key: &mut SessionKey,
        ) -> u8 {
            match outside.with(|turn| node.handle_accepted(turn, PeerAddress(*address))) {
                Ok(accepted) => {
                    *key = accepted;
                    0
                }
                Err(refusal) => 1 + refusal as u8,
            }
        }

        #[unsafe(no_mangle)]
        extern "C" fn $connected(node: &mut $Node, outside: &Outside, key: &SessionKey) {
            outside.with(|turn| node.handle_connected(turn, *key));
        }

        #[unsafe(no_mangle)]
        extern "C" fn $connect_failed(node: &mut $Node, outside: &Outside, key: &SessionKey) {
            outside
                .with(|turn| node.handle_connect_failed(turn, *key, ConnectFailure::Unreachable));
        }

        #[unsafe(no_mangle)]
        extern "C" fn $received(
            node: &mut $Node,
            outside: &Outside,
            key: &SessionKey,
            bytes: *const u8,
            count: usize,
        ) -> usize {
            // SAFETY: the caller lends `count` readable bytes for the time of the call.
            let bytes = unsafe { slice::from_raw_parts(bytes, count) };
            match outside.with(|turn| node.handle_received(turn, *key, bytes)) {
                Taken::All => count,
                Taken::Part(taken) => taken,
            }
        }

        #[unsafe(no_mangle)]
        extern "C" fn $disconnected(node: &mut $Node, outside: &Outside, key: &SessionKey) {
            outside.with(|turn| node.handle_disconnected(turn, *key));
        }

        #[unsafe(no_mangle)]
        extern "C" fn $timeout(node: &mut $Node, outside: &Outside) {
            outside.with(|turn| node.handle_timeout(turn));
        }

        #[unsafe(no_mangle)]
        extern "C" fn $shutdown(node: &mut $Node, outside: &Outside) -> bool {
            outside.with(|turn| node.handle_shutdown(turn));
            node.is_finished()
        }

        #[unsafe(no_mangle)]
        extern "C" fn $writable(node: &mut $Node, key: &SessionKey) {
            node.handle_writable(*key);
        }

        #[unsafe(no_mangle)]
        extern "C" fn $transmit(
            node: &mut $Node,
            outside: &Outside,
            room: usize,
            pointers: &mut [*const u8; 5],
            lens: &mut [usize; 5],
        ) -> usize {
            let now = Instant::from_micros(outside.now_micros);
            let Some(transmit) = node.poll_transmit(now) else { return 0 };
            *pointers = transmit.slices().map(<[u8]>::as_ptr);
            *lens = transmit.slices().map(<[u8]>::len);
            transmit.whole_frames(room).min(transmit.bytes())
        }

        #[unsafe(no_mangle)]
        extern "C" fn $transmitted(node: &mut $Node, outside: &Outside, bytes: usize) {
            node.handle_transmitted(Instant::from_micros(outside.now_micros), bytes);
        }

        #[unsafe(no_mangle)]
        extern "C" fn $request(
            node: &mut $Node,
            key: &mut SessionKey,
            address: &mut *const u8,
            count: &mut usize,
        ) -> u8 {
            let (which, of) = match node.poll_request() {
                None => return 0,
                Some(Request::Connect { key, address: text }) => {
                    *address = text.as_ptr();
                    *count = text.len();
                    (1, key)
                }
                Some(Request::Shutdown { key }) => (2, key),
                Some(Request::Drop { key }) => (3, key),
            };
            *key = of;
            which
        }

        #[unsafe(no_mangle)]
        extern "C" fn $poll_timeout(node: &$Node) -> u64 {
            node.poll_timeout().map_or(u64::MAX, Instant::micros)
        }

        #[unsafe(no_mangle)]
        extern "C" fn $inspect(node: &$Node) -> u64 {
            let sessions = node.sessions();
            let open = sessions.iter().filter(|(key, _)| sessions.is_open(*key)).count();
            let buffers = sessions.buffers_in_use() + node.receive_buffers_in_use();
            node.stats().frames_received + open as u64 + u64::from(buffers)
        }
    };
}

driver_exports!(WorldNode: world_accepted world_connected world_connect_failed world_received
    world_disconnected world_timeout world_shutdown world_writable world_transmit
    world_transmitted world_request world_poll_timeout world_inspect);
driver_exports!(BusyNode: busy_accepted busy_connected busy_connect_failed busy_received
    busy_disconnected busy_timeout busy_shutdown busy_writable busy_transmit
    busy_transmitted busy_request busy_poll_timeout busy_inspect);
driver_exports!(MainNode: main_accepted main_connected main_connect_failed main_received
    main_disconnected main_timeout main_shutdown main_writable main_transmit
    main_transmitted main_request main_poll_timeout main_inspect);
driver_exports!(LoginNode: login_accepted login_connected login_connect_failed login_received
    login_disconnected login_timeout login_shutdown login_writable login_transmit
    login_transmitted login_request login_poll_timeout login_inspect);
driver_exports!(ChatNode: chat_accepted chat_connected chat_connect_failed chat_received
    chat_disconnected chat_timeout chat_shutdown chat_writable chat_transmit
    chat_transmitted chat_request chat_poll_timeout chat_inspect);
driver_exports!(ClientNode: client_accepted client_connected client_connect_failed client_received
    client_disconnected client_timeout client_shutdown client_writable client_transmit
    client_transmitted client_request client_poll_timeout client_inspect);

/// Storage and settings are read from where the caller put them, and are forgotten there.
#[unsafe(no_mangle)]
unsafe extern "C" fn world_new(
    node: *mut WorldNode,
    outside: &Outside,
    storage: *const NodeStorage<'static>,
    config: &NetConfig,
    world_storage: *const WorldStorage<'static, Relay>,
    world_config: &WorldConfig,
) {
    // SAFETY: the caller hands both storages over, and lends room for a node.
    unsafe {
        let world = World::new(world_storage.read(), world_config.clone())
            .with_named_rooms(NewGame(&|| Relay));
        let mut made = outside.with(|turn| Node::new(storage.read(), *config, world, turn));
        outside.with(|turn| made.act(turn, |world, cx| world.start(cx)));
        node.write(made);
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn main_new(
    node: *mut MainNode,
    outside: &Outside,
    storage: *const NodeStorage<'static>,
    config: &NetConfig,
    main_storage: *const MainStorage<'static>,
    main_config: &MainConfig,
    secret: Option<&[u8; 32]>,
    cluster_secrets: &ClusterSecrets,
    login: Option<&LoginLinkConfig>,
    chat_address: &heapless::String<ADDRESS_MAX_BYTES>,
) {
    let doorkeeper = match secret {
        Some(secret) => GuestsOrAccounts::Guests(Guests::new(*secret)),
        None => GuestsOrAccounts::Accounts(Accounts),
    };
    // SAFETY: the caller hands both storages over, and lends room for a node.
    unsafe {
        let secret = cluster_secrets.clone();
        let mut main = Main::new(main_storage.read(), *main_config, doorkeeper, secret)
            .with_chat(chat_address.clone());
        if let Some(login) = login {
            main = main.with_login(login.clone());
        }
        let mut made = outside.with(|turn| Node::new(storage.read(), *config, main, turn));
        outside.with(|turn| made.act(turn, |main, cx| main.start(cx)));
        node.write(made);
    }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn login_new(
    node: *mut LoginNode,
    outside: &Outside,
    storage: *const NodeStorage<'static>,
    config: &NetConfig,
    login_storage: *const LoginStorage<'static>,
    login_config: &LoginConfig,
    cluster_keys: &ClusterKeys,
) {
    // SAFETY: the caller hands both storages over, and lends room for a node.
    unsafe {
        let secret = cluster_keys.clone();
        let login =
            outside.with(|turn| Login::new(login_storage.read(), *login_config, secret, turn));
        node.write(outside.with(|turn| Node::new(storage.read(), *config, login, turn)));
    }
}

/// The next thing to do; how many bytes it is about, and its key.
#[unsafe(no_mangle)]
unsafe extern "C" fn busy_next_job(
    node: &mut BusyNode,
    outside: &Outside,
    out: *mut u8,
    out_bytes: usize,
    key: &mut JobKey,
) -> usize {
    // SAFETY: the caller lends so many bytes.
    let out = unsafe { slice::from_raw_parts_mut(out, out_bytes) };
    outside.with(|turn| {
        let Some(job) = node.act(turn, |world, _| world.next_job(out)) else { return 0 };
        *key = job.key;
        let about = match job.task {
            StoreTask::Load(text) | StoreTask::Save(text) => text.len(),
            StoreTask::Record { id, kind } => usize::from(id.0[0]) + usize::from(kind),
            StoreTask::SaveRoom(room) | StoreTask::ForgetRoom(room) => usize::from(room.0),
        };
        job.bytes + usize::from(job.version) + about
    })
}

/// Lends a world where its notices wait.
#[unsafe(no_mangle)]
unsafe extern "C" fn busy_lend_line(
    world: &mut MaybeUninit<BusyWorld>,
    line: *mut u8,
    line_bytes: usize,
) {
    // SAFETY: the caller hands over a world, and lends so many bytes.
    unsafe {
        let line = slice::from_raw_parts_mut(line, line_bytes);
        let lent = world.assume_init_read().with_notices(line);
        world.write(lent);
    }
}

/// The next notice: its bytes, its opcode and its room.
#[unsafe(no_mangle)]
extern "C" fn busy_next_notice(node: &mut BusyNode, outside: &Outside) -> usize {
    outside.with(|turn| {
        node.act(turn, |world, _| match world.next_notice() {
            Some((room, frame)) => {
                frame.payload.len() + frame.opcode.0 as usize + usize::from(room.0)
            }
            None => {
                world.end_notices();
                0
            }
        })
    })
}

#[unsafe(no_mangle)]
unsafe extern "C" fn busy_finish_job(
    node: &mut BusyNode,
    outside: &Outside,
    key: &JobKey,
    bytes: *mut u8,
    there: usize,
    bytes_found: usize,
    version: u16,
) {
    // SAFETY: the caller lends so many bytes.
    let buffer = unsafe { slice::from_raw_parts_mut(bytes, there) };
    let outcome = match bytes_found {
        0 => StoreOutcome::Failed,
        1 => StoreOutcome::Done,
        bytes => StoreOutcome::Found(Found { version, buffer, bytes }),
    };
    outside.with(|turn| node.act(turn, |world, cx| world.finish_job(cx, *key, outcome)));
}

#[unsafe(no_mangle)]
unsafe extern "C" fn busy_restore(
    node: &mut BusyNode,
    outside: &Outside,
    room: u16,
    bytes: *mut u8,
    there: usize,
    version: u16,
) -> bool {
    // SAFETY: the caller lends so many bytes.
    let buffer = unsafe { slice::from_raw_parts_mut(bytes, there) };
    let found = Found { version, buffer, bytes: there };
    outside.with(|turn| {
        node.act(turn, |world, cx| {
            world.restore_room(cx, RoomId(room), found).is_ok() && world.is_all_kept()
        })
    })
}

/// The next password to check; how many bytes it and its id have.
#[unsafe(no_mangle)]
extern "C" fn login_next(node: &mut LoginNode, outside: &Outside, key: &mut LoginKey) -> usize {
    outside.with(|turn| {
        let Some(work) = node.act(turn, |login, cx| login.next_login(cx)) else { return 0 };
        *key = work.key;
        work.id.len() + work.password.len() + usize::from(work.token_hash.0[0])
    })
}

#[unsafe(no_mangle)]
extern "C" fn login_finish(
    node: &mut LoginNode,
    outside: &Outside,
    key: &LoginKey,
    uid: u64,
    denial: u16,
) {
    let outcome = match uid {
        0 => LoginOutcome::Denied(LoginDenial(denial)),
        uid => LoginOutcome::Granted { uid: Uid(uid), ttl_s: 1, generation: 0 },
    };
    outside.with(|turn| node.act(turn, |login, cx| login.finish_login(cx, *key, outcome)));
}

#[unsafe(no_mangle)]
extern "C" fn verify_next(node: &mut LoginNode, outside: &Outside, key: &mut VerifyKey) -> bool {
    let work = outside.with(|turn| node.act(turn, |login, _| login.next_verify()));
    work.map(|work| *key = work.key).is_some()
}

#[unsafe(no_mangle)]
extern "C" fn verify_finish(node: &mut LoginNode, outside: &Outside, key: &VerifyKey, uid: u64) {
    let outcome = match uid {
        0 => VerifyOutcome::Refused,
        1 => VerifyOutcome::Unavailable,
        2 => VerifyOutcome::Sealed(SealKey([0; 32])),
        uid => VerifyOutcome::Verified(
            Uid(uid),
            Revision(1),
            heapless::String::try_from("alice").unwrap_or_default(),
        ),
    };
    outside.with(|turn| node.act(turn, |login, cx| login.finish_verify(cx, *key, outcome)));
}

/// One page of those who were revoked, as long as it may be.
#[unsafe(no_mangle)]
extern "C" fn revocations(node: &mut LoginNode, outside: &Outside, revision: u64) -> u64 {
    outside.with(|turn| {
        node.act(turn, |login, cx| {
            login.store_changed(cx, Revision(revision));
            let Some(work) = login.next_revocations() else { return 0 };
            let mut page = RevocationPage { complete: work.revision, ..Default::default() };
            let one = Revocation { revision: Revision(revision), ..Default::default() };
            while page.list.push(one).is_ok() {}
            login.finish_revocations(cx, Some(page));
            revision
        })
    })
}

#[unsafe(no_mangle)]
extern "C" fn login_stats(node: &LoginNode) -> u64 {
    let login = node.role();
    let denied = u64::from(login.stats().denied_for(LoginDenial::WRONG));
    denied + u64::from(login.stats().granted) + login.logins() as u64 + login.verifies() as u64
}

#[unsafe(no_mangle)]
unsafe extern "C" fn chat_new(
    node: *mut ChatNode,
    outside: &Outside,
    storage: *const NodeStorage<'static>,
    config: &NetConfig,
    chat_storage: *const ChatStorage<'static>,
    chat_config: &ChatConfig,
    cluster_keys: &ClusterKeys,
) {
    // SAFETY: the caller hands both storages over, and lends room for a node.
    unsafe {
        let chat = Chat::new(chat_storage.read(), *chat_config, cluster_keys.clone());
        node.write(outside.with(|turn| Node::new(storage.read(), *config, chat, turn)));
    }
}

/// A Main hears which chat servers there are.
#[unsafe(no_mangle)]
extern "C" fn main_hear_of_chat_servers(node: &mut MainNode, outside: &Outside, map: &ChatMap) {
    outside.with(|turn| node.act(turn, |main, cx| main.hear_of_chat_servers(cx, map.clone())));
}

/// A chat server hears which there are, and for how long it may be certain of that.
#[unsafe(no_mangle)]
extern "C" fn chat_hear_of_chat_servers(
    node: &mut ChatNode,
    outside: &Outside,
    map: &ChatMap,
    own: &heapless::String<ADDRESS_MAX_BYTES>,
    certain_ms: u32,
) {
    outside.with(|turn| {
        node.act(turn, |chat, cx| {
            chat.is_certain_until(cx.now.after_ms(certain_ms));
            chat.hear_of_chat_servers(map, own);
        });
    });
}

#[unsafe(no_mangle)]
extern "C" fn cluster_secret_new(bytes: *const u8, count: usize, out: *mut ClusterSecret) -> bool {
    // SAFETY: the caller lends `count` readable bytes and room for a secret.
    unsafe {
        match ClusterSecret::new(slice::from_raw_parts(bytes, count)) {
            Ok(secret) => out.write(secret),
            Err(_) => return false,
        }
    }
    true
}

#[unsafe(no_mangle)]
unsafe extern "C" fn client_new(
    node: *mut ClientNode,
    outside: &Outside,
    storage: *const NodeStorage<'static>,
    config: &NetConfig,
    main_address: &heapless::String<ADDRESS_MAX_BYTES>,
    client_config: &ClientConfig,
    on_event: extern "C" fn(u16, *const c_void),
) {
    let handler = UnseenHandler { on_event, password: main_address.clone() };
    let client = Client::new(main_address.clone(), client_config.clone(), handler);
    // SAFETY: the caller hands the storage over, and lends room for a node.
    unsafe {
        let mut made = outside.with(|turn| Node::new(storage.read(), *config, client, turn));
        outside.with(|turn| made.act(turn, |client, cx| client.start(cx)));
        node.write(made);
    }
}

#[unsafe(no_mangle)]
extern "C" fn client_move(node: &mut ClientNode, outside: &Outside, x: i32, y: i32) -> bool {
    let pos = Position { x, y, z: 0 };
    outside.with(|turn| node.act(turn, |client, cx| client.move_to(cx, pos, Direction(0)).is_ok()))
}

#[unsafe(no_mangle)]
extern "C" fn client_say(
    node: &mut ClientNode,
    outside: &Outside,
    kind: u16,
    bytes: *const u8,
    count: usize,
) -> bool {
    // SAFETY: the caller lends `count` readable bytes for the time of the call.
    let bytes = unsafe { slice::from_raw_parts(bytes, count) };
    let Some(data) = Bytes::new(bytes) else { return false };
    outside.with(|turn| node.act(turn, |client, cx| client.say(cx, kind, data).is_ok()))
}

#[unsafe(no_mangle)]
extern "C" fn client_ask(node: &mut ClientNode, outside: &Outside, value: u32) -> bool {
    let act = |client: &mut Client<UnseenHandler>, cx: &mut Context<'_, 'static>| {
        let asked = client.ask(cx, &Number { value }, value);
        let answered = client.answer(cx, value, &Number { value });
        asked.is_ok() || answered.or_else(|_| client.refuse_ask(cx, value, 1)).is_ok()
    };
    outside.with(|turn| node.act(turn, act))
}

#[unsafe(no_mangle)]
extern "C" fn client_stop(node: &mut ClientNode, outside: &Outside) {
    outside.with(|turn| node.act(turn, |client, cx| client.stop(cx)));
}

#[unsafe(no_mangle)]
extern "C" fn world_stats(node: &WorldNode) -> u64 {
    let world = node.role();
    let here = world.rooms().iter().map(|(_, user)| user.state().uid.0).sum::<u64>();
    let denied = u64::from(world.stats().denied_for(JoinDenial::FULL));
    world.stats().moves + here + denied + world.rooms().occupied_rooms() as u64
}

/// What a role's owner does by itself: a typed send, and a session's end.
#[unsafe(no_mangle)]
extern "C" fn main_tell(node: &mut MainNode, outside: &Outside, key: &SessionKey) -> bool {
    outside.with(|turn| {
        node.act(turn, |_, cx| {
            let mut proxy = either_way::Proxy { sink: cx.sessions.sink(*key) };
            let is_sent = proxy.ping(&either_way::Ping { nonce: 1 }).is_ok();
            cx.sessions.close(cx.now, *key, Farewell::Bye(ErrorCode::GOODBYE));
            is_sent
        })
    })
}

#[unsafe(no_mangle)]
extern "C" fn main_stats(node: &MainNode) -> u64 {
    let main = node.role();
    let load = main.worlds().iter().map(|(_, world)| u64::from(world.load_permille())).sum::<u64>();
    load + main.users().len() as u64 + u64::from(main.stats().hellos)
}
