//! What Mains refuse a world for, as whoever runs it is to know.

use super::{Game, MAINS_MAX, World};
use crate::node::cluster::Refusals;
use crate::protocol::ErrorCode;

impl<G: Game> World<'_, G> {
    /// Where each of its Mains is, and what that has refused.
    pub fn refusals(&self) -> impl Iterator<Item = (&str, Refusals)> {
        let mains = (0..MAINS_MAX as u16).map(|index| {
            let link = self.mains.at(index);
            // A link that stands has nothing against it, whatever was before.
            let refusing = link.filter(|link| !link.is_live());
            let refusals = refusing.map_or(Refusals::NONE, |link| link.refusals);
            (self.main_address(index), refusals)
        });
        mains.filter(|(address, _)| !address.is_empty())
    }

    /// A link has ended. Whoever is replaced was had before: it is not looked for any more, so that is the last word.
    pub(super) fn note_refusal(&mut self, index: u16, reason: ErrorCode) {
        let Some(link) = self.mains.at_mut(index) else { return };
        match (link.is_live(), reason) {
            (true, ErrorCode::REPLACED) => link.refusals = Refusals::for_good(reason),
            (true, _) => link.refusals = Refusals::NONE,
            (false, reason) => link.refusals.note(reason),
        }
    }
}
