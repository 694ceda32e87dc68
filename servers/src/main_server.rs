//! `tinyrealm main`: MainServer on the tokio driver.

mod beside;
#[cfg(feature = "cluster")]
mod claiming;
mod operated;
pub(crate) mod report;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::task::{Context, Poll};
use std::time::Duration;

use anyhow::Context as _;
use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Node;
use tinyrealm_core::node::cluster::ClusterSecrets;
use tinyrealm_core::node::main::{
    Accounts, AllowedWorld, Authenticator, Guests, GuestsOrAccounts, Identity, LoginLinkConfig,
    Main, MainConfig, NamePolicy, main_timers, nicknames,
};
use tinyrealm_core::protocol::{
    ErrorCode, NICKNAME_MAX_BYTES, ROOM_NAME_MAX_BYTES, Token, Uid, WorldId,
};
use tinyrealm_core::session::PeerAddress;
use tinyrealm_core::storage::link::INDEX_COUNT_MAX;
use tinyrealm_core::time::Instant;
use tinyrealm_std::memory::{
    MainChatSizes, NodeSizes, claim_storage, main_storage, name_storage, node_storage,
};
use tinyrealm_std::{Control, Driver, NextStep, SocketOptions};
use tokio::task::JoinHandle;
use tokio::time::Interval;
use tokio_util::sync::CancellationToken;
use unicode_normalization::UnicodeNormalization;

use crate::accounts::{UnixSeconds, now};
use crate::admin;
use crate::bans::{BanFile, Bans};
use crate::config::{Auth, Config, MainSettings, NameRule};
#[cfg(feature = "cluster")]
use crate::directory::{Announcement, Directory};
use crate::hopeless::Watch;
use crate::http::figures::{Figures, Wanted};
use crate::keyring::{Asker, Keyring};
use crate::process::{self, Bound, NodeThread};
use crate::report::{ServerControl, Shared};
use crate::say::say;
use crate::secret;
use crate::service_manager;
use beside::{Beside, WorldsControl};
use report::{MainReport, Published, report_of};

/// How often it is looked whether the list of bans has changed.
const BAN_LOOK_INTERVAL: Duration = Duration::from_millis(500);

type MainNode<'a> = Node<'a, Main<'a, Doorkeeper>>;

/// The configured authenticator, and whom the operator turns away.
struct Doorkeeper {
    authenticator: GuestsOrAccounts,
    bans: Bans,
    /// Bans of games that are not in the file yet.
    unwritten: Vec<(Uid, UnixSeconds)>,
    /// Nobody new comes in any more.
    is_closed: bool,
}

impl Doorkeeper {
    fn new(settings: &MainSettings, file: &BanFile) -> anyhow::Result<Self> {
        let authenticator = match settings.auth {
            Auth::Guest => GuestsOrAccounts::Guests(Guests::new(secret::guests(
                &settings.secret_file,
                &settings.data_folder,
            )?)),
            Auth::Login => GuestsOrAccounts::Accounts(Accounts),
        };
        #[cfg(feature = "cluster")]
        file.keep_up();
        let bans = file.read()?;
        Ok(Self { authenticator, bans, unwritten: Vec::new(), is_closed: false })
    }
}

impl Authenticator for Doorkeeper {
    fn identify(
        &mut self,
        turn: &mut Turn<'_>,
        token: Option<Token>,
        is_taken: &dyn Fn(Uid) -> bool,
    ) -> Result<Identity, ErrorCode> {
        if self.is_closed {
            return Err(ErrorCode::SHUTTING_DOWN);
        }
        self.authenticator.identify(turn, token, is_taken)
    }

    fn welcomes(&mut self, uid: Uid, from: PeerAddress) -> Result<(), ErrorCode> {
        if self.bans.turns_away(uid, from) { Err(ErrorCode::BANNED) } else { Ok(()) }
    }

    fn nickname(
        &mut self,
        wanted: &str,
    ) -> Result<heapless::String<NICKNAME_MAX_BYTES>, ErrorCode> {
        let composed: String = wanted.nfc().collect();
        nicknames::checked(&composed)
    }

    fn room_name(
        &mut self,
        wanted: &str,
    ) -> Result<heapless::String<ROOM_NAME_MAX_BYTES>, ErrorCode> {
        let composed: String = wanted.nfc().collect();
        nicknames::checked_room(&composed)
    }

    fn ban(&mut self, _: Instant, uid: Uid, for_ms: u32) {
        let until = now() + UnixSeconds::from(for_ms.div_ceil(1_000));
        self.bans.add_of_game(uid, until);
        self.unwritten.push((uid, until));
    }
}

/// Runs Main until a signal.
pub(crate) fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let shutdown = process::shutdown_on_signal()?;
    let published = Published::default();
    let keyring = Keyring::load(&config.cluster, Asker::Main)?;
    let figures = Figures::new().with_main(published.clone(), Wanted::by(&config.main));
    let admin = admin::open(config, config.main.address(), figures.clone(), shutdown.clone())?;
    let node = spawn(config, config.main.address(), keyring, shutdown.clone(), published.clone())?;
    say!("main listening on {}", node.address);
    admin::show(&admin);
    let watch = Watch::start(config, figures.clone(), shutdown.clone())?;
    let _service = service_manager::start(figures, shutdown)?;
    node.join()?;
    admin.join()?;
    crate::report::print("main", &published.main.read())?;
    Ok(watch.exit_code())
}

/// Runs Main on a thread of its own.
///
/// # Errors
/// If the address or the guests' secret can't be had.
pub(crate) fn spawn(
    config: &Config,
    address: SocketAddr,
    keyring: Keyring,
    shutdown: CancellationToken,
    published: Published,
) -> anyhow::Result<NodeThread> {
    process::raise_file_limit(usize::from(config.main.sessions));
    let file = BanFile::of_main(config)?;
    let doorkeeper = Doorkeeper::new(&config.main, &file)?;
    let secrets = keyring.into_secrets()?;
    let allowed = allowed_worlds(&config.main)?;
    let beside = Beside::start(config, &shutdown, &published)?;
    let config = config.clone();
    NodeThread::spawn("main", address, move |bound| async move {
        let shared = published.main;
        serve(&config, (doorkeeper, file), (secrets, allowed), (bound, beside), shutdown, shared)
            .await;
    })
}

/// Main's list of worlds, which lives as long as its process.
///
/// # Errors
/// If a line is none.
pub(crate) fn allowed_worlds(settings: &MainSettings) -> anyhow::Result<&'static [AllowedWorld]> {
    let lines = settings.allowed_worlds.iter();
    let allowed: anyhow::Result<Vec<_>> = lines.map(|line| allowed_world(line)).collect();
    Ok(Box::leak(allowed?.into_boxed_slice()))
}

fn allowed_world(line: &str) -> anyhow::Result<AllowedWorld> {
    let (id, region) = match line.split_once(' ') {
        Some((id, region)) => (id, Some(region)),
        None => (line, None),
    };
    let world_id = id.parse().map(WorldId).ok();
    let region = region.map(heapless::String::try_from).transpose().ok();
    let allowed = world_id.zip(region).map(|(world_id, region)| AllowedWorld { world_id, region });
    allowed.with_context(|| {
        format!("main.allowed_worlds: expected an id, or an id and a region, like \"7 north\", not {line:?}")
    })
}

async fn serve(
    config: &Config,
    (doorkeeper, file): (Doorkeeper, BanFile),
    (secrets, allowed): (ClusterSecrets, &'static [AllowedWorld]),
    (bound, beside): (Bound, Beside),
    shutdown: CancellationToken,
    shared: Shared<MainReport>,
) {
    let Beside { elsewhere, figures, thread, net, worlds: known, .. } = beside;
    #[cfg(feature = "cluster")]
    let directory = beside.directory;
    #[cfg(feature = "cluster")]
    if let Some(directory) = &directory {
        announce(directory, &config.main, bound.address);
    }
    let (users, worlds) = (usize::from(config.main.users), usize::from(config.main.worlds));
    let sizes = NodeSizes {
        sessions: usize::from(config.main.sessions),
        role_timers: main_timers(users),
        sealed_links: worlds + NodeSizes::SERVER.sealed_links,
        sealed_clients: usize::from(config.main.devices),
        ..config.net.node_sizes()
    };
    let settings = MainConfig {
        attach_timeout_ms: config.main.attach_timeout_ms,
        attach_ttl_ms: config.main.attach_ttl_ms,
        registry_settle_ms: config.main.registry_settle_ms,
        room_hold_ms: config.main.room_hold_ms,
        claim_timeout_ms: config.directory.claim_timeout_ms,
        names: match config.main.names {
            NameRule::Any => NamePolicy::Any,
            NameRule::Accounts => NamePolicy::Accounts,
        },
        chat: config.chat.policy(),
    };
    let chat_sizes = match config.main.chat.as_str() {
        "" => MainChatSizes::NONE,
        _ => MainChatSizes {
            channels: usize::from(config.chat.channels),
            members: usize::from(config.chat.memberships),
            ring_bytes: config.chat.ring_bytes as usize,
        },
    };
    let options = SocketOptions { send_buffer_bytes: config.net.socket_send_buffer_bytes as usize };
    let driver = Driver::new(bound.sockets, options, |turn| {
        let (hellos, rooms) = (usize::from(config.main.hellos), usize::from(config.main.rooms_max));
        let mut storage = main_storage(users, worlds, rooms, hellos, chat_sizes);
        if config.directory.is_used() {
            storage.claims = claim_storage((users + hellos).min(INDEX_COUNT_MAX));
            storage.rooms.names = name_storage(rooms);
        }
        // Announced ones are heard of later. The address's length is checked with the configuration.
        let chat = if config.main.chat_is_announced() { "" } else { &config.main.chat };
        let chat = chat.try_into().unwrap_or_default();
        let mut role = Main::new(storage, settings, doorkeeper, secrets)
            .with_chat(chat)
            .with_allowed_worlds(allowed);
        if config.main.auth == Auth::Login {
            role = role.with_login(login_link(&config.main));
        }
        let mut node = Node::new(node_storage(sizes), net, role, turn);
        node.act(turn, Main::start);
        node
    });
    let driver = process::open(driver, "main", bound.address, &config.net).handing_over(elsewhere);
    let report = move |node: &MainNode<'_>| report_of(node, &figures);
    let (newest, changes) = (shared.clone(), &config.net.changes);
    let inner = ServerControl::new("main", bound.asked, shutdown, newest, changes, report.clone());
    let inner = WorldsControl::new(inner, known);
    let control = BanControl::new(inner, file);
    #[cfg(feature = "cluster")]
    let control = claiming::DirectoryControl { inner: control, directory, changes: (0, 0, None) };
    let node = process::run(driver, control).await;
    if thread.join().is_err() {
        tracing::error!("the relay's thread has panicked");
    }
    shared.end(report(&node));
}

/// Whoever is told of this Main is to find it, which it may not know itself.
#[cfg(feature = "cluster")]
fn announce(directory: &Directory, settings: &MainSettings, bound: SocketAddr) {
    match settings.found_at(bound) {
        Some((for_clients, for_servers)) => {
            directory.announce(Announcement {
                for_clients,
                for_servers,
                worlds: Vec::new(),
                drains: false,
            });
        }
        None => tracing::warn!(
            "nobody is told of this Main, which listens at every address: set main.advertise"
        ),
    }
}

/// Reads the list of bans whenever it has changed, and has what games add to it written, on another thread.
struct BanControl<C> {
    inner: C,
    file: BanFile,
    interval: Interval,
    /// How many of what is unwritten are on their way to the file.
    writing: Option<(usize, JoinHandle<anyhow::Result<()>>)>,
    /// A look at the realm's list, of which the file is a copy.
    #[cfg(feature = "cluster")]
    looking: Option<JoinHandle<()>>,
}

impl<C> BanControl<C> {
    /// Call it inside of a runtime.
    fn new(inner: C, file: BanFile) -> Self {
        Self {
            inner,
            file,
            interval: tokio::time::interval(BAN_LOOK_INTERVAL),
            writing: None,
            #[cfg(feature = "cluster")]
            looking: None,
        }
    }

    #[cfg(feature = "cluster")]
    fn keep_up(&mut self) {
        if self.file.is_copy() && self.looking.as_ref().is_none_or(JoinHandle::is_finished) {
            let file = self.file.again();
            self.looking = Some(tokio::task::spawn_blocking(move || file.keep_up()));
        }
    }

    fn look(&mut self, turn: &mut Turn<'_>, node: &mut MainNode<'_>) {
        match self.file.read_if_changed() {
            None => {}
            Some(Ok(bans)) => node.act(turn, |main, cx| {
                let doorkeeper = main.authenticator_mut();
                doorkeeper.bans = bans;
                for (uid, until) in &doorkeeper.unwritten {
                    doorkeeper.bans.add_of_game(*uid, *until);
                }
                main.review_users(cx);
            }),
            Some(Err(error)) => tracing::warn!("{error:#}; the former one holds"),
        }
    }

    fn write(&mut self, cx: &mut Context<'_>, turn: &mut Turn<'_>, node: &mut MainNode<'_>) {
        if let Some((count, task)) = &mut self.writing {
            let Poll::Ready(done) = std::pin::Pin::new(task).poll(cx) else { return };
            match done.map_err(anyhow::Error::from).and_then(|written| written) {
                Ok(()) => node
                    .act(turn, |main, _| drop(main.authenticator_mut().unwritten.drain(..*count))),
                Err(error) => tracing::warn!("{error:#}; bans of games are tried again"),
            }
            self.writing = None;
        }
        let unwritten = node.act(turn, |main, _| main.authenticator_mut().unwritten.clone());
        if !unwritten.is_empty() {
            let (count, file) = (unwritten.len(), self.file.again());
            let write = move || {
                file.change(|bans| {
                    unwritten.into_iter().for_each(|(uid, until)| bans.add_of_game(uid, until));
                    Ok(())
                })
            };
            self.writing = Some((count, tokio::task::spawn_blocking(write)));
        }
    }
}

impl<'a, C: Control<'a, Main<'a, Doorkeeper>>> Control<'a, Main<'a, Doorkeeper>> for BanControl<C> {
    fn poll_control(
        &mut self,
        cx: &mut Context<'_>,
        turn: &mut Turn<'_>,
        node: &mut MainNode<'a>,
    ) -> NextStep {
        while self.interval.poll_tick(cx).is_ready() {
            #[cfg(feature = "cluster")]
            self.keep_up();
            self.look(turn, node);
            self.write(cx, turn, node);
        }
        self.inner.poll_control(cx, turn, node)
    }
}

fn login_link(settings: &MainSettings) -> LoginLinkConfig {
    LoginLinkConfig {
        // The length is checked with the configuration.
        address: settings.login.as_str().try_into().unwrap_or_default(),
        hello_timeout_ms: settings.hello_timeout_ms,
        reconnect_first_ms: settings.reconnect_first_ms,
        reconnect_most_ms: settings.reconnect_most_ms,
    }
}
