//! `Layout`: how many Mains there are, and which of them have which worlds.

use crate::ids::{HostId, Role, WORLDS};
use tinyrealm_testing::Random;

/// How many Mains stand beside each other that know nothing of each other.
const APART: usize = 2;

/// See the [module](self).
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Layout {
    /// Two realms with one Main each, and half of the worlds; they have Login and the chat server in common.
    Apart,
    /// One realm of so many Mains, each with all worlds, which have a directory in common.
    Shared(usize),
}

const LAYOUTS: [(Layout, u32); 4] =
    [(Layout::Apart, 4), (Layout::Shared(1), 1), (Layout::Shared(2), 3), (Layout::Shared(3), 3)];

impl Layout {
    pub(crate) fn pick(random: &mut Random) -> Self {
        random.pick_weighted(&LAYOUTS).unwrap_or(Self::Apart)
    }

    pub(crate) const fn mains(self) -> usize {
        match self {
            Self::Apart => APART,
            Self::Shared(mains) => mains,
        }
    }

    pub(crate) const fn has_directory(self) -> bool {
        matches!(self, Self::Shared(_))
    }

    /// The realm that a world is of: what is there once is there once in each.
    pub(crate) const fn realm_of_world(self, world: usize) -> usize {
        match self {
            Self::Apart => world % APART,
            Self::Shared(_) => 0,
        }
    }

    pub(crate) const fn realm_of_main(self, main: usize) -> usize {
        match self {
            Self::Apart => main,
            Self::Shared(_) => 0,
        }
    }

    /// The worlds that register with a Main.
    pub(crate) fn worlds_of_main(self, main: usize) -> impl Iterator<Item = usize> {
        let realm = self.realm_of_main(main);
        (0..WORLDS).filter(move |world| self.realm_of_world(*world) == realm)
    }

    /// The Mains that a world registers with.
    pub(crate) fn mains_of_world(self, world: usize) -> impl Iterator<Item = usize> {
        let realm = self.realm_of_world(world);
        (0..self.mains()).filter(move |main| self.realm_of_main(*main) == realm)
    }

    /// Every server that there is, in the order of their numbers.
    pub(crate) fn servers(self) -> impl Iterator<Item = HostId> {
        HostId::servers().filter(move |host| match host.role() {
            Role::Main(main) => main < self.mains(),
            _ => true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worlds_are_shared_or_divided() {
        let apart = Layout::Apart;
        assert_eq!(apart.worlds_of_main(1).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(apart.mains_of_world(3).collect::<Vec<_>>(), [1]);
        let shared = Layout::Shared(3);
        assert_eq!(shared.worlds_of_main(1).collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert_eq!(shared.mains_of_world(3).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!((apart.servers().count(), shared.servers().count()), (8, 9));
    }
}
