//! `[net.tls]`: who this process' servers are, and who looks after it.
//!
//! Contract: the certificate and its key are read at start, when either file has changed, and at SIGHUP. What can't be used
//! changes nothing, and is told in one line; connections stand in any case. From [`WARN_BEFORE`] on before a certificate's
//! end a line tells of it, once a day.

use std::fs::Metadata;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, anyhow};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tinyrealm_std::driver::tls::ServerTls;
use tinyrealm_std::runtime;
use yasna::tags::TAG_UTCTIME;
use yasna::{ASN1Result, BERReader, Tag, parse_der};

use crate::config::net::TlsSettings;
use crate::hangups::Hangups;
use crate::secret;

/// How often it is looked whether a file has changed.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 3_600);
/// How long before the end of a certificate it is told of.
const WARN_BEFORE: Duration = Duration::from_secs(14 * 24 * 3_600);

/// Reads who we are, and has a thread look after it; `None` without TLS.
///
/// # Errors
/// What is wrong with the certificate or its key.
pub(crate) fn start(settings: &TlsSettings) -> anyhow::Result<Option<ServerTls>> {
    if !settings.is_on() {
        return Ok(None);
    }
    let files = Files { certificate: (&settings.certificate).into(), key: (&settings.key).into() };
    // Before anyone is told where to find us: a signal that comes then is heard.
    let runtime = runtime::current_thread()?;
    let hangups = {
        let _context = runtime.enter();
        Hangups::listen()?
    };
    let mut keeper = Keeper::new(files)?;
    let identity = keeper.identity.clone();
    let builder = std::thread::Builder::new().name("certificate".to_owned());
    builder.spawn(move || runtime.block_on(keeper.keep(hangups)))?;
    Ok(Some(identity))
}

/// A certificate and its key.
struct Files {
    certificate: PathBuf,
    key: PathBuf,
}

/// When a file was changed, and how long it is; nothing of one that is not there.
type Look = [Option<(SystemTime, u64)>; 2];

impl Files {
    fn read(&self) -> anyhow::Result<(Vec<u8>, Vec<u8>)> {
        let certificate = std::fs::read(&self.certificate).with_context(|| {
            format!("can't read net.tls.certificate {}", self.certificate.display())
        })?;
        Ok((certificate, secret::read(&self.key, "net.tls.key")?))
    }

    fn look(&self) -> Look {
        let mark = |metadata: Metadata| Some((metadata.modified().ok()?, metadata.len()));
        [&self.certificate, &self.key].map(|path| std::fs::metadata(path).ok().and_then(mark))
    }

    fn problem(&self, problem: impl std::fmt::Display) -> anyhow::Error {
        let (certificate, key) = (self.certificate.display(), self.key.display());
        anyhow!("net.tls.certificate {certificate}, net.tls.key {key}: {problem}")
    }
}

/// Looks after the files.
struct Keeper {
    files: Files,
    identity: ServerTls,
    /// What was read, or refused, looked so.
    known: Look,
    /// What the files looked like last: who is being written is left alone.
    last: Look,
    expires: SystemTime,
    warned: Option<Instant>,
}

impl Keeper {
    fn new(files: Files) -> anyhow::Result<Self> {
        let known = files.look();
        let (certificate, key) = files.read()?;
        let identity = ServerTls::from_pem(&certificate, &key).map_err(|bad| files.problem(bad))?;
        let expires = expiry(&certificate).map_err(|bad| files.problem(bad))?;
        let mut keeper = Self { files, identity, known, last: known, expires, warned: None };
        keeper.warn();
        Ok(keeper)
    }

    async fn keep(&mut self, mut hangups: Hangups) {
        let mut interval = tokio::time::interval(LOOK_INTERVAL);
        loop {
            tokio::select! {
                _ = interval.tick() => self.look(),
                () = hangups.next() => self.read_again(),
            }
        }
    }

    fn look(&mut self) {
        let now = self.files.look();
        let is_written = now != std::mem::replace(&mut self.last, now);
        if !is_written && now != self.known {
            self.read_again();
        }
        self.warn();
    }

    fn read_again(&mut self) {
        self.known = self.files.look();
        match self.exchange() {
            Ok(()) => {
                tracing::info!("net.tls.certificate was read again; whoever comes now is shown it");
                self.warned = None;
                self.warn();
            }
            Err(error) => tracing::warn!("{error:#}; the former certificate stays"),
        }
    }

    fn exchange(&mut self) -> anyhow::Result<()> {
        let (certificate, key) = self.files.read()?;
        let expires = expiry(&certificate).map_err(|bad| self.files.problem(bad))?;
        self.identity.exchange(&certificate, &key).map_err(|bad| self.files.problem(bad))?;
        self.expires = expires;
        Ok(())
    }

    /// Once a day, while it is time to.
    fn warn(&mut self) {
        if self.warned.is_some_and(|at| at.elapsed() < DAY) {
            return;
        }
        let Some(text) = warning(self.expires, SystemTime::now()) else { return };
        self.warned = Some(Instant::now());
        tracing::warn!("net.tls.certificate {} {text}", self.files.certificate.display());
    }
}

/// What there is to say of a certificate that is good until `expires`.
fn warning(expires: SystemTime, now: SystemTime) -> Option<String> {
    match expires.duration_since(now) {
        Ok(left) if left > WARN_BEFORE => None,
        Ok(left) => Some(format!("is good for {} more hours: renew it", left.as_secs() / 3_600)),
        Err(_) => Some("has expired: clients refuse it".to_owned()),
    }
}

/// Until when the first certificate is good.
fn expiry(pem: &[u8]) -> anyhow::Result<SystemTime> {
    let der = CertificateDer::from_pem_slice(pem)
        .map_err(|error| anyhow!("there is no certificate in it: {error}"))?;
    let end = parse_der(&der, end_of_validity)
        .map_err(|error| anyhow!("it is not a certificate: {error:?}"))?;
    let seconds = u64::try_from(end).context("it ended before 1970")?;
    Ok(UNIX_EPOCH + Duration::from_secs(seconds))
}

/// `notAfter` of a certificate (RFC 5280 §4.1), in seconds since 1970.
fn end_of_validity(certificate: BERReader<'_, '_>) -> ASN1Result<i64> {
    certificate.read_sequence(|parts| {
        let end = parts.next().read_sequence(|signed| {
            signed.read_optional(|version| version.read_tagged(Tag::context(0), anything))?;
            // Its number, the signature's algorithm and the issuer.
            for _ in 0..3 {
                signed.next().read_der()?;
            }
            let end = signed.next().read_sequence(|validity| {
                validity.next().read_der()?;
                seconds_of(validity.next())
            })?;
            while signed.read_optional(anything)?.is_some() {}
            Ok(end)
        })?;
        // The signature's algorithm once more, and the signature: rustls has looked at both.
        parts.next().read_der()?;
        parts.next().read_der()?;
        Ok(end)
    })
}

/// What is not looked into.
fn anything(part: BERReader<'_, '_>) -> ASN1Result<Vec<u8>> {
    part.read_der()
}

/// A time is one of two types; which, its tag tells (RFC 5280 §4.1.2.5).
fn seconds_of(time: BERReader<'_, '_>) -> ASN1Result<i64> {
    match time.lookahead_tag()? {
        tag if tag == TAG_UTCTIME => Ok(time.read_utctime()?.datetime().unix_timestamp()),
        _ => Ok(time.read_generalized_time()?.datetime().unix_timestamp()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_two_weeks_and_of_the_end() {
        let (end, second) = (UNIX_EPOCH + 100 * DAY, Duration::from_secs(1));
        assert_eq!(warning(end, end - WARN_BEFORE - second), None);
        assert!(warning(end, end - WARN_BEFORE).unwrap().contains("336 more hours"));
        assert!(warning(end, end).unwrap().contains("0 more hours"));
        assert!(warning(end, end + second).unwrap().contains("expired"));
    }

    #[test]
    fn a_certificate_says_until_when_it_is_good() {
        let mut params = rcgen::CertificateParams::new(["a".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(2040, 2, 29);
        let key = rcgen::KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        let seconds = expiry(pem.as_bytes()).unwrap().duration_since(UNIX_EPOCH).unwrap().as_secs();
        // date -u -d 2040-02-29 +%s
        assert_eq!(seconds, 2_214_086_400);
        assert!(expiry(b"nothing").is_err());
        let nonsense = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(expiry(nonsense).is_err());
    }
}
