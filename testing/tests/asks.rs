//! Questions with an answer, both ways, over a good network and a bad one.

use tinyrealm_core::node::world::{AskId, Game, RoomContext};
use tinyrealm_core::node::{ASKS_MAX, Answer};
use tinyrealm_core::protocol::{Dispatched, ErrorCode, SendError, Uid};
use tinyrealm_core::wire::Frame;
use tinyrealm_core::wire::opcode::GAME;
use tinyrealm_testing::{Answered, BenchConfig, GameBench, Heard, Player, Random, Weather};

tinyrealm_core::protocol! {
    /// From a client to the game.
    mod to_bank in GAME.client_to_server;

    /// Give me so much.
    1 withdraw => Withdraw {
        /// How much.
        coins: u16,
    }

    /// Yes, I have meant it.
    2 confirm => Confirm {}
}

tinyrealm_core::protocol! {
    /// From the game to a client.
    mod from_bank in GAME.server_to_client;

    /// Here it is.
    1 paid => Paid {
        /// How much is left.
        left: u16,
    }

    /// Do you mean it?
    2 sure => Sure {
        /// How much.
        coins: u16,
    }
}

use from_bank::{Paid, Sure};
use to_bank::{Confirm, Withdraw};

const POOR: u16 = 1;
const NOT_MEANT: u16 = 2;

/// Pays small sums at once, and large ones when it has asked back.
struct Bank {
    coins: u16,
    /// Who has asked, with which question, for how much, and what it was asked back.
    pending: Vec<(AskId, u16, AskId)>,
    outcomes: usize,
}

impl Bank {
    const NEW: Self = Self { coins: 100, pending: Vec::new(), outcomes: 0 };

    fn pay(&mut self, room: &mut RoomContext<'_, '_>, ask: AskId, coins: u16) {
        let Some(left) = self.coins.checked_sub(coins) else {
            let _ = room.refuse(ask, POOR);
            return;
        };
        if room.answer(ask, &Paid { left }).is_ok() {
            self.coins = left;
        }
    }
}

impl Game for Bank {
    const NAME: &'static str = "bank";

    fn on_ask(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        uid: Uid,
        ask: AskId,
        question: Frame<'_>,
    ) -> Dispatched {
        let Some(Withdraw { coins }) = question.read() else { return Dispatched::Unknown };
        if coins < 10 {
            self.pay(room, ask, coins);
        } else if let Ok(back) = room.ask(uid, &Sure { coins }, 500) {
            self.pending.push((ask, coins, back));
        }
        Dispatched::Handled
    }

    fn on_answer(
        &mut self,
        room: &mut RoomContext<'_, '_>,
        _: Uid,
        back: AskId,
        answer: Answer<'_>,
    ) {
        self.outcomes += 1;
        let place = self.pending.iter().position(|(_, _, of)| *of == back).expect("it has asked");
        let (ask, coins, _) = self.pending.swap_remove(place);
        match answer {
            Answer::Given(frame) if frame.read::<Confirm>().is_some() => {
                self.pay(room, ask, coins);
            }
            _ => {
                let _ = room.refuse(ask, NOT_MEANT);
            }
        }
    }
}

fn outcome(bench: &GameBench<Bank>, player: Player, ask: u32) -> Vec<Answered> {
    let of_it = |heard: &Heard| match heard {
        Heard::Answered(of, answer) if *of == ask => Some(answer.clone()),
        _ => None,
    };
    bench.heard_all(player).iter().filter_map(of_it).collect()
}

#[test]
fn both_ask_and_each_question_has_its_outcome() {
    let mut bench = GameBench::new(Bank::NEW);
    let ann = bench.join();
    let small = bench.ask(ann, &Withdraw { coins: 9 }, 1_000).unwrap();
    let large = bench.ask(ann, &Withdraw { coins: 60 }, 1_000).unwrap();
    let unknown = bench.ask(ann, &Confirm {}, 1_000).unwrap();
    bench.advance_ms(100);
    assert_eq!(bench.answers(ann), [(small, Paid { left: 91 })]);
    let not_understood = Answered::Failed(ErrorCode::NOT_UNDERSTOOD);
    assert_eq!(outcome(&bench, ann, unknown), [not_understood]);
    let [(back, Sure { coins: 60 })] = bench.asked(ann)[..] else { panic!("it is asked once") };
    bench.answer(ann, back, &Confirm {}).unwrap();
    bench.advance_ms(100);
    assert_eq!(bench.answers(ann)[1..], [(large, Paid { left: 31 })]);
    // A second answer is passed over.
    bench.answer(ann, back, &Confirm {}).unwrap();
    let poor = bench.ask(ann, &Withdraw { coins: 60 }, 1_000).unwrap();
    bench.advance_ms(100);
    let (back, _) = bench.asked::<Sure>(ann)[1];
    bench.answer(ann, back, &Confirm {}).unwrap();
    let unsure = bench.ask(ann, &Withdraw { coins: 20 }, 1_000).unwrap();
    bench.advance_ms(100);
    let (back, _) = bench.asked::<Sure>(ann)[2];
    bench.refuse_ask(ann, back, 9).unwrap();
    let silent = bench.ask(ann, &Withdraw { coins: 20 }, 2_000).unwrap();
    let hasty = bench.ask(ann, &Withdraw { coins: 20 }, 100).unwrap();
    bench.advance_ms(1_000);
    assert_eq!(outcome(&bench, ann, poor), [Answered::Refused(POOR)]);
    assert_eq!(outcome(&bench, ann, unsure), [Answered::Refused(NOT_MEANT)]);
    assert_eq!(outcome(&bench, ann, silent), [Answered::Refused(NOT_MEANT)]);
    assert_eq!(outcome(&bench, ann, hasty), [Answered::Failed(ErrorCode::TIMED_OUT)]);
    assert_eq!((bench.game().coins, bench.game().outcomes), (31, 5));
}

#[test]
fn whoever_is_cut_off_has_lost_its_answers() {
    let mut bench = GameBench::new(Bank::NEW);
    let ann = bench.join();
    for _ in 0..ASKS_MAX {
        bench.ask(ann, &Withdraw { coins: 60 }, 60_000).unwrap();
    }
    assert_eq!(bench.ask(ann, &Withdraw { coins: 60 }, 60_000), Err(SendError::Full));
    bench.advance_ms(100);
    bench.cut(ann);
    bench.advance_ms(100);
    let asks: Vec<u32> = bench.asked::<Sure>(ann).into_iter().map(|(ask, _)| ask).collect();
    assert_eq!(asks.len(), ASKS_MAX);
    let lost = Heard::Answered(1, Answered::Failed(ErrorCode::LOST));
    assert_eq!(bench.heard_all(ann).iter().filter(|heard| **heard == lost).count(), 1);
    bench.come_back(ann);
    bench.advance_ms(60_000);
    // What it says to the questions of its former connection is nobody's.
    for ask in asks {
        bench.answer(ann, ask, &Confirm {}).unwrap();
    }
    bench.advance_ms(1_000);
    assert_eq!((bench.game().coins, bench.game().outcomes), (100, ASKS_MAX));
    assert!(bench.game().pending.is_empty());
}

#[test]
fn at_random_over_a_bad_network_each_question_has_exactly_one_outcome() {
    for seed in 1..=20 {
        let config = BenchConfig { seed, weather: Weather::ROUGH, ..BenchConfig::DEFAULT };
        let mut bench = GameBench::with(Bank { coins: u16::MAX, ..Bank::NEW }, config);
        let players = [bench.join(), bench.join(), bench.join()];
        let (mut random, mut asks, mut answered) = (Random::new(seed), Vec::new(), [0; 3]);
        for _ in 0..300 {
            let index = random.below(3) as usize;
            let player = players[index];
            match random.below(8) {
                0 if !bench.is_cut(player) => bench.cut(player),
                0 | 1 if bench.is_cut(player) => bench.come_back(player),
                2 | 3 => {
                    let asked = bench.asked::<Sure>(player);
                    let unanswered = asked.get(answered[index]..).unwrap_or_default();
                    let numbers: Vec<u32> = unanswered.iter().map(|(ask, _)| *ask).collect();
                    answered[index] += numbers.len();
                    for ask in numbers {
                        let _ = bench.answer(player, ask, &Confirm {});
                    }
                }
                _ => {
                    let coins = random.below(20) as u16;
                    let timeout_ms = random.below(1_000) as u32;
                    if let Ok(ask) = bench.ask(player, &Withdraw { coins }, timeout_ms) {
                        asks.push((player, ask));
                    }
                }
            }
            bench.advance_ms(random.below(100) as u32);
        }
        bench.advance_ms(2_000);
        for (player, ask) in asks {
            assert_eq!(outcome(&bench, player, ask).len(), 1, "seed {seed}, {player:?}, {ask}");
        }
        assert!(bench.game().pending.is_empty(), "seed {seed}");
    }
}
