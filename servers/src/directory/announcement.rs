//! `Announcement`: where a server is, which worlds a Main has, and whether a chat server hands its channels over, as its key in the
//! bucket has it, `tls://a:7 a:7 1,2` or `a:7 a:7  drains`; and the map of chat servers, as its key has that.

use tinyrealm_core::node::chat::ChatMap;
use tinyrealm_core::node::main::LivingMain;
use tinyrealm_core::protocol::{ADDRESS_MAX_BYTES, ClaimNumber, is_address, is_place};

use super::life::Life;

/// Where a server is, and what a Main has; a chat server is at one place for everybody.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Announcement {
    /// For clients, as a world's address.
    pub(crate) for_clients: String,
    /// For servers, `host:port`.
    pub(crate) for_servers: String,
    /// The worlds that are registered there.
    pub(crate) worlds: Vec<u16>,
    /// It wants to end: its channels are for others, if there are any.
    pub(crate) drains: bool,
}

/// What an announcement of one that drains ends with. Who does not know the word takes it for gone.
const DRAINS: &str = " drains";

impl Announcement {
    pub(super) fn text(&self) -> String {
        let worlds: Vec<String> = self.worlds.iter().map(u16::to_string).collect();
        let drains = if self.drains { DRAINS } else { "" };
        format!("{} {} {}{drains}", self.for_clients, self.for_servers, worlds.join(","))
    }

    /// `None` if this is no announcement's text, or nobody could connect there.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let (text, drains) = text.strip_suffix(DRAINS).map_or((text, false), |text| (text, true));
        let (for_clients, rest) = text.split_once(' ')?;
        // One of an earlier version tells of no worlds.
        let (for_servers, worlds) = rest.split_once(' ').unwrap_or((rest, ""));
        let worlds = worlds.split(',').filter(|world| !world.is_empty());
        let worlds: Vec<u16> = worlds.map(str::parse).collect::<Result<_, _>>().ok()?;
        let is_short = |address: &str| address.len() <= ADDRESS_MAX_BYTES;
        let is_good = is_address(for_clients) && is_place(for_servers);
        (is_good && is_short(for_clients) && is_short(for_servers)).then(|| Self {
            for_clients: for_clients.to_owned(),
            for_servers: for_servers.to_owned(),
            worlds,
            drains,
        })
    }

    pub(super) fn living(&self, is_here: bool) -> LivingMain {
        // The lengths are checked wherever one comes from.
        let short = |address: &str| address.try_into().unwrap_or_default();
        LivingMain {
            for_clients: short(&self.for_clients),
            for_servers: short(&self.for_servers),
            is_here,
        }
    }
}

/// The map of chat servers that this value is: what is none is nobody.
pub(super) fn chat_map(number: ClaimNumber, text: &[u8]) -> ChatMap {
    let text = std::str::from_utf8(text).unwrap_or_default();
    let mut map = ChatMap { number, ..ChatMap::default() };
    for server in text.split(' ').filter(|server| is_place(server)) {
        if let Ok(server) = server.try_into()
            && !map.servers.contains(&server)
        {
            // More than there can be are passed over.
            let _ = map.servers.push(server);
        }
    }
    map
}

pub(super) fn chat_map_text(servers: &[String]) -> String {
    servers.join(" ")
}

/// A key that was found.
pub(super) struct Found {
    pub(super) life: Life,
    pub(super) revision: u64,
    /// None if its value is nothing that can be read.
    pub(super) announcement: Option<Announcement>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(host: u8) -> Announcement {
        let address = format!("10.0.0.{host}:7");
        let for_clients = format!("tls://{address}");
        Announcement { for_clients, for_servers: address, worlds: vec![1, 65_535], drains: false }
    }

    #[test]
    fn a_map_is_read_as_it_is_written() {
        let servers: Vec<String> = (1..=9).map(|host| at(host).for_servers).collect();
        let read = |text: &str| {
            let map = chat_map(ClaimNumber(7), text.as_bytes());
            assert_eq!(map.number, ClaimNumber(7));
            map.servers.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(read(&chat_map_text(&servers[..2])), servers[..2]);
        assert_eq!(read(&chat_map_text(&servers)), servers[..8]);
        let strange = format!("{0} nonsense  {0} a:0 {1}", servers[0], "x".repeat(90));
        assert_eq!(read(&strange), servers[..1]);
        assert_eq!(read(""), Vec::<String>::new());
    }

    #[test]
    fn an_announcement_is_read_as_it_is_written() {
        assert_eq!(Announcement::parse(at(1).text().as_bytes()), Some(at(1)));
        let none = Announcement { worlds: Vec::new(), ..at(1) };
        assert_eq!(Announcement::parse(none.text().as_bytes()), Some(none.clone()));
        for drains in
            [Announcement { drains: true, ..at(1) }, Announcement { drains: true, ..none.clone() }]
        {
            assert_eq!(Announcement::parse(drains.text().as_bytes()), Some(drains));
        }
        assert_eq!(Announcement::parse(none.text().trim_end().as_bytes()), Some(none));
        let long = format!("{}:7", "a".repeat(ADDRESS_MAX_BYTES));
        for text in [
            "",
            "a:1",
            "a:1 ",
            " a:1",
            "a:1 tls://a:1",
            "a:1 b:0",
            "a b:1",
            "a:1 b:1 c:1",
            "a:1 b:1 1,65536",
            "a:1 b:1 1 2",
            "a:1 drains",
            "a:1 b:1 1 drain",
            &format!("{long} b:1"),
            &format!("b:1 {long}"),
        ] {
            assert_eq!(Announcement::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(Announcement::parse(b"a:1 \xff:1"), None);
    }
}
