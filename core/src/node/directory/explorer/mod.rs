//! Every interleaving of two Mains, two worlds and a store that compares and swaps, to a bound: what is shipped here is
//! what runs, and the rest is as little as there can be of a Main and a world.
//!
//! Faults, a few of each: answers that are lost before and after the store has acted, reads that are old, watches that are
//! lost, Mains that crash and forget everything, hellos whose patience ends. Messages overtake each other at will.
//!
//! What holds in every state: no number is granted twice, and no world seats anybody below a number that it has heard of.
//! What holds whenever nothing is under way, the store has been listed and worlds have told who is there: a user is at
//! one Main and in one world at most, and if it is at a Main, that is the one of the newest claim.

mod messages;
mod state;

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::println;

use super::admits;
use state::{Fence, Left, State};

/// How many states there are; every one is checked.
fn explore(left: Left, fence: Fence) -> usize {
    let mut seen = HashSet::new();
    let hash = |state: &State| BuildHasherDefault::<DefaultHasher>::default().hash_one(state);
    let mut queue = VecDeque::from([State::new(left)]);
    while let Some(state) = queue.pop_front() {
        if state.under_way.is_empty() {
            state.clone().settle(fence).check_settled();
        }
        for next in state.next(fence) {
            if seen.insert(hash(&next)) {
                queue.push_back(next);
            }
        }
    }
    seen.len()
}

/// How far to look: a minute more of it with this variable set.
const DEPTH_VARIABLE: &str = "TINYREALM_EXPLORE_ALL";

const QUIET: Left = Left {
    hellos: 2,
    leaves: 0,
    impatience: 0,
    crashes: 0,
    lost: 0,
    old_reads: 0,
    lost_watches: 0,
};

#[test]
fn every_interleaving_is_right() {
    let mut all = std::vec![
        Left { leaves: 1, ..QUIET },
        Left { impatience: 1, lost: 1, ..QUIET },
        Left { crashes: 1, lost_watches: 1, ..QUIET },
        Left { old_reads: 1, lost: 1, ..QUIET },
    ];
    if std::env::var_os(DEPTH_VARIABLE).is_some() {
        all.extend([
            Left { hellos: 3, leaves: 1, ..QUIET },
            Left { leaves: 1, crashes: 1, lost: 1, old_reads: 1, ..QUIET },
            Left { leaves: 1, old_reads: 1, lost_watches: 1, impatience: 1, ..QUIET },
        ]);
    }
    for left in all {
        println!("{} states with {left:?}", explore(left.clone(), admits));
    }
}

#[test]
#[should_panic(expected = "a fenced ticket has let somebody in")]
fn a_world_that_fences_nothing_is_found() {
    explore(Left { hellos: 3, ..QUIET }, |_, _| true);
}
