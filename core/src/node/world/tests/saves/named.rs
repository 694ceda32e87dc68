//! Rooms with names, which their world has again.

use super::*;
use crate::node::world::saves::RestoreRefusal;
use crate::protocol::world_to_main::{AttachAck, AttachDenied, RoomOpened};
use crate::protocol::{ROOM_OPTIONS_MAX_BYTES, Wish, WishKind};

const REOPENED_MS: u32 = 30_000;

fn with_rooms(test: impl FnOnce(&mut WorldBench<'_, Keeper>)) {
    with_keeper_as(|world| world.with_named_rooms(NewGame(&|| Keeper::default())), test);
}

fn den<'w>(secret: &'w str, options: &'w [u8]) -> Wish<'w> {
    Wish {
        kind: WishKind::NAMED_OR_NEW,
        name: Text::new("den").unwrap(),
        mode: Text::new("duel").unwrap(),
        secret: Text::new(secret).unwrap(),
        options: Bytes::new(options).unwrap(),
        places: 2,
        ..Wish::ANY
    }
}

impl WorldBench<'_, Keeper> {
    /// What Main hears for `wish`.
    fn wish(&mut self, main: SessionKey, uid: u32, wish: Wish<'_>) -> Vec<Said> {
        self.say(main, &AttachUser { wish, ..attach_of(Uid(uid.into()), uid) });
        self.heard(main)
    }
}

/// What is kept of a room that was opened so.
fn kept_of(wish: Wish<'_>, is_locked: bool) -> Vec<u8> {
    let mut kept = vec![];
    with_rooms(|bench| {
        let main = bench.meet_main();
        assert!(!bench.wish(main, 1, wish).is_empty());
        bench.set_state(0, b"one");
        if is_locked {
            bench.ask(0, |room| {
                room.lock();
            });
        }
        bench.pass_ms(INTERVAL_MS);
        let (job, bytes) = bench.next_job().unwrap();
        assert_eq!(job.task, StoreTask::SaveRoom(RoomId(0)));
        kept = bytes;
    });
    kept
}

fn restore(
    bench: &mut WorldBench<'_, Keeper>,
    room: u16,
    kept: &[u8],
) -> Result<(), RestoreRefusal> {
    let mut buffer = vec![0; bench.role().job_bytes()];
    buffer[..kept.len()].copy_from_slice(kept);
    let found = Found { version: VERSION, buffer: &mut buffer, bytes: kept.len() };
    bench.act(|world, cx| world.restore_room(cx, RoomId(room), found))
}

fn denied(uid: u32, reason: ErrorCode) -> Said {
    Said::of(&AttachDenied { uid: Uid(uid.into()), attempt: uid, reason })
}

/// The name, the mode, the secret, the options, how many it takes and whether anybody hears of it.
#[test]
fn a_room_is_there_again_under_its_name_as_it_was() {
    let kept = kept_of(den("sesame", b"fast"), true);
    with_rooms(|bench| {
        assert_eq!(restore(bench, 1, &kept), Ok(()));
        let game = bench.role().game(RoomId(1)).unwrap();
        assert_eq!((&game.state[..], &game.options[..]), (&b"one"[..], &b"fast"[..]));
        let main = bench.meet_main();
        bench.say(main, &Registered {});
        let heard = bench.heard(main);
        let opened: RoomOpened<'_> = heard.iter().find_map(Said::read).expect("it is told of");
        let line = opened.line;
        assert_eq!((opened.room_id, opened.is_listed), (RoomId(1), false));
        assert_eq!((line.name.as_str(), line.mode.as_str()), ("den", "duel"));
        assert_eq!((line.capacity, line.is_locked, line.is_private), (2, true, true));
        let wrong = bench.wish(main, 2, den("Sesame", b""));
        assert_eq!(wrong, [denied(2, ErrorCode::WRONG_SECRET)]);
        let locked = bench.wish(main, 2, den("sesame", b""));
        assert_eq!(locked, [denied(2, ErrorCode::ROOM_LOCKED)]);
        bench.ask(1, |room| {
            room.unlock();
        });
        let expected = bench.wish(main, 2, den("sesame", b""));
        assert!(expected.contains(&Said::of(&AttachAck { uid: Uid(2), attempt: 2 })));
        let key = bench.accept();
        bench.say(key, &join_of(Uid(2)));
        assert_eq!(bench.room_of(2), Some(1));
        // Whoever names no room does not come into it.
        bench.join(main, 3);
        assert_eq!(bench.room_of(3), Some(0));
    });
}

/// Those who were in it find it again; then it is as any room.
#[test]
fn both_sides_of_how_long_it_is_open_for_nobody() {
    let kept = kept_of(den("", b""), false);
    with_rooms(|bench| {
        assert_eq!(restore(bench, 0, &kept), Ok(()));
        bench.meet_main();
        bench.pass_ms(REOPENED_MS - 1);
        assert!(bench.role().rooms.label(0).is_some());
        bench.pass_ms(1);
        assert!(bench.role().rooms.label(0).is_none());
        // Nothing of it stays.
        let tasks: Vec<_> = core::iter::from_fn(|| bench.next_job().map(|(job, _)| job)).collect();
        assert!(tasks.iter().any(|job| job.task == StoreTask::ForgetRoom(RoomId(0))), "{tasks:?}");
    });
}

#[test]
fn both_sides_of_what_a_label_has() {
    let longest = Wish {
        name: Text::new("n23456789012345678901234").unwrap(),
        mode: Text::new("m234567890123456").unwrap(),
        secret: Text::new("s23456789012345678901234").unwrap(),
        options: Bytes::new(&[7; ROOM_OPTIONS_MAX_BYTES]).unwrap(),
        ..den("", b"")
    };
    let kept = kept_of(longest, false);
    with_rooms(|bench| {
        assert_eq!(restore(bench, 0, &kept), Ok(()));
        assert_eq!(bench.role().game(RoomId(0)).unwrap().options, [7; ROOM_OPTIONS_MAX_BYTES]);
    });
}

#[test]
fn what_is_no_label_leaves_the_room_to_begin_anew() {
    let kept = kept_of(den("", b""), false);
    let with_label = |label: &[u8]| [&[label.len() as u8], label, b"\0\0one"].concat();
    let broken = [
        with_label(b"\x03den"),
        with_label(b"\x03d\nn\0\0\0\0\0\0"),
        with_label(b"\0\0\0\0\0\0\0"),
        with_label(b"\x03d\xFFn\0\0\0\0\0\0"),
        with_label(b"\x03den\0\0\x02no\0\0\0"),
        kept[..kept[0] as usize].to_vec(),
    ];
    with_rooms(|bench| {
        for broken in &broken {
            assert_eq!(restore(bench, 0, broken), Err(RestoreRefusal::Unreadable), "{broken:?}");
        }
        // A name is there once.
        assert_eq!(restore(bench, 0, &kept), Ok(()));
        assert_eq!(restore(bench, 1, &kept), Err(RestoreRefusal::Unreadable));
        // The same without a name.
        assert_eq!(restore(bench, 1, &state(b"two")), Ok(()));
        let main = bench.meet_main();
        bench.join(main, 1);
        assert_eq!(bench.room_of(1), Some(1));
    });
    // A world that opens no rooms by name does not show one to everybody instead.
    with_keeper(|bench| {
        assert_eq!(restore(bench, 0, &kept), Err(RestoreRefusal::NoSuchRoom));
    });
}

/// A game says no to its state behind a yes to the options: nobody hears of the room.
#[test]
fn a_state_that_its_game_does_not_take_is_no_room() {
    let mut kept = kept_of(den("", b""), false);
    let label = 1 + usize::from(kept[0]) + 2;
    kept.truncate(label);
    kept.extend(b"broken");
    with_rooms(|bench| {
        assert_eq!(restore(bench, 0, &kept), Err(RestoreRefusal::Unreadable));
        let main = bench.meet_main();
        bench.say(main, &Registered {});
        assert!(!bench.heard(main).iter().any(Said::is::<RoomOpened<'_>>));
    });
}

/// A game that keeps all of its rooms would have none for new names one day.
#[test]
fn of_rooms_that_are_kept_and_empty_all_but_the_first_give_way_to_names() {
    with_rooms(|bench| {
        for room in [0, 1] {
            restore(bench, room, &state(b"one")).unwrap();
        }
        let main = bench.meet_main();
        let heard = bench.wish(main, 1, den("", b""));
        assert!(heard.contains(&Said::of(&AttachAck { uid: Uid(1), attempt: 1 })), "{heard:?}");
        assert_eq!(bench.role().room_named("den"), Some(RoomId(1)));
        assert_eq!(bench.do_next(), StoreTask::ForgetRoom(RoomId(1)));
        let attic = Wish { name: Text::new("attic").unwrap(), ..den("", b"") };
        assert_eq!(bench.wish(main, 2, attic), [denied(2, ErrorCode::FULL)]);
        let states = [0, 1].map(|room| bench.role().game(RoomId(room)).unwrap().state.clone());
        assert_eq!(states, [b"one".to_vec(), vec![]]);
        // What was given back may be opened again before the store has forgotten it.
        bench.say(main, &DetachUser { uid: Uid(1), reason: ErrorCode::GOODBYE });
        assert_eq!(bench.role().room_named("den"), None);
        let heard = bench.wish(main, 2, attic);
        assert!(heard.contains(&Said::of(&AttachAck { uid: Uid(2), attempt: 2 })), "{heard:?}");
    });
}
