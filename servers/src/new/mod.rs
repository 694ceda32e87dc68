//! `tinyrealm new`: a repository for a game of one's own, which builds, passes its tests and can be played at once.
//!
//! Contract: a folder that is there already stays as it is. What is written depends on the checkout that this
//! binary was built from, or on `--git`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, ensure};

use crate::cli::{Beginning, NewOptions};
use crate::names::pascal;
use crate::say::say;

/// A file of the repository, and its template.
type File = (&'static str, &'static str);

/// What every repository has.
const FILES: [File; 11] = [
    ("Cargo.toml", include_str!("template/Cargo.toml.txt")),
    (".gitignore", include_str!("template/gitignore.txt")),
    ("README.md", include_str!("template/README.md.txt")),
    ("game/Cargo.toml", include_str!("template/game/Cargo.toml.txt")),
    ("server/Cargo.toml", include_str!("template/server/Cargo.toml.txt")),
    ("server/src/main.rs", include_str!("template/server/src/main.rs.txt")),
    ("device/.cargo/config.toml", include_str!("template/device/cargo/config.toml.txt")),
    ("device/Cargo.toml", include_str!("template/device/Cargo.toml.txt")),
    ("device/build.rs", include_str!("template/device/build.rs.txt")),
    ("device/device.toml", include_str!("template/device/device.toml.txt")),
    ("device/src/main.rs", include_str!("template/device/src/main.rs.txt")),
];

/// The smallest game.
const SMALLEST: [File; 6] = [
    ("game/src/bot.rs", include_str!("template/game/src/bot.rs.txt")),
    ("game/src/lib.rs", include_str!("template/game/src/lib.rs.txt")),
    ("game/src/messages.rs", include_str!("template/game/src/messages.rs.txt")),
    ("game/tests/play.rs", include_str!("template/game/tests/play.rs.txt")),
    ("web/index.html", include_str!("template/web/index.html.txt")),
    ("web/page.js", include_str!("template/web/page.js.txt")),
];

/// A file of the example, here and there.
macro_rules! coin_rush {
    ($here:literal, $there:literal) => {
        ($here, include_str!(concat!("../../../examples/coin-rush/", $there)))
    };
}

/// A whole game, which is the example of this repository as it is.
const COIN_RUSH: [File; 10] = [
    coin_rush!("game/src/bot.rs", "src/bot.rs"),
    coin_rush!("game/src/keeping.rs", "src/keeping.rs"),
    coin_rush!("game/src/lib.rs", "src/lib.rs"),
    coin_rush!("game/src/messages.rs", "src/messages.rs"),
    coin_rush!("game/src/players.rs", "src/players.rs"),
    coin_rush!("game/src/tests.rs", "src/tests.rs"),
    coin_rush!("game/tests/rules.rs", "tests/rules.rs"),
    coin_rush!("web/index.html", "web/index.html"),
    coin_rush!("web/page.css", "web/page.css"),
    coin_rush!("web/page.js", "web/page.js"),
];

impl Beginning {
    const fn files(self) -> &'static [File] {
        match self {
            Self::Smallest => &SMALLEST,
            Self::CoinRush => &COIN_RUSH,
        }
    }

    /// The words of the templates, and what stands for them.
    fn words(self, name: &str, source: &Source) -> Vec<(&'static str, String)> {
        let (snake, pascal) = (name.replace('-', "_"), pascal(name));
        let mut words = vec![
            ("{{core}}", source.dependency("core")),
            ("{{servers}}", source.dependency("servers")),
            ("{{testing}}", source.dependency("testing")),
            ("{{firmware}}", source.dependency("firmware-demo/roles")),
            ("{{mps2}}", source.dependency("firmware-demo/mps2-an385")),
            ("{{home}}", source.home()),
        ];
        words.extend(match self {
            Self::Smallest => vec![
                ("{{ServerGame}}", pascal.clone()),
                ("{{DeviceGame}}", pascal.clone()),
                ("{{Bot}}", format!("{pascal}Bot")),
                ("{{abilities}}", String::new()),
            ],
            Self::CoinRush => vec![
                ("{{ServerGame}}", "CoinRush<64>".to_owned()),
                ("{{DeviceGame}}", "CoinRush<8>".to_owned()),
                ("{{Bot}}", "CoinRushBot".to_owned()),
                // Features of a device's world that the game does not compile without.
                ("{{abilities}}", ", features = [\"things\"]".to_owned()),
                ("tinyrealm_coin_rush", snake.clone()),
                ("\"coin-rush\"", format!("{name:?}")),
                ("./coin-rush.js", format!("./{name}.js")),
            ],
        });
        words.extend([("{{name}}", name.to_owned()), ("{{snake}}", snake), ("{{Name}}", pascal)]);
        words
    }
}

/// Where the crates come from.
enum Source {
    /// A repository, as a manifest names it.
    Git { url: String, dependency: String },
    /// The checkout that this binary was built from.
    Checkout(PathBuf),
}

impl Source {
    /// The repository at `--git`, or the checkout.
    fn of(options: &NewOptions) -> anyhow::Result<Self> {
        if let Some(url) = &options.git {
            let rev =
                options.rev.as_ref().map(|rev| format!(", rev = {rev:?}")).unwrap_or_default();
            let dependency = format!("git = {url:?}{rev}");
            return Ok(Self::Git { url: url.clone(), dependency });
        }
        let servers = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = servers.parent().unwrap_or(servers);
        ensure!(
            servers.join("Cargo.toml").is_file(),
            "the checkout that this binary is from is not at {} any more: use --git URL --rev REV",
            root.display()
        );
        Ok(Self::Checkout(root.to_owned()))
    }

    /// What a manifest says of the crate in this folder.
    fn dependency(&self, folder: &str) -> String {
        match self {
            Self::Git { dependency, .. } => dependency.clone(),
            Self::Checkout(root) => format!("path = {:?}", root.join(folder).display().to_string()),
        }
    }

    /// Where a reader finds Tinyrealm.
    fn home(&self) -> String {
        match self {
            Self::Git { url, .. } => url.clone(),
            Self::Checkout(root) => root.display().to_string(),
        }
    }
}

/// Writes the repository.
pub(crate) fn run(options: &NewOptions) -> anyhow::Result<ExitCode> {
    let name = options.name.as_str();
    let folder = options.into.clone().unwrap_or_else(|| name.into());
    ensure!(!folder.exists(), "there is a {} already", folder.display());
    let source = Source::of(options)?;
    let words = options.from.words(name, &source);
    for (path, template) in files(options.from) {
        write(&folder.join(path), &filled(template, &words))?;
    }
    say!("{} is there. Now:", folder.display());
    say!("  cd {}", folder.display());
    say!("  cargo test --workspace");
    say!("  cargo run --release -- --set http.page=web");
    Ok(ExitCode::SUCCESS)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let problem = || format!("can't write {}", path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(problem)?;
    }
    std::fs::write(path, text).with_context(problem)
}

fn files(from: Beginning) -> impl Iterator<Item = File> {
    FILES.into_iter().chain(from.files().iter().copied())
}

fn filled(template: &str, words: &[(&str, String)]) -> String {
    words.iter().fold(template.to_owned(), |text, (word, value)| text.replace(word, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_to_fill_in() {
        let source = Source::Checkout("/somewhere".into());
        for from in [Beginning::Smallest, Beginning::CoinRush] {
            let words = from.words("gold-rush", &source);
            for (path, template) in files(from) {
                let text = filled(template, &words);
                let is_left = text.lines().any(|line| {
                    let word = line.split_once("{{").and_then(|(_, rest)| rest.split_once("}}"));
                    word.is_some_and(|(word, _)| word.chars().all(char::is_alphanumeric))
                });
                assert!(!is_left && !text.contains("tinyrealm_coin_rush"), "{path}");
                assert!(!text.is_empty() && !text.contains('\t'), "{path}");
            }
        }
    }

    #[test]
    fn all_of_coin_rush_is_there() {
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/coin-rush");
        let mut count = 0;
        for folder in ["src", "tests", "web"] {
            count += std::fs::read_dir(example.join(folder)).unwrap().count();
        }
        assert_eq!(count, COIN_RUSH.len());
    }

    /// A game that is built otherwise shares nothing with the workspace's build, whose test of it then takes four times as long.
    #[test]
    fn a_game_is_built_as_we_are() {
        let profiles = |text: &str| {
            let manifest: toml::Table = text.parse().unwrap();
            manifest["profile"]["dev"].as_table().unwrap().clone()
        };
        let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
        let mut ours = profiles(&std::fs::read_to_string(ours).unwrap());
        let packages = ours["package"].as_table_mut().unwrap();
        assert!(packages.remove("tinyrealm-sim").is_some(), "no game is simulated with it");
        let source = Source::Checkout("/somewhere".into());
        let words = Beginning::Smallest.words("gold-rush", &source);
        assert_eq!(profiles(&filled(include_str!("template/Cargo.toml.txt"), &words)), ours);
    }
}
