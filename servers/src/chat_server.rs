//! `tinyrealm chat`: ChatServer on the tokio driver.

mod operated;
pub(crate) mod report;
#[cfg(feature = "cluster")]
mod sharing;

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use tinyrealm_core::node::Node;
use tinyrealm_core::node::chat::{Chat, ChatConfig};
use tinyrealm_core::node::cluster::ONLY_ID;
use tinyrealm_core::protocol::{Seq, ServerKind};
use tinyrealm_std::memory::{ChatSizes, NodeSizes, chat_storage, node_storage};
use tinyrealm_std::{Driver, SocketOptions};
use tokio_util::sync::CancellationToken;

use crate::admin;
use crate::config::Config;
#[cfg(feature = "cluster")]
use crate::directory::{Directory, Purpose, Whose};
use crate::http::figures::Figures;
use crate::keyring::{Asker, Keyring};
use crate::process::{self, Bound, NodeThread};
use crate::reachable::Reachable;
use crate::report::{ServerControl, Shared};
use crate::say::say;
use crate::service_manager;
use report::{ChatReport, report_of};

/// Connections besides the Mains': those who have not proven themselves yet.
const SPARE_SESSIONS: usize = 64;

/// What is beside the node: the directory.
struct Beside {
    reachable: Reachable,
    /// None for a realm's only chat server.
    #[cfg(feature = "cluster")]
    directory: Option<Directory>,
}

impl Beside {
    /// Starts the directory's thread, if this server shares the channels with others.
    ///
    /// # Errors
    /// If what the configuration names can't be read. NATS itself need not be there.
    fn start(config: &Config) -> anyhow::Result<Self> {
        let reachable = Reachable::default();
        #[cfg(not(feature = "cluster"))]
        let _ = config;
        Ok(Self {
            #[cfg(feature = "cluster")]
            directory: match config.directory.is_used() {
                true => {
                    let (purpose, reachable) = (Purpose::Chat, reachable.clone());
                    let whose = Whose { purpose, reachable, asking: None };
                    Some(Directory::start(&config.directory, whose)?)
                }
                false => None,
            },
            reachable,
        })
    }
}

/// Runs a chat server until a signal.
pub(crate) fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let shutdown = process::shutdown_on_signal()?;
    let keyring = Keyring::load(&config.cluster, Asker::Peer)?;
    let shared = Shared::default();
    let figures = Figures { chat: Some(shared.clone()), ..Figures::new() };
    let admin = admin::open(config, config.chat.address(), figures.clone(), shutdown.clone())?;
    let node = spawn(config, keyring, shutdown.clone(), shared.clone())?;
    say!("chat listening on {}", node.address);
    admin::show(&admin);
    let _service = service_manager::start(figures, shutdown)?;
    node.join()?;
    admin.join()?;
    crate::report::print("chat", &shared.read())?;
    Ok(ExitCode::SUCCESS)
}

/// Runs a chat server on a thread of its own.
///
/// # Errors
/// If the address can't be had.
pub(crate) fn spawn(
    config: &Config,
    keyring: Keyring,
    shutdown: CancellationToken,
    shared: Shared<ChatReport>,
) -> anyhow::Result<NodeThread> {
    let beside = Beside::start(config)?;
    let config = config.clone();
    NodeThread::spawn("chat", config.chat.address(), move |bound| async move {
        serve(&config, keyring, (bound, beside), shutdown, shared).await;
    })
}

/// Hours since the beginning of 2020 as an epoch, which last for two centuries, and in it a thousand numbers
/// for each millisecond: so a server that is started again begins behind what it has said.
fn first_number_now() -> Seq {
    const BEGIN_S: u64 = 1_577_836_800;
    const HOUR_MS: u64 = 3_600_000;
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let millis = (since_1970.as_millis() as u64).saturating_sub(BEGIN_S * 1_000);
    Seq::first_of((millis / HOUR_MS) as u32).plus((millis % HOUR_MS) as u32 * 1_000)
}

/// A year in hours: so far ahead of this server's clock another one of the realm may have been, which ran
/// later or whose clock was wrong.
const EPOCHS_AHEAD: u32 = 366 * 24;

async fn serve(
    config: &Config,
    keyring: Keyring,
    (bound, beside): (Bound, Beside),
    shutdown: CancellationToken,
    shared: Shared<ChatReport>,
) {
    let reachable = beside.reachable.clone();
    let settings = &config.chat;
    let node_sizes = NodeSizes {
        sessions: usize::from(settings.mains) + SPARE_SESSIONS,
        ..config.net.node_sizes()
    };
    let chat_sizes = ChatSizes {
        channels: usize::from(settings.channels),
        members: usize::from(settings.memberships),
        mains: usize::from(settings.mains),
        history_bytes: settings.history_bytes as usize,
    };
    let chat_config = ChatConfig {
        channel_members: settings.channel_members,
        reserved: settings.reserved(),
        past_page: settings.past_page,
        first_number: first_number_now(),
        epoch_most: first_number_now().epoch() + EPOCHS_AHEAD,
    };
    let options = SocketOptions { send_buffer_bytes: config.net.socket_send_buffer_bytes as usize };
    let driver = Driver::new(bound.sockets, options, |turn| {
        let role = Chat::new(
            chat_storage(chat_sizes),
            chat_config,
            keyring.keys_of(ServerKind::CHAT, ONLY_ID),
        );
        Node::new(node_storage(node_sizes), config.net.to_core(), role, turn)
    });
    let driver = process::open(driver, "chat", bound.address, &config.net);
    let report = move |node: &Node<'_, Chat<'_>>| report_of(node, &reachable);
    let (newest, changes) = (shared.clone(), &config.net.changes);
    let control =
        ServerControl::new("chat", bound.asked, shutdown, newest, changes, report.clone());
    #[cfg(feature = "cluster")]
    let control = beside.share(control, &config.chat, bound.address);
    shared.end(report(&process::run(driver, control).await));
}
