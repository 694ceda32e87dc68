//! Secrets in files: what signs guests' tokens, and what others keep. What servers prove themselves with
//! is in [`keyring`](crate::keyring).
//!
//! Contract: a secret is never an argument, never in a configuration's text, and never in a log.
//! The guests' key is made in the data folder at the first start.
//!
//! [`read`] is the one way to a file with a secret, a password's too: what others may read is no
//! secret, so it is refused, with the command that mends it; and so is what is too long for one, like a device
//! without an end.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// Of a file with a secret: it may be the passwords of very many.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// The content of a file that has a secret, which is called `what`.
///
/// # Errors
/// If it can't be read, or others than its owner can.
pub(crate) fn read(path: &Path, what: &str) -> anyhow::Result<Vec<u8>> {
    let open = || -> std::io::Result<(File, std::fs::Metadata)> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        Ok((file, metadata))
    };
    let (file, metadata) =
        open().with_context(|| format!("can't read {what} {}", path.display()))?;
    if let Some(mode) = mode_for_others(path, &metadata) {
        bail!(
            "{what} {} can be read by others than its owner (mode {mode:04o}), so it is not used: \
             `chmod 600 {0}`",
            path.display()
        );
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)
        .with_context(|| format!("can't read {what} {}", path.display()))?;
    if bytes.len() as u64 > MAX_BYTES {
        bail!("{what} {} has more than {MAX_BYTES} bytes: it is another file", path.display());
    }
    Ok(bytes)
}

/// The mode of a file that its group or everybody may use. What is no file, like a pipe from a
/// shell, is nobody else's.
#[cfg(unix)]
fn mode_for_others(path: &Path, metadata: &std::fs::Metadata) -> Option<u32> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777;
    let others = if is_credential(path) { 0o007 } else { 0o077 };
    (metadata.is_file() && mode & others != 0).then_some(mode)
}

/// Whether systemd has put it there for this process alone (`LoadCredential`). Who may read it is said by a list beside its
/// mode, which then shows as its group's.
#[cfg(unix)]
fn is_credential(path: &Path) -> bool {
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY").filter(|folder| !folder.is_empty());
    folder.is_some_and(|folder| path.parent() == Some(Path::new(&folder)))
}

/// Where files have no modes.
#[cfg(not(unix))]
fn mode_for_others(_: &Path, _: &std::fs::Metadata) -> Option<u32> {
    None
}

/// As text.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn make_folder(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("can't make {}", folder.display()))
}

/// Where servers keep what has to outlive them: the configured folder, or one of this user.
///
/// # Errors
/// If none is configured, and the environment does not say where the user's folders are.
pub(crate) fn data_folder(configured: &str) -> anyhow::Result<PathBuf> {
    if !configured.is_empty() {
        return Ok(PathBuf::from(configured));
    }
    let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let folder = variable("XDG_DATA_HOME")
        .or_else(|| variable("LOCALAPPDATA"))
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(variable("HOME")?).join(".local/share")));
    let folder = folder.context("this user has no home folder to keep data in")?;
    Ok(folder.join("tinyrealm"))
}

/// The key of guests' tokens: in the configured file, or, if that is empty, in the data folder. It is made if it is
/// not there.
///
/// # Errors
/// If the file can't be read or made, or does not hold 32 bytes.
pub(crate) fn guests(secret_file: &str, configured_folder: &str) -> anyhow::Result<[u8; 32]> {
    let path = match secret_file {
        "" => {
            let folder = data_folder(configured_folder)
                .context("the key of guests' tokens: set main.secret_file or main.data_folder")?;
            make_folder(&folder)?;
            folder.join("guests.secret")
        }
        configured => PathBuf::from(configured),
    };
    key(&path, "the key of guests' tokens")
}

/// The key of the tokens that devices keep of a login, in Login's data folder.
///
/// # Errors
/// If the file can't be read or made, or does not hold 32 bytes.
pub(crate) fn devices(configured_folder: &str) -> anyhow::Result<[u8; 32]> {
    let folder =
        data_folder(configured_folder).context("the key of devices: set login.data_folder")?;
    make_folder(&folder)?;
    key(&folder.join("devices.secret"), "the key of devices")
}

/// The 32 random bytes in `path`, made if it is not there, which are called `what`.
fn key(path: &Path, what: &str) -> anyhow::Result<[u8; 32]> {
    if !path.exists() {
        let mut key = [0; 32];
        getrandom::fill(&mut key).context("the system gives no random bytes")?;
        make(path, &key).with_context(|| format!("can't make {what} {}", path.display()))?;
    }
    let bytes = read(path, what)?;
    let key = bytes.first_chunk().copied();
    key.with_context(|| format!("{what} {} has fewer than 32 bytes", path.display()))
}

/// Puts a secret into `path`, in the place of what was there.
///
/// # Errors
/// If it can't be written.
pub(crate) fn replace(path: &Path, secret: &[u8]) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    let aside = write_aside(path, secret)?;
    Ok(std::fs::rename(aside, path)?)
}

/// Written aside and linked, so that a crash leaves no half of a secret, and of several servers that
/// start at once the first one's counts.
pub(crate) fn make(path: &Path, secret: &[u8]) -> anyhow::Result<()> {
    let aside = write_aside(path, secret)?;
    let linked = std::fs::hard_link(&aside, path);
    std::fs::remove_file(&aside)?;
    match linked {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error.into()),
        _ => Ok(()),
    }
}

fn write_aside(path: &Path, secret: &[u8]) -> anyhow::Result<PathBuf> {
    let aside = path.with_extension(format!("new-{}", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&aside)?;
    file.write_all(secret)?;
    file.sync_all()?;
    Ok(aside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("tinyrealm-secret-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        folder.join(name)
    }

    #[cfg(unix)]
    #[test]
    fn both_sides_of_what_others_may_read() {
        use std::os::unix::fs::PermissionsExt;
        let path = scratch("modes");
        make(&path, &[7; 32]).unwrap();
        let with_mode = |mode| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            read(&path, "the secret").map_err(|error| error.to_string())
        };
        for mode in [0o600, 0o400, 0o700] {
            assert!(with_mode(mode).is_ok(), "{mode:o}");
        }
        for mode in [0o640, 0o604, 0o620, 0o601, 0o644, 0o777] {
            let refused = with_mode(mode).unwrap_err();
            assert!(refused.contains(&format!("(mode {mode:04o})")), "{refused}");
            assert!(refused.ends_with(&format!("`chmod 600 {}`", path.display())), "{refused}");
        }
    }

    #[test]
    fn both_sides_of_the_longest_secret() {
        let path = scratch("long");
        make(&path, &vec![7; MAX_BYTES as usize]).unwrap();
        assert_eq!(read(&path, "the secret").unwrap().len(), MAX_BYTES as usize);
        replace(&path, &vec![7; MAX_BYTES as usize + 1]).unwrap();
        assert!(read(&path, "the secret").unwrap_err().to_string().contains("more than"));
    }

    #[cfg(unix)]
    #[test]
    fn what_has_no_end_is_no_secret() {
        assert!(read(Path::new("/dev/zero"), "the secret").is_err());
    }

    #[test]
    fn the_guests_key_is_made_once() {
        let folder = scratch("guests").display().to_string();
        let made = guests("", &folder).unwrap();
        assert_eq!(guests("", &folder).unwrap(), made);
        let elsewhere = scratch("guests-key").display().to_string();
        assert_ne!(guests(&elsewhere, &folder).unwrap(), made);
    }

    #[test]
    fn the_first_of_two_makers_wins() {
        let path = scratch("raced");
        make(&path, b"first").unwrap();
        make(&path, b"second").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
    }
}
