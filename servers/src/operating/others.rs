//! `Others`: the realm's other Mains, whom one of them asks what it is asked itself.
//!
//! Contract: who is there is what the directory has found last; a question to one that is gone since has no answer. Without a
//! directory there is nobody.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Desk;

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct Other {
    /// Where servers find it.
    pub(crate) at: String,
    /// Where it is asked.
    pub(crate) desk: Desk,
}

/// See the [module](self).
#[derive(Clone, Debug, Default)]
pub(crate) struct Others(Arc<Mutex<Vec<Other>>>);

impl Others {
    /// All that are there now.
    pub(crate) fn all(&self) -> Vec<Other> {
        self.others().clone()
    }

    /// These are there from now on.
    #[cfg(feature = "cluster")]
    pub(crate) fn are(&self, others: Vec<Other>) {
        *self.others() = others;
    }

    fn others(&self) -> MutexGuard<'_, Vec<Other>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a Main is asked by the others of its realm.
#[cfg(feature = "cluster")]
#[derive(Clone, Debug)]
pub(crate) struct Asking {
    /// Where this one answers.
    pub(crate) desk: Desk,
    /// Whom it asks itself.
    pub(crate) others: Others,
}
