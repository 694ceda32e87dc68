//! `tinyrealm cert dev`: an authority and a certificate, for whoever develops.
//!
//! Contract: keys are readable for their owner alone. An authority that is there is not replaced, so whoever trusts it
//! need not learn of another one.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

use crate::cli::{CertCommand, DevOptions};
use crate::say::say;
use crate::secret;

const DAY: Duration = Duration::from_secs(24 * 3_600);
/// Systems refuse servers' certificates that are good for much longer.
const SERVER_VALIDITY: Duration = Duration::from_secs(365 * 24 * 3_600);
const AUTHORITY_VALIDITY: Duration = Duration::from_secs(10 * 365 * 24 * 3_600);

/// Makes what the command asks for, and tells how it is used.
pub(crate) fn run(command: &CertCommand) -> anyhow::Result<ExitCode> {
    let CertCommand::Dev(options) = command;
    let folder = &options.out;
    secret::make_folder(folder)?;
    let authority = Authority::at(folder)?;
    let (certificate, key) = authority.server(&options.names)?;
    secret::replace(&folder.join("server.key"), key.as_bytes())?;
    write(&folder.join("server.pem"), &certificate)?;
    tell(options)?;
    Ok(ExitCode::SUCCESS)
}

fn tell(options: &DevOptions) -> anyhow::Result<()> {
    let folder = std::path::absolute(&options.out)?;
    let file = |name: &str| folder.join(name).display().to_string();
    let (authority, name) = (file("authority.pem"), &options.names[0]);
    say!(
        "# For {}, for a year; for development only. In the servers' configuration:",
        options.names.join(", ")
    );
    say!("[net.tls]");
    say!("certificate = {:?}", file("server.pem"));
    say!("key = {:?}", file("server.key"));
    say!("# A client that trusts it:");
    say!("#   tinyrealm client --main tls://{name}:7000 --trust {authority}");
    say!("#   curl --cacert {authority} https://{name}:7080/");
    say!(
        "# A browser trusts it once {authority} is among its authorities (settings, certificates);"
    );
    say!(
        "# whoever has {} can then pretend to be any site to that browser.",
        file("authority.key")
    );
    Ok(())
}

fn write(path: &Path, pem: &str) -> anyhow::Result<()> {
    std::fs::write(path, pem).with_context(|| format!("can't write {}", path.display()))
}

/// Who vouches.
struct Authority(Issuer<'static, KeyPair>);

impl Authority {
    /// The one in `folder`, or a new one there.
    fn at(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("authority.key");
        if !path.exists() {
            secret::make(&path, KeyPair::generate()?.serialize_pem().as_bytes())?;
        }
        let key = String::from_utf8(secret::read(&path, "the authority's key")?)?;
        let key = KeyPair::from_pem(&key).with_context(|| path.display().to_string())?;
        let params = authority_params(&key);
        let certificate = folder.join("authority.pem");
        if !certificate.exists() {
            write(&certificate, &params.self_signed(&key)?.pem())?;
        }
        Ok(Self(Issuer::new(params, key)))
    }

    /// A server's certificate, and its key.
    fn server(&self, names: &[String]) -> anyhow::Result<(String, String)> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(names)
            .with_context(|| format!("no names of a server: {}", names.join(", ")))?;
        params.distinguished_name.push(DnType::CommonName, names[0].as_str());
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        be_good_for(&mut params, SERVER_VALIDITY);
        Ok((params.signed_by(&key, &self.0)?.pem(), key.serialize_pem()))
    }
}

/// The same for the same key: its name has a part of it, so that no two authorities have one name.
fn authority_params(key: &KeyPair) -> CertificateParams {
    let mut params = CertificateParams::default();
    let public = key.public_key_raw();
    let mark = secret::hex(&public[public.len() - 4..]);
    params.distinguished_name.push(DnType::CommonName, format!("Tinyrealm development {mark}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    be_good_for(&mut params, AUTHORITY_VALIDITY);
    params
}

fn be_good_for(params: &mut CertificateParams, time: Duration) {
    let now = SystemTime::now();
    // Clocks differ.
    params.not_before = (now - DAY).into();
    params.not_after = (now + time).into();
}
