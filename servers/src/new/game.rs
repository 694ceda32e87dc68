//! A repository for a game: rules, servers, a page, and a device with QEMU's board.

use super::device;
use super::source::Source;
use crate::cli::Beginning;
use crate::names::pascal;

/// A file of the repository, and its template.
type File = (&'static str, &'static str);

/// What every repository has.
const FILES: [File; 7] = [
    ("Cargo.toml", include_str!("template/Cargo.toml.txt")),
    (".gitignore", include_str!("template/gitignore.txt")),
    ("README.md", include_str!("template/README.md.txt")),
    ("game/Cargo.toml", include_str!("template/game/Cargo.toml.txt")),
    ("server/Cargo.toml", include_str!("template/server/Cargo.toml.txt")),
    ("server/src/main.rs", include_str!("template/server/src/main.rs.txt")),
    ("device/Cargo.toml", include_str!("template/device/Cargo.toml.txt")),
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
}

pub(super) fn files(from: Beginning) -> Vec<(String, &'static str)> {
    let own = FILES.iter().chain(from.files());
    let own = own.map(|(path, template)| ((*path).to_owned(), *template));
    own.chain(device::files("device/")).collect()
}

pub(super) fn words(from: Beginning, name: &str, source: &Source) -> Vec<(&'static str, String)> {
    let (snake, pascal) = (name.replace('-', "_"), pascal(name));
    let game_on_a_device = match from {
        Beginning::Smallest => &pascal,
        Beginning::CoinRush => "CoinRush<8>",
    };
    let mut words = vec![
        ("{{core}}", source.dependency("core")),
        ("{{servers}}", source.dependency("servers")),
        ("{{testing}}", source.dependency("testing")),
        ("{{mps2}}", source.dependency("firmware-demo/mps2-an385")),
    ];
    words.extend(device::words(
        format!("{snake}::{game_on_a_device}"),
        "tinyrealm_mps2_an385",
        source,
    ));
    words.extend(match from {
        Beginning::Smallest => vec![
            ("{{ServerGame}}", pascal.clone()),
            ("{{Bot}}", format!("{pascal}Bot")),
            ("{{abilities}}", String::new()),
        ],
        Beginning::CoinRush => vec![
            ("{{ServerGame}}", "CoinRush<64>".to_owned()),
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

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::filled;
    use super::*;

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
        let words = words(Beginning::Smallest, "gold-rush", &source);
        assert_eq!(profiles(&filled(include_str!("template/Cargo.toml.txt"), &words)), ours);
    }
}
