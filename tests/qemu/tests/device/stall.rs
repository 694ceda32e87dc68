//! How long the handshake of a sealed link keeps a device from everything else: it can't be put off half-way.
//!
//! QEMU counts instructions. What its processor does between two sleeps is one stretch, and nobody in a room hears
//! anything meanwhile but what the stretch says.

use tinyrealm_qemu::Debugger;
use tinyrealm_qemu::debugger::counting;
use tinyrealm_qemu::image::Place;
use tinyrealm_qemu::scratch::Scratch;

use super::images::{CLEAR_BOARDS, DeviceWorld, free_port, image};
use super::sealed::{CLEAR, SEALED};
use super::support::Server;
use super::support::relay::{Fault, Relay};
use super::world::{INSTRUCTION_NS, registered};

/// The second timer of the board, which counts down 25 times a microsecond.
const TIMER_ADDRESS: u32 = 0x4000_2024;
const TICK_NS: u32 = 40;
/// The instruction that sleeps.
const WFI: [u8; 2] = [0x30, 0xBF];
/// Sleeps within which a link has come back: the board wakes every five milliseconds at least.
const SLEEPS: usize = 600;
/// Of a world as it ships, which flushes every 20 ms, where a processor at 25 MHz does one instruction a cycle.
const INSTRUCTIONS_A_FLUSH: f64 = 25e3 * 20.0;

/// Where the executor of an image sleeps.
fn sleeping_place(name: &str) -> u32 {
    let image = image(name);
    let Place { address, bytes } = image.symbol("8executor3run17h").unwrap();
    // The lowest bit says that it is Thumb code.
    let (start, code) = (address & !1, image.code(address & !1, bytes).unwrap());
    let places: Vec<u32> = (start..)
        .step_by(2)
        .zip(code.as_chunks::<2>().0)
        .filter_map(|(place, two)| (*two == WFI).then_some(place))
        .collect();
    let [place] = places[..] else { panic!("{name} sleeps at {places:x?}") };
    place
}

/// The longest stretches while a link to Main ends and comes back, in instructions; the longest first.
fn longest(name: &str, settings: &[&str]) -> Vec<u32> {
    let (main, relay) = (Server::main(settings), Relay::start());
    relay.lead_to(main.address);
    let scratch = Scratch::new().unwrap();
    let door = scratch.file("debugger");
    let arguments = counting(&door, INSTRUCTION_NS.ilog2());
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let device = DeviceWorld::start_with(name, relay.address, free_port(), &arguments);
    registered(&main, 1);
    let mut debugger = Debugger::attach(&door).unwrap();
    relay.commit(Fault::Cut);
    debugger.stop().unwrap();
    let mut stretches = stretches(&mut debugger, sleeping_place(name), &relay);
    debugger.go_on().unwrap();
    registered(&main, 2);
    device.machine.kill();
    main.stop().expect(&[("worlds_registered", 2)]);
    stretches.sort_unstable_by(|one, other| other.cmp(one));
    stretches
}

fn stretches(debugger: &mut Debugger, sleeps_at: u32, relay: &Relay) -> Vec<u32> {
    let mut is_cut = false;
    let mut stretches = Vec::new();
    debugger.run_to(sleeps_at).unwrap();
    for _ in 0..SLEEPS {
        debugger.run_to(sleeps_at + 2).unwrap();
        let began = debugger.word(TIMER_ADDRESS).unwrap();
        debugger.run_to(sleeps_at).unwrap();
        let ticks = began.wrapping_sub(debugger.word(TIMER_ADDRESS).unwrap());
        stretches.push(ticks * TICK_NS / INSTRUCTION_NS);
        if !is_cut && relay.has_committed() {
            is_cut = true;
            // An answer that comes at once would be heard in the same stretch.
            relay.commit(Fault::Delay);
        }
    }
    stretches
}

fn flushes(instructions: u32) -> f64 {
    f64::from(instructions) / INSTRUCTIONS_A_FLUSH
}

#[test]
fn a_handshake_stalls_the_room_twice_for_so_long_and_no_longer() {
    let sealed = longest(SEALED, &[]);
    let clear = longest(CLEAR, &[CLEAR_BOARDS]);
    let (first, second) = (sealed[1], sealed[0]);
    println!(
        "a handshake stalls the room twice, for {:.2} and {:.2} million instructions, {:.1} and {:.1} flushes; the \
         proof in clear for {:.2} million at most",
        f64::from(first) / 1e6,
        f64::from(second) / 1e6,
        flushes(first),
        flushes(second),
        f64::from(clear[0]) / 1e6,
    );
    let [.., third] = sealed[..3] else { panic!("{sealed:?}") };
    // Beside others' tests a stretch may have to do with more than the link.
    assert!(flushes(second) < 5.0 && flushes(first) > 2.0, "{:?}", &sealed[..8]);
    assert!(flushes(third) < 1.0 && flushes(clear[0]) < 1.0, "{third}, {}", clear[0]);
}
