//! `tinyrealm login`: LoginServer on the tokio driver, with its threads beside it.

mod operated;
mod outcome;
pub(crate) mod report;
mod watch;
mod workers;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Node;
use tinyrealm_core::node::cluster::ONLY_ID;
use tinyrealm_core::node::login::{Login, LoginConfig};
use tinyrealm_core::protocol::ServerKind;
use tinyrealm_std::memory::{LoginSizes, NodeSizes, login_storage, node_storage};
use tinyrealm_std::{Control, Driver, NextStep, SocketOptions};
use tokio_util::sync::CancellationToken;

use crate::accounts::password::Passwords;
use crate::accounts::{self, IfLost};
use crate::admin;
use crate::config::Config;
use crate::http::figures::Figures;
use crate::keyring::{Asker, Keyring};
use crate::process::{self, Bound, NodeThread};
use crate::report::{ServerControl, Shared};
use crate::say::say;
use crate::service_manager;
use outcome::Outcome;
use report::{LoginReport, report_of};
use workers::Workers;

type LoginNode<'a> = Node<'a, Login<'a>>;

/// Runs Login until a signal.
pub(crate) fn run(config: &Config, if_lost: IfLost) -> anyhow::Result<ExitCode> {
    let shutdown = process::shutdown_on_signal()?;
    let shared = Shared::default();
    let keyring = Keyring::load(&config.cluster, Asker::Peer)?;
    let address = config.login.address();
    let figures = Figures { login: Some(shared.clone()), ..Figures::new() };
    let admin = admin::open(config, address, figures.clone(), shutdown.clone())?;
    let node = spawn(config, if_lost, address, keyring, shutdown.clone(), shared.clone())?;
    say!("login listening on {}", node.address);
    admin::show(&admin);
    let _service = service_manager::start(figures, shutdown)?;
    tracing::info!("accounts are in {}", accounts::location(&config.login)?);
    node.join()?;
    admin.join()?;
    crate::report::print("login", &shared.read())?;
    Ok(ExitCode::SUCCESS)
}

/// Runs Login on a thread of its own, and its workers on theirs.
///
/// # Errors
/// If the address or the account store can't be had.
pub(crate) fn spawn(
    config: &Config,
    if_lost: IfLost,
    address: SocketAddr,
    keyring: Keyring,
    shutdown: CancellationToken,
    shared: Shared<LoginReport>,
) -> anyhow::Result<NodeThread> {
    process::raise_file_limit(usize::from(config.login.sessions));
    let passwords = Arc::new(Passwords::new(&config.login)?);
    accounts::open_at_start(&config.login, if_lost)?;
    let device_key = accounts::device_secret(&config.login)?;
    let workers = Workers::start(&config.login, &passwords)?;
    let config = config.clone();
    NodeThread::spawn("login", address, move |bound| async move {
        serve(&config, (keyring, device_key), bound, workers, passwords, shutdown, shared).await;
    })
}

async fn serve(
    config: &Config,
    (keyring, device_key): (Keyring, [u8; 32]),
    bound: Bound,
    workers: Workers,
    passwords: Arc<Passwords>,
    shutdown: CancellationToken,
    shared: Shared<LoginReport>,
) {
    let settings = &config.login;
    let sizes = NodeSizes { sessions: usize::from(settings.sessions), ..config.net.node_sizes() };
    let login_sizes = LoginSizes {
        logins: usize::from(settings.queue) + usize::from(settings.hash_threads()),
        verifies: usize::from(settings.verify_queue),
        attempts: settings.remembered as usize,
    };
    let options = SocketOptions { send_buffer_bytes: config.net.socket_send_buffer_bytes as usize };
    let login_config: LoginConfig = settings.to_core();
    let driver = Driver::new(bound.sockets, options, |turn| {
        let role = Login::new(
            login_storage(login_sizes),
            login_config,
            keyring.keys_of(ServerKind::LOGIN, ONLY_ID),
            turn,
        );
        let role = role.with_device_key(device_key);
        Node::new(node_storage(sizes), config.net.to_core(), role, turn)
    });
    let driver = process::open(driver, "login", bound.address, &config.net);
    let hashed = Arc::clone(&passwords);
    let store_lost = Arc::clone(&workers.store_lost);
    let last_seen = Arc::clone(&store_lost);
    let make =
        move |node: &LoginNode<'_>| report_of(node, &hashed, store_lost.load(Ordering::Relaxed));
    let changes = &config.net.changes;
    let inner = ServerControl::new("login", bound.asked, shutdown, shared.clone(), changes, make);
    let node = process::run(driver, LoginControl { inner, workers }).await;
    shared.end(report_of(&node, &passwords, last_seen.load(Ordering::Relaxed)));
}

/// Carries jobs from the node to the workers, and outcomes back.
struct LoginControl<C> {
    inner: C,
    workers: Workers,
}

fn finish<'a>(turn: &mut Turn<'_>, node: &mut LoginNode<'a>, outcome: Outcome) {
    node.act(turn, |login, cx| match outcome {
        Outcome::Login(key, outcome) => login.finish_login(cx, key, outcome),
        Outcome::Verify(key, outcome) => login.finish_verify(cx, key, outcome),
        Outcome::Revocations(page) => login.finish_revocations(cx, page.map(|page| *page)),
        Outcome::Revision(revision) => login.store_changed(cx, revision),
    });
}

impl<'a, C: Control<'a, Login<'a>>> Control<'a, Login<'a>> for LoginControl<C> {
    fn poll_control(
        &mut self,
        cx: &mut Context<'_>,
        turn: &mut Turn<'_>,
        node: &mut LoginNode<'a>,
    ) -> NextStep {
        while let Poll::Ready(Some(outcome)) = self.workers.outcomes.poll_recv(cx) {
            finish(turn, node, outcome);
        }
        // What has been waiting for these outcomes goes on before anything new is heard.
        self.finish_turn(cx, turn, node);
        self.inner.poll_control(cx, turn, node)
    }

    fn finish_turn(&mut self, _: &mut Context<'_>, turn: &mut Turn<'_>, node: &mut LoginNode<'a>) {
        while let Some(work) = node.act(turn, Login::next_login) {
            if let Some(outcome) = self.workers.check_login(work) {
                finish(turn, node, outcome);
            }
        }
        while let Some(work) = node.act(turn, |login, _| login.next_verify()) {
            if let Some(outcome) = self.workers.check_token(work) {
                finish(turn, node, outcome);
            }
        }
        while let Some(work) = node.act(turn, |login, _| login.next_revocations()) {
            if let Some(outcome) = self.workers.read_revocations(work) {
                finish(turn, node, outcome);
            }
        }
    }
}
