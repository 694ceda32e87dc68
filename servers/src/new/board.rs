//! A crate for a board of one's own: that of QEMU's board as it is, to be changed.

use super::device;
use super::source::Source;

/// A file of QEMU's board, there and here.
macro_rules! qemu_s {
    ($path:literal) => {
        ($path, include_str!(concat!("../../../firmware-demo/mps2-an385/", $path)))
    };
}

/// A board's files beside those of a device.
const FILES: [(&str, &str); 13] = [
    (".gitignore", include_str!("template/gitignore.txt")),
    ("Cargo.toml", include_str!("template/board/Cargo.toml.txt")),
    ("README.md", include_str!("template/board/README.md.txt")),
    ("budget.toml", include_str!("template/board/budget.toml.txt")),
    ("src/bin/echo.rs", include_str!("template/board/echo.rs.txt")),
    qemu_s!("src/board.rs"),
    qemu_s!("src/dual_timer.rs"),
    qemu_s!("src/lan9118.rs"),
    qemu_s!("src/lib.rs"),
    qemu_s!("src/log.rs"),
    qemu_s!("src/memory_map.rs"),
    qemu_s!("src/settings.rs"),
    qemu_s!("src/uart.rs"),
];

pub(super) fn files() -> Vec<(String, &'static str)> {
    let own = FILES.into_iter().map(|(path, template)| (path.to_owned(), template));
    own.chain(device::files("")).collect()
}

pub(super) fn words(name: &str, source: &Source) -> Vec<(&'static str, String)> {
    let snake = name.replace('-', "_");
    let mut words = vec![
        ("{{parts}}", source.dependency("firmware-demo/parts")),
        ("{{tag}}", source.dependency("examples/tag")),
    ];
    words.extend(device::words("tinyrealm_tag::Tag".to_owned(), &snake, source));
    words.extend([("{{name}}", name.to_owned()), ("{{snake}}", snake)]);
    words
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::filled;
    use super::*;

    fn firmware(path: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../firmware-demo").join(path)
    }

    #[test]
    fn all_of_the_board_is_there() {
        let own = std::fs::read_dir(firmware("mps2-an385/src")).unwrap();
        let is_file = |path: &Path| path.extension().is_some();
        let count = own.filter(|file| is_file(&file.as_ref().unwrap().path())).count();
        assert_eq!(count, FILES.iter().filter(|(path, _)| path.matches('/').count() == 1).count());
    }

    /// What we build with is what was tested, and what the workspace has is not built once more.
    #[test]
    fn a_board_is_built_as_ours_are() {
        let source = Source::Checkout("/somewhere".into());
        let text = filled(FILES[1].1, &words("my-board", &source));
        let board: toml::Table = text.parse().unwrap();
        let text = std::fs::read_to_string(firmware("Cargo.toml")).unwrap();
        let ours: toml::Table = text.parse().unwrap();
        assert_eq!(board["profile"], ours["profile"]);
        let manifest = include_str!("template/device/Cargo.toml.txt");
        let game_s: toml::Table = filled(manifest, &words("my-board", &source))
            .replace("{{mps2}}", "path = \"x\"")
            .replace("{{abilities}}", "")
            .parse()
            .unwrap();
        assert_eq!(game_s["profile"], ours["profile"]);
        let version = |dependency: &toml::Value| {
            dependency.as_str().or_else(|| dependency.get("version")?.as_str()).map(str::to_owned)
        };
        let versions = board["dependencies"].as_table().unwrap().iter();
        for (name, dependency) in versions.filter(|(name, _)| !name.starts_with("tinyrealm-")) {
            let ours = &ours["workspace"]["dependencies"][name];
            assert_eq!(version(dependency), version(ours), "{name}");
            assert!(version(ours).is_some(), "{name}");
        }
    }

    /// What the book shows of it stands in it.
    #[test]
    fn the_book_s_start_is_the_board_s() {
        let page = include_str!("../../../docs/board.md");
        let shown = page.split("```rust,ignore\npub fn start").nth(1).unwrap();
        let shown = shown.split("```").next().unwrap().lines();
        let without_comments =
            |line: &str| line.split("//").next().unwrap_or_default().trim().to_owned();
        let shown: Vec<String> = shown.map(without_comments).collect();
        let (_, text) = FILES.into_iter().find(|(path, _)| *path == "src/lib.rs").unwrap();
        let text: Vec<String> = text
            .split("\npub fn start")
            .nth(1)
            .unwrap()
            .lines()
            .filter(|line| !line.trim().starts_with("#["))
            .map(without_comments)
            .filter(|line| line != "settings::start();")
            .collect();
        assert!(text.starts_with(&shown), "{shown:?} {text:?}");
    }

    #[test]
    fn its_own_lines_are_few() {
        let is_code = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with("//");
        let lines: usize = ["src/lib.rs", "src/bin/echo.rs"]
            .into_iter()
            .filter_map(|path| FILES.into_iter().find(|file| file.0 == path))
            .map(|(_, text)| text.lines().filter(is_code).count())
            .sum();
        assert!(lines <= 65, "{lines}");
    }
}
