//! Where somebody can be at: `HOST:PORT`.

/// The port of `HOST:PORT`, if that is an address that somebody can be at: IPv6 stands in brackets.
pub(super) fn port_of(address: &str) -> Option<u16> {
    let (host, port) = address.rsplit_once(':')?;
    let has_brackets = host.starts_with('[') && host.ends_with(']');
    let is_host = !host.is_empty()
        && (has_brackets || !host.contains(':'))
        && !host.contains(|letter: char| letter.is_whitespace() || letter == '/');
    let port = port.parse().ok().filter(|port| *port > 0);
    port.filter(|_| is_host)
}

/// An address that somebody can be at, of a flag.
pub(crate) fn parse_address(text: &str) -> Result<String, String> {
    let is_address = port_of(text).is_some();
    is_address.then(|| text.to_owned()).ok_or_else(|| "expected HOST:PORT".to_owned())
}
