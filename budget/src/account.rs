//! `Account`: all that is known of one image, and what its budget says to that.

use serde::Serialize;

use crate::debug_info::{DebugInfo, Kind};
use crate::image::Image;
use crate::parts::Parts;
use crate::settings::{ImageSettings, PointerCall};
use crate::stack::Stack;

/// Bytes of one thing of which an image has several.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Unit {
    /// What it is.
    pub name: &'static str,
    /// Its bytes.
    pub bytes: u64,
}

/// One image's figures; see the [module](self).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// RAM and flash by part.
    pub parts: Parts,
    /// The stack.
    pub stack: Stack,
    /// What one session, member, … costs; without those that the image does not have.
    pub units: Vec<Unit>,
    /// Bytes of RAM before the stack.
    pub static_bytes: u64,
    /// Bytes of RAM that are left for the stack, if the linker's script tells.
    pub stack_space: Option<u64>,
    /// Bytes of flash.
    pub flash_bytes: u64,
    /// The deepest that the stack was in a run, if one was measured.
    pub painted_bytes: Option<u64>,
}

/// One limit, and how far it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Line {
    /// What is limited.
    pub what: &'static str,
    /// Bytes used.
    pub used: u64,
    /// Bytes allowed.
    pub limit: u64,
}

impl Line {
    /// Whether the limit holds.
    pub const fn holds(&self) -> bool {
        self.used <= self.limit
    }
}

/// Types as the debug information has them, and what they are called here.
const UNITS: [(&str, &str); 10] = [
    (
        "a session",
        "tinyrealm_core::storage::table::Slot<tinyrealm_core::session::session::Session>",
    ),
    (
        "a room member",
        "tinyrealm_core::storage::table::Slot<tinyrealm_core::node::world::user::WorldUser>",
    ),
    ("a room", "tinyrealm_core::node::world::room::Room"),
    (
        "an attach",
        "tinyrealm_core::storage::table::Slot<tinyrealm_core::node::world::attach::Attach>",
    ),
    (
        "a channel",
        "tinyrealm_core::storage::table::Slot<tinyrealm_core::node::chat::channel::Channel>",
    ),
    (
        "a membership",
        "tinyrealm_core::storage::table::Slot<tinyrealm_core::node::chat::channel::Member>",
    ),
    ("a timer", "tinyrealm_core::timer::TimerEntry"),
    ("a link", "tinyrealm_smoltcp::link::Link"),
    ("a socket, without its buffers", "smoltcp::iface::socket_set::SocketStorage"),
    ("the node with its role", "tinyrealm_core::node::shell::Node<"),
];

impl Account {
    /// The account of an image.
    pub fn of(image: &Image, pointer_calls: &[PointerCall]) -> Result<Self, String> {
        let info = DebugInfo::read(image)?;
        let mut stack = Stack::of(image, pointer_calls)?;
        stack.gaps.sort();
        Ok(Self {
            parts: Parts::of(image, &info)?,
            stack,
            units: units(&info),
            static_bytes: image.ram_bytes(),
            stack_space: image.stack_space,
            flash_bytes: image.flash_bytes(),
            painted_bytes: None,
        })
    }

    /// Bytes of RAM in all: variables and the deepest stack, computed or seen.
    pub fn ram_bytes(&self) -> u64 {
        self.static_bytes + self.stack.bytes().max(self.painted_bytes.unwrap_or(0))
    }

    /// The limits of an image.
    pub fn lines(&self, settings: &ImageSettings) -> Vec<Line> {
        let line = |what, used, limit: Option<u64>| limit.map(|limit| Line { what, used, limit });
        let of_settings = [
            line("RAM with stack", self.ram_bytes(), settings.ram_bytes),
            line("flash", self.flash_bytes, settings.flash_bytes),
            line("core's share", self.parts.core_share(), settings.core_bytes),
            // What the linker accepts although it does not fit: it knows nothing of the stack.
            line("stack, where it is", self.stack.bytes(), self.stack_space),
        ];
        let mut lines: Vec<Line> = of_settings.into_iter().flatten().collect();
        let line = |what, used, limit| Line { what, used, limit };
        if let Some(painted) = self.painted_bytes {
            // A run that goes deeper than the bound has found an error in it.
            lines.push(line("stack seen", painted, self.stack.bytes()));
        }
        for borrowed in &self.stack.borrowed {
            lines.push(line("start-up's stack", borrowed.depth.bytes, borrowed.bytes));
        }
        lines
    }
}

fn units(info: &DebugInfo) -> Vec<Unit> {
    let types: Vec<usize> =
        (0..info.entries.len()).filter(|number| info.entries[*number].kind == Kind::Type).collect();
    let found = UNITS.iter().filter_map(|(name, path)| {
        let is_it = |number: &&usize| {
            let found = &info.entries[**number].path;
            if path.ends_with('<') { found.starts_with(path) } else { found == path }
        };
        let bytes = types.iter().filter(is_it).map(|number| info.size_of(*number)).max()?;
        Some(Unit { name, bytes })
    });
    found.collect()
}
