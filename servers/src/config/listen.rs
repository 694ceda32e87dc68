//! Where servers listen: an address, or a name of this machine, and a port that may replace its own.

use std::net::{SocketAddr, ToSocketAddrs};

use serde::Deserialize;
use serde::de::Error;

/// An address of this machine, or a name of it: the first address that the name has.
pub(super) fn listen_address<'de, D: serde::Deserializer<'de>>(
    text: D,
) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(text)?;
    let wrong = |problem| D::Error::custom(format!("can't listen at {text:?}: {problem}"));
    let mut found = text.to_socket_addrs().map_err(|error| wrong(error.to_string()))?;
    found.next().ok_or_else(|| wrong("the name has no address".to_owned()))
}

pub(super) fn with_port(mut address: SocketAddr, port: Option<u16>) -> SocketAddr {
    address.set_port(port.unwrap_or(address.port()));
    address
}
