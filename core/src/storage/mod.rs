//! Bounded containers over borrowed slices.
//!
//! Purpose: whoever owns the memory chooses the capacity: a device lends `static` arrays, a server
//! boxed slices. Every algorithm is compiled once for all sizes.
//!
//! Contract: full is an ordinary answer that hands the item back, a stale key is `None`, and the
//! vacant state of every slot is all-zero bits, so that a `static` costs no flash.
//!
//! Bounds: at most [`link::INDEX_COUNT_MAX`] slots a container; every call is O(1) unless it says so.
//!
//! ```
//! use tinyrealm_core::storage::{Slot, Table};
//! let mut slots = [const { Slot::<u32>::VACANT }; 2];
//! let mut table = Table::new(&mut slots);
//! let key = table.insert(7).unwrap();
//! assert_eq!(table.get(key), Some(&7));
//! table.remove(key);
//! assert_eq!(table.get(key), None); // stale, not wrong
//! ```

pub mod index;
pub mod link;
pub mod pool;
pub mod ring;
pub mod table;
pub mod work_list;

pub use index::{HashIndex, hash_bytes, hash_u32, hash_u64};
pub use link::Link;
#[cfg(feature = "long-frames")]
pub use pool::LongStorage;
pub use pool::{BufferMeta, BufferPool, Chain};
pub use ring::Ring;
pub use table::{Key, Slot, Table, Vacant};
pub use work_list::WorkList;
