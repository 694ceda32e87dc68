//! `Operator`: what whoever runs a server is told of its process: `/healthz`, `/readyz` and `/metrics`; and what it reads
//! and does by [`Api`], for which there is a page.
//!
//! Contract: `/healthz` fails when a node's thread hangs, and nothing but a restart mends that; `/readyz` also while
//! something is missing that players need. These two say no more than that, to everybody who reaches the listener, for
//! they are asked by machines. All else wants the token, if there is one; and there has to be one for a listener
//! that others than this machine reach.

use std::net::IpAddr;
use std::path::Path;

use anyhow::{Context, ensure};
use hyper::body::Body;
use hyper::header::{self, HeaderMap};
use hyper::{Request, StatusCode};
use subtle::ConstantTimeEq;

use super::api::{self, Api, Asker};
use super::figures::Figures;
use super::{Answer, admin_page, metrics, only_read, plain, set, text_of, with_type};
use crate::secret;

/// Fewer could be guessed.
const TOKEN_LEAST_BYTES: usize = 16;
const TOKEN_MOST_BYTES: usize = 512;

/// What an operator's programs name.
pub(crate) struct Token(String);

impl Token {
    /// The first line of this file.
    ///
    /// # Errors
    /// If others can read it, or it is no token.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let bytes = secret::read(path, "the operator's token")?;
        let text = String::from_utf8(bytes).ok();
        let token = text.as_deref().and_then(|text| text.lines().next()).unwrap_or_default().trim();
        Self::of(token).with_context(|| path.display().to_string())
    }

    pub(super) fn of(token: &str) -> anyhow::Result<Self> {
        ensure!(
            (TOKEN_LEAST_BYTES..=TOKEN_MOST_BYTES).contains(&token.len())
                && token.bytes().all(|byte| byte.is_ascii_graphic()),
            "an operator's token has {TOKEN_LEAST_BYTES} to {TOKEN_MOST_BYTES} printable characters and no space: \
             `openssl rand -hex 32` makes one"
        );
        Ok(Self(token.to_owned()))
    }

    /// To be named to a server.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    fn is_named(&self, headers: &HeaderMap) -> bool {
        let named = text_of(headers, header::AUTHORIZATION).and_then(|field| field.split_once(' '));
        named.is_some_and(|(scheme, token)| {
            scheme.eq_ignore_ascii_case("bearer")
                && bool::from(token.as_bytes().ct_eq(self.0.as_bytes()))
        })
    }
}

/// See the [module](self).
pub(crate) struct Operator {
    pub(crate) figures: Figures,
    pub(crate) token: Option<Token>,
    pub(crate) api: Api,
}

impl Operator {
    pub(super) async fn answer<B: Body>(&self, from: IpAddr, request: Request<B>) -> Answer
    where
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (path, headers) = (request.uri().path(), request.headers());
        let is_stranger = self.token.as_ref().is_some_and(|token| !token.is_named(headers));
        if let Some(file) = admin_page::file(path) {
            // A browser names no token when it opens a page.
            return only_read(request.method(), file);
        }
        let answer = match path {
            "/healthz" => state(&self.figures.hanging()),
            "/readyz" => state(&self.unready()),
            _ if is_stranger => {
                self.api.note_stranger(from, path);
                return refuse(path);
            }
            path if path.starts_with("/api/") => {
                let by = if self.token.is_some() { "token" } else { "loopback" };
                return self.api.answer(Asker { by, from }, request).await;
            }
            "/metrics" => match metrics::text(&self.figures) {
                Ok(text) => with_type(StatusCode::OK, metrics::CONTENT_TYPE, text),
                Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "no figures\n"),
            },
            _ => plain(StatusCode::NOT_FOUND, "there is nothing here\n"),
        };
        only_read(request.method(), answer)
    }

    /// What keeps players from coming, one line each.
    fn unready(&self) -> Vec<String> {
        let draining = match self.api.is_draining() {
            true => vec!["draining".to_owned()],
            false => self.figures.draining(),
        };
        [draining, self.figures.hanging(), self.figures.missing()].concat()
    }
}

/// Whoever does not name the token.
fn refuse(path: &str) -> Answer {
    let text = "Authorization: Bearer, with admin.token_file's token";
    let mut answer = match path.starts_with("/api/") {
        true => api::error(StatusCode::UNAUTHORIZED, text),
        false => plain(StatusCode::UNAUTHORIZED, format!("{text}\n")),
    };
    set(&mut answer, header::WWW_AUTHENTICATE, "Bearer");
    answer
}

/// What is wrong, if anything is.
fn state(wrong: &[String]) -> Answer {
    match wrong {
        [] => plain(StatusCode::OK, "ok\n"),
        wrong => plain(StatusCode::SERVICE_UNAVAILABLE, wrong.join("\n") + "\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_a_token_s_length() {
        for (length, is_one) in [(15, false), (16, true), (512, true), (513, false)] {
            assert_eq!(Token::of(&"k".repeat(length)).is_ok(), is_one, "{length}");
        }
        assert!(Token::of("a token with spaces").is_err());
    }
}
