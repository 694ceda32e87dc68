//! A desktop, a board with a flash, and a bad line between them.

use std::collections::VecDeque;

use super::{Cut, Flash, Random, longest, seeds, short};
use crate::{
    Addressing, Console, Failure, Found, Identity, Page, Provisioner, Record, Refusal, SILENCE_MS,
    Settings, State, Step, Wish, Wrong,
};

/// At 115,200 baud.
const BYTES_PER_MS: usize = 11;
/// How long a board with settings listens for a desktop when it starts.
const LISTENING_MS: u32 = 300;
/// How long a board is waited for.
const PATIENCE_MS: u32 = 30_000;
const NAME: &str = "bench";

/// What happens to the line and to the board: one byte in so many, one millisecond in so many; none for 0.
#[derive(Copy, Clone, Default)]
struct Faults {
    flips: u64,
    losses: u64,
    resets: u64,
    logs: u64,
}

struct Bench {
    desktop: Provisioner,
    page: Page<Flash<4>>,
    /// None: it runs, and does not listen.
    console: Option<Console<'static>>,
    started_at_ms: u32,
    has_settings: bool,
    to_board: VecDeque<u8>,
    to_desktop: VecDeque<u8>,
    /// All that the board has said.
    said: Vec<u8>,
    faults: Faults,
    random: Random,
    now_ms: u32,
    restarts: u32,
    has_dhcp: bool,
}

impl Bench {
    fn new(seed: u64, settings: &Settings<'_>, faults: Faults) -> Self {
        let cut = Cut::ALL[seed as usize % 4];
        // The clock wraps under way.
        let now_ms = u32::MAX - 700;
        let mut bench = Self {
            desktop: Provisioner::new(settings, PATIENCE_MS, now_ms).unwrap(),
            page: Page::new(Flash::new(cut, seed), Flash::<4>::START),
            console: None,
            started_at_ms: now_ms,
            has_settings: false,
            to_board: VecDeque::new(),
            to_desktop: VecDeque::new(),
            said: Vec::new(),
            faults,
            random: Random(seed),
            now_ms,
            restarts: 0,
            has_dhcp: false,
        };
        bench.start_board();
        bench
    }

    fn state(&mut self) -> State {
        match self.page.read(&mut Record::erased()).unwrap() {
            Found::None => State::None,
            Found::Broken => State::Broken,
            Found::Whole(_) => State::Whole,
        }
    }

    fn start_board(&mut self) {
        let state = self.state();
        self.has_settings = state == State::Whole;
        let identity = Identity { name: NAME, has_dhcp: self.has_dhcp };
        self.console = Some(Console::new(identity, state));
        self.started_at_ms = self.now_ms;
        self.to_board.clear();
    }

    fn carry_out(&mut self, wish: Wish) {
        let Some(console) = &mut self.console else { return };
        match wish {
            Wish::Restart => {
                // What waits is sent first.
                self.said.extend(console.to_send());
                self.to_desktop.extend(console.to_send());
                self.restarts += 1;
                self.start_board();
            }
            Wish::Save => {
                if self.random.is_one_in(self.faults.resets.min(3)) {
                    let steps = self.random.below(100);
                    self.page.flash_mut().cut_after(steps);
                }
                let settings = console.staged().expect("it was checked");
                let is_saved = self.page.write(&settings, &mut Record::erased()).is_ok();
                if self.page.flash_mut().power_on() {
                    self.start_board();
                } else {
                    console.note_saved(is_saved);
                }
            }
        }
    }

    fn spoil(&mut self, byte: u8) -> Option<u8> {
        let is_flipped = self.random.is_one_in(self.faults.flips);
        let bit = 1 << self.random.below(8);
        let is_lost = self.random.is_one_in(self.faults.losses);
        (!is_lost).then_some(if is_flipped { byte ^ bit } else { byte })
    }

    fn step_board(&mut self) {
        let is_over = self.now_ms.wrapping_sub(self.started_at_ms) > LISTENING_MS;
        if is_over
            && self.has_settings
            && self.console.as_ref().is_some_and(|it| !it.is_addressed())
        {
            self.console = None;
        }
        if self.random.is_one_in(self.faults.resets) {
            self.start_board();
        }
        if self.random.is_one_in(self.faults.logs) {
            self.to_desktop.extend(b"0.123 INFO board done\r\n");
        }
        for _ in 0..BYTES_PER_MS {
            let Some(byte) = self.to_board.pop_front() else { break };
            let Some(byte) = self.spoil(byte) else { continue };
            let wish = self.console.as_mut().and_then(|console| console.received(byte));
            if let Some(wish) = wish {
                self.carry_out(wish);
            }
        }
        if let Some(console) = &mut self.console {
            let count = console.to_send().len().min(BYTES_PER_MS);
            self.said.extend(&console.to_send()[..count]);
            self.to_desktop.extend(&console.to_send()[..count]);
            console.sent(count);
        }
    }

    /// Runs until the desktop is done; answers how long that took.
    fn run(&mut self, most_ms: u32) -> (Step, u32) {
        for passed_ms in 0..most_ms {
            self.now_ms = self.now_ms.wrapping_add(1);
            self.step_board();
            for _ in 0..BYTES_PER_MS {
                let Some(byte) = self.to_desktop.pop_front() else { break };
                if let Some(byte) = self.spoil(byte) {
                    self.desktop.received(&[byte], self.now_ms);
                }
            }
            match self.desktop.step(self.now_ms) {
                Step::Talking => {}
                step => return (step, passed_ms),
            }
            let bytes = self.desktop.to_send(self.now_ms);
            let count = bytes.len().min(BYTES_PER_MS);
            self.to_board.extend(&bytes[..count]);
            self.desktop.sent(count);
        }
        panic!("it has no end");
    }

    #[track_caller]
    fn expect(&mut self, found: Found<'_>) {
        assert_eq!(self.page.read(&mut Record::erased()), Ok(found));
    }

    /// No piece of a key or a password, in clear or as digits, has come from the board.
    #[track_caller]
    fn expect_no_secret(&self, settings: &Settings<'_>) {
        let said = String::from_utf8_lossy(&self.said).to_lowercase();
        let Some(key) = settings.world_key else { return };
        let digits: String = key.bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!said.contains(&digits[..8]), "{said}");
        assert!(!said.contains("0123456789abcdef"), "{said}");
    }
}

#[test]
fn a_board_gets_its_settings_in_a_moment() {
    for settings in [short(1), longest(1), Settings::default()] {
        let mut bench = Bench::new(0, &settings, Faults { logs: 10, ..Faults::default() });
        let (step, took_ms) = bench.run(2_000);
        assert_eq!(step, Step::Done);
        assert!(took_ms < 1_000, "{took_ms} ms");
        assert_eq!(bench.desktop.board(), Some((NAME, State::None)));
        assert_eq!(bench.restarts, 1);
        bench.expect(Found::Whole(settings));
        bench.expect_no_secret(&settings);
    }
}

/// Whatever happens: it ends, `Done` is true, and else the old set is there, or the new one.
#[test]
fn noise_and_resets_leave_the_old_set_or_the_new_one() {
    let (mut done, mut failed) = (0, 0);
    let seeds = seeds(120);
    for seed in seeds.iter().copied() {
        let mut chance = Random(seed);
        let mut any = |most: u64| if chance.is_one_in(2) { 0 } else { 20 + chance.below(most) };
        let faults =
            Faults { flips: any(2_000), losses: any(2_000), resets: any(2_000), logs: any(100) };
        let (old, new) = (short(7), longest(seed as u16));
        let mut bench = Bench::new(seed, &new, faults);
        bench.page.write(&old, &mut Record::erased()).unwrap();
        bench.start_board();
        let (step, _) = bench.run(10 * 60_000);
        bench.expect_no_secret(&new);
        let mut record = Record::erased();
        let found = bench.page.read(&mut record).unwrap();
        match step {
            Step::Done => {
                done += 1;
                assert_eq!(found, Found::Whole(new));
            }
            _ => {
                failed += 1;
                assert!(found == Found::Whole(new) || found == Found::Whole(old), "{found:?}");
            }
        }
    }
    println!("{done} done, {failed} failed");
    assert!(seeds.len() == 1 || (done > 40 && failed > 5), "{done} done, {failed} failed");
}

#[test]
fn a_little_noise_or_a_reset_is_no_reason_to_fail() {
    for seed in seeds(50) {
        let noise = Faults { flips: 700, losses: 700, logs: 50, ..Faults::default() };
        let resets = Faults { resets: 300, ..Faults::default() };
        for faults in [noise, resets] {
            let mut bench = Bench::new(seed, &longest(2), faults);
            assert_eq!(bench.run(60_000).0, Step::Done);
            bench.expect(Found::Whole(longest(2)));
        }
    }
}

#[test]
fn nobody_is_told_in_time_and_a_board_that_runs_is_waited_for() {
    let mut bench = Bench::new(0, &short(2), Faults::default());
    bench.page.write(&short(1), &mut Record::erased()).unwrap();
    bench.console = None;
    let (step, took_ms) = bench.run(PATIENCE_MS + 10);
    assert_eq!(step, Step::Failed(Failure::Nobody));
    assert!(took_ms >= PATIENCE_MS - 2, "{took_ms}");
    // One that is reset meanwhile hears it.
    let mut bench = Bench::new(0, &short(2), Faults::default());
    bench.page.write(&short(1), &mut Record::erased()).unwrap();
    bench.console = None;
    bench.now_ms = bench.now_ms.wrapping_add(PATIENCE_MS - 1_000);
    bench.start_board();
    assert_eq!(bench.run(1_000).0, Step::Done);
    assert_eq!(bench.desktop.board(), Some((NAME, State::Whole)));
    bench.expect(Found::Whole(short(2)));
}

#[test]
fn a_board_that_falls_silent_is_told_in_time() {
    let mut bench = Bench::new(0, &longest(2), Faults::default());
    while bench.desktop.board().is_none() {
        bench.now_ms = bench.now_ms.wrapping_add(1);
        bench.step_board();
        let answer: Vec<u8> = bench.to_desktop.drain(..).collect();
        bench.desktop.received(&answer, bench.now_ms);
        let request = bench.desktop.to_send(bench.now_ms).to_vec();
        bench.desktop.sent(request.len());
        bench.to_board.extend(request);
    }
    bench.faults.losses = 1;
    let (step, took_ms) = bench.run(60_000);
    assert_eq!(step, Step::Failed(Failure::Silent));
    assert!(took_ms <= SILENCE_MS, "{took_ms}");
    bench.expect(Found::None);
}

#[test]
fn a_board_that_begins_anew_for_ever_is_told() {
    let mut bench = Bench::new(3, &longest(2), Faults { resets: 20, ..Faults::default() });
    let (step, _) = bench.run(10 * 60_000);
    assert!(matches!(step, Step::Failed(Failure::Unsteady | Failure::Silent)), "{step:?}");
}

#[test]
fn what_a_board_can_not_do_it_refuses_and_what_it_had_stays() {
    let dhcp = Settings { addressing: Some(Addressing::Dhcp), ..short(2) };
    for has_dhcp in [false, true] {
        let mut bench = Bench::new(0, &dhcp, Faults::default());
        bench.page.write(&short(1), &mut Record::erased()).unwrap();
        bench.has_dhcp = has_dhcp;
        bench.start_board();
        let refused = Step::Failed(Failure::Refused(Refusal::NoDhcp));
        assert_eq!(bench.run(2_000).0, if has_dhcp { Step::Done } else { refused });
        bench.expect(Found::Whole(if has_dhcp { dhcp } else { short(1) }));
    }
    let mut bench = Bench::new(0, &longest(2), Faults::default());
    bench.page.flash_mut().worn = Some((1_024 + 20, 0xFF));
    assert_eq!(bench.run(2_000).0, Step::Failed(Failure::Refused(Refusal::Flash)));
}

/// The desktop looks first; a board that is told something else by another program looks itself.
#[test]
fn the_demonstration_s_key_is_refused_at_both_ends() {
    let demonstration =
        Settings { world_key: Some(crate::DEMONSTRATION_KEYS[0]), ..Settings::default() };
    assert_eq!(Provisioner::new(&demonstration, 0, 0).err(), Some(Wrong::WorldKey));
    let mut bytes = [0; 64];
    let length = crate::encoding::encode(&demonstration, &mut bytes).unwrap();
    assert_eq!(
        told(&bytes[..length]),
        Some(Refusal::Wrong(Wrong::WorldKey)),
        "and nothing was saved"
    );
    assert_eq!(told(&[99, 1]), Some(Refusal::Unknown));
}

/// What a board says to these bytes as settings.
fn told(settings: &[u8]) -> Option<Refusal> {
    use crate::line::{Answer, Chunk, Incoming, Outgoing, Request};
    let mut console = Console::new(Identity { name: NAME, has_dhcp: true }, State::None);
    let check = crate::encoding::check_of(settings);
    let puts = settings.chunks(32).enumerate().map(|(number, chunk)| Request::Put {
        offset: number as u16 * 32,
        chunk: Chunk::of(chunk).unwrap(),
    });
    let save = Request::Save { length: settings.len() as u16, check };
    let mut refusal = None;
    for request in puts.chain([save]) {
        let mut line = Outgoing::NEW;
        line.ask(1, &request);
        for byte in line.to_send() {
            assert_eq!(console.received(*byte), None);
        }
        let mut incoming = Incoming::NEW;
        let ended = console.to_send().iter().any(|byte| incoming.push(*byte));
        if let Some((1, Answer::No(why))) = incoming.answer().filter(|_| ended) {
            refusal = Some(why);
        }
        console.sent(usize::MAX);
    }
    refusal
}
