//! See `tinyrealm_fuzz::noise`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tinyrealm_fuzz::noise(bytes));
