//! The flags of `board`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `board`: what is done with one.
#[derive(Debug, Subcommand)]
pub(crate) enum BoardCommand {
    /// Put a unit's settings into the flash of a board that keeps some (`tinyrealm-settings`).
    ///
    /// A board without settings is in set-up mode. One that has some listens for a moment whenever it starts: reset it while this waits. What was there before
    /// goes; either all of the new settings are there, or all of the old ones, and no key can be read from the board again.
    Provision(ProvisionOptions),
}

/// The flags of `board provision`.
#[derive(Debug, Args)]
pub(crate) struct ProvisionOptions {
    /// The serial line that the board is at, like /dev/ttyUSB0 or /dev/ttyACM0.
    #[arg(value_name = "DEVICE")]
    pub(crate) device: PathBuf,
    /// The unit's settings (TOML), with the keys of `device.toml` that are of this unit alone: network.mac, addressing, address, gateway;
    /// main.address, world_key, chat_key; world.world_id, region, public_address; login.address; client.region, account, password, device_key. What is left out is as in the board's image. Only
    /// you may be able to read it.
    #[arg(long, value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// The speed of the line, as the board has it.
    #[arg(long, value_name = "BAUD", default_value_t = 115_200, value_parser = clap::value_parser!(u32).range(1_200..=4_000_000))]
    pub(crate) baud: u32,
    /// How many seconds to wait for a board.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    pub(crate) wait: u32,
}
