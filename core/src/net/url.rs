//! `NetUrl`: `tcp://host:port`, `ws://host:port/path`, `wss://host/path`, taken apart.
//!
//! Contract: what is taken can be asked of a server as it stands: no user names, no fragment, no
//! spaces, and nothing that would end a line of an HTTP request.
//!
//! ```
//! use tinyrealm_core::net::NetUrl;
//! let url = NetUrl::parse("wss://[::1]/room?7").unwrap();
//! assert_eq!((url.scheme, url.host, url.port), ("wss", "::1", Some(443)));
//! assert_eq!((url.authority, url.target), ("[::1]", "/room?7"));
//! ```

/// The longest address that is taken, in bytes.
pub const URL_MAX_BYTES: usize = 1_024;

/// What is wrong with an address.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum UrlError {
    /// It is not `scheme://…`, or the connector does not speak that scheme.
    Scheme,
    /// There is no host, or it has a user's name before it.
    Host,
    /// The port is no number of 1 to 65535, or there is none where one is needed.
    Port,
    /// There is something that can't be asked for: a space, a control character, a fragment.
    Target,
    /// It is longer than [`URL_MAX_BYTES`].
    TooLong,
}

impl UrlError {
    /// What is wrong, in words.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Scheme => "the address does not begin with a scheme that is spoken here",
            Self::Host => "the address has no host, or a user's name before it",
            Self::Port => "the address has no port of 1 to 65535",
            Self::Target => "the address has a space, a control character or a fragment",
            Self::TooLong => "the address is longer than 1024 bytes",
        }
    }
}

impl core::fmt::Display for UrlError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.text())
    }
}

impl core::error::Error for UrlError {}

/// An address, taken apart.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct NetUrl<'u> {
    /// What is spoken there, in lower case as it has to be written.
    pub scheme: &'u str,
    /// The host's name or address, without brackets.
    pub host: &'u str,
    /// The port, or the scheme's own; `None` if there is neither.
    pub port: Option<u16>,
    /// Host and port as they were written.
    pub authority: &'u str,
    /// Path and query as a request has them; empty if the address has none.
    pub target: &'u str,
}

impl<'u> NetUrl<'u> {
    /// Takes `url` apart.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(url: &'u str) -> Result<Self, UrlError> {
        if url.len() > URL_MAX_BYTES {
            return Err(UrlError::TooLong);
        }
        if url.bytes().any(|byte| !byte.is_ascii_graphic() || byte == b'#') {
            return Err(UrlError::Target);
        }
        let (scheme, rest) = url.split_once("://").ok_or(UrlError::Scheme)?;
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at_checked(end).ok_or(UrlError::Host)?;
        let (host, port) = Self::split(authority)?;
        let port = match port {
            Some(text) => Some(Self::number(text)?),
            None => Self::port_of(scheme),
        };
        Ok(Self { scheme, host, port, authority, target })
    }

    fn split(authority: &str) -> Result<(&str, Option<&str>), UrlError> {
        let (host, rest) = match authority.strip_prefix('[') {
            Some(inside) => inside.split_once(']').ok_or(UrlError::Host)?,
            None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
        };
        if host.is_empty() || host.contains(['@', '\\']) {
            return Err(UrlError::Host);
        }
        match rest.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if rest.is_empty() => Ok((host, None)),
            None => Err(UrlError::Host),
        }
    }

    /// Only digits: `u16`'s own parser would take a sign.
    fn number(text: &str) -> Result<u16, UrlError> {
        let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let port = text.parse().ok().filter(|port| is_digits && *port > 0);
        port.ok_or(UrlError::Port)
    }

    fn port_of(scheme: &str) -> Option<u16> {
        match scheme {
            "ws" => Some(80),
            "wss" => Some(443),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    fn parts(url: &str) -> (&str, &str, Option<u16>, &str, &str) {
        let NetUrl { scheme, host, port, authority, target } = NetUrl::parse(url).unwrap();
        (scheme, host, port, authority, target)
    }

    #[test]
    fn addresses_come_apart() {
        assert_eq!(parts("tcp://a.b:7"), ("tcp", "a.b", Some(7), "a.b:7", ""));
        assert_eq!(parts("tcp://a"), ("tcp", "a", None, "a", ""));
        assert_eq!(parts("ws://a"), ("ws", "a", Some(80), "a", ""));
        assert_eq!(parts("ws://a?q"), ("ws", "a", Some(80), "a", "?q"));
        assert_eq!(parts("wss://[::1]:9/x/y"), ("wss", "::1", Some(9), "[::1]:9", "/x/y"));
        assert_eq!(parts("ws://a:65535/:@"), ("ws", "a", Some(65_535), "a:65535", "/:@"));
    }

    #[test]
    fn what_can_t_be_asked_is_refused() {
        for (url, error) in [
            ("", UrlError::Scheme),
            ("localhost:7", UrlError::Scheme),
            ("ws://", UrlError::Host),
            ("ws:///path", UrlError::Host),
            ("ws://:80", UrlError::Host),
            ("ws://user@host", UrlError::Host),
            ("ws://user:word@host", UrlError::Port),
            ("ws://[::1", UrlError::Host),
            ("ws://[::1]7", UrlError::Host),
            ("ws://a:", UrlError::Port),
            ("ws://a:0", UrlError::Port),
            ("ws://a:+7", UrlError::Port),
            ("ws://a:65536", UrlError::Port),
            ("ws://a/b c", UrlError::Target),
            ("ws://a/\r\nHost: b", UrlError::Target),
            ("ws://a/#b", UrlError::Target),
            ("ws://ä/", UrlError::Target),
        ] {
            assert_eq!(NetUrl::parse(url), Err(error), "{url}");
        }
    }

    #[test]
    fn both_sides_of_the_length_limit() {
        let path = URL_MAX_BYTES - "ws://a/".len();
        assert!(NetUrl::parse(&format!("ws://a/{}", "x".repeat(path))).is_ok());
        let longer = format!("ws://a/{}", "x".repeat(path + 1));
        assert_eq!(NetUrl::parse(&longer), Err(UrlError::TooLong));
    }
}
