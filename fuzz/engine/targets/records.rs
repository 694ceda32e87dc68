//! See `tinyrealm_fuzz::records`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tinyrealm_fuzz::records(bytes));
