//! What is lent is vacant.

use std::fmt::Debug;

use tinyrealm_core::node::login::AttemptEntry;
use tinyrealm_core::node::world::saves::RoomState;
use tinyrealm_core::node::world::{MemberAsks, Relay, Room};
use tinyrealm_core::session::manager::Ended;
use tinyrealm_core::session::{Inbound, Opening};
use tinyrealm_core::storage::{BufferMeta, Link, Slot, Vacant};
use tinyrealm_core::timer::{Level, TimerEntry};

use super::*;

#[track_caller]
fn are<T: Debug>(entries: &[T], expected: &T) {
    assert!(!entries.is_empty());
    for entry in entries {
        assert_eq!(format!("{entry:?}"), format!("{expected:?}"));
    }
}

#[track_caller]
fn are_vacant<T: Vacant + Debug>(slots: &[Slot<T>]) {
    are(slots, &Slot::VACANT);
}

#[test]
fn every_slot_that_is_lent_is_vacant() {
    let node = node_storage(NodeSizes { sessions: 3, ..NodeSizes::SERVER }).sessions;
    are_vacant(node.sessions);
    are_vacant(node.addresses.entries);
    let sizes = WorldSizes { rooms: 2, ring_bytes: 1_024, users: 3, attaches: 3 };
    let world = world_storage::<Relay>(sizes);
    are_vacant(world.rooms.users);
    are_vacant(world.attaches);
    are_vacant(world.wanted_options);
    let sizes = ChatSizes { channels: 3, members: 3, mains: 3, history_bytes: 64 };
    let chat = chat_storage(sizes);
    are_vacant(chat.channels);
    are_vacant(chat.members);
    are_vacant(chat.mains);
    let chat = MainChatSizes { channels: 3, members: 3, ring_bytes: 1_024 };
    let main = main_storage(3, 3, 3, 3, chat);
    are_vacant(main.users);
    are_vacant(main.worlds);
    are_vacant(main.hellos);
    are_vacant(main.chat.channels);
    are_vacant(main.chat.members);
    are_vacant(main.rooms.rooms);
    are_vacant(main.rooms.wishes);
    let login = login_storage(LoginSizes { logins: 3, verifies: 3, attempts: 3 });
    are_vacant(login.logins);
    are_vacant(login.verifies);
}

#[test]
fn what_has_no_key_is_vacant_too() {
    let node = node_storage(NodeSizes { sessions: 3, ..NodeSizes::SERVER });
    are(node.sessions.send_metas, &BufferMeta::VACANT);
    are(node.sessions.levels, &Level::VACANT);
    are(node.sessions.timers, &TimerEntry::VACANT);
    are(node.sessions.ended, &Ended::VACANT);
    are(node.sessions.openings, &Opening::VACANT);
    are(node.sessions.addresses.heads, &Link::NONE);
    are(node.receiver.inbounds, &Inbound::EMPTY);
    let sizes = WorldSizes { rooms: 2, ring_bytes: 1_024, users: 3, attaches: 3 };
    let world = world_storage::<Relay>(sizes);
    are(world.rooms.rooms, &Room::VACANT);
    are(world.rooms.asks, &MemberAsks::NONE);
    are(world.saves.rooms, &RoomState::VACANT);
    let login = login_storage(LoginSizes { logins: 3, verifies: 3, attempts: 3 });
    are(login.accounts, &AttemptEntry::VACANT);
}

#[test]
fn no_slots_are_lent_where_none_are_wanted() {
    assert!(main_storage(0, 0, 0, 0, MainChatSizes::NONE).users.is_empty());
}
