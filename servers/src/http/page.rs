//! The live page's files, in the binary.

/// Nothing but our own files, and WebSockets to wherever a world is.
pub(super) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; \
    style-src 'self'; img-src 'self' data:; connect-src 'self' ws: wss:; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// One file of the page.
pub(super) struct File {
    path: &'static str,
    pub(super) content_type: &'static str,
    pub(super) text: &'static str,
}

const FILES: [File; 7] = [
    File {
        path: "/",
        content_type: "text/html; charset=utf-8",
        text: include_str!("page/index.html"),
    },
    File {
        path: "/page.css",
        content_type: "text/css; charset=utf-8",
        text: include_str!("page/page.css"),
    },
    File { path: "/page.js", content_type: SCRIPT, text: include_str!("page/page.js") },
    File { path: "/map.js", content_type: SCRIPT, text: include_str!("page/map.js") },
    File { path: "/realm.js", content_type: SCRIPT, text: include_str!("page/realm.js") },
    File {
        path: "/protocol.js",
        content_type: SCRIPT,
        text: include_str!("../../../backend-web/protocol.js"),
    },
    File {
        path: "/postcard.js",
        content_type: SCRIPT,
        text: include_str!("../../../backend-web/postcard.js"),
    },
];

/// The file at that path.
pub(super) fn file(path: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.path == path)
}
