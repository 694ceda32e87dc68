//! `Keyring`: what a server proves itself with to others of its realm.
//!
//! Contract: a server has the realm's secret, and derives its keys from that; or it has its own key alone,
//! from `cluster.key_file`, and can be nobody else. Main needs the secret. That is
//! `TINYREALM_CLUSTER_SECRET` if it is set, else the content of `cluster.secret_file`, else that of a file
//! of this user, which the first server makes, so that all servers of one machine find the same one.
//!
//! A secret or key is at least 64 hexadecimal digits and nothing else, so none is a phrase that somebody
//! could guess.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use tinyrealm_core::node::cluster::{
    ClusterKey, ClusterKeys, ClusterSecret, ClusterSecrets, ONLY_ID,
};
use tinyrealm_core::protocol::ServerKind;

use crate::cli::{KeyCommand, SecretCommand};
use crate::cluster_secret::{CLUSTER_SECRET_VARIABLE, parse};
use crate::config::{ClusterSettings, Config};
use crate::exceptions;
use crate::say::{hand_out, say};
use crate::secret::{data_folder, hex, make, make_folder, read};

/// What a server has; see the [module](self).
#[derive(Clone, Debug)]
pub(crate) enum Keyring {
    /// The realm's secrets.
    Realm(Box<ClusterSecrets>),
    /// Its own keys alone.
    Own(ClusterKeys),
}

/// Who asks for the cluster secret.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Asker {
    /// Main: a configured file that is not there is made.
    Main,
    /// Any other server: a configured file has to be there.
    Peer,
    /// A whole realm in one process: without a configured secret it makes one for itself.
    Realm,
}

impl Keyring {
    /// What is configured for `asker`.
    ///
    /// # Errors
    /// If it can't be read or made, or is no secret.
    pub(crate) fn load(settings: &ClusterSettings, asker: Asker) -> anyhow::Result<Self> {
        if settings.key_file.is_empty() {
            return secrets(settings, asker).map(Box::new).map(Self::Realm);
        }
        ensure!(
            asker == Asker::Peer,
            "Main needs the realm's secret, and a key is one server's: set cluster.secret_file in \
             place of cluster.key_file"
        );
        let keys = ClusterKeys::of(key_in(&settings.key_file)?).of_generation(settings.generation);
        Ok(Self::Own(match settings.former_key_file.as_str() {
            "" => keys,
            former => keys.with_former(key_in(former)?),
        }))
    }

    /// The keys of one server.
    pub(crate) fn keys_of(&self, kind: ServerKind, id: u16) -> ClusterKeys {
        match self {
            Self::Realm(secrets) => secrets.keys_of(kind, id),
            Self::Own(keys) => keys.clone(),
        }
    }

    /// The realm's secrets: for Main.
    ///
    /// # Errors
    /// If there is one server's key only.
    pub(crate) fn into_secrets(self) -> anyhow::Result<ClusterSecrets> {
        match self {
            Self::Realm(secrets) => Ok(*secrets),
            Self::Own(_) => bail!("Main needs the realm's secret: set cluster.secret_file"),
        }
    }
}

fn secrets(settings: &ClusterSettings, asker: Asker) -> anyhow::Result<ClusterSecrets> {
    let newest = ClusterSecrets::of(newest_secret(settings, asker)?);
    let mut secrets = match settings.former_secret_file.as_str() {
        "" => newest,
        former => newest.with_former(secret_in(Path::new(former))?),
    };
    exceptions::note(&mut secrets, settings)?;
    Ok(secrets)
}

fn newest_secret(settings: &ClusterSettings, asker: Asker) -> anyhow::Result<ClusterSecret> {
    if let Some(secret) = &settings.secret {
        return Ok(secret.clone());
    }
    let is_configured = !settings.secret_file.is_empty();
    if !is_configured && asker == Asker::Realm {
        return parse(&random_text()?, "the new cluster secret");
    }
    let path = match is_configured {
        true => PathBuf::from(&settings.secret_file),
        false => default_file()?,
    };
    if asker == Asker::Peer && is_configured && !path.exists() {
        bail!(
            "there is no cluster secret {}: copy the one that `tinyrealm main` has made there, set \
             {CLUSTER_SECRET_VARIABLE}, or give this server its own key with cluster.key_file",
            path.display()
        );
    }
    if !path.exists() {
        make(&path, random_text()?.as_bytes())
            .with_context(|| format!("can't make the cluster secret {}", path.display()))?;
    }
    secret_in(&path)
}

fn secret_in(path: &Path) -> anyhow::Result<ClusterSecret> {
    let bytes = read(path, "the cluster secret")?;
    parse(&text_of(&bytes), &format!("the cluster secret {}", path.display()))
}

fn key_in(path: &str) -> anyhow::Result<ClusterKey> {
    let bytes = read(Path::new(path), "the key")?;
    let key = ClusterKey::from_hex(&text_of(&bytes));
    key.with_context(|| {
        format!("the key {path} is not 64 hexadecimal digits: make it with `tinyrealm key`")
    })
}

/// A line that an editor or a shell has ended is the same secret without its end.
fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches(['\r', '\n']).to_owned()
}

/// 256 random bits as text, so that it can be copied into a variable.
fn random_text() -> anyhow::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
    Ok(hex(&bytes))
}

fn default_file() -> anyhow::Result<PathBuf> {
    let folder = data_folder("").context(
        "the cluster secret: set cluster.secret_file or TINYREALM_CLUSTER_SECRET instead",
    )?;
    make_folder(&folder)?;
    Ok(folder.join("cluster.secret"))
}

/// `tinyrealm secret`: makes a secret, and never in the place of another one.
///
/// # Errors
/// If the file is there, or can't be made.
pub(crate) fn run_secret(command: &SecretCommand) -> anyhow::Result<ExitCode> {
    let SecretCommand::New { file } = command;
    let text = random_text()?;
    let is_there = file.exists();
    if !is_there {
        make(file, text.as_bytes())
            .with_context(|| format!("can't make the secret {}", file.display()))?;
    }
    // Another maker may have been quicker.
    if is_there || text_of(&read(file, "the secret")?) != text {
        bail!("{} is there already, and stays as it is: name another file", file.display());
    }
    say!("made the secret {}", file.display());
    Ok(ExitCode::SUCCESS)
}

/// `tinyrealm key`: prints the key of one server.
///
/// # Errors
/// If the realm's secret can't be had.
pub(crate) fn run_key(command: &KeyCommand, config: &Config) -> anyhow::Result<ExitCode> {
    let (kind, id, generation) = match command {
        KeyCommand::World { id, of } => (ServerKind::WORLD, *id, of.generation),
        KeyCommand::Chat { of } => (ServerKind::CHAT, ONLY_ID, of.generation),
        KeyCommand::Login { of } => (ServerKind::LOGIN, ONLY_ID, of.generation),
    };
    let settings = ClusterSettings { key_file: String::new(), ..config.cluster.clone() };
    let secret = newest_secret(&settings, Asker::Main)?;
    hand_out!("{}", hex(secret.key_of_generation(kind, id, generation).bytes()))?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster_secret::cluster_from_variable;

    fn settings(file: &Path) -> ClusterSettings {
        ClusterSettings { secret_file: file.display().to_string(), ..ClusterSettings::default() }
    }

    fn scratch(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("tinyrealm-keyring-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder.join(name)
    }

    /// What two holders of a secret agree about.
    fn fingerprint(secret: &ClusterSecret) -> [u8; 32] {
        *secret.key_of(ServerKind::WORLD, 1).bytes()
    }

    #[test]
    fn main_makes_the_file_that_the_others_need() {
        let path = scratch("made");
        let missing = newest_secret(&settings(&path), Asker::Peer).unwrap_err();
        assert!(format!("{missing:#}").contains("there is no cluster secret"), "{missing:#}");
        let made = newest_secret(&settings(&path), Asker::Main).unwrap();
        let found = newest_secret(&settings(&path), Asker::Peer).unwrap();
        assert_eq!(fingerprint(&made), fingerprint(&found));
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(fingerprint(&cluster_from_variable(&text).unwrap()), fingerprint(&made));
    }

    #[test]
    fn a_realm_of_its_own_makes_another_secret_each_time() {
        let none = ClusterSettings::default();
        let secrets = [0; 2].map(|_| newest_secret(&none, Asker::Realm).unwrap());
        assert_ne!(fingerprint(&secrets[0]), fingerprint(&secrets[1]));
    }

    #[test]
    fn both_sides_of_what_is_a_secret() {
        let random = "00112233445566778899aabbccddeeff".repeat(2);
        let refusal = |text: &str| format!("{:#}", cluster_from_variable(text).unwrap_err());
        assert!(cluster_from_variable(&random).is_ok());
        assert!(cluster_from_variable(&random.repeat(2)).is_ok());
        assert!(refusal(&random[2..]).contains("has 62 digits: at least 64"));
        assert!(refusal(&random[1..]).contains("may be a phrase"));
        assert!(refusal("correct horse battery staple, and 40 bytes").contains("may be a phrase"));
        assert!(refusal(&"ab".repeat(32)).contains("is not random"));
        assert!(refusal(&random.replacen("00", "11", 2)).contains("is not random"));
        let path = scratch("ended");
        make(&path, (random.clone() + "\r\n").as_bytes()).unwrap();
        let read = newest_secret(&settings(&path), Asker::Main).unwrap();
        assert_eq!(fingerprint(&read), fingerprint(&cluster_from_variable(&random).unwrap()));
    }

    #[test]
    fn a_server_with_its_own_key_needs_no_secret_and_main_does() {
        let path = scratch("key");
        make(&path, "0a".repeat(32).as_bytes()).unwrap();
        let key_file = path.display().to_string();
        let settings = ClusterSettings { key_file, ..ClusterSettings::default() };
        assert!(matches!(Keyring::load(&settings, Asker::Peer).unwrap(), Keyring::Own(_)));
        assert!(Keyring::load(&settings, Asker::Main).is_err());
    }
}
