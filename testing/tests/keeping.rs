//! The bench's store, and a game that saves whatever anybody says.

use tinyrealm_core::node::world::{Game, Kept, RoomContext, SaveError, StoreFailure, Unreadable};
use tinyrealm_core::protocol::{Bytes, EVENT_MAX_BYTES, Uid};
use tinyrealm_core::wire::Full;
use tinyrealm_testing::{BenchConfig, GameBench, KeptBytes, StoreWeather};

const SHARE: usize = 4;
/// An event of this kind is heard by everybody; any other is kept under its number.
const SAID: u16 = 0;

/// Keeps what anybody says, under the key that its kind is, and is loaded with what it was last.
#[derive(Default)]
struct Notes {
    saved: u32,
    failed: u32,
    refused: u32,
    loaded: Option<Vec<u8>>,
}

impl Game for Notes {
    const NAME: &'static str = "notes";
    const VERSION: u16 = 2;
    const SAVE_BYTES: usize = 8;
    const SAVES_IN_FLIGHT: usize = SHARE;
    const ROOM_SAVE_BYTES: usize = 4;

    fn on_enter(&mut self, room: &mut RoomContext<'_, '_>, _: Uid) {
        let _ = room.load("1");
    }

    fn on_event(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        uid: Uid,
        kind: u16,
        data: Bytes<'_, EVENT_MAX_BYTES>,
    ) -> Result<(), Full> {
        if kind == SAID {
            return room.broadcast(uid, kind, data);
        }
        match room.save(&kind.to_string(), data.as_slice()) {
            Err(SaveError::Full) => {
                self.refused += 1;
                Err(Full)
            }
            other => {
                other.unwrap();
                Ok(())
            }
        }
    }

    fn on_saved(&mut self, _: &mut RoomContext<'_, '_>, _: &str, saved: Result<(), StoreFailure>) {
        match saved {
            Ok(()) => self.saved += 1,
            Err(_) => self.failed += 1,
        }
    }

    fn on_loaded(
        &mut self,
        _: &mut RoomContext<'_, '_>,
        _: &str,
        loaded: Result<Option<&[u8]>, StoreFailure>,
    ) {
        self.loaded = loaded.unwrap().map(<[u8]>::to_vec);
    }

    fn save_room(&self, out: &mut [u8]) -> usize {
        out.copy_from_slice(&self.saved.to_le_bytes());
        out.len()
    }

    fn restore_room(
        &mut self,
        _: &mut RoomContext<'_, '_>,
        state: &[u8],
    ) -> Result<(), Unreadable> {
        self.saved = u32::from_le_bytes(*state.first_chunk().ok_or(Unreadable)?);
        Ok(())
    }

    /// Version 1 kept everything backwards.
    fn migrate(
        &mut self,
        version: u16,
        _: Kept<'_>,
        buffer: &mut [u8],
        bytes: usize,
    ) -> Option<usize> {
        buffer.get_mut(..bytes)?.reverse();
        (version == 1).then_some(bytes)
    }
}

/// A client that makes the game save in a loop has the room's places and no more, and the others play on.
#[test]
fn whoever_makes_a_game_save_in_a_loop_harms_nobody() {
    let store = StoreWeather { delay_most_ms: 50, failures_permille: 0 };
    let mut bench =
        GameBench::with(Notes::default(), BenchConfig { store, ..BenchConfig::DEFAULT });
    let (hostile, witness) = (bench.join(), bench.join());
    bench.advance_ms(1_000);
    let (mut said, mut most) = (0, 0);
    for round in 0..200 {
        for key in 1..=10 {
            said += u32::from(bench.say(hostile, key, &[round]).is_ok());
        }
        bench.say(witness, SAID, &[round]).unwrap();
        bench.advance_ms(100);
        most = most.max(bench.store().waiting());
        assert_eq!(bench.events(hostile, SAID).len(), usize::from(round) + 1);
    }
    bench.advance_ms(1_000);
    let game = bench.game();
    assert!((1..=SHARE).contains(&most), "{most} at once");
    assert!(game.refused > 0 && game.saved > 0 && game.failed == 0);
    assert!(game.saved + game.refused <= said && bench.store().waiting() == 0);
}

#[test]
fn what_was_there_before_is_loaded_whichever_version_has_kept_it() {
    let mut bench = GameBench::new(Notes::default());
    for (version, bytes) in [(2, *b"abc"), (1, *b"cba")] {
        bench.store_mut().set_value("1", KeptBytes { version, bytes: bytes.to_vec() });
        bench.join();
        assert_eq!(bench.game().loaded.as_deref(), Some(&b"abc"[..]));
    }
}

#[test]
fn a_failing_store_fails_and_a_crash_loses_nothing_that_was_answered() {
    let store = StoreWeather { delay_most_ms: 0, failures_permille: 500 };
    let mut bench =
        GameBench::with(Notes::default(), BenchConfig { store, ..BenchConfig::DEFAULT });
    bench.store_mut().weather = StoreWeather::FINE;
    let ann = bench.join();
    bench.store_mut().weather = store;
    for key in 1..=40 {
        bench.say(ann, key, b"x").unwrap();
        bench.advance_ms(100);
    }
    let (saved, failed) = (bench.game().saved, bench.game().failed);
    assert!(saved > 5 && failed > 5 && saved + failed == 40);
    let kept = (1..=40).filter(|key: &u16| bench.store().value(&key.to_string()).is_some()).count();
    assert!((saved as usize..40).contains(&kept));
    bench.store_mut().weather = StoreWeather::FINE;
    bench.advance_ms(Notes::SAVE_INTERVAL_MS);
    bench.crash(Notes::default());
    assert_eq!(bench.game().saved, saved);
    bench.advance_ms(5_000);
    assert!(bench.is_in_room(ann));
}
