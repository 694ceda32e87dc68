//! The operator's page: its files, which are in the binary, and what it may do.
//!
//! Contract: the files are the same for everybody, and no secret: whoever loads them has to name the token to
//! [`api`](super::api) like every other program. Nothing is loaded from elsewhere, and no site may frame the page.

use hyper::StatusCode;
use hyper::header;

use super::page::THEME;
use super::{Answer, set, with_type};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Where each is, what type it has, and what is in it.
const FILES: [(&str, &str, &[u8]); 4] = [
    ("/", "text/html; charset=utf-8", include_bytes!("admin_page/index.html")),
    ("/theme.css", "text/css; charset=utf-8", THEME),
    ("/admin.css", "text/css; charset=utf-8", include_bytes!("admin_page/admin.css")),
    ("/admin.js", "text/javascript; charset=utf-8", include_bytes!("admin_page/admin.js")),
];

/// The file at that path.
pub(super) fn file(path: &str) -> Option<Answer> {
    let (_, content_type, content) = FILES.iter().find(|(at, ..)| *at == path)?;
    let mut answer = with_type(StatusCode::OK, content_type, *content);
    set(&mut answer, header::CONTENT_SECURITY_POLICY, POLICY);
    Some(answer)
}
