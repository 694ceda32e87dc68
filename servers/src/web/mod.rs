//! `tinyrealm web`: the browser's client and the games' own messages, as files for a page.
//!
//! Purpose: [`client_files`] is the realm's client as JavaScript, which the binary has; [`game_files`] makes a
//! module of every game's messages, so that a page and its server can't drift.
//!
//! Contract: what is written is an npm package, and works without a bundler as well. Files that are there are
//! replaced; nothing else in the folder is touched.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;

use crate::games::Games;
use crate::say::say;

/// One file of the client, by its name.
pub(crate) struct ClientFile {
    pub(crate) name: &'static str,
    pub(crate) content: &'static [u8],
}

macro_rules! client_files {
    ($($name:literal),+ $(,)?) => {
        [$(ClientFile { name: $name, content: include_bytes!(concat!("../../../backend-web/", $name)) }),+]
    };
}

/// The realm's client: modules, their types, and the wasm modules.
pub(crate) const CLIENT_FILES: [ClientFile; 17] = client_files![
    "tinyrealm.js",
    "tinyrealm.d.ts",
    "tinyrealm.wasm",
    "tinyrealm-sealed.wasm",
    "asks.js",
    "asks.d.ts",
    "mains.js",
    "mains.d.ts",
    "module.js",
    "module.d.ts",
    "protocol.js",
    "protocol.d.ts",
    "postcard.js",
    "postcard.d.ts",
    "sockets.js",
    "sockets.d.ts",
    "package.json",
];

/// Modules of the games that have messages of their own, with their types.
///
/// # Errors
/// The message that JavaScript can't carry.
pub(crate) fn game_files(games: Games) -> anyhow::Result<Vec<(String, String)>> {
    let mut files = Vec::new();
    for game in games {
        if game.schema().links.is_empty() {
            continue;
        }
        let made = tinyrealm_web::game_files(game.name(), game.schema(), game.fingerprint())
            .map_err(|problem| anyhow::anyhow!("the game {}: {problem}", game.name()))?;
        files.extend(made);
    }
    Ok(files)
}

/// Writes everything into a folder, which is made.
pub(crate) fn run(folder: &Path, games: Games) -> anyhow::Result<ExitCode> {
    let made = game_files(games)?;
    std::fs::create_dir_all(folder)
        .with_context(|| format!("can't make the folder {}", folder.display()))?;
    let fixed = CLIENT_FILES.iter().map(|file| (file.name, file.content));
    let made = made.iter().map(|(name, text)| (name.as_str(), text.as_bytes()));
    for (name, content) in fixed.chain(made) {
        let path = folder.join(name);
        std::fs::write(&path, content)
            .with_context(|| format!("can't write {}", path.display()))?;
        say!("{}", path.display());
    }
    Ok(ExitCode::SUCCESS)
}
