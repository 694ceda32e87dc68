//! PROTOCOL.md's table of what servers take of each other, at a chat server.

use super::*;
use crate::node::cluster::tests::{hello_of, secure_hello_to};
use crate::node::testing::{expect_of_server, frame_of};

/// Leads to a state; the peer that is in it.
type Lead = fn(&mut ChatBench<'_>) -> SessionKey;

#[test]
fn a_main_s_messages() {
    let ways: [(&str, Lead); 3] = [
        ("chat, before `ClusterAck`", |bench| bench.accept()),
        ("chat, before `Opened`", |bench| bench.accept_main()),
        ("chat, behind it", |bench| bench.open()),
    ];
    for (state, lead) in ways {
        expect_of_server(state, |mut case| {
            let mut found = None;
            with_chat(|bench| {
                let key = lead(bench);
                // The vector is a world's; here it's Mains that dial.
                if case.message == "ClusterHello" {
                    case.frame = frame_of(&hello_of(ServerKind::MAIN, 0));
                }
                if case.message == "SecureHello" {
                    case.frame = frame_of(&secure_hello_to(ServerKind::CHAT));
                }
                found = case.say(bench, key);
            });
            found
        });
    }
}
