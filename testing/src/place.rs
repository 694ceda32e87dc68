//! Who is who among the hosts of a bench, and where each is found.

use crate::network::HostId;

pub(crate) const MAIN: HostId = HostId(0);
pub(crate) const WORLD: HostId = HostId(1);
const FIRST_PLAYER: usize = 2;
pub(crate) const MAIN_ADDRESS: &str = "main:7000";
pub(crate) const WORLD_ADDRESS: &str = "world:7200";

/// Which player a host is; `None` for a server.
pub(crate) fn player_at(host: HostId) -> Option<usize> {
    host.0.checked_sub(FIRST_PLAYER)
}

pub(crate) fn is_main(host: HostId) -> bool {
    host == MAIN
}

pub(crate) const fn host_of_player(player: usize) -> HostId {
    HostId(FIRST_PLAYER + player)
}

/// Where an address leads.
pub(crate) fn host_at(address: &str) -> HostId {
    if address == MAIN_ADDRESS { MAIN } else { WORLD }
}
