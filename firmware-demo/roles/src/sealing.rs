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

/// Of a world: its link to Main.
pub(crate) fn of_world() -> SealStorage<'static> {
    static MEMORY: ConstStaticCell<SealMemory<1, IN_BYTES, OUT_BYTES>> =
        ConstStaticCell::new(SealMemory::NEW);
    MEMORY.take().storage()
}

/// Of a chat server: its Mains, and one that has not proven yet that it is one.
pub(crate) fn of_chat() -> SealStorage<'static> {
    const LINKS: usize = crate::device::chat::MAINS as usize + 1;
    static MEMORY: ConstStaticCell<SealMemory<LINKS, { LINKS * IN_BYTES }, { LINKS * OUT_BYTES }>> =
        ConstStaticCell::new(SealMemory::NEW);
    MEMORY.take().storage()
}
