//! `X-Forwarded-For` and `Forwarded`: the last address of a chain that is no proxy's.

use std::net::{IpAddr, SocketAddr};

use super::TrustedProxies;

/// `X-Forwarded-For` and `Forwarded` name different clients: one of them has passed a proxy that does not
/// know it, and may be a stranger's.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Contradiction;

/// The address of the client for whom `peer` speaks: its own, if it is not believed or names nobody.
///
/// # Errors
/// [`Contradiction`]
pub fn client_address<'h>(
    peer: IpAddr,
    trusted: &TrustedProxies,
    fields: impl IntoIterator<Item = (&'h str, &'h [u8])>,
) -> Result<IpAddr, Contradiction> {
    let peer = peer.to_canonical();
    if !trusted.contains(peer) {
        return Ok(peer);
    }
    let (mut listed, mut standard) = (Vec::new(), Vec::new());
    for (name, value) in fields {
        if name.eq_ignore_ascii_case("x-forwarded-for") {
            listed.extend(elements(value).map(node_address));
        } else if name.eq_ignore_ascii_case("forwarded") {
            standard.extend(elements(value).map(|element| node_address(for_of(element)?)));
        }
    }
    let clients = [listed, standard].map(|chain| (!chain.is_empty()).then_some(chain));
    match clients.map(|chain| chain.map(|chain| last_stranger(peer, trusted, &chain))) {
        [Some(one), Some(other)] if one != other => Err(Contradiction),
        [Some(client), _] | [None, Some(client)] => Ok(client),
        [None, None] => Ok(peer),
    }
}

/// Goes back along the chain while whoever names the one before is believed.
fn last_stranger(peer: IpAddr, trusted: &TrustedProxies, chain: &[Option<IpAddr>]) -> IpAddr {
    let mut client = peer;
    for node in chain.iter().rev() {
        match node {
            Some(address) if trusted.contains(client) => client = *address,
            _ => break,
        }
    }
    client
}

/// Each comma ends an element, within quotes, too: what a stranger has opened on the left hides nothing
/// that a proxy has written behind it.
fn elements(value: &[u8]) -> impl Iterator<Item = &str> {
    value
        .split(|byte| *byte == b',')
        .map(|element| std::str::from_utf8(element).unwrap_or("").trim())
}

/// The `for` of an element of `Forwarded`.
fn for_of(element: &str) -> Option<&str> {
    let mut pairs = element.split(';').filter_map(|pair| pair.split_once('='));
    let (_, node) = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    Some(node.trim().trim_matches('"'))
}

/// An address as it stands in such a header, with a port or without.
fn node_address(node: &str) -> Option<IpAddr> {
    let bare = node.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(node);
    let with_port = || node.parse().ok().map(|address: SocketAddr| address.ip());
    bare.parse().ok().or_else(with_port).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, head: &[(&str, &str)]) -> Result<String, Contradiction> {
        let trusted = TrustedProxies::parse(["10.0.0.0/8", "::1"]).unwrap();
        let fields = head.iter().map(|(name, value)| (*name, value.as_bytes()));
        client_address(peer.parse().unwrap(), &trusted, fields).map(|it| it.to_string())
    }

    #[test]
    fn the_client_is_the_last_one_who_is_no_proxy() {
        for (chain, expected) in [
            ("192.0.2.7", "192.0.2.7"),
            ("203.0.113.9, 192.0.2.7", "192.0.2.7"),
            ("203.0.113.9,192.0.2.7 , 10.9.9.9", "192.0.2.7"),
            ("10.1.1.1, 10.2.2.2", "10.1.1.1"),
            ("192.0.2.7:4711", "192.0.2.7"),
            ("[2001:db8::7]:4711", "2001:db8::7"),
            ("[2001:db8::7]", "2001:db8::7"),
            ("2001:db8::7", "2001:db8::7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("192.0.2.7, unknown", "10.0.0.1"),
            ("192.0.2.7, ", "10.0.0.1"),
            ("192.0.2.7, unknown, 10.5.5.5", "10.5.5.5"),
            ("", "10.0.0.1"),
        ] {
            let told = client("10.0.0.1", &[("X-Forwarded-For", chain)]).unwrap();
            assert_eq!(told, expected, "{chain}");
            assert_eq!(client("192.0.2.1", &[("X-Forwarded-For", chain)]).unwrap(), "192.0.2.1");
        }
        assert_eq!(
            client("::ffff:10.0.0.1", &[("x-forwarded-for", "1.2.3.4")]).unwrap(),
            "1.2.3.4"
        );
    }

    #[test]
    fn lines_are_one_chain() {
        let head = [("X-Forwarded-For", "203.0.113.9"), ("x-forwarded-for", "192.0.2.7")];
        assert_eq!(client("10.0.0.1", &head).unwrap(), "192.0.2.7");
    }

    #[test]
    fn the_standard_s_header_says_the_same() {
        for (chain, expected) in [
            ("for=192.0.2.7", "192.0.2.7"),
            ("For=\"[2001:db8:cafe::17]:4711\";proto=https;by=203.0.113.43", "2001:db8:cafe::17"),
            ("by=10.0.0.1; for=192.0.2.7", "192.0.2.7"),
            ("for=203.0.113.9, for=192.0.2.7", "192.0.2.7"),
            ("for=\"203.0.113.9, for=192.0.2.7", "192.0.2.7"),
            ("for=192.0.2.7, for=_hidden", "10.0.0.1"),
            ("for=192.0.2.7, proto=https", "10.0.0.1"),
        ] {
            assert_eq!(client("10.0.0.1", &[("Forwarded", chain)]).unwrap(), expected, "{chain}");
        }
    }

    #[test]
    fn what_contradicts_itself_is_refused() {
        let both =
            |one, other| client("10.0.0.1", &[("X-Forwarded-For", one), ("Forwarded", other)]);
        assert_eq!(both("192.0.2.7", "for=192.0.2.7").unwrap(), "192.0.2.7");
        assert_eq!(both("192.0.2.7", "for=203.0.113.9"), Err(Contradiction));
        assert_eq!(
            client("192.0.2.1", &[("X-Forwarded-For", "a"), ("Forwarded", "b")]).unwrap(),
            "192.0.2.1"
        );
    }
}
