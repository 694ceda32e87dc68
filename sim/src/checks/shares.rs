//! `shares`: what each address holds, counted from the tables of a node.
//!
//! Invariants: the book of shares has an entry for each address that has a connection, and for no other. Each entry says
//! what the sessions of its address, and the role's own tables, say; each network's says what its
//! addresses' say together.

use std::collections::{BTreeMap, BTreeSet};

use tinyrealm_core::session::{AddressEntry, AddressKey, Holding, SessionManager};

use crate::broken::{Broken, ensure};

const SHARES: &str = "each address holds what the book says";

/// Connections, and what is held, in the order of [`Holding::ALL`].
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
struct Account {
    connections: u16,
    held: [u16; Holding::ALL.len()],
}

impl Account {
    fn of(entry: &AddressEntry) -> Self {
        let held = Holding::ALL.map(|what| entry.count(what));
        Self { connections: entry.connections(), held }
    }

    fn add(&mut self, other: &Self) {
        self.connections += other.connections;
        self.held.iter_mut().zip(other.held).for_each(|(sum, held)| *sum += held);
    }
}

/// Compares the book of a node with its sessions, and with what its role's tables have.
pub(crate) fn check(
    sessions: &SessionManager<'_>,
    holdings: impl Iterator<Item = (AddressKey, Holding)>,
) -> Result<(), Broken> {
    let counted = count(sessions, holdings);
    let book = sessions.shares();
    let said: BTreeMap<u64, Account> =
        book.entries().map(|(key, entry)| (key.to_bits(), Account::of(entry))).collect();
    ensure(said == counted, SHARES, || {
        let differs = |key: &&u64| said.get(key) != counted.get(key);
        let keys: BTreeSet<&u64> = said.keys().chain(counted.keys()).filter(differs).collect();
        let both = keys.iter().map(|key| (key, said.get(key), counted.get(key)));
        format!("book and tables of some addresses: {:?}", both.collect::<Vec<_>>())
    })?;
    let mut networks: BTreeMap<u64, (Account, Account)> = BTreeMap::new();
    for (key, entry) in book.entries() {
        let Some((network, of_network)) = book.network_entry(key) else { continue };
        let sums = networks.entry(network.to_bits()).or_default();
        sums.0 = Account::of(of_network);
        sums.1.add(&Account::of(entry));
    }
    let is_right = networks.values().all(|(said, sum)| said == sum);
    ensure(is_right, SHARES, || format!("of networks: {networks:?}"))
}

fn count(
    sessions: &SessionManager<'_>,
    holdings: impl Iterator<Item = (AddressKey, Holding)>,
) -> BTreeMap<u64, Account> {
    let mut counted: BTreeMap<u64, Account> = BTreeMap::new();
    for (key, session) in sessions.iter() {
        let address = sessions.address_key(key);
        // Whom the node has dialed, or has crowded out, has none.
        if sessions.shares().group(address).is_some() {
            let account = counted.entry(address.to_bits()).or_default();
            account.connections += 1;
            account.held[Holding::Stranger as usize] += u16::from(session.is_stranger());
        }
    }
    for (address, what) in holdings {
        // Whoever has no connection left is in no book.
        if let Some(account) = counted.get_mut(&address.to_bits()) {
            account.held[what as usize] += 1;
        }
    }
    counted
}
