//! The files that a page is made of: those of the live page, which are in the binary, or a game's own from a
//! folder; and beside either the realm's client and the games' messages.
//!
//! Contract: of a folder only regular files of visible names below it are served, and none of more than
//! [`FILE_MAX_BYTES`]. They are read at each request, so an author sees a change by loading the page again.

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};

use anyhow::ensure;

use crate::games::Games;
use crate::web::{self, CLIENT_FILES};

/// Nothing but our own files, the wasm module among them, and WebSockets to wherever a world is.
const LIVE_PAGE_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
    style-src 'self'; img-src 'self' data:; connect-src 'self' ws: wss:; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

/// Of one file of a folder.
pub(crate) const FILE_MAX_BYTES: u64 = 64 << 20;

/// What the operator's page has as well.
pub(super) const THEME: &[u8] = include_bytes!("theme.css");

const INDEX: &str = "index.html";
const LIVE_PAGE: [(&str, &[u8]); 6] = [
    (INDEX, include_bytes!("page/index.html")),
    ("theme.css", THEME),
    ("page.css", include_bytes!("page/page.css")),
    ("page.js", include_bytes!("page/page.js")),
    ("map.js", include_bytes!("page/map.js")),
    ("visitor.js", include_bytes!("page/visitor.js")),
];

/// One file of a page.
#[derive(Debug)]
pub(super) struct File {
    pub(super) content_type: &'static str,
    pub(super) content: Cow<'static, [u8]>,
    /// What the page may do; a game's author decides that for its own.
    pub(super) policy: Option<&'static str>,
}

/// The page that a realm has.
#[derive(Debug)]
pub(crate) struct Page {
    /// That of a game's own; none for the live page.
    folder: Option<PathBuf>,
    /// Made of the games' messages.
    made: Vec<(String, String)>,
}

impl Page {
    /// The page in `folder`, or the live page if that is empty.
    ///
    /// # Errors
    /// There is no page in that folder, or a message of a game that JavaScript can't carry.
    pub(crate) fn new(folder: &str, games: Games) -> anyhow::Result<Self> {
        let made = web::game_files(games)?;
        let folder = (!folder.is_empty()).then(|| PathBuf::from(folder));
        if let Some(folder) = &folder {
            let index = folder.join(INDEX);
            ensure!(index.is_file(), "http.page: there is no {}", index.display());
        }
        Ok(Self { folder, made })
    }

    /// The file at that path.
    ///
    /// # Errors
    /// It is there, and can't be read.
    pub(super) fn file(&self, path: &str) -> std::io::Result<Option<File>> {
        let name = match path.strip_prefix('/').unwrap_or(path) {
            "" => INDEX,
            name => name,
        };
        let own = match &self.folder {
            Some(folder) => read(folder, name)?.map(|content| (Cow::Owned(content), None)),
            None => {
                of_live_page(name).map(|content| (Cow::Borrowed(content), Some(LIVE_PAGE_POLICY)))
            }
        };
        let found = own.or_else(|| self.client_file(name).map(|content| (content, None)));
        Ok(found.map(|(content, policy)| File { content_type: type_of(name), content, policy }))
    }

    fn client_file(&self, name: &str) -> Option<Cow<'static, [u8]>> {
        if let Some(file) = CLIENT_FILES.iter().find(|file| file.name == name) {
            return Some(Cow::Borrowed(file.content));
        }
        let made = self.made.iter().find(|(known, _)| known == name)?;
        Some(Cow::Owned(made.1.clone().into_bytes()))
    }
}

fn of_live_page(name: &str) -> Option<&'static [u8]> {
    LIVE_PAGE.iter().find(|(known, _)| *known == name).map(|(_, content)| *content)
}

/// A file below a folder; none for whatever leads out of it, is hidden, or is no file.
fn read(folder: &Path, name: &str) -> std::io::Result<Option<Vec<u8>>> {
    let parts = Path::new(name).components();
    let is_visible = |part: Component<'_>| match part {
        Component::Normal(part) => part.to_str().is_some_and(|part| !part.starts_with('.')),
        _ => false,
    };
    if name.contains(['\\', '\0']) || !parts.clone().all(is_visible) {
        return Ok(None);
    }
    let (Ok(root), Ok(path)) = (folder.canonicalize(), folder.join(name).canonicalize()) else {
        return Ok(None);
    };
    let data = std::fs::metadata(&path)?;
    // A link may lead anywhere.
    if !path.starts_with(root) || !data.is_file() || data.len() > FILE_MAX_BYTES {
        return Ok(None);
    }
    std::fs::read(path).map(Some)
}

fn type_of(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js" | "mjs" | "ts") => "text/javascript; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("webp") => "image/webp",
        Some("gif") => "image/gif",
        Some("ico") => "image/x-icon",
        Some("ogg") => "audio/ogg",
        Some("mp3") => "audio/mpeg",
        Some("wav") => "audio/wav",
        Some("woff2") => "font/woff2",
        Some("txt" | "md") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> PathBuf {
        let folder = std::env::temp_dir().join(format!("tinyrealm-page-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("art/.hidden")).unwrap();
        std::fs::write(folder.join(INDEX), "mine").unwrap();
        std::fs::write(folder.join("art/coin.svg"), "<svg/>").unwrap();
        std::fs::write(folder.join("art/.hidden/x"), "no").unwrap();
        std::fs::write(folder.join(".env"), "no").unwrap();
        folder
    }

    #[test]
    fn a_game_s_page_is_its_folder_and_nothing_else() {
        let folder = folder();
        let page = Page::new(folder.to_str().unwrap(), &[]).unwrap();
        let read = |path| page.file(path).unwrap();
        assert_eq!(read("/").unwrap().content.as_ref(), b"mine");
        let picture = read("/art/coin.svg").unwrap();
        assert_eq!((picture.content_type, picture.policy), ("image/svg+xml", None));
        assert!(read("/tinyrealm.js").is_some() && read("/page.js").is_none());
        let others = [
            "/.env",
            "/art",
            "/art/.hidden/x",
            "/../x",
            "/art/../../x",
            "//etc/passwd",
            "/a\\b",
            "/x\0",
        ];
        for other in others {
            assert!(read(other).is_none(), "{other}");
        }
        std::os::unix::fs::symlink("/etc/hostname", folder.join("link.txt")).unwrap();
        assert!(read("/link.txt").is_none());
        std::fs::remove_dir_all(&folder).unwrap();
        let gone = Page::new(folder.to_str().unwrap(), &[]).unwrap_err();
        assert!(gone.to_string().contains("http.page"), "{gone}");
    }

    #[test]
    fn without_a_folder_it_is_the_live_page() {
        let page = Page::new("", &[]).unwrap();
        let index = page.file("/").unwrap().unwrap();
        assert_eq!(index.policy, Some(LIVE_PAGE_POLICY));
        assert!(page.file("/tinyrealm.wasm").unwrap().unwrap().content.starts_with(b"\0asm"));
        assert!(page.file("/nothing").unwrap().is_none());
    }
}
