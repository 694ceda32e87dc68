//! smoltcp's states and addresses as the engine and the core have them.

use smoltcp::socket::tcp::State;
use smoltcp::wire::{IpAddress, IpEndpoint};
use tinyrealm_core::session::PeerAddress;

use crate::bank::SocketState;

/// The state of a socket. A closed one that still has a peer has a reset to send. One that waits for
/// stray segments only (TIME-WAIT) can be used again at once: a device has few.
pub(crate) const fn socket_state(state: State, has_peer: bool, can_receive: bool) -> SocketState {
    match state {
        State::Closed if has_peer => SocketState::Resetting,
        State::Closed => SocketState::Idle,
        State::Listen => SocketState::Listening,
        State::SynSent | State::SynReceived => SocketState::Connecting,
        State::Established | State::FinWait1 | State::FinWait2 => SocketState::Open,
        State::CloseWait | State::Closing | State::LastAck | State::TimeWait if can_receive => {
            SocketState::Open
        }
        State::CloseWait | State::Closing | State::LastAck => SocketState::Ended,
        State::TimeWait => SocketState::Idle,
    }
}

/// An address as the core counts it.
pub(crate) fn peer_address(endpoint: Option<IpEndpoint>) -> PeerAddress {
    match endpoint.map(|endpoint| endpoint.addr) {
        Some(IpAddress::Ipv4(address)) => PeerAddress(address.to_ipv6_mapped().octets()),
        #[allow(unreachable_patterns, reason = "IPv6 is a feature of smoltcp")]
        Some(_) | None => PeerAddress::default(),
    }
}
