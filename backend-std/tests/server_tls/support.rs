//! A Main on the driver, with TLS, and clients of rustls's own.

use std::future::Future;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::task::Context;
use std::thread::JoinHandle;
use std::time::Duration;

use rcgen::{CertifiedKey, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, SupportedProtocolVersion};
use tinyrealm_core::config::NetConfig;
use tinyrealm_core::entropy::Turn;
use tinyrealm_core::node::Node;
use tinyrealm_core::node::cluster::{ClusterSecret, ClusterSecrets};
use tinyrealm_core::node::main::{Guests, Main, MainConfig};
use tinyrealm_core::protocol::either_way::Ping;
use tinyrealm_core::protocol::encode_frame;
use tinyrealm_std::driver::tls::{ClearText, ServerTls, TlsOptions};
use tinyrealm_std::memory::{MainChatSizes, NodeSizes, main_storage, node_storage};
use tinyrealm_std::{Control, Driver, NextStep, SocketOptions, Sockets};
use tokio::sync::oneshot;

/// After so long a test has failed.
const PATIENCE: Duration = Duration::from_secs(20);
const NAME: &str = "realm.test";

/// Limits that no test reaches by accident.
pub(crate) const NET: NetConfig = NetConfig {
    greeting_timeout_ms: 20_000,
    packets_per_second: u16::MAX,
    packet_burst: u16::MAX,
    connections_per_address: 2_000,
    openings_per_second: 2_000,
    // What is not read waits in them, all of it.
    send_buffers_per_session: 1_000,
    ..NetConfig::SERVER
};

/// Who a server is.
pub(crate) struct Identity(CertifiedKey<KeyPair>);

impl Identity {
    pub(crate) fn new() -> Self {
        Self(rcgen::generate_simple_self_signed([NAME.to_owned()]).unwrap())
    }

    pub(crate) fn certificate(&self) -> String {
        self.0.cert.pem()
    }

    pub(crate) fn key(&self) -> String {
        self.0.signing_key.serialize_pem()
    }

    pub(crate) fn server(&self) -> ServerTls {
        ServerTls::from_pem(self.certificate().as_bytes(), self.key().as_bytes()).unwrap()
    }

    /// Who trusts it, speaks these versions, and asks for this protocol.
    pub(crate) fn client(
        &self,
        versions: &[&'static SupportedProtocolVersion],
        protocol: &[u8],
    ) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.0.cert.der().clone()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        Arc::new(config)
    }
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
        if self.0.as_mut().is_none_or(|told| Pin::new(told).poll(cx).is_ready()) {
            self.0 = None;
            return NextStep::ShutDown;
        }
        NextStep::Continue
    }
}

/// A Main that welcomes guests, in clear and by TLS.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(tls: ServerTls, net: NetConfig) -> Self {
        let (stop, told) = oneshot::channel();
        let (tell_address, address) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            tinyrealm_std::runtime::current_thread().unwrap().block_on(async {
                let sockets = Sockets::listen(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
                tell_address.send(sockets.local_address().unwrap()).unwrap();
                let options = SocketOptions { send_buffer_bytes: 8_192 };
                let driver = Driver::new(sockets, options, |turn| {
                    let sizes = NodeSizes { sessions: 1_024, role_timers: 64, ..NodeSizes::SERVER };
                    let secret = ClusterSecrets::of(ClusterSecret::new(&[0; 32]).unwrap());
                    let storage = main_storage(16, 1, 0, 0, MainChatSizes::NONE);
                    let role =
                        Main::new(storage, MainConfig::DEFAULT, Guests::new([0; 32]), secret);
                    Node::new(node_storage(sizes), net, role, turn)
                });
                let tls = TlsOptions { identity: tls, clear_text: ClearText::Everyone };
                drop(driver.with_tls(tls).run(Stop(Some(told))).await);
            });
        });
        let address = address.recv().unwrap();
        Self { address, stop: Some(stop), thread: Some(thread) }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    pub(crate) fn connect_tls(&self, config: &Arc<ClientConfig>) -> Client {
        client_on(self.connect(), config)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let (Some(stop), Some(thread)) = (self.stop.take(), self.thread.take()) {
            let _ = stop.send(());
            let ended = thread.join();
            assert!(std::thread::panicking() || ended.is_ok(), "the node has panicked");
        }
    }
}

pub(crate) type Client = rustls::StreamOwned<ClientConnection, TcpStream>;

/// A client that has not greeted yet.
pub(crate) fn client_on(stream: TcpStream, config: &Arc<ClientConfig>) -> Client {
    let name = ServerName::try_from(NAME).unwrap();
    Client::new(ClientConnection::new(Arc::clone(config), name).unwrap(), stream)
}

pub(crate) fn frame<M: tinyrealm_core::protocol::Message>(message: &M) -> Vec<u8> {
    let mut out = [0; 600];
    let used = encode_frame(message, &mut out).unwrap();
    out[..used].to_vec()
}

/// The next frame's body.
pub(crate) fn read_frame(peer: &mut impl Read) -> Vec<u8> {
    let mut length = [0; 2];
    peer.read_exact(&mut length).unwrap();
    let mut body = vec![0; usize::from(u16::from_le_bytes(length))];
    peer.read_exact(&mut body).unwrap();
    body
}

/// Whether the node answers.
pub(crate) fn assert_answers(peer: &mut (impl Read + Write)) {
    let ping = frame(&Ping { nonce: 7 });
    peer.write_all(&ping).unwrap();
    let body = read_frame(peer);
    // A Pong has the question's nonce.
    assert_eq!(body[4..], ping[6..], "{body:x?}");
}
