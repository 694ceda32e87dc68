//! See `tinyrealm_fuzz::handshake`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tinyrealm_fuzz::handshake(bytes));
