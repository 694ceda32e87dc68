//! The part of a device that does not depend on its board: the linker's scripts, cargo's configuration, `device.toml`.

use super::source::Source;

/// A file of a device, and its template.
const FILES: [(&str, &str); 6] = [
    (".cargo/config.toml", include_str!("template/device/config.toml.txt")),
    // That of a board whose memory is its chip's.
    ("build.rs", include_str!("../../../firmware-demo/stm32f103/build.rs")),
    ("device.toml", include_str!("template/device/device.toml.txt")),
    ("device.x", include_str!("template/device/device.x.txt")),
    ("memory.x", include_str!("template/device/memory.x.txt")),
    ("src/main.rs", include_str!("template/device/main.rs.txt")),
];

/// A device in this folder, `""` or one that ends with `/`.
pub(super) fn files(folder: &str) -> impl Iterator<Item = (String, &'static str)> {
    FILES.into_iter().map(move |(path, template)| (format!("{folder}{path}"), template))
}

/// What stands for a device's words: the type of its game, and the crate of its board.
pub(super) fn words(game: String, board: &str, source: &Source) -> [(&'static str, String); 4] {
    [
        ("{{played}}", game),
        ("{{board}}", board.to_owned()),
        ("{{firmware}}", source.dependency("firmware-demo/roles")),
        ("{{home}}", source.home()),
    ]
}
