//! The real servers, tried from outside: one binary for all of these, because to link the servers once for each would take
//! longer than to run them.
//!
//! Contract: tests run beside each other in one process, so none changes what is the process's own (its variables, its
//! folder, its limits). Whoever must be alone, or needs a program that only some machines have, is a file beside this folder.

#[path = "../certificates/mod.rs"]
mod certificates;
#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod admin;
mod bans;
mod bots;
mod chat;
mod client_runtime;
mod cluster;
mod coin_rush;
mod command_line;
mod control;
mod ctl;
mod deploy;
mod device_keys;
mod game;
mod handshake;
mod http;
mod interop;
mod lifecycle;
mod login;
mod malformed;
mod moving;
mod operating;
mod proxies;
mod room_names;
mod rooms;
mod saves;
mod sealed;
mod sealed_clients;
mod serial;
mod several_mains;
mod slow_reader;
mod strangers;
mod terminal;
mod through_main;
mod tls;
mod visits;
mod web_socket;
mod whole_realm;
