//! `ServerTls`: who a server is, for whoever asks by TLS.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::trust::{HTTP, OWN};

/// What a server speaks over TLS.
const PROTOCOLS: [&[u8]; 2] = [OWN, HTTP];

/// A certificate and its key, which may be exchanged while connections stand. Clones are the same one.
#[derive(Clone, Debug)]
pub struct ServerTls(Arc<Mutex<Arc<ServerConfig>>>);

/// Why there is no TLS with these files, in words.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadCertificate(pub String);

impl std::fmt::Display for BadCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadCertificate {}

impl ServerTls {
    /// With a chain of certificates, the server's first, and the key of that one, both as PEM.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Self, BadCertificate> {
        Ok(Self(Arc::new(Mutex::new(config(certificates, key)?))))
    }

    /// Whoever comes from now on is shown these; connections that stand go on.
    ///
    /// # Errors
    /// What is wrong with them; the former ones stay.
    pub fn exchange(&self, certificates: &[u8], key: &[u8]) -> Result<(), BadCertificate> {
        let config = config(certificates, key)?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    /// What whoever comes now is shown; for sockets that are not a driver's.
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn config(certificates: &[u8], key: &[u8]) -> Result<Arc<ServerConfig>, BadCertificate> {
    let bad =
        |what: &str, error: &dyn std::fmt::Display| BadCertificate(format!("{what}: {error}"));
    let chain: Vec<_> = CertificateDer::pem_slice_iter(certificates)
        .collect::<Result<_, _>>()
        .map_err(|error| bad("the certificate", &error))?;
    if chain.is_empty() {
        return Err(BadCertificate("there is no certificate in it".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| bad("the key", &error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| bad("TLS", &error))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| bad("the certificate and the key", &error))?;
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).into();
    config.ticketer = ring::Ticketer::new().map_err(|error| bad("session tickets", &error))?;
    config.send_tls13_tickets = 1;
    Ok(Arc::new(config))
}
