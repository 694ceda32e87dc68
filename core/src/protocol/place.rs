//! Where somebody can be at, as messages say it.
//!
//! Contract: what is refused here nobody could connect to, and what is taken can be said on a line of its own.
//!
//! ```
//! use tinyrealm_core::protocol::{is_address, is_place};
//! assert!(is_place("[::1]:7000") && is_address("tls://main.example:7000"));
//! assert!(!is_place("tls://main.example:7000") && !is_address("main.example"));
//! ```

const SCHEMES: [&str; 4] = ["tcp://", "tls://", "ws://", "wss://"];

/// Whether this is `host:port`, of IPv6 with brackets.
pub fn is_place(text: &str) -> bool {
    // By bytes: the search for a character can panic, as far as a compiler sees.
    let Some(colon) = text.bytes().rposition(|byte| byte == b':') else { return false };
    let (Some(host), Some(port)) = (text.get(..colon), text.get(colon + 1..)) else { return false };
    let inside = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_name = inside.is_some() || host.bytes().all(|byte| byte != b':');
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'@' | b'\\');
    let is_host = is_name && !inside.unwrap_or(host).is_empty() && host.bytes().all(is_plain);
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    is_host && is_number && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// Whether this is `host:port`, alone or behind a scheme that clients speak.
pub fn is_address(text: &str) -> bool {
    is_place(SCHEMES.iter().find_map(|scheme| text.strip_prefix(scheme)).unwrap_or(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_could_connect_to_is_none() {
        for good in ["a:1", "10.0.0.1:7000", "[::1]:65535", "main.example:7000"] {
            assert!(is_place(good) && is_address(good), "{good}");
            for scheme in SCHEMES {
                let with_scheme = std::format!("{scheme}{good}");
                assert!(is_address(&with_scheme) && !is_place(&with_scheme), "{with_scheme}");
            }
        }
        for bad in [
            "",
            ":",
            "a",
            "a:",
            ":1",
            "a:0",
            "a:65536",
            "a:+1",
            "[]:1",
            "::1:7",
            "a b:1",
            "a\n:1",
            "a/b:1",
            "ann@a:1",
            "http://a:1",
            "tls://tls://a:1",
            "ä:1",
        ] {
            assert!(!is_place(bad) && !is_address(bad), "{bad:?}");
        }
    }
}
