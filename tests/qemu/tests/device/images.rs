//! The tests' images, with the addresses of this run in them.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;

use tinyrealm_qemu::{Image, Machine, Network};

/// What the images of the tests are built with.
const MAIN_ADDRESS: &str = "10.0.2.2:47000";
const PUBLIC_ADDRESS: &str = "127.0.0.1:47100";
pub(crate) const DEVICE_PORT: u16 = 47_100;
/// Where the client with an account logs in.
const LOGIN_ADDRESS: &str = "10.0.2.2:47200";
const CHAT_PORT: u16 = 47_300;
/// For a Main: most boards are built without sealed links.
pub(crate) const CLEAR_BOARDS: &str = "cluster.clear=world:100,chat";
/// The hardware addresses of `devices/*.toml`; the chat server's is the world's.
pub(crate) const WORLD_MAC: &str = "02:00:00:00:71:00";
pub(crate) const CLIENT_MAC: &str = "02:00:00:00:71:01";
/// Where the device's world is on its own network.
pub(crate) const WORLD_IP: &str = "10.0.2.15";
/// What the device's frames may have.
pub(crate) const FRAME_LIMIT_BYTES: usize = 272;
/// The RAM of a world with WebSockets.
pub(crate) const WEB_WORLD_RAM_BYTES: u32 = 24 * 1_024;
/// The RAM of a world without them.
pub(crate) const WORLD_RAM_BYTES: u32 = 20 * 1_024;
/// The RAM of a world with a sealed link to Main.
pub(crate) const SEALED_WORLD_RAM_BYTES: u32 = 20 * 1_024;
/// The RAM of a world with coin rush and WebSockets.
pub(crate) const COIN_RUSH_RAM_BYTES: u32 = 28 * 1_024;
/// The RAM of a world with coin rush and WebSockets, whose rooms move.
pub(crate) const MOVING_WORLD_RAM_BYTES: u32 = 48 * 1_024;
/// The RAM of the chat server as it ships.
pub(crate) const CHAT_RAM_BYTES: u32 = 24 * 1_024;

/// A port that nobody listens at now, of five digits.
pub(crate) fn free_port() -> u16 {
    loop {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        if port >= 10_000 {
            return port;
        }
    }
}

/// The image `name` as it was built.
pub(crate) fn image(name: &str) -> Image {
    let folder = std::env::var_os("TINYREALM_IMAGES").expect("run `cargo xtask test qemu`");
    Image::read(&PathBuf::from(folder).join(name)).unwrap()
}

/// The image `name` of a device whose Main listens here.
pub(crate) fn image_for(name: &str, main: SocketAddr) -> Image {
    let main = format!("10.0.2.2:{}", main.port());
    image(name).with_text(MAIN_ADDRESS, &main).unwrap()
}

/// The image `name` of a world that clients find at `public`.
pub(crate) fn world_image(name: &str, main: SocketAddr, public: &str) -> Image {
    image_for(name, main).with_text(PUBLIC_ADDRESS, public).unwrap()
}

/// The image of a client with an account, whose Main and Login listen here.
pub(crate) fn account_image(main: SocketAddr, login: SocketAddr) -> Image {
    let login = format!("10.0.2.2:{}", login.port());
    image_for("client-with-account", main).with_text(LOGIN_ADDRESS, &login).unwrap()
}

/// A chat server on a device, and where Mains find it.
pub(crate) struct DeviceChat {
    pub(crate) machine: Machine,
    pub(crate) address: SocketAddr,
}

impl DeviceChat {
    /// Starts it on QEMU's own network, at a free port.
    pub(crate) fn start() -> Self {
        Self::start_at(free_port())
    }

    pub(crate) fn start_at(port: u16) -> Self {
        let network = Network::User { forwards: vec![(port, CHAT_PORT)] };
        let mut machine = Machine::start(image("chat"), WORLD_MAC, &network).unwrap();
        // QEMU takes connections before the device does, and says so to it again only after six seconds.
        machine.wait_until("listening", |report| report.beat > 0).unwrap();
        Self { machine, address: SocketAddr::from(([127, 0, 0, 1], port)) }
    }
}

/// A world on a device, and where it is found.
pub(crate) struct DeviceWorld {
    pub(crate) machine: Machine,
    pub(crate) address: SocketAddr,
}

impl DeviceWorld {
    /// Starts the image `name` on QEMU's own network, at a free port.
    pub(crate) fn start(name: &str, main: SocketAddr) -> Self {
        Self::start_at(name, main, free_port())
    }

    pub(crate) fn start_at(name: &str, main: SocketAddr, port: u16) -> Self {
        Self::start_with(name, main, port, &[])
    }

    /// [`DeviceWorld::start_at`] with further arguments for QEMU.
    pub(crate) fn start_with(name: &str, main: SocketAddr, port: u16, arguments: &[&str]) -> Self {
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let image = world_image(name, main, &address.to_string());
        let network = Network::User { forwards: vec![(port, DEVICE_PORT)] };
        let machine = Machine::start_with(image, WORLD_MAC, &network, arguments).unwrap();
        Self { machine, address }
    }
}
