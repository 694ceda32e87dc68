//! Secrets: what signs guests' tokens, and what the realm's servers share.
//!
//! Contract: a secret is never an argument, never in a configuration's text, and never in a log.
//! The cluster secret is `TINYREALM_CLUSTER_SECRET` if that is set, else the content of
//! `cluster.secret_file`, else that of a file of this user, which the first server makes, so that
//! all servers of one machine find the same one.

use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use tinyrealm_core::node::cluster::{CLUSTER_SECRET_MIN_BYTES, ClusterSecret};

use crate::config::ClusterSettings;

/// The variable that has the cluster secret itself.
pub(crate) const CLUSTER_SECRET_VARIABLE: &str = "TINYREALM_CLUSTER_SECRET";

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

/// The secret that this server proves.
///
/// # Errors
/// If it can't be read or made, or is too short.
pub(crate) fn cluster(settings: &ClusterSettings, asker: Asker) -> anyhow::Result<ClusterSecret> {
    if let Some(secret) = &settings.secret {
        return Ok(secret.clone());
    }
    let configured = Path::new(&settings.secret_file);
    let is_configured = !settings.secret_file.is_empty();
    if !is_configured && asker == Asker::Realm {
        return checked(random_text()?.as_bytes(), "the new cluster secret");
    }
    let path = if is_configured { configured.to_owned() } else { default_cluster_file()? };
    if asker == Asker::Peer && is_configured && !path.exists() {
        bail!(
            "there is no cluster secret {}: copy the one that `tinyrealm main` has made there, or \
             set {CLUSTER_SECRET_VARIABLE}",
            path.display()
        );
    }
    if !path.exists() {
        make(&path, random_text()?.as_bytes())
            .with_context(|| format!("can't make the cluster secret {}", path.display()))?;
    }
    let bytes = std::fs::read(&path)
        .with_context(|| format!("can't read the cluster secret {}", path.display()))?;
    checked(without_line_break(&bytes), &format!("the cluster secret {}", path.display()))
}

/// The secret that a variable has.
///
/// # Errors
/// If it is too short.
pub(crate) fn cluster_from_variable(value: &str) -> anyhow::Result<ClusterSecret> {
    checked(value.as_bytes(), &format!("the environment variable {CLUSTER_SECRET_VARIABLE}"))
}

fn checked(secret: &[u8], what: &str) -> anyhow::Result<ClusterSecret> {
    ClusterSecret::new(secret).map_err(|short| {
        anyhow!("{what} has {} bytes: at least {CLUSTER_SECRET_MIN_BYTES} are needed", short.bytes)
    })
}

/// A line that an editor or a shell has ended is the same secret without its end.
fn without_line_break(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

/// 256 random bits as text, so that it can be copied into a variable.
fn random_text() -> anyhow::Result<String> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn default_cluster_file() -> anyhow::Result<PathBuf> {
    let folder = data_folder()?;
    std::fs::create_dir_all(&folder).with_context(|| format!("can't make {}", folder.display()))?;
    Ok(folder.join("cluster.secret"))
}

/// Where servers keep what they are not told to keep elsewhere: a folder of this user.
///
/// # Errors
/// If the environment does not say where the user's folders are.
pub(crate) fn data_folder() -> anyhow::Result<PathBuf> {
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let folder = variable("XDG_DATA_HOME")
        .or_else(|| variable("LOCALAPPDATA"))
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(variable("HOME")?).join(".local/share")));
    let folder = folder.context(
        "there is no home folder to keep the cluster secret in: set cluster.secret_file or \
         TINYREALM_CLUSTER_SECRET",
    )?;
    Ok(folder.join("tinyrealm"))
}

/// The guests' secret in `path`, which is made if it is not there; a new one each time if `path` is
/// empty.
///
/// # Errors
/// If the file can't be read or made, or does not hold 32 bytes.
pub(crate) fn guests(path: &str) -> anyhow::Result<[u8; 32]> {
    let mut secret = [0; 32];
    if path.is_empty() {
        getrandom::fill(&mut secret).context("the system gives no random bytes")?;
        return Ok(secret);
    }
    let path = Path::new(path);
    if !path.exists() {
        getrandom::fill(&mut secret).context("the system gives no random bytes")?;
        make(path, &secret).with_context(|| format!("can't make the secret {}", path.display()))?;
    }
    let mut file = std::fs::File::open(path)
        .with_context(|| format!("can't read the secret {}", path.display()))?;
    file.read_exact(&mut secret)
        .with_context(|| format!("the secret {} has fewer than 32 bytes", path.display()))?;
    Ok(secret)
}

/// Written aside and linked, so that a crash leaves no half of a secret, and of several servers that
/// start at once the first one's counts.
fn make(path: &Path, secret: &[u8]) -> anyhow::Result<()> {
    let aside = path.with_extension(format!("new-{}", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&aside)?;
    file.write_all(secret)?;
    file.sync_all()?;
    let linked = std::fs::hard_link(&aside, path);
    std::fs::remove_file(&aside)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(file: &Path) -> ClusterSettings {
        ClusterSettings { secret_file: file.display().to_string(), secret: None }
    }

    fn scratch(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("tinyrealm-secret-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder.join(name)
    }

    /// The secret's proof of nothing in particular: what two holders of it agree about.
    fn fingerprint(secret: &ClusterSecret) -> tinyrealm_core::protocol::Proof {
        use tinyrealm_core::node::cluster::{Side, Transcript};
        use tinyrealm_core::protocol::{Nonce, ServerKind};
        secret.proof(
            Side::Dialer,
            &Transcript {
                dialer: ServerKind::WORLD,
                listener: ServerKind::MAIN,
                dialer_nonce: Nonce([0; 16]),
                listener_nonce: Nonce([0; 16]),
            },
        )
    }

    #[test]
    fn main_makes_the_file_that_the_others_need() {
        let path = scratch("made");
        let missing = cluster(&settings(&path), Asker::Peer).unwrap_err();
        assert!(format!("{missing:#}").contains("there is no cluster secret"), "{missing:#}");
        let made = cluster(&settings(&path), Asker::Main).unwrap();
        let found = cluster(&settings(&path), Asker::Peer).unwrap();
        assert_eq!(fingerprint(&made), fingerprint(&found));
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(fingerprint(&cluster_from_variable(&text).unwrap()), fingerprint(&made));
    }

    #[test]
    fn a_realm_of_its_own_makes_another_secret_each_time() {
        let none = ClusterSettings { secret_file: String::new(), secret: None };
        let secrets = [0; 2].map(|_| cluster(&none, Asker::Realm).unwrap());
        assert_ne!(fingerprint(&secrets[0]), fingerprint(&secrets[1]));
    }

    #[test]
    fn both_sides_of_the_least_length() {
        let path = scratch("short");
        std::fs::write(&path, "x".repeat(31) + "\n").unwrap();
        let short = cluster(&settings(&path), Asker::Main).unwrap_err();
        assert!(format!("{short:#}").contains("has 31 bytes: at least 32"), "{short:#}");
        std::fs::write(&path, "x".repeat(32) + "\r\n").unwrap();
        let read = cluster(&settings(&path), Asker::Main).unwrap();
        let bare = cluster_from_variable(&"x".repeat(32)).unwrap();
        assert_eq!(fingerprint(&read), fingerprint(&bare));
        assert!(cluster_from_variable("short").is_err());
    }

    #[test]
    fn the_first_of_two_makers_wins() {
        let path = scratch("raced");
        make(&path, b"first").unwrap();
        make(&path, b"second").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
    }
}
