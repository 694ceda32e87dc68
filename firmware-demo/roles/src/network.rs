//! The network stack of a device, with the address that `device.toml` says.
//!
//! Purpose: a board calls [`start`] with its driver, and hands a role the [`Network`]. A role waits, asks for its address, and
//! takes its sockets.

use embassy_net::driver::Driver;
use embassy_net::tcp::TcpSocket;
use embassy_net::{Config, Ipv4Address, Ipv4Cidr, Runner, Stack, StackResources, StaticConfigV4};
use embassy_time::{Duration, with_timeout};
use static_cell::ConstStaticCell;

use crate::links::{RECEIVE_BYTES, SEND_BYTES, SocketBuffers};
use crate::{Board, info, unit};

/// How often the watchdog is fed at least, whatever a role waits for.
pub(crate) const FEEDING: Duration = Duration::from_secs(2);

/// Sockets that the stack has for itself: that of DHCP.
pub const STACK_SOCKETS: usize = cfg!(feature = "dhcp") as usize;

/// The network as a role gets it: the stack, and the buffers of the role's sockets.
pub struct Network<const SOCKETS: usize, const BYTES: usize = { RECEIVE_BYTES + SEND_BYTES }> {
    /// The stack.
    pub stack: Stack<'static>,
    /// Its sockets' buffers.
    pub buffers: &'static mut SocketBuffers<SOCKETS, BYTES>,
}

impl<const SOCKETS: usize, const BYTES: usize> Network<SOCKETS, BYTES> {
    /// Waits until the device has an address, for as long as that takes. The watchdog is fed meanwhile, every two seconds: an
    /// unplugged cable is no reason for it.
    pub async fn wait(&self, board: &mut impl Board) {
        while with_timeout(FEEDING, self.stack.wait_config_up()).await.is_err() {
            board.feed_watchdog();
        }
        info!("the network is up");
    }

    /// The address that the device has on its network; unspecified until it has one.
    pub fn address(&self) -> Ipv4Address {
        let config = self.stack.config_v4();
        config.map_or(Ipv4Address::UNSPECIFIED, |config| config.address.address())
    }

    /// Its sockets. Each receives into `receive_bytes` of its `BYTES`, and sends from the others.
    ///
    /// # Panics
    /// If `receive_bytes` is more than `BYTES`, or the stack has resources for fewer sockets.
    pub fn sockets(self, receive_bytes: usize) -> [TcpSocket<'static>; SOCKETS] {
        self.buffers.sockets(self.stack, receive_bytes)
    }
}

/// Starts the stack with room for `SOCKETS` sockets, its own among them ([`STACK_SOCKETS`]). The board runs the runner in a
/// task of its own. `random_seed` is another one at each start, if the board can.
///
/// It makes the sockets on the stack first, 330 bytes each: on an Arm, `tinyrealm_board_parts::start` calls it on the
/// sockets' buffers instead.
///
/// # Panics
/// If `resources` are in use already.
pub fn start<D: Driver, const SOCKETS: usize>(
    driver: D,
    resources: &'static ConstStaticCell<StackResources<SOCKETS>>,
    random_seed: u64,
) -> (Stack<'static>, Runner<'static, D>) {
    embassy_net::new(driver, config(), resources.take(), random_seed)
}

fn config() -> Config {
    let Some((address, prefix_bits, gateway)) = unit::fixed_address() else { return asked() };
    Config::ipv4_static(StaticConfigV4 {
        address: Ipv4Cidr::new(Ipv4Address::from(address), prefix_bits),
        gateway: Some(Ipv4Address::from(gateway)),
        dns_servers: Default::default(),
    })
}

#[cfg(feature = "dhcp")]
fn asked() -> Config {
    Config::dhcpv4(Default::default())
}

/// What can't ask has refused to be told so.
#[cfg(not(feature = "dhcp"))]
fn asked() -> Config {
    Config::default()
}
