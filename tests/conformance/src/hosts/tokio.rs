//! The tokio driver on a thread of its own, and peers on loopback sockets, in clear or by TLS.

use std::future::Future;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::pin::Pin;
use std::sync::mpsc;
use std::task::Context;
use std::thread::JoinHandle;
use std::time::Duration;

use rustls::ClientConnection;
use socket2::SockRef;
use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::{Node, Role};
use tinyrealm_std::driver::tls::{ClearText, ServerTls, TlsOptions};
use tinyrealm_std::{Control, Driver, NextStep, SocketOptions, Sockets};
use tokio::sync::oneshot;

use super::{Addresses, Host, Place, tls};
use crate::random::SameBytes;

/// Time until a script has waited in vain.
const LIMIT: Duration = Duration::from_secs(10);

struct Peer {
    stream: TcpStream,
    /// Around the stream.
    tls: Option<ClientConnection>,
    received: Vec<u8>,
    has_ended: bool,
}

impl Peer {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.tls {
            None => self.stream.write_all(bytes),
            Some(tls) => rustls::Stream::new(tls, &mut self.stream).write_all(bytes),
        }
    }

    /// The end of TLS is its goodbye: without it this fails.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.tls {
            None => self.stream.read(buffer),
            Some(tls) => rustls::Stream::new(tls, &mut self.stream).read(buffer),
        }
    }

    fn shut(&mut self) {
        // Who has said nothing yet has no goodbye.
        self.tls = self.tls.take().filter(|tls| !tls.is_handshaking());
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
            let _ = tls.write_tls(&mut self.stream);
        }
        let _ = self.stream.shutdown(Shutdown::Write);
    }
}

/// The host; its module says what it does.
pub struct TokioHost {
    peers: Vec<Peer>,
    node: SocketAddr,
    /// How peers speak who connect to the node.
    tls: Option<tls::Trusting>,
    /// By place.
    listeners: [TcpListener; 2],
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Shuts the node down when it is told to.
struct Stop(Option<oneshot::Receiver<()>>);

impl<'a, R> Control<'a, R> for Stop {
    fn poll_control(
        &mut self,
        cx: &mut Context<'_>,
        _: &mut Turn<'_>,
        _: &mut Node<'a, R>,
    ) -> NextStep {
        let is_told = self.0.as_mut().is_none_or(|told| Pin::new(told).poll(cx).is_ready());
        if !is_told {
            return NextStep::Continue;
        }
        self.0 = None;
        NextStep::ShutDown
    }
}

impl TokioHost {
    /// The node that `make` makes; it is told where Main is.
    pub fn new<R: Role<'static> + 'static>(
        make: impl FnOnce(&mut Turn<'_>, &str) -> Node<'static, R> + Send + 'static,
    ) -> Self {
        Self::start(make, None)
    }

    /// The same, and whoever connects to it does so by TLS.
    pub fn with_tls<R: Role<'static> + 'static>(
        make: impl FnOnce(&mut Turn<'_>, &str) -> Node<'static, R> + Send + 'static,
    ) -> Self {
        Self::start(make, Some(tls::identity()))
    }

    fn start<R: Role<'static> + 'static>(
        make: impl FnOnce(&mut Turn<'_>, &str) -> Node<'static, R> + Send + 'static,
        identity: Option<(ServerTls, tls::Trusting)>,
    ) -> Self {
        let (server_tls, tls) = identity.unzip();
        let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
        let main = listeners[0].local_addr().expect("a port").to_string();
        let (stop, told) = oneshot::channel();
        let (tell_address, address) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tinyrealm_std::runtime::current_thread().expect("a runtime");
            runtime.block_on(async {
                let any = SocketAddr::from(([127, 0, 0, 1], 0));
                let sockets = Sockets::listen(any).expect("a port");
                tell_address.send(sockets.local_address().expect("a port")).expect("a host");
                let options = SocketOptions { send_buffer_bytes: 0 };
                let entropy = Box::new(SameBytes::default());
                let make = |turn: &mut Turn<'_>| make(turn, &main);
                let mut driver = Driver::with_entropy(sockets, options, entropy, make);
                if let Some(identity) = server_tls {
                    let clear_text = ClearText::Everyone;
                    driver = driver.with_tls(TlsOptions { identity, clear_text });
                }
                drop(driver.run(Stop(Some(told))).await);
            });
        });
        let node = address.recv().expect("a node");
        let (stop, thread) = (Some(stop), Some(thread));
        Self { peers: Vec::new(), node, tls, listeners, stop, thread }
    }

    fn add(&mut self, stream: TcpStream, tls: Option<ClientConnection>) {
        stream.set_nodelay(true).expect("an option");
        stream.set_read_timeout(Some(LIMIT)).expect("an option");
        self.peers.push(Peer { stream, tls, received: Vec::new(), has_ended: false });
    }
}

impl Host for TokioHost {
    fn addresses(&self) -> Addresses {
        let [main, world] =
            [0, 1].map(|place| self.listeners[place].local_addr().expect("a port").to_string());
        Addresses { main, world }
    }

    fn connect(&mut self) {
        let tls = self.tls.as_ref().map(tls::Trusting::connection);
        self.add(TcpStream::connect(self.node).expect("the node listens"), tls);
    }

    fn accept(&mut self, place: Place) -> bool {
        let listener = &self.listeners[place as usize];
        SockRef::from(listener).set_read_timeout(Some(LIMIT)).expect("an option");
        let accepted = listener.accept();
        accepted.map(|(stream, _)| self.add(stream, None)).is_ok()
    }

    fn send(&mut self, peer: usize, bytes: &[u8]) {
        // A peer that is closed already can't be heard; the end shows it.
        let _ = self.peers[peer].write_all(bytes);
    }

    fn shut(&mut self, peer: usize) {
        self.peers[peer].shut();
    }

    fn await_more(&mut self, peer: usize) -> bool {
        let peer = &mut self.peers[peer];
        if peer.has_ended {
            return false;
        }
        let mut buffer = [0; 4_096];
        match peer.read(&mut buffer) {
            Ok(0) => peer.has_ended = true,
            Ok(count) => peer.received.extend_from_slice(&buffer[..count]),
            Err(_) => return false,
        }
        true
    }

    fn received(&self, peer: usize) -> &[u8] {
        &self.peers[peer].received
    }

    fn has_ended(&self, peer: usize) -> bool {
        self.peers[peer].has_ended
    }

    fn shut_down(&mut self) {
        let stop = self.stop.take().expect("it is shut down once");
        stop.send(()).expect("the node runs");
    }

    fn join(&mut self) -> bool {
        let thread = self.thread.take().expect("it is joined once");
        thread.join().is_ok()
    }
}
