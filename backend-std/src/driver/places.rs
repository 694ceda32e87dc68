//! `Places`: what belongs to each session index, and which of them are to be served.

use tinyrealm_core::session::SessionKey;
use tokio::task::AbortHandle;

use super::connection::Connection;
use super::sockets::News;

/// What belongs to one session index.
pub(super) struct Place {
    pub(super) link: Link,
    /// It is in the list of those that are to be served.
    pub(super) is_listed: bool,
    /// It is in the list of those whose input the node lets wait.
    is_waiting: bool,
}

/// Where a session's transport is.
pub(super) enum Link {
    /// There is none.
    Vacant,
    /// On its way.
    Dialing(AbortHandle),
    /// It stands.
    Open(Connection),
}

/// The places of a driver's sessions.
pub(super) struct Places {
    places: Vec<Place>,
    listed: Vec<u16>,
    waiting: Vec<u16>,
}

impl Places {
    /// Reserved is not touched: an unused place costs no memory, and none moves.
    pub(super) fn with_capacity(sessions: usize) -> Self {
        Self { places: Vec::with_capacity(sessions), listed: Vec::new(), waiting: Vec::new() }
    }

    pub(super) fn get(&mut self, index: usize) -> Option<&mut Place> {
        self.places.get_mut(index)
    }

    /// The place of `key`; it is made where there has been none.
    pub(super) fn at(&mut self, key: SessionKey) -> &mut Place {
        let index = usize::from(key.index());
        while self.places.len() <= index {
            self.places.push(Place { link: Link::Vacant, is_listed: false, is_waiting: false });
        }
        &mut self.places[index]
    }

    /// The connection at `index` has `news`, and is to be served.
    pub(super) fn tell(&mut self, index: u16, news: News) {
        let Some(place) = self.places.get_mut(usize::from(index)) else { return };
        // News of a socket that is gone concern nobody; of its successor they are a false alarm.
        let Link::Open(connection) = &mut place.link else { return };
        connection.hear(news);
        if !std::mem::replace(&mut place.is_listed, true) {
            self.listed.push(index);
        }
    }

    /// The connection at `index` is to be served again, if it may have more to read.
    pub(super) fn list_if_readable(&mut self, index: usize) {
        let Some(place) = self.places.get_mut(index) else { return };
        let Link::Open(connection) = &place.link else { return };
        if connection.may_have_more() && !std::mem::replace(&mut place.is_listed, true) {
            self.listed.push(index as u16);
        }
    }

    /// The node lets the input of the connection at `index` wait.
    pub(super) fn wait(&mut self, index: u16) {
        let Some(place) = self.places.get_mut(usize::from(index)) else { return };
        if !std::mem::replace(&mut place.is_waiting, true) {
            self.waiting.push(index);
        }
    }

    /// Those whose input waits no longer are to be served: their sockets may have no news of their own.
    pub(super) fn list_heard(&mut self, waits: impl Fn(SessionKey) -> bool) {
        let (places, listed) = (&mut self.places, &mut self.listed);
        self.waiting.retain(|index| {
            let Some(place) = places.get_mut(usize::from(*index)) else { return false };
            if let Link::Open(connection) = &place.link {
                if waits(connection.key) {
                    return true;
                }
                if !std::mem::replace(&mut place.is_listed, true) {
                    listed.push(*index);
                }
            }
            place.is_waiting = false;
            false
        });
    }

    /// Moves those who are to be served into `batch`, which is empty.
    pub(super) fn take_listed(&mut self, batch: &mut Vec<u16>) {
        std::mem::swap(&mut self.listed, batch);
    }

    pub(super) const fn has_listed(&self) -> bool {
        !self.listed.is_empty()
    }
}
