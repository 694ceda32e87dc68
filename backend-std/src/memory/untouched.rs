//! Storage that costs memory only where it is used.
//!
//! Purpose: the operating system gives pages of zeros, and has them nowhere until they are written. What core
//! calls vacant is all-zero bits, so nothing has to be written.
//!
//! Contract: what is lent is vacant, as if each entry had been written; the tests compare them. For the rest of the
//! process, as everything in [`memory`](super).
//!
//! Bounds: as many entries as are asked for.

use std::alloc::{Layout, alloc_zeroed, handle_alloc_error};
use std::slice;

use tinyrealm_core::node::login::AttemptEntry;
use tinyrealm_core::node::world::saves::RoomState;
use tinyrealm_core::node::world::{MemberAsks, Room};
use tinyrealm_core::session::manager::Ended;
use tinyrealm_core::session::{Inbound, Inlet, Opening};
use tinyrealm_core::storage::{BufferMeta, Link, Slot, Vacant};
use tinyrealm_core::timer::{Level, TimerEntry};

/// What is vacant if all its bits are zero.
///
/// # Safety
/// All-zero bits are a value of it.
pub(super) unsafe trait AllZero: Sized {}

// SAFETY: A vacant slot is all-zero bits, whatever of core's is in it.
unsafe impl<T: Vacant> AllZero for Slot<T> {}

macro_rules! all_zero {
    ($($Type:ty),+ $(,)?) => { $(
        // SAFETY: It is made of numbers, links, keys and flags, and of enumerations whose first variant is 0.
        unsafe impl AllZero for $Type {}
    )+ };
}

all_zero!(
    Link,
    Level,
    TimerEntry,
    BufferMeta,
    Inbound,
    Ended,
    Inlet,
    Opening,
    AttemptEntry,
    MemberAsks,
    Room,
    RoomState
);

/// So many vacant entries, unwritten.
pub(super) fn vacant<T: AllZero>(count: usize) -> &'static mut [T] {
    let layout = Layout::array::<T>(count).expect("as many as there are indices");
    if layout.size() == 0 {
        return &mut [];
    }
    // SAFETY: The layout has a size. All-zero bits are a `T`, so these are `count` of them; nobody else has them, and
    // nobody frees them.
    unsafe {
        let first = alloc_zeroed(layout).cast::<T>();
        if first.is_null() {
            handle_alloc_error(layout);
        }
        slice::from_raw_parts_mut(first, count)
    }
}
