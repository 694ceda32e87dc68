//! The live page's files, in the binary.

/// Nothing but our own files, the wasm module among them, and WebSockets to wherever a world is.
pub(super) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; \
    style-src 'self'; img-src 'self' data:; connect-src 'self' ws: wss:; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// One file of the page.
pub(super) struct File {
    path: &'static str,
    pub(super) content_type: &'static str,
    pub(super) content: &'static [u8],
}

const FILES: [File; 10] = [
    File {
        path: "/",
        content_type: "text/html; charset=utf-8",
        content: include_bytes!("page/index.html"),
    },
    File {
        path: "/page.css",
        content_type: "text/css; charset=utf-8",
        content: include_bytes!("page/page.css"),
    },
    File { path: "/page.js", content_type: SCRIPT, content: include_bytes!("page/page.js") },
    File { path: "/map.js", content_type: SCRIPT, content: include_bytes!("page/map.js") },
    File { path: "/visitor.js", content_type: SCRIPT, content: include_bytes!("page/visitor.js") },
    File {
        path: "/tinyrealm.js",
        content_type: SCRIPT,
        content: include_bytes!("../../../backend-web/tinyrealm.js"),
    },
    File {
        path: "/tinyrealm.wasm",
        content_type: "application/wasm",
        content: include_bytes!("../../../backend-web/tinyrealm.wasm"),
    },
    File {
        path: "/module.js",
        content_type: SCRIPT,
        content: include_bytes!("../../../backend-web/module.js"),
    },
    File {
        path: "/protocol.js",
        content_type: SCRIPT,
        content: include_bytes!("../../../backend-web/protocol.js"),
    },
    File {
        path: "/postcard.js",
        content_type: SCRIPT,
        content: include_bytes!("../../../backend-web/postcard.js"),
    },
];

/// The file at that path.
pub(super) fn file(path: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.path == path)
}
