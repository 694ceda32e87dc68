//! TLS of the load: whom it trusts, by a file in the environment.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

/// The file with the certificate of the servers.
pub(crate) const TRUST_VARIABLE: &str = "TINYREALM_BENCH_TRUST";

/// Who trusts this certificate.
pub(crate) fn config(path: &Path) -> anyhow::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(path).context("the servers' certificate")?)?;
    let provider = Arc::new(ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// A connection to a server of this machine.
pub(crate) fn session(config: &Arc<ClientConfig>) -> anyhow::Result<ClientConnection> {
    let name = ServerName::try_from("127.0.0.1")?;
    Ok(ClientConnection::new(Arc::clone(config), name)?)
}

/// The same, by the environment.
pub(crate) fn session_by_environment() -> anyhow::Result<ClientConnection> {
    let path = std::env::var_os(TRUST_VARIABLE).context("nobody is trusted")?;
    session(&Arc::new(config(Path::new(&path))?))
}
