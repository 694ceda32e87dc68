//! Two ends and a bad line between them: what arrives is what was sent, whatever happens.
//!
//! The seed is printed; `TINYREALM_SERIAL_SEED` runs it again.

use std::collections::{HashMap, VecDeque};

use super::*;
use crate::{SILENCE_MS, link::CALL_INTERVAL_MS};

const CAPACITY: usize = 276;
/// Of eight, those that the desktop opens.
const LISTENERS: usize = 6;
const BAUD: u32 = 115_200;
const BYTES_PER_MS: usize = 11;

/// Numbers of a seed (splitmix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn is_one_in(&mut self, many: u64) -> bool {
        many > 0 && self.below(many) == 0
    }
}

/// So many seeds, or the one that is asked for; each is printed.
fn seeds(count: u64) -> Vec<u64> {
    let asked = std::env::var("TINYREALM_SERIAL_SEED").ok().and_then(|text| text.parse().ok());
    let seeds = asked.map_or(0..count, |seed| seed..seed + 1);
    seeds.inspect(|seed| println!("TINYREALM_SERIAL_SEED={seed}")).collect()
}

/// What the line does to bytes: one in so many, none for 0.
#[derive(Copy, Clone)]
struct Noise {
    flips: u64,
    losses: u64,
}

const CALM: Noise = Noise { flips: 0, losses: 0 };

fn end(end: End, epoch: u16) -> Mux<'static> {
    let channels = Box::leak(Box::new([Channel::IDLE; CHANNELS_MAX]));
    let bytes = vec![0; CHANNELS_MAX * 2 * CAPACITY].leak();
    Mux::new(Options { end, listeners: LISTENERS as u8, baud: BAUD, epoch }, channels, bytes)
}

/// The byte at a place of what one end says on a connection.
fn byte_of(id: u32, from: usize, place: usize) -> u8 {
    (id as usize * 31 + from * 17 + place * 7 + place / 251) as u8
}

fn address_of(id: u32) -> [u8; ADDRESS_BYTES] {
    let [a, b, c, d] = id.to_le_bytes();
    [a, b, c, d, 0, 1]
}

/// Two ends, the line, and the naive model: each connection has a number, by which either end knows what the other one says.
struct Bench {
    ends: [Mux<'static>; 2],
    lines: [VecDeque<u8>; 2],
    now_ms: u32,
    noise: Noise,
    random: Random,
    ids: u32,
    /// How much an end has said on a connection, has taken of it, and whether that is all.
    said: HashMap<(u32, usize), (usize, bool)>,
    taken: HashMap<(u32, usize), usize>,
    whole: usize,
    delivered: usize,
}

impl Bench {
    fn new(seed: u64) -> Self {
        Self {
            ends: [end(End::Board, 1), end(End::Desktop, 1_000)],
            lines: Default::default(),
            // So that the clock wraps under way.
            now_ms: u32::MAX - 3_000,
            noise: CALM,
            random: Random(seed),
            ids: 0,
            said: HashMap::new(),
            taken: HashMap::new(),
            whole: 0,
            delivered: 0,
        }
    }

    /// A millisecond of the line.
    fn step(&mut self) {
        self.now_ms = self.now_ms.wrapping_add(1);
        for from in 0..2 {
            for _ in 0..BYTES_PER_MS {
                if self.lines[from].is_empty() {
                    let bytes = self.ends[from].to_send(self.now_ms).to_vec();
                    self.ends[from].sent(bytes.len());
                    self.lines[from].extend(bytes);
                }
                let Some(byte) = self.lines[from].pop_front() else { break };
                if self.random.is_one_in(self.noise.losses) {
                    continue;
                }
                let is_flipped = self.random.is_one_in(self.noise.flips);
                let bit = 1 << self.random.below(8);
                let byte = if is_flipped { byte ^ bit } else { byte };
                self.ends[1 - from].received(&[byte], self.now_ms);
            }
        }
    }

    fn id_of(&self, end: usize, channel: usize) -> u32 {
        let [a, b, c, d, ..] = self.ends[end].address(channel);
        u32::from_le_bytes([a, b, c, d])
    }

    fn listen(&mut self) {
        (0..LISTENERS).for_each(|channel| self.ends[0].listen(channel));
        (LISTENERS..CHANNELS_MAX).for_each(|channel| self.ends[1].listen(channel));
        for end in 0..2 {
            for channel in 0..CHANNELS_MAX {
                self.ends[end].accept(channel);
            }
        }
    }

    fn open(&mut self, channel: usize) {
        let opener = usize::from(channel < LISTENERS);
        if self.ends[opener].open(channel, address_of(self.ids + 1), self.now_ms) {
            self.ids += 1;
        }
    }

    fn say(&mut self, end: usize, channel: usize, count: usize) {
        let id = self.id_of(end, channel);
        let said = self.said.entry((id, end)).or_default();
        let bytes: Vec<u8> = (said.0..said.0 + count).map(|it| byte_of(id, end, it)).collect();
        said.0 += self.ends[end].send(channel, &bytes, self.now_ms);
    }

    fn shut(&mut self, end: usize, channel: usize) {
        let id = self.id_of(end, channel);
        if self.ends[end].state(channel) == ChannelState::Open {
            self.said.entry((id, end)).or_default().1 = true;
            self.ends[end].shut(channel);
        }
    }

    /// Takes up to `count` bytes, each of which has to be the next one.
    fn take(&mut self, end: usize, channel: usize, count: usize) {
        let (id, from) = (self.id_of(end, channel), 1 - end);
        let count = count.min(self.ends[end].held(channel).len());
        let place = self.taken.entry((id, from)).or_default();
        for byte in &self.ends[end].held(channel)[..count] {
            assert_eq!(*byte, byte_of(id, from, *place), "{id} at {place}");
            *place += 1;
        }
        self.delivered += count;
        let (place, said) = (*place, self.said.get(&(id, from)).copied().unwrap_or_default());
        assert!(place <= said.0, "what was never said");
        let had_ended = self.ends[end].has_ended(channel);
        self.ends[end].take(channel, count);
        if count > 0 && !had_ended && self.ends[end].has_ended(channel) {
            assert_eq!((place, true), said, "the end comes behind everything");
            self.whole += 1;
        }
    }

    fn reset(&mut self, which: usize) {
        let epoch = self.random.next() as u16;
        self.ends[which] = end([End::Board, End::Desktop][which], epoch);
    }

    /// Anything.
    fn act(&mut self) {
        let (end, channel) = (self.random.below(2) as usize, self.random.below(8) as usize);
        if self.random.is_one_in(100) {
            self.ends[end].abort(channel, self.now_ms);
        } else {
            self.act_in_good_order();
        }
    }

    /// Anything but to give up.
    fn act_in_good_order(&mut self) {
        let (end, channel) = (self.random.below(2) as usize, self.random.below(8) as usize);
        let count = self.random.below(400) as usize;
        match self.random.below(100) {
            0..10 => self.open(channel),
            10..50 => self.say(end, channel, count),
            50..90 => self.take(end, channel, count),
            90..96 => self.shut(end, channel),
            _ => {}
        }
    }

    fn run_until(&mut self, limit_ms: u32, is_so: impl Fn(&Self) -> bool) -> bool {
        (0..limit_ms).any(|_| {
            self.step();
            self.listen();
            is_so(self)
        })
    }

    fn is_up(&self) -> bool {
        self.ends.iter().all(Mux::is_up)
    }

    /// A quiet line, until both ends have nothing more to say, and then no connection at all.
    fn settle(&mut self) {
        self.noise = CALM;
        assert!(self.run_until(SILENCE_MS * 3, Self::is_up), "both know of each other");
        for _ in 0..60_000 {
            self.step();
            self.listen();
            for end in 0..2 {
                for channel in 0..CHANNELS_MAX {
                    self.take(end, channel, CAPACITY);
                    self.shut(end, channel);
                }
            }
            let is_idle = |it: &Mux<'_>, channel| {
                matches!(it.state(channel), ChannelState::Idle | ChannelState::Listening)
            };
            let rests = |it: &Mux<'_>| (0..CHANNELS_MAX).all(|channel| is_idle(it, channel));
            if self.ends.iter().all(rests) {
                return;
            }
        }
        panic!("somebody hangs");
    }
}

fn up() -> Bench {
    let mut bench = Bench::new(1);
    assert!(bench.run_until(CALL_INTERVAL_MS, Bench::is_up));
    bench
}

fn open_on(bench: &mut Bench, channel: usize) {
    bench.open(channel);
    let is_open = |it: &Bench| it.ends.iter().all(|end| end.state(channel) == ChannelState::Open);
    assert!(bench.run_until(200, is_open));
}

#[test]
fn whatever_happens_what_arrives_is_what_was_sent() {
    let (mut delivered, mut whole, mut broken, mut lost) = (0, 0, 0, 0);
    for seed in seeds(24) {
        let mut bench = Bench::new(seed);
        for round in 0..4_000 {
            if round % 500 == 0 {
                let flips = [0, 20_000, 2_000, 300][bench.random.below(4) as usize];
                let losses = [0, 0, 3_000, 500][bench.random.below(4) as usize];
                bench.noise = Noise { flips, losses };
            }
            if bench.random.is_one_in(1_500) {
                let which = bench.random.below(2) as usize;
                bench.reset(which);
            }
            bench.listen();
            bench.act();
            bench.step();
        }
        bench.settle();
        delivered += bench.delivered;
        whole += bench.whole;
        broken += bench.ends.iter().map(|end| end.stats().broken).sum::<u32>();
        lost += bench.ends.iter().map(|end| end.stats().lost).sum::<u32>();
    }
    println!("{delivered} bytes, {whole} whole streams, {broken} broken frames, {lost} lines lost");
    if seeds(2).len() == 2 {
        assert!(delivered > 400_000 && whole > 200 && broken > 500 && lost > 20);
    }
}

/// Of connections that nobody gives up, everything arrives, whatever the line does.
#[test]
fn noise_alone_loses_nothing() {
    for seed in seeds(8) {
        let mut bench = Bench::new(seed);
        assert!(bench.run_until(CALL_INTERVAL_MS, Bench::is_up));
        bench.noise = Noise { flips: 300, losses: 1_000 };
        for _ in 0..4_000 {
            bench.listen();
            bench.act_in_good_order();
            bench.step();
        }
        bench.settle();
        assert_eq!(bench.ends.iter().map(|end| end.stats().lost).sum::<u32>(), 0);
        assert!(bench.said.len() > 30, "{}", bench.said.len());
        for (stream, (said, _)) in &bench.said {
            assert_eq!(bench.taken.get(stream).copied().unwrap_or(0), *said, "{stream:?}");
        }
    }
}

#[test]
fn who_reads_nothing_holds_up_nobody_and_loses_nothing() {
    let mut bench = up();
    open_on(&mut bench, 0);
    open_on(&mut bench, 1);
    let before_ms = bench.now_ms;
    for _ in 0..2_000 {
        bench.say(1, 0, CAPACITY);
        bench.say(1, 1, CAPACITY);
        bench.take(0, 1, CAPACITY);
        bench.step();
    }
    let through = bench.taken[&(2, 1)];
    let per_second = through * 1_000 / bench.now_ms.wrapping_sub(before_ms) as usize;
    assert!(per_second > 8_000, "{per_second} bytes a second beside one who reads nothing");
    assert_eq!(bench.ends[0].held(0).len(), CAPACITY);
    assert_eq!(bench.ends[1].room(0), 0);
    let count = bench.said[&(1, 1)].0;
    for _ in 0..4_000 {
        bench.take(0, 0, CAPACITY);
        bench.step();
    }
    assert_eq!(bench.taken[&(1, 1)], count);
}

#[test]
fn what_the_line_carries() {
    let mut bench = up();
    open_on(&mut bench, 0);
    open_on(&mut bench, 6);
    for _ in 0..3_000 {
        for (from, channel) in [(1, 0), (0, 6)] {
            bench.say(from, channel, CAPACITY);
            bench.take(1 - from, channel, CAPACITY);
        }
        bench.step();
    }
    for (id, from) in [(1, 1), (2, 0)] {
        let per_second = bench.taken[&(id, from)] / 3;
        println!("{per_second} of {} bytes a second, both ways at once", BYTES_PER_MS * 1_000);
        assert!(per_second > 7_500, "{per_second}");
    }
    assert_eq!(bench.ends.iter().map(|end| end.stats().resent).sum::<u32>(), 0);
}

#[test]
fn an_end_that_begins_anew_is_noticed_and_connections_are_opened_again() {
    for which in 0..2 {
        let mut bench = up();
        open_on(&mut bench, 0);
        bench.say(1, 0, 100);
        bench.reset(which);
        let is_over = |it: &Bench| it.ends[1 - which].state(0) != ChannelState::Open;
        assert!(bench.run_until(50, is_over), "it hears the Hello");
        assert!(bench.run_until(CALL_INTERVAL_MS, Bench::is_up));
        open_on(&mut bench, 0);
    }
}

#[test]
fn a_cut_line_ends_everything_in_its_time_on_both_sides_and_comes_back() {
    let mut bench = up();
    open_on(&mut bench, 0);
    bench.noise = Noise { flips: 0, losses: 1 };
    let is_over = |it: &Bench| it.ends.iter().all(|end| end.state(0) != ChannelState::Open);
    assert!(!bench.run_until(SILENCE_MS - 50, is_over));
    assert!(bench.run_until(100, is_over));
    bench.noise = CALM;
    assert!(bench.run_until(CALL_INTERVAL_MS * 2, Bench::is_up));
    open_on(&mut bench, 0);
}

#[test]
fn a_line_that_comes_back_to_who_speaks_is_nobody() {
    let mut board = end(End::Board, 1);
    for now_ms in 0..2_000 {
        let bytes = board.to_send(now_ms).to_vec();
        board.sent(bytes.len());
        board.received(&bytes, now_ms);
    }
    assert!(!board.is_up());
}

#[test]
fn each_opens_its_own_channels_and_no_other() {
    let mut bench = up();
    let now_ms = bench.now_ms;
    assert!(!bench.ends[0].open(LISTENERS - 1, [0; 6], now_ms));
    assert!(bench.ends[0].open(LISTENERS, [0; 6], now_ms));
    assert!(bench.ends[1].open(LISTENERS - 1, [0; 6], now_ms));
    assert!(!bench.ends[1].open(LISTENERS, [0; 6], now_ms));
    assert!(!bench.ends[0].open(CHANNELS_MAX, [0; 6], now_ms));
    assert!(!end(End::Board, 1).open(LISTENERS, [0; 6], now_ms), "there is nobody yet");
}

#[test]
fn what_a_line_takes_of_a_boards_memory_beside_its_buffers() {
    let (channel, line) = (size_of::<Channel>(), size_of::<Mux<'_>>());
    println!("{channel} bytes a channel, {line} the line");
    assert!(channel <= 40 && line <= 392, "{channel}, {line}");
}

#[test]
fn who_has_given_the_line_something_waits_for_the_line_alone() {
    let mut board = end(End::Board, 1);
    assert_eq!(board.next_ms(0), 0, "a Hello is due");
    let count = board.to_send(0).len();
    board.sent(count - 1);
    assert_eq!(board.next_ms(CALL_INTERVAL_MS), u32::MAX);
    board.sent(1);
    assert_eq!(board.next_ms(CALL_INTERVAL_MS - 1), 1);
    assert_eq!(board.next_ms(CALL_INTERVAL_MS), 0);
}

/// What was on its way to somebody's former life, or from there, is nothing.
#[test]
fn a_frame_of_another_link_is_passed_over() {
    for (link, state) in [(1_002, ChannelState::Listening), (1_001, ChannelState::Asked)] {
        let mut bench = up();
        bench.ends[0].listen(0);
        let body = Body::Open { window: 276, address: [0; ADDRESS_BYTES] };
        let mut bytes = [0; ENCODED_MAX_BYTES];
        let count = encode(&Frame { channel: 0, link, number: 1, body }, &mut bytes);
        bench.ends[0].received(&bytes[..=count], bench.now_ms);
        assert_eq!(bench.ends[0].state(0), state, "the epochs are 1 and 1000");
    }
}
