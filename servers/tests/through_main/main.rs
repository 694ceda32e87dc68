//! Worlds that are reached through Main: pages that may open nothing but `wss:`, and boards that have no certificate.

mod bounds;
#[path = "../certificates/mod.rs"]
mod certificates;
mod endings;
mod ends;
mod playing;
mod refusals;
#[path = "../support/mod.rs"]
mod support;
