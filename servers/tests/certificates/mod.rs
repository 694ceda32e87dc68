//! Certificates as `tinyrealm cert dev` makes them, and clients that trust one authority.
#![allow(dead_code, reason = "every test binary uses its own part of this")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tinyrealm_core::protocol::either_way::Ping;

use crate::support::peer::frame;
use crate::support::{PATIENCE, Process, ScratchFile};

pub(crate) type TlsStream = StreamOwned<ClientConnection, TcpStream>;

/// A folder with an authority and a server's certificate.
pub(crate) struct Certificates {
    folder: ScratchFile,
}

impl Certificates {
    pub(crate) fn make(name: &str) -> Self {
        let made = Self { folder: ScratchFile::new(name) };
        made.make_again(&["localhost", "127.0.0.1", "::1"]);
        made
    }

    /// Another certificate of the same authority, for these names.
    pub(crate) fn make_again(&self, names: &[&str]) {
        let mut arguments = vec!["cert", "dev", "--out", self.folder.path()];
        arguments.extend(names.iter().flat_map(|name| ["--name", name]));
        Process::start(&arguments).finish(PATIENCE).expect_code(0);
    }

    pub(crate) fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.folder.path())
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn settings(&self) -> [String; 2] {
        let setting = |key: &str, name: &str| format!("net.tls.{key}={}", self.path(name));
        [setting("certificate", "server.pem"), setting("key", "server.key")]
    }

    /// The authority, as PEM.
    pub(crate) fn authority(&self) -> String {
        std::fs::read_to_string(self.path("authority.pem")).unwrap()
    }

    /// Who trusts the authority, and nobody else.
    pub(crate) fn client(&self) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.path("authority.pem")).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Arc::new(config)
    }

    /// A connection to a server that is called so.
    pub(crate) fn connect(&self, address: SocketAddr, name: &str) -> TlsStream {
        self.over(TcpStream::connect(address).unwrap(), name)
    }

    /// The same over a connection that stands.
    pub(crate) fn over(&self, stream: TcpStream, name: &str) -> TlsStream {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        StreamOwned::new(ClientConnection::new(self.client(), name).unwrap(), stream)
    }
}

/// Whether a server answers, and if not, why.
pub(crate) fn ask(peer: &mut (impl Read + Write)) -> std::io::Result<()> {
    peer.write_all(&frame(&Ping { nonce: 7 }))?;
    let mut pong = [0; 7];
    peer.read_exact(&mut pong)?;
    assert_eq!(pong[6], 7, "{pong:x?}");
    Ok(())
}

/// An address of this machine that is not loopback's, if it has one. What goes there stays on the machine.
pub(crate) fn own_address() -> Option<std::net::IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent: the system only says from where it would be.
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}
