//! Worlds that are reached through Main: pages that may open nothing but `wss:`, and boards that have no certificate.

mod bounds;
mod endings;
mod ends;
mod playing;
mod refusals;
