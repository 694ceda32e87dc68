//! WebSockets that are not of our making: the packages `websockets` of Python and `ws` of Node.
//!
//! Purpose: [`Peer`] names one of the two and how its script is run: as a client that visits our servers,
//! or as a server for our client.
//!
//! Contract: `cargo xtask peers` installs the packages, and says where in `TINYREALM_PEERS`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Somebody else's WebSocket.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Peer {
    /// `websockets`.
    Python,
    /// `ws`.
    Node,
}

impl Peer {
    /// Runs its script, as a client or as a server.
    ///
    /// # Panics
    /// If nobody has said where the packages are.
    pub fn script(self, role: Role) -> Command {
        let packages = std::env::var_os("TINYREALM_PEERS").expect("TINYREALM_PEERS is not set");
        let packages = PathBuf::from(packages);
        let name = match role {
            Role::Client => "visit",
            Role::Server => "serve",
        };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = match self {
            Self::Python => Command::new("python3"),
            Self::Node => Command::new("node"),
        };
        match self {
            Self::Python => command
                .arg(folder.join(format!("{name}.py")))
                .env("PYTHONDONTWRITEBYTECODE", "1")
                .env("PYTHONPATH", packages.join("python")),
            Self::Node => {
                command.arg(folder.join(format!("{name}.mjs"))).arg(packages.join("node"))
            }
        };
        command
    }
}

/// What a script is to be.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Role {
    /// Visits the realm whose Main it is told.
    Client,
    /// Listens, and answers opcodes as [`opcodes`] says.
    Server,
}

/// What a script that is a server does with a frame. Each connection begins with [`HELLO`](opcodes::HELLO)
/// of the server, right behind the handshake.
pub mod opcodes {
    /// Said by the server, once, with nothing in it.
    pub const HELLO: i32 = 1;
    /// Comes back as it is.
    pub const ECHO: i32 = 2;
    /// Comes back in three pieces, with a Ping between the first two, whose Pong is waited for.
    pub const ECHO_IN_PIECES: i32 = 3;
    /// The server closes, with 4000 and the payload as its reason.
    pub const CLOSE: i32 = 4;
    /// As many frames as the payload's `u32` says, with their numbers in them.
    pub const FLOOD: i32 = 5;
    /// The server goes away without a word.
    pub const VANISH: i32 = 6;
}
