//! servers
fn main() {}
