//! The client runtime against peers that behave, and peers that do not.

mod alive;
mod endings;
mod frames;
mod hostile;
mod long;
mod proxies;
mod reconnecting;
mod secure;
mod sizes;
mod support;
