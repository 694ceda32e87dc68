//! `tinyrealm ctl`: its flags.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::TrustOptions;
use crate::accounts::UnixSeconds;
use crate::bans::parse_duration;

/// Which server's listener, and what it is to do.
#[derive(Debug, Args)]
pub(crate) struct CtlOptions {
    /// Where the server's operator listens, [http://|https://]HOST:PORT: what it prints as `admin listening on`. Without, this
    /// machine's Main, in clear.
    #[arg(long, global = true, value_name = "ADDR", value_parser = parse_admin)]
    pub(crate) admin: Option<Admin>,
    #[command(flatten)]
    pub(crate) trust: TrustOptions,
    /// Read the operator's token from the first line of FILE; without, from `admin.token_file`, if that is set.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Print what the server answers, as JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: CtlCommand,
}

/// How an operator's listener is spoken to.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Spoken {
    InClear,
    ByTls,
}

/// An operator's listener.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Admin {
    pub(crate) spoken: Spoken,
    /// `HOST:PORT`
    pub(crate) place: String,
}

/// What a server is asked, or asked to do.
#[derive(Debug, Subcommand)]
pub(crate) enum CtlCommand {
    /// Show which server it is, and how it does.
    Status,
    /// List the worlds that Main knows.
    Worlds(ListOptions),
    /// List the rooms with somebody in them.
    Rooms(ListOptions),
    /// List the users.
    Users(ListOptions),
    /// List the channels.
    Channels(ListOptions),
    /// Put a user out; its client does not come back by itself.
    Kick(KickOptions),
    /// Turn a user or an address away; who is in the realm goes. Ask a Main or a Login for it.
    Ban(BanOptions),
    /// Let it come again.
    Unban(UnbanOptions),
    /// List whom Main and Login turn away.
    Bans(ListOptions),
    /// Say something to everybody who is connected to a Main.
    Say(SayOptions),
    /// Take nobody new, and end when the last one has gone: this server, or a world of this Main.
    Drain(DrainOptions),
    /// Take newcomers again.
    Undrain(UndrainOptions),
    /// Move a room to another world while it is played; ask a Main for it.
    Move(MoveOptions),
    /// Log so much from now on: error, warn, info, debug or trace.
    Log(LogOptions),
}

/// Which lines.
#[derive(Debug, Args)]
pub(crate) struct ListOptions {
    /// Only those with TEXT in a name; of users also of this uid or address.
    #[arg(value_name = "TEXT")]
    pub(crate) text: Option<String>,
    /// Which page, of 50 lines each.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) page: usize,
}

/// Whom, and why.
#[derive(Debug, Args)]
pub(crate) struct KickOptions {
    /// A uid, the name of an account, or a nickname that only one has.
    #[arg(value_name = "WHO")]
    pub(crate) who: String,
    /// Why: the user is told, if a world of this process has it.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) reason: String,
}

/// Whom, for how long, and why.
#[derive(Debug, Args)]
pub(crate) struct BanOptions {
    /// A uid, the name of somebody who is here, an IPv4 address, or an IPv6 address, which stands for its /64.
    #[arg(value_name = "WHO")]
    pub(crate) who: String,
    /// For how long, like 90s, 15m, 12h or 7d; for ever, if it is not given.
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration)]
    pub(crate) seconds: Option<UnixSeconds>,
    /// Why, for whoever reads the list.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) reason: String,
}

/// Whom.
#[derive(Debug, Args)]
pub(crate) struct UnbanOptions {
    /// A uid or an address, as `bans` lists it.
    #[arg(value_name = "WHO", value_parser = parse_banned)]
    pub(crate) who: Banned,
}

/// What.
#[derive(Debug, Args)]
pub(crate) struct SayOptions {
    /// A line of at most 256 bytes.
    #[arg(value_name = "TEXT", required = true)]
    pub(crate) words: Vec<String>,
}

/// Who, and by when.
#[derive(Debug, Args)]
pub(crate) struct DrainOptions {
    #[command(subcommand)]
    pub(crate) who: Option<Drained>,
    /// End by then, like 60s or 10m, whoever is left; without, whenever the last one goes.
    #[arg(long, global = true, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) within: Option<UnixSeconds>,
}

/// Who.
#[derive(Debug, Args)]
pub(crate) struct UndrainOptions {
    #[command(subcommand)]
    pub(crate) who: Option<Drained>,
}

/// Which room, and where to.
#[derive(Debug, Args)]
pub(crate) struct MoveOptions {
    /// Its name; with --from, the number that this world has for it.
    #[arg(value_name = "ROOM")]
    pub(crate) room: String,
    /// The world that has the room: for one without a name.
    #[arg(long, value_name = "WORLD")]
    pub(crate) from: Option<u16>,
    /// The world that is to have it; without, the least loaded that takes it.
    #[arg(long, value_name = "WORLD")]
    pub(crate) to: Option<u16>,
}

/// Another server than the one that is asked.
#[derive(Copy, Clone, Debug, Subcommand)]
pub(crate) enum Drained {
    /// A world that is registered with this Main, which sends it nobody new.
    World {
        /// Its id.
        id: u16,
    },
}

impl Drained {
    pub(crate) const fn world(who: Option<Self>) -> Option<u16> {
        match who {
            Some(Self::World { id }) => Some(id),
            None => None,
        }
    }
}

/// How much.
#[derive(Debug, Args)]
pub(crate) struct LogOptions {
    /// error, warn, info, debug or trace.
    #[arg(value_name = "LEVEL")]
    pub(crate) level: String,
}

/// Whom a list of bans has.
#[derive(Copy, Clone, Debug)]
pub(crate) enum Banned {
    Uid(u64),
    Address(IpAddr),
}

fn parse_banned(text: &str) -> Result<Banned, String> {
    let address = |_| text.parse().map(Banned::Address);
    let parsed = text.parse().map(Banned::Uid).or_else(address);
    // An IPv6 address is listed with its network's length.
    let network = |_| text.trim_end_matches("/64").parse().map(Banned::Address);
    parsed
        .or_else(network)
        .map_err(|_: std::net::AddrParseError| "expected a uid or an IP address".to_owned())
}

/// `HOST:PORT`, behind `http://`, `https://` or nothing.
fn parse_admin(text: &str) -> Result<Admin, String> {
    let (spoken, place) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(place), _) => (Spoken::ByTls, place),
        (None, Some(place)) => (Spoken::InClear, place),
        (None, None) => (Spoken::InClear, text),
    };
    let place = place.trim_end_matches('/');
    let port = place.rsplit_once(':').and_then(|(host, port)| {
        let is_host = !host.is_empty() && !host.contains(['/', '@']);
        port.parse::<u16>().ok().filter(|port| *port > 0 && is_host)
    });
    let expected = || "expected HOST:PORT, or that behind http:// or https://".to_owned();
    port.map(|_| Admin { spoken, place: place.to_owned() }).ok_or_else(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_a_host_and_a_port() {
        for good in ["a:7", "http://a:7", "http://[::1]:7/"] {
            assert!(parse_admin(good).is_ok(), "{good}");
        }
        for (text, spoken) in [
            ("http://[::1]:7/", Spoken::InClear),
            ("[::1]:7", Spoken::InClear),
            ("https://[::1]:7/", Spoken::ByTls),
        ] {
            assert_eq!(parse_admin(text), Ok(Admin { spoken, place: "[::1]:7".to_owned() }));
        }
        for bad in ["a", ":7", "a:0", "a:x", "http://a:7/x", "u@a:7", "https://a:7/x", "a:70000"] {
            assert!(parse_admin(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn whoever_is_banned_is_called_as_lists_call_it() {
        assert!(matches!(parse_banned("7"), Ok(Banned::Uid(7))));
        for address in ["192.0.2.1", "2001:db8::1", "2001:db8::/64"] {
            assert!(matches!(parse_banned(address), Ok(Banned::Address(_))), "{address}");
        }
        assert!(parse_banned("alice").is_err() && parse_banned("-1").is_err());
    }
}
