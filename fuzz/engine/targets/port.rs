//! See `tinyrealm_fuzz::port`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tinyrealm_fuzz::port(bytes));
