//! How latencies are counted.

use hdrhistogram::Histogram;

const LATENCY_MAX_MICROS: u64 = 60_000_000;

pub(super) fn latency_histogram() -> Histogram<u64> {
    // Two digits are the resolution of what is printed.
    Histogram::new_with_bounds(1, LATENCY_MAX_MICROS, 2).expect("the bounds are in order")
}
