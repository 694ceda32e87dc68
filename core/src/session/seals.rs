//! `Seals`: what is kept of the sealed links of a node, and the memory of all of it.
//!
//! ```text
//!  frames ──► record in its outlet's buffer ──► transport ──► record in an inlet's buffer ──► frames
//! ```
//! Purpose: a record is sealed where it is copied to anyway, and a rest that a full transport has not taken stays there
//! until it does; what comes is opened in place.
//!
//! Contract: an outlet is one session's from its first sealed word to its end. What a link's buffers hold bounds its
//! records, and each end has told the other.
//!
//! Bounds: as many sealed links as outlets; two buffers each.
//!
//! ```
//! use tinyrealm_core::session::SealMemory;
//! static mut MEMORY: SealMemory<2, 600, 640> = SealMemory::NEW;
//! let mut memory: SealMemory<2, 600, 640> = SealMemory::NEW;
//! assert_eq!(memory.storage().inlets.len(), 2);
//! ```

use super::inlets::Inlet;
use super::session::SessionKey;
use crate::secure::{Channel, RECORD_COST_BYTES};
use crate::storage::{Key, Link, Slot, Table, Vacant};
#[cfg(all(feature = "sealed-clients", feature = "websocket"))]
use crate::wire::ws::Side;

/// The shortest record that an end may want.
pub(super) const RECORD_LEAST_BYTES: u16 = 64;

/// The memory of sealed links.
#[derive(Debug, Default)]
pub struct SealStorage<'a> {
    /// One a link.
    pub outlets: &'a mut [Slot<Outlet>],
    /// Shared equally by the links: the record that is on its way out, and one more that announces a key.
    pub out_bytes: &'a mut [u8],
    /// One a link.
    pub inlets: &'a mut [Inlet],
    /// Shared equally by the links: the record that comes in.
    pub in_bytes: &'a mut [u8],
    /// So many of the links may be those of clients that have come to us: they take no place of a server's.
    pub client_links: u16,
}

/// [`SealStorage`] as one value, all-zero bits: `LINKS` links, which share `IN_BYTES` and `OUT_BYTES`.
#[derive(Debug)]
pub struct SealMemory<const LINKS: usize, const IN_BYTES: usize, const OUT_BYTES: usize> {
    outlets: [Slot<Outlet>; LINKS],
    inlets: [Inlet; LINKS],
    in_bytes: [u8; IN_BYTES],
    out_bytes: [u8; OUT_BYTES],
}

impl<const LINKS: usize, const IN_BYTES: usize, const OUT_BYTES: usize>
    SealMemory<LINKS, IN_BYTES, OUT_BYTES>
{
    const SIZES_FIT: () = {
        let (least_in, least_out) = (
            RECORD_LEAST_BYTES as usize + RECORD_COST_BYTES,
            RECORD_LEAST_BYTES as usize + 2 * RECORD_COST_BYTES,
        );
        assert!(IN_BYTES >= LINKS * least_in, "an inlet holds the shortest record");
        assert!(
            OUT_BYTES >= LINKS * least_out,
            "an outlet holds that, and one that announces a key"
        );
    };

    /// Empty memory.
    pub const NEW: Self = {
        let () = Self::SIZES_FIT;
        Self {
            outlets: [const { Slot::VACANT }; LINKS],
            inlets: [Inlet::VACANT; LINKS],
            in_bytes: [0; IN_BYTES],
            out_bytes: [0; OUT_BYTES],
        }
    };

    /// What a node borrows, for servers alone.
    pub const fn storage(&mut self) -> SealStorage<'_> {
        self.storage_with_clients(0)
    }

    /// What a node borrows of which so many links may be those of clients.
    pub const fn storage_with_clients(&mut self, client_links: u16) -> SealStorage<'_> {
        SealStorage {
            outlets: &mut self.outlets,
            out_bytes: &mut self.out_bytes,
            inlets: &mut self.inlets,
            in_bytes: &mut self.in_bytes,
            client_links,
        }
    }
}

/// Whose sealed links share places.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum SealedKind {
    /// Of servers, whoever has dialed, and of whomever a client has dialed.
    Server,
    /// Of clients that have come to us.
    #[cfg(feature = "sealed-clients")]
    Client,
}

/// The way out of a sealed link, and its keys.
#[derive(Debug)]
pub struct Outlet {
    pub(super) tenant: SessionKey,
    pub(super) kind: SealedKind,
    /// None until the peer has answered: nothing goes out meanwhile but what is to go in clear.
    pub(super) channel: Option<Channel>,
    /// Which server the other end says it is.
    pub(super) id: u16,
    /// How many bytes of frames a record may have.
    pub(super) most_bytes: u16,
    /// So many of the bytes that wait go out as they are, before the first record.
    pub(super) clear_bytes: u16,
    /// What of the buffer is still to be sent.
    pub(super) start: u16,
    pub(super) end: u16,
    /// Its inlet has to begin anew.
    pub(super) is_fresh: bool,
    /// Its records are the messages of a WebSocket.
    #[cfg(all(feature = "sealed-clients", feature = "websocket"))]
    pub(super) messages: Option<Side>,
    /// What that is to be closed with, when all is sent; 0 while it is not.
    #[cfg(all(feature = "sealed-clients", feature = "websocket"))]
    pub(super) close_code: u16,
}

impl Vacant for Outlet {
    const VACANT: Self = Self {
        tenant: Key::DANGLING,
        kind: SealedKind::Server,
        channel: None,
        id: 0,
        most_bytes: 0,
        clear_bytes: 0,
        start: 0,
        end: 0,
        is_fresh: false,
        #[cfg(all(feature = "sealed-clients", feature = "websocket"))]
        messages: None,
        #[cfg(all(feature = "sealed-clients", feature = "websocket"))]
        close_code: 0,
    };
}

/// The outlets of a node; see the [module](self).
#[derive(Debug)]
pub(super) struct Seals<'a> {
    pub(super) outlets: Table<'a, Outlet>,
    bytes: &'a mut [u8],
    /// How long a record's frames may be that comes in.
    pub(super) record_bytes: u16,
    client_links: u16,
}

impl<'a> Seals<'a> {
    pub(super) fn new(
        outlets: &'a mut [Slot<Outlet>],
        bytes: &'a mut [u8],
        record_bytes: u16,
        client_links: u16,
    ) -> Self {
        Self { outlets: Table::new(outlets), bytes, record_bytes, client_links }
    }

    /// How many links of clients there may be.
    #[cfg(feature = "sealed-clients")]
    pub(super) const fn client_links(&self) -> u16 {
        self.client_links
    }

    /// Whether all places of this kind are taken.
    pub(super) fn is_full_of(&self, kind: SealedKind) -> bool {
        let most = match kind {
            SealedKind::Server => self.outlets.capacity() - usize::from(self.client_links),
            #[cfg(feature = "sealed-clients")]
            SealedKind::Client => usize::from(self.client_links),
        };
        let taken = self.outlets.iter().filter(|(_, outlet)| outlet.kind == kind).count();
        taken >= most
    }

    /// Bytes of one outlet's buffer.
    fn buffer_bytes(&self) -> usize {
        self.bytes.len().checked_div(self.outlets.capacity()).unwrap_or(0)
    }

    /// How long a record's frames may be that fits with one that announces a key.
    pub(super) fn fits_bytes(&self) -> u16 {
        let fits = self.buffer_bytes().saturating_sub(2 * RECORD_COST_BYTES);
        fits.min(usize::from(u16::MAX)) as u16
    }

    /// An outlet and its buffer.
    pub(super) fn outlet(&mut self, link: Link) -> Option<(&mut Outlet, &mut [u8])> {
        let (index, each) = (link.index()?, self.buffer_bytes());
        let outlet = self.outlets.at_mut(index)?;
        let buffer = self.bytes.chunks_exact_mut(each.max(1)).nth(usize::from(index))?;
        Some((outlet, buffer))
    }

    /// Whether nothing can be said on a link yet: our first message is out, and not answered.
    pub(super) fn awaits_answer(&self, link: Link) -> bool {
        let outlet = link.index().and_then(|index| self.outlets.at(index));
        outlet.is_some_and(|outlet| outlet.channel.is_none())
    }

    /// What of an outlet's record is still to be sent.
    pub(super) fn unsent(&self, link: Link) -> &[u8] {
        let unsent = || {
            let (index, each) = (link.index()?, self.buffer_bytes());
            let outlet = self.outlets.at(index)?;
            let buffer = self.bytes.chunks_exact(each.max(1)).nth(usize::from(index))?;
            buffer.get(usize::from(outlet.start)..usize::from(outlet.end))
        };
        unsent().unwrap_or_default()
    }
}
