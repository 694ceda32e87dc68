//! The flags of `serial`.

use std::path::PathBuf;

use clap::Args;

/// The flags of `serial`.
#[derive(Clone, Debug, Args)]
pub(crate) struct SerialOptions {
    /// The serial line that the board is at, like /dev/ttyUSB0 or /dev/ttyACM0.
    #[arg(value_name = "DEVICE")]
    pub(crate) device: PathBuf,
    /// Where Main is, HOST:PORT: there goes what the board opens to 0.0.0.0:0.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7000")]
    pub(crate) main: String,
    /// Where players of the board's world come, HOST:PORT: what the board's `public_address` says, or what leads here.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7100")]
    pub(crate) listen: String,
    /// The speed of the line, as the board has it.
    #[arg(long, value_name = "BAUD", default_value_t = 115_200, value_parser = clap::value_parser!(u32).range(1_200..=4_000_000))]
    pub(crate) baud: u32,
}
