//! Virtual time: one clock a thread, which stands still until it is set, and is embassy's time driver.
//!
//! Tests run in threads side by side; each has its own time, so none disturbs another.

use std::cell::RefCell;
use std::task::Waker;

use embassy_time_driver::{Driver, time_driver_impl};
use tinyrealm_core::time::Instant;

#[derive(Default)]
struct State {
    now_micros: u64,
    alarms: Vec<(u64, Waker)>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

struct VirtualTime;

time_driver_impl!(static DRIVER: VirtualTime = VirtualTime);

impl Driver for VirtualTime {
    fn now(&self) -> u64 {
        STATE.with_borrow(|state| state.now_micros)
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        STATE.with_borrow_mut(|state| {
            state.alarms.retain(|(_, known)| !known.will_wake(waker));
            state.alarms.push((at, waker.clone()));
        });
    }
}

/// The time of this thread.
pub fn now() -> Instant {
    Instant::from_micros(DRIVER.now())
}

/// When the next alarm of embassy's timers is due.
pub fn next_alarm() -> Option<Instant> {
    let at = STATE.with_borrow(|state| state.alarms.iter().map(|(at, _)| *at).min());
    at.map(Instant::from_micros)
}

/// Sets the clock forward to `at`, and wakes whoever waits for it.
pub fn advance_to(at: Instant) {
    let due = STATE.with_borrow_mut(|state| {
        state.now_micros = state.now_micros.max(at.micros());
        let now_micros = state.now_micros;
        let is_due = |alarm: &mut (u64, Waker)| alarm.0 <= now_micros;
        state.alarms.extract_if(.., is_due).collect::<Vec<_>>()
    });
    due.into_iter().for_each(|(_, waker)| waker.wake());
}
