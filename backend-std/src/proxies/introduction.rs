//! What the first bytes of a believed peer's connection say about whose it is.
//!
//! Contract: the bytes are looked at, not taken: the answer names how many of them are not the client's.
//!
//! Bounds: 107 bytes of a PROXY header of version 1, [`PROXY_V2_MAX_BYTES`] of version 2, and
//! [`HEAD_MAX_BYTES`] of a request; what is longer is no introduction.

use std::net::IpAddr;

use proxy_header::{Error, ParseConfig, ProxyHeader};

use super::{Contradiction, TrustedProxies, client_address};

const PROXY_V1: &[u8] = b"PROXY ";
const PROXY_V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
const GET: &[u8] = b"GET ";
/// The protocol's own bound.
const PROXY_V1_MAX_BYTES: usize = 107;
/// Addresses, and what else a proxy has to say.
const PROXY_V2_MAX_BYTES: usize = 4 * 1_024;
/// The longest head that opens a WebSocket.
const HEAD_MAX_BYTES: usize = 8 * 1_024;

/// So many bytes are enough for every introduction.
pub(crate) const READ_MAX_BYTES: usize = HEAD_MAX_BYTES;

/// What a connection has begun with.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Introduction {
    /// It is not yet to be seen.
    NeedMore,
    /// A PROXY header of so many bytes: what follows is said by `client`.
    Proxied {
        /// The proxy itself, where it speaks for itself.
        client: IpAddr,
        /// To be taken from the connection.
        header_bytes: usize,
    },
    /// What stands here is for the node, and is said by this client.
    Plain(IpAddr),
    /// Nobody's word can be taken.
    Broken,
}

/// Reads what `peer`, who is believed, has said so far.
pub(crate) fn read_introduction(
    bytes: &[u8],
    peer: IpAddr,
    trusted: &TrustedProxies,
) -> Introduction {
    if begins_like(bytes, PROXY_V1) {
        return read_header(
            bytes.get(..PROXY_V1_MAX_BYTES).unwrap_or(bytes),
            peer,
            PROXY_V1_MAX_BYTES,
        );
    }
    if begins_like(bytes, PROXY_V2) {
        return read_header(
            bytes.get(..PROXY_V2_MAX_BYTES).unwrap_or(bytes),
            peer,
            PROXY_V2_MAX_BYTES,
        );
    }
    if begins_like(bytes, GET) {
        return read_head(bytes.get(..HEAD_MAX_BYTES).unwrap_or(bytes), peer, trusted);
    }
    Introduction::Plain(peer)
}

/// Whether they are the beginning of `sign`, or `sign` is theirs.
fn begins_like(bytes: &[u8], sign: &[u8]) -> bool {
    bytes.iter().zip(sign).all(|(byte, expected)| byte == expected)
}

fn read_header(bytes: &[u8], peer: IpAddr, most_bytes: usize) -> Introduction {
    match ProxyHeader::parse(
        bytes,
        ParseConfig { include_tlvs: false, allow_v1: true, allow_v2: true },
    ) {
        Ok((header, header_bytes)) => {
            let client = header.proxied_address().map_or(peer, |it| it.source.ip().to_canonical());
            Introduction::Proxied { client, header_bytes }
        }
        Err(Error::BufferTooShort) if bytes.len() < most_bytes => Introduction::NeedMore,
        Err(_) => Introduction::Broken,
    }
}

fn read_head(bytes: &[u8], peer: IpAddr, trusted: &TrustedProxies) -> Introduction {
    let Some(end) = bytes.windows(4).position(|end| end == b"\r\n\r\n") else {
        // The node says that it is too long.
        let is_too_long = bytes.len() >= HEAD_MAX_BYTES;
        return if is_too_long { Introduction::Plain(peer) } else { Introduction::NeedMore };
    };
    let lines = bytes[..end].split(|byte| *byte == b'\n').skip(1);
    let fields = lines.filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        Some((std::str::from_utf8(&line[..colon]).ok()?, line[colon + 1..].trim_ascii()))
    });
    match client_address(peer, trusted, fields) {
        Ok(client) => Introduction::Plain(client),
        Err(Contradiction) => Introduction::Broken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "10.0.0.1";

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn read(bytes: &[u8]) -> Introduction {
        read_introduction(bytes, ip(PROXY), &TrustedProxies::parse([PROXY]).unwrap())
    }

    /// Every beginning of it says nothing yet, and what follows changes nothing.
    #[track_caller]
    fn assert_reads(header: &[u8], expected: Introduction) {
        for end in 0..header.len() {
            assert_eq!(read(&header[..end]), Introduction::NeedMore, "of {end} bytes");
        }
        assert_eq!(read(header), expected);
        assert_eq!(read(&[header, b"GET / and more \r\n\r\n"].concat()), expected);
    }

    fn v2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let bytes = (body.len() as u16).to_be_bytes();
        [PROXY_V2, &[command, family], &bytes, body].concat()
    }

    fn proxied(client: &str, header: &[u8]) -> Introduction {
        Introduction::Proxied { client: ip(client), header_bytes: header.len() }
    }

    #[test]
    fn headers_of_version_1() {
        for (header, client) in [
            ("PROXY TCP4 192.0.2.7 10.0.0.2 56324 443\r\n", "192.0.2.7"),
            ("PROXY TCP6 2001:db8::7 2001:db8::1 56324 443\r\n", "2001:db8::7"),
            ("PROXY UNKNOWN\r\n", PROXY),
            ("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", PROXY),
        ] {
            assert_reads(header.as_bytes(), proxied(client, header.as_bytes()));
        }
        for wrong in
            ["PROXY TCP4 192.0.2.300 1.1.1.1 1 1\r\n", "PROXY TCP9 1.1.1.1 1.1.1.1 1 1\r\n"]
        {
            assert_eq!(read(wrong.as_bytes()), Introduction::Broken, "{wrong}");
        }
        let endless = [b"PROXY UNKNOWN ".as_slice(), &[b'x'; 200]].concat();
        assert_eq!(read(&endless[..106]), Introduction::NeedMore);
        assert_eq!(read(&endless[..107]), Introduction::Broken);
    }

    #[test]
    fn headers_of_version_2() {
        let four = [192, 0, 2, 7, 10, 0, 0, 2, 1, 2, 3, 4];
        let header = v2(0x21, 0x11, &four);
        assert_reads(&header, proxied("192.0.2.7", &header));
        let with_more = v2(0x21, 0x11, &[&four[..], &[4, 0, 2, 9, 9]].concat());
        assert_reads(&with_more, proxied("192.0.2.7", &with_more));
        let six = [
            &ip("2001:db8::7").to_string().parse::<std::net::Ipv6Addr>().unwrap().octets()[..],
            &[0; 20],
        ]
        .concat();
        let header = v2(0x21, 0x21, &six);
        assert_reads(&header, proxied("2001:db8::7", &header));
        // A health check of the proxy's own, whatever addresses it has; and nobody whom it can name.
        for (command, family, body) in [(0x20, 0, &[][..]), (0x20, 0x11, &four), (0x21, 0, &[])] {
            let header = v2(command, family, body);
            assert_reads(&header, proxied(PROXY, &header));
        }
        for wrong in [v2(0x11, 0x11, &four), v2(0x22, 0x11, &four), v2(0x21, 0x41, &four)] {
            assert_eq!(read(&wrong), Introduction::Broken);
        }
        let longest = v2(0x20, 0, &[0; PROXY_V2_MAX_BYTES - 16]);
        assert_eq!(read(&longest), proxied(PROXY, &longest));
        assert_eq!(read(&v2(0x20, 0, &[0; PROXY_V2_MAX_BYTES - 15])), Introduction::Broken);
    }

    #[test]
    fn heads_of_requests() {
        let head = b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.7\r\n\r\n";
        assert_reads(head, Introduction::Plain(ip("192.0.2.7")));
        assert_reads(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", Introduction::Plain(ip(PROXY)));
        let both = b"GET / HTTP/1.1\r\nForwarded: for=1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\n\r\n";
        assert_reads(both, Introduction::Broken);
        let endless = [b"GET /".as_slice(), &[b'x'; HEAD_MAX_BYTES]].concat();
        assert_eq!(read(&endless[..HEAD_MAX_BYTES - 1]), Introduction::NeedMore);
        assert_eq!(read(&endless[..HEAD_MAX_BYTES]), Introduction::Plain(ip(PROXY)));
    }

    #[test]
    fn whatever_else_is_the_node_s() {
        for plain in [&b"\x05\0hello"[..], b"P\0", b"GX", b"\r\r"] {
            assert_eq!(read(plain), Introduction::Plain(ip(PROXY)));
        }
    }
}
