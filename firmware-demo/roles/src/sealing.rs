//! What the sealed links of a device need, with the feature `secure`: two short buffers a link.
//!
//! Records are short, because a device tells its Mains how long those may be that come to it, and sends nothing longer
//! than a socket's buffer. Entropy has to be a source that nobody can guess: whoever knows what is drawn reads along.

use static_cell::ConstStaticCell;
use tinyrealm_core::secure::RECORD_COST_BYTES;
use tinyrealm_core::session::{SealMemory, SealStorage};

/// Bytes of frames in a record, either way.
const RECORD_BYTES: usize = 192;
const IN_BYTES: usize = RECORD_BYTES + RECORD_COST_BYTES;
/// With a record that announces a key.
const OUT_BYTES: usize = RECORD_BYTES + 2 * RECORD_COST_BYTES;

/// So many links.
type Seals<const LINKS: usize, const IN: usize, const OUT: usize> =
    ConstStaticCell<SealMemory<LINKS, IN, OUT>>;

/// Of a world: its link to Main, and with the feature `sealed-clients` those of its players, and of one who has not said yet who
/// he is.
pub(crate) fn of_world() -> SealStorage<'static> {
    const CLIENTS: usize =
        if cfg!(feature = "sealed-clients") { crate::places::PLAYERS + 1 } else { 0 };
    const LINKS: usize = 1 + CLIENTS;
    static MEMORY: Seals<LINKS, { LINKS * IN_BYTES }, { LINKS * OUT_BYTES }> =
        ConstStaticCell::new(SealMemory::NEW);
    MEMORY.take().storage_with_clients(CLIENTS as u16)
}

/// Of a client: its link to its world, and to Main.
#[cfg(feature = "sealed-clients")]
pub(crate) fn of_client() -> SealStorage<'static> {
    static MEMORY: Seals<2, { 2 * IN_BYTES }, { 2 * OUT_BYTES }> =
        ConstStaticCell::new(SealMemory::NEW);
    MEMORY.take().storage()
}

/// Of a chat server: its Mains, and one that has not proven yet that it is one.
pub(crate) fn of_chat() -> SealStorage<'static> {
    const LINKS: usize = crate::device::chat::MAINS as usize + 1;
    static MEMORY: Seals<LINKS, { LINKS * IN_BYTES }, { LINKS * OUT_BYTES }> =
        ConstStaticCell::new(SealMemory::NEW);
    MEMORY.take().storage()
}
