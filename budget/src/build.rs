//! Building an image with other capacities than `device.toml` says.
//!
//! Contract: the build is cargo's own, whose words are handed in; the file that overrides keys is named
//! by `TINYREALM_DEVICE`, as a developer would.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use toml::Table;

use crate::what_if;

/// How images are built.
#[derive(Clone, Debug)]
pub struct Build {
    /// The program and its arguments: `cargo build …`.
    pub command: Vec<String>,
    /// A folder for files that override keys.
    pub folder: PathBuf,
    /// A `device.toml` with what the board has otherwise, if it has one.
    pub device: Option<PathBuf>,
}

/// What of cargo's messages matters.
#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

impl Build {
    /// Builds one binary with these features and keys overridden, and answers where it is.
    pub fn binary(
        &self,
        name: &str,
        features: &[String],
        device: &Table,
    ) -> Result<PathBuf, String> {
        let (program, arguments) =
            self.command.split_first().ok_or("behind `--` there is no command to build with")?;
        let mut build = Command::new(program);
        build.args(arguments);
        build.args(["--bin", name, "--features", &features.join(",")]);
        build.args(["--message-format", "json-render-diagnostics"]);
        match (&self.device, device.is_empty()) {
            (None, true) => build.env_remove("TINYREALM_DEVICE"),
            (Some(own), true) => build.env("TINYREALM_DEVICE", own),
            (None, false) => build.env("TINYREALM_DEVICE", self.write(device)?),
            (Some(own), false) => {
                let mut whole = what_if::read_device(own)?;
                what_if::merge(&mut whole, device);
                build.env("TINYREALM_DEVICE", self.write(&whole)?)
            }
        };
        build.stdin(Stdio::null()).stderr(Stdio::piped());
        let output = build.output().map_err(|error| format!("{program}: {error}"))?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        let messages = String::from_utf8_lossy(&output.stdout);
        executable(&messages, name).ok_or_else(|| format!("cargo has not built `{name}`"))
    }

    fn write(&self, device: &Table) -> Result<PathBuf, String> {
        // Build scripts run elsewhere.
        let path = std::path::absolute(self.folder.join("device.toml"))
            .map_err(|error| at(&self.folder, &error))?;
        std::fs::create_dir_all(&self.folder).map_err(|error| at(&self.folder, &error))?;
        // Cargo looks at the time of the file: an equal one may stay, and nothing is built.
        let text = device.to_string();
        if std::fs::read_to_string(&path).is_ok_and(|old| old == text) {
            return Ok(path);
        }
        std::fs::write(&path, text).map_err(|error| at(&path, &error))?;
        Ok(path)
    }
}

fn at(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Message>(line).ok());
    let is_it = |message: &Message| message.target.as_ref().is_some_and(|t| t.name == name);
    messages.filter(is_it).find_map(|message| message.executable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_executable_is_found_among_cargo_s_messages() {
        let messages = "{\"reason\":\"compiler-artifact\",\"target\":{\"name\":\"core\"},\"executable\":null}\n\
             not json\n\
             {\"target\":{\"name\":\"world\"},\"executable\":\"/t/world\"}\n\
             {\"reason\":\"build-finished\",\"success\":true}\n";
        assert_eq!(executable(messages, "world"), Some("/t/world".into()));
        assert_eq!(executable(messages, "client"), None);
    }

    #[test]
    fn a_build_that_fails_says_what_it_has_said() {
        let folder = std::env::temp_dir();
        let command = ["sh", "-c", "echo no such key >&2; exit 1"].map(String::from).to_vec();
        let failed = Build { command, folder, device: None }.binary("world", &[], &Table::new());
        assert!(failed.is_err_and(|said| said.contains("no such key")));
    }
}
