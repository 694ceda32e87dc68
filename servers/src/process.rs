//! What all servers have in common: signals, threads.

use std::io::{self, IsTerminal};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::mpsc;
use std::task::Poll;
use std::thread::JoinHandle;

use anyhow::{Context, anyhow};
use tinyrealm_core::node::{Node, Role};

use tinyrealm_std::driver::tls::{ClearText, TlsOptions};
use tinyrealm_std::{Control, Driver, Sockets, runtime};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::config::net::NetSettings;
use crate::hangups::Hangups;

/// Answers when the process is asked to end, by Ctrl-C, SIGTERM, or because its terminal is gone; at the second time it ends
/// at once, with 128 and the signal's number as its code.
pub(crate) fn shutdown_on_signal() -> anyhow::Result<CancellationToken> {
    let token = CancellationToken::new();
    let cancelled = token.clone();
    let runtime = runtime::current_thread()?;
    // Before anyone can know of this process: from here on no signal ends it by itself.
    let mut signals = {
        let _context = runtime.enter();
        Signals::listen()?
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        runtime.block_on(async move {
            signals.next().await;
            tracing::info!("closing down");
            cancelled.cancel();
            std::process::exit(128 + signals.next().await);
        });
    })?;
    Ok(token)
}

/// SIGUSR1, which asks a server how it does.
#[cfg(unix)]
pub(crate) struct ReportSignal(Option<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl ReportSignal {
    /// Call it inside of a runtime.
    pub(crate) fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let heard = signal(SignalKind::user_defined1());
        Self(heard.inspect_err(|error| tracing::warn!("deaf to SIGUSR1: {error}")).ok())
    }

    /// Ready once for each time that it came.
    pub(crate) fn poll(&mut self, cx: &mut std::task::Context<'_>) -> Poll<()> {
        match self.0.as_mut().map(|signal| signal.poll_recv(cx)) {
            Some(Poll::Ready(Some(()))) => Poll::Ready(()),
            _ => Poll::Pending,
        }
    }
}

/// Nothing, where there are no signals.
#[cfg(not(unix))]
pub(crate) struct ReportSignal;

#[cfg(not(unix))]
impl ReportSignal {
    pub(crate) fn listen() -> Self {
        Self
    }

    pub(crate) fn poll(&mut self, _: &mut std::task::Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

/// The signals that ask a process to end.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangups: Hangups,
    had_terminal: bool,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let interrupt = signal(SignalKind::interrupt())?;
        // Who asks for a report before there is a node does not end the process with it.
        drop(signal(SignalKind::user_defined1())?);
        let (terminate, hangups) = (signal(SignalKind::terminate())?, Hangups::listen()?);
        Ok(Self { interrupt, terminate, hangups, had_terminal: io::stdin().is_terminal() })
    }

    /// Its number.
    async fn next(&mut self) -> i32 {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => return 2,
                _ = self.terminate.recv() => return 15,
                // Whose terminal is still there, or who has never had one, is asked to read its configuration again.
                () = self.hangups.next() => {
                    if self.had_terminal && !io::stdin().is_terminal() {
                        return 1;
                    }
                }
            }
        }
    }
}

/// Ctrl-C, where there are no signals.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> i32 {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        2
    }
}

/// Runs a driver to its end as a task of the present runtime. If it panics, so does its thread, and
/// whoever joins that knows.
pub(crate) async fn run<R: Role<'static> + Send + 'static>(
    driver: Driver<'static, R>,
    control: impl Control<'static, R> + Send + 'static,
) -> Node<'static, R> {
    match tokio::spawn(driver.run(control)).await {
        Ok(node) => node,
        Err(failure) => std::panic::resume_unwind(failure.into_panic()),
    }
}

/// What a thread listens with: a node with its sockets, HTTP with the runtime's own.
pub(crate) trait Listens: Sized {
    /// Listens at `address`, inside of a runtime; answers where.
    fn listen(address: SocketAddr) -> io::Result<(Self, SocketAddr)>;
}

impl Listens for Sockets {
    fn listen(address: SocketAddr) -> io::Result<(Self, SocketAddr)> {
        let sockets = Self::listen(address)?;
        let bound = sockets.local_address().unwrap_or(address);
        Ok((sockets, bound))
    }
}

impl Listens for TcpListener {
    fn listen(address: SocketAddr) -> io::Result<(Self, SocketAddr)> {
        let listener = tinyrealm_std::socket::listen(address)?;
        let bound = listener.local_addr()?;
        Ok((listener, bound))
    }
}

/// The driver with what the configuration wants between it and its sockets: who is believed, and who may speak in clear.
pub(crate) fn open<R: Role<'static>>(
    driver: Driver<'static, R>,
    name: &str,
    address: SocketAddr,
    net: &NetSettings,
) -> Driver<'static, R> {
    let driver = driver.behind_proxies(net.trusted());
    let Some(identity) = net.identity.clone() else {
        if !address.ip().is_loopback() {
            tracing::warn!(
                "{name} speaks in clear at {address}: set net.tls.certificate and net.tls.key, or let a proxy in \
                 front of it speak TLS"
            );
        }
        return driver;
    };
    let clear_text = if net.tls.require { ClearText::Nearby } else { ClearText::Everyone };
    driver.with_tls(TlsOptions { identity, clear_text })
}

/// What a thread that serves begins with.
pub(crate) struct Bound<L = Sockets> {
    pub(crate) sockets: L,
    /// Where they listen.
    pub(crate) address: SocketAddr,
    /// Listened to before anyone is told the address: who knows of a node may ask it.
    pub(crate) asked: ReportSignal,
}

impl<L: Listens> Bound<L> {
    /// Call it inside of a runtime.
    fn at(address: SocketAddr) -> io::Result<Self> {
        let (sockets, address) = L::listen(address)?;
        Ok(Self { sockets, address, asked: ReportSignal::listen() })
    }
}

/// A node on its own thread.
pub(crate) struct NodeThread {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    thread: JoinHandle<()>,
}

impl NodeThread {
    /// Binds `address` and runs `serve` there on a thread of its own.
    ///
    /// # Errors
    /// If the address can't be had.
    pub(crate) fn spawn<L: Listens, F: Future<Output = ()>>(
        name: &str,
        address: SocketAddr,
        serve: impl FnOnce(Bound<L>) -> F + Send + 'static,
    ) -> anyhow::Result<Self> {
        let (sender, receiver) = mpsc::channel();
        let runtime = runtime::current_thread()?;
        let builder = std::thread::Builder::new().name(name.to_owned());
        let thread = builder.spawn(move || {
            runtime.block_on(async move {
                match Bound::at(address) {
                    Ok(bound) => {
                        // The one who spawned this thread waits for the answer.
                        let _ = sender.send(Ok(bound.address));
                        serve(bound).await;
                    }
                    Err(error) => drop(sender.send(Err(error))),
                }
            });
        })?;
        let bound = receiver.recv().context("the node's thread ended")?;
        let address = bound.map_err(|error| explain_bind(address, &error))?;
        Ok(Self { address, thread })
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// If it panicked.
    pub(crate) fn join(self) -> anyhow::Result<()> {
        self.thread.join().map_err(|_| anyhow!("a node's thread has panicked"))
    }
}

/// The address by which this machine finds what listens there.
pub(crate) fn local(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(all) if all.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(all) if all.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

fn explain_bind(address: SocketAddr, error: &std::io::Error) -> anyhow::Error {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => anyhow!(
            "{address} is in use: another server runs there; choose another port, or --port 0"
        ),
        std::io::ErrorKind::PermissionDenied => anyhow!("{address} needs privileges: {error}"),
        _ => anyhow!("can't listen at {address}: {error}"),
    }
}

/// Lets the process hold as many connections as the system allows.
pub(crate) fn raise_file_limit(wanted: usize) {
    // Standard streams, runtimes, the listening sockets.
    const SPARE: u64 = 64;
    match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) if limit < wanted as u64 + SPARE => {
            tracing::warn!("the system allows {limit} open files: fewer than {wanted} connections");
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinyrealm_core::config::NetConfig;
    use tinyrealm_core::entropy::Turn;
    use tinyrealm_core::node::cluster::{ClusterSecret, ClusterSecrets};
    use tinyrealm_core::node::main::{Guests, Main, MainConfig};
    use tinyrealm_std::memory::{MainChatSizes, NodeSizes, main_storage, node_storage};
    use tinyrealm_std::{NextStep, SocketOptions};

    struct Panicking;

    impl<R> Control<'static, R> for Panicking {
        fn poll_control(
            &mut self,
            _: &mut std::task::Context<'_>,
            _: &mut Turn<'_>,
            _: &mut Node<'static, R>,
        ) -> NextStep {
            panic!("on purpose")
        }
    }

    #[test]
    fn a_node_that_panics_does_not_end_quietly() {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let serve = |bound: Bound| async move {
            let driver =
                Driver::new(bound.sockets, SocketOptions { send_buffer_bytes: 0 }, |turn| {
                    let sizes = NodeSizes { sessions: 1, role_timers: 2, ..NodeSizes::SERVER };
                    let guests = Guests::new([0; 32]);
                    let secret = ClusterSecrets::of(ClusterSecret::new(&[0; 32]).unwrap());
                    let storage = main_storage(1, 1, 0, 0, MainChatSizes::NONE);
                    let role = Main::new(storage, MainConfig::DEFAULT, guests, secret);
                    Node::new(node_storage(sizes), NetConfig::SERVER, role, turn)
                });
            run(driver, Panicking).await;
        };
        let thread = NodeThread::spawn("panicking", address, serve).unwrap();
        assert!(thread.join().is_err());
    }
}
