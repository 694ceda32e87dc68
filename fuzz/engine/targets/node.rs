//! See `tinyrealm_fuzz::node`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tinyrealm_fuzz::node(bytes));
