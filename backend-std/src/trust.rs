//! `Trust`: whom a client believes to be the server that it wants.
//!
//! ```
//! use tinyrealm_std::client::Trust;
//! assert!(Trust::pinned(b"no PEM").is_err());
//! let trust = Trust::system(); // nothing is read before it is needed
//! # let _ = trust;
//! ```

use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// What is spoken over TLS, in the handshake's words: frames as they are, or HTTP, which a WebSocket begins with.
pub(crate) const OWN: &[u8] = b"tinyrealm.v2";
pub(crate) const HTTP: &[u8] = b"http/1.1";

/// Who vouches for servers. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    pinned: Option<Arc<[CertificateDer<'static>]>>,
    /// Made when it is first needed, by a thread that may wait for it.
    config: Arc<OnceLock<Arc<ClientConfig>>>,
}

impl Trust {
    /// Whom this machine trusts.
    pub fn system() -> Self {
        Self::default()
    }

    /// These certificates, as PEM, and nobody else: of authorities, who vouch for servers by their names, or of servers
    /// themselves, who are believed whatever they are called and until when their certificate is good.
    ///
    /// # Errors
    /// What is wrong with the certificates, in words.
    pub fn pinned(pem: &[u8]) -> Result<Self, String> {
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let found = found.map_err(|error| error.to_string())?;
        if found.is_empty() {
            return Err("there is no certificate in it".to_owned());
        }
        store_of(&found)?;
        Ok(Self { pinned: Some(found.into()), config: Arc::default() })
    }

    /// As rustls has it, also for links that are none of the realm's.
    ///
    /// # Errors
    /// Why there is nobody to trust.
    pub fn config(&self) -> Result<Arc<ClientConfig>, String> {
        if let Some(config) = self.config.get() {
            return Ok(Arc::clone(config));
        }
        let roots = match &self.pinned {
            Some(pinned) => store_of(pinned)?,
            None => system_roots()?,
        };
        let verifier = Verifier::new(roots, self.pinned.clone().unwrap_or_default())?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Arc::clone(self.config.get_or_init(|| Arc::new(config))))
    }
}

fn store_of(certificates: &[CertificateDer<'static>]) -> Result<RootCertStore, String> {
    let mut store = RootCertStore::empty();
    for certificate in certificates {
        store.add(certificate.clone()).map_err(|error| error.to_string())?;
    }
    Ok(store)
}

fn system_roots() -> Result<RootCertStore, String> {
    let found = rustls_native_certs::load_native_certs();
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(found.certs);
    if store.is_empty() {
        return Err("this machine has no certificates of authorities".to_owned());
    }
    Ok(store)
}

/// Believes a server that shows a pinned certificate; otherwise it is rustls's own.
#[derive(Debug)]
struct Verifier {
    pinned: Arc<[CertificateDer<'static>]>,
    authorities: Arc<WebPkiServerVerifier>,
}

impl Verifier {
    fn new(roots: RootCertStore, pinned: Arc<[CertificateDer<'static>]>) -> Result<Self, String> {
        let provider = Arc::new(ring::default_provider());
        let built = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
        Ok(Self { pinned, authorities: built.map_err(|error| error.to_string())? })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.pinned.contains(end_entity) {
            return Ok(ServerCertVerified::assertion());
        }
        self.authorities.verify_server_cert(end_entity, intermediates, name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.authorities.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.authorities.supported_verify_schemes()
    }
}
