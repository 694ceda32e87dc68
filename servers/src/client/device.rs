//! `DeviceFile`: what a login has given to this device, kept for the next one.
//!
//! It lets nobody in; with it, wrong guesses of others do not hold this device back. Without a home
//! folder, or if the file can't be used, the client does without.

use std::path::PathBuf;

use tinyrealm_core::protocol::Token;

use crate::secret;

/// What the client logs in with.
#[derive(Clone)]
pub(super) struct LoginAs {
    pub(super) login_address: String,
    pub(super) id: String,
    pub(super) password: String,
    pub(super) device: DeviceFile,
}

/// The file of one account at one Login; see the [module](self).
#[derive(Clone, Default)]
pub(super) struct DeviceFile {
    path: Option<PathBuf>,
}

impl DeviceFile {
    pub(super) fn of(login_address: &str, id: &str) -> Self {
        let name = format!("{id}@{login_address}");
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "@.-_".contains(letter);
        let name: String =
            name.chars().map(|letter| if is_plain(letter) { letter } else { '_' }).collect();
        let folder = secret::data_folder("").ok();
        Self { path: folder.map(|folder| folder.join("devices").join(name + ".secret")) }
    }

    pub(super) fn read(&self) -> Option<Token> {
        let path = self.path.as_ref().filter(|path| path.exists())?;
        let read = secret::read(path, "what this device has kept");
        let bytes = read.inspect_err(|error| tracing::warn!("{error:#}")).ok()?;
        bytes.try_into().ok().map(Token)
    }

    pub(super) fn keep(&self, device: Token) {
        let Some(path) = self.path.as_ref().filter(|_| self.read() != Some(device)) else { return };
        if let Err(error) = secret::replace(path, &device.0) {
            tracing::warn!("can't keep {}: {error:#}", path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_found_again() {
        let name = format!("tinyrealm-device-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        let file = DeviceFile { path: Some(folder.join("devices/alice@home.secret")) };
        assert_eq!(file.read(), None);
        for token in [Token([1; 32]), Token([2; 32])] {
            file.keep(token);
            assert_eq!(file.read(), Some(token));
        }
        std::fs::remove_dir_all(folder).unwrap();
        let strange = DeviceFile::of("../../etc:1", "../x").path.unwrap();
        assert_eq!(strange.file_name().unwrap(), ".._x@.._.._etc_1.secret");
        DeviceFile::default().keep(Token([1; 32]));
    }
}
