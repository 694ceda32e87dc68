//! The client runtime by `tls://` and `wss://`, and whom it trusts.

use std::thread;
use std::time::{Duration, Instant};

use tinyrealm_core::net::{
    CloseCode, NetConnector, NetError, NetEvents, NetHandler, NetOutbound, NetSender, NetSession,
    NetState,
};
use tinyrealm_core::protocol::client_to_main::Hello;
use tinyrealm_core::protocol::either_way::Ping;
use tinyrealm_core::protocol::{Text, Versions, encode_body};
use tinyrealm_std::client::{AnyConnector, Trust};

use crate::support::{Identity, NET, Server};

const PINGS: u32 = 2_000;

#[derive(Default)]
struct Heard {
    bodies: Vec<Vec<u8>>,
    end: Option<(u16, String)>,
}

impl NetEvents for Heard {
    fn on_open(&mut self, _: &mut NetSender<'_>) {}

    fn on_close(&mut self, code: CloseCode, reason: &str) {
        self.end = Some((code.0, reason.to_owned()));
    }

    fn on_error(&mut self, _: NetError<'_>) {}
}

impl NetHandler for Heard {
    fn on_frame(&mut self, _: &mut NetSender<'_>, body: &[u8]) {
        self.bodies.push(body.to_vec());
    }
}

fn connector(trust: &Trust) -> AnyConnector {
    let mut connector = AnyConnector::default();
    connector.tcp.trust = trust.clone();
    connector.ws.trust = trust.clone();
    connector
}

/// Ticks until `holds`.
fn tick<S: NetSession>(
    session: &mut S,
    heard: &mut Heard,
    mut holds: impl FnMut(&mut S, &Heard) -> bool,
) {
    let started = Instant::now();
    while !holds(session, heard) {
        session.tick(heard);
        assert!(started.elapsed() < Duration::from_secs(20), "{:?}", heard.end);
        thread::sleep(Duration::from_millis(1));
    }
}

fn visit(url: &str, trust: &Trust) -> Result<(), (u16, String)> {
    let mut session = connector(trust).create_session(url).unwrap();
    let mut heard = Heard::default();
    session.connect();
    tick(&mut session, &mut heard, |session, heard| {
        session.state() == NetState::Open || heard.end.is_some()
    });
    if let Some(end) = heard.end {
        return Err(end);
    }
    let hello = Hello { versions: Versions::OURS, token: None, nickname: Text::EMPTY };
    session.send_body(&|out| encode_body(&hello, out)).unwrap();
    tick(&mut session, &mut heard, |_, heard| !heard.bodies.is_empty());
    let mut nonce = 0;
    tick(&mut session, &mut heard, |session, heard| {
        while nonce < PINGS && session.send_body(&|out| encode_body(&Ping { nonce }, out)).is_ok() {
            nonce += 1;
        }
        heard.bodies.len() == PINGS as usize + 1
    });
    session.close(CloseCode::NORMAL, "");
    tick(&mut session, &mut heard, |_, heard| heard.end.is_some());
    Ok(())
}

#[test]
fn the_scheme_says_what_is_spoken_and_trust_with_whom() {
    let (identity, other) = (Identity::new(), Identity::new());
    let server = Server::start(identity.server(), NET);
    let pinned = Trust::pinned(identity.certificate().as_bytes()).unwrap();
    for scheme in ["tls", "wss", "tcp", "ws"] {
        // Pinned, it is believed by another name as well.
        visit(&format!("{scheme}://{}", server.address), &pinned).unwrap();
    }
    for (trust, reason) in [
        (Trust::pinned(other.certificate().as_bytes()).unwrap(), "invalid peer certificate"),
        (Trust::system(), ""),
    ] {
        for scheme in ["tls", "wss"] {
            let (code, why) = visit(&format!("{scheme}://{}", server.address), &trust).unwrap_err();
            assert!(code == 1_015 && why.contains(reason), "{code} {why}");
        }
    }
}
