//! A server's certificate, and clients that trust it and nobody else.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use tinyrealm_std::driver::tls::ServerTls;

const NAME: &str = "realm.test";

/// Who trusts one server.
pub(super) struct Trusting(Arc<ClientConfig>);

impl Trusting {
    pub(super) fn connection(&self) -> ClientConnection {
        let name = ServerName::try_from(NAME).expect("a name");
        ClientConnection::new(Arc::clone(&self.0), name).expect("a client")
    }
}

/// A server, and who trusts it.
pub(super) fn identity() -> (ServerTls, Trusting) {
    let made = rcgen::generate_simple_self_signed([NAME.to_owned()]).expect("a certificate");
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let tls = ServerTls::from_pem(certificate.as_bytes(), key.as_bytes()).expect("a pair");
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).expect("a certificate");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    (tls, Trusting(Arc::new(config)))
}
