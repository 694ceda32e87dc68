//! A `protocol!` of one's own on the host's sockets, without a realm: what the host hands over is heard, and how a
//! connection has ended is told.

#[path = "../../tests/own/src/dice.rs"]
mod dice;

use std::cell::RefCell;
use std::rc::Rc;

use dice::from_dice::{self, Fallen};
use dice::to_dice::{self, Throw};
use tinyrealm_core::net::{NetEvents, NetSender, NetState};
use tinyrealm_core::protocol::{Message, SendError, encode_body};
use tinyrealm_core::wire::ws::CloseCode;
use tinyrealm_web_client::{Answer, RequestKind, WebConnector, WebNetwork};

/// What a player has heard.
#[derive(Clone, Debug, Default)]
struct Player(Rc<RefCell<Vec<String>>>);

impl Player {
    fn note(&self, text: String) {
        self.0.borrow_mut().push(text);
    }

    fn heard(&self) -> Vec<String> {
        self.0.take()
    }
}

impl from_dice::Stub<NetSender<'_>> for Player {
    fn fallen(&mut self, _: &mut NetSender<'_>, fallen: Fallen) {
        self.note(format!("fallen {}", fallen.sum));
    }
}

impl NetEvents for Player {
    fn on_open(&mut self, _: &mut NetSender<'_>) {
        self.note("open".to_owned());
    }

    fn on_close(&mut self, code: CloseCode, reason: &str) {
        self.note(format!("closed {} {reason}", code.0));
    }
}

fn body<M: Message>(message: &M) -> Vec<u8> {
    let mut body = vec![0; 64];
    let bytes = encode_body(message, &mut body).unwrap();
    body.truncate(bytes);
    body
}

/// The request that waits, taken: its kind, its socket, its body.
fn request(network: &WebNetwork) -> Option<(u8, u16, Vec<u8>)> {
    let request = network.request(|record| (record.kind, record.socket, record.body.to_vec()))?;
    network.request_taken();
    Some(request)
}

#[test]
fn a_proxy_hears_and_is_told_how_it_ended() {
    let network = WebNetwork::new();
    let mut proxy = to_dice::Proxy::default();
    let player = Player::default();
    proxy.connect(player.clone(), "ws://dice:1", &WebConnector::new(&network)).unwrap();
    let (kind, socket, url) = request(&network).unwrap();
    assert_eq!((kind, url.as_slice()), (RequestKind::Open as u8, &b"ws://dice:1"[..]));
    assert_eq!(proxy.throw(&Throw { count: 2 }), Err(SendError::Closed));
    network.opened(socket);
    proxy.tick();
    proxy.throw(&Throw { count: 2 }).unwrap();
    assert_eq!(
        request(&network),
        Some((RequestKind::Send as u8, socket, body(&Throw { count: 2 })))
    );
    for sum in [7, 1_000] {
        assert_eq!(network.heard(socket, &body(&Fallen { sum })), Answer::Taken);
    }
    network.closed(socket, 4_321, b"the table is closed");
    assert_eq!(proxy.tick(), 3);
    assert_eq!(
        player.heard(),
        ["open", "fallen 7", "fallen 1000", "closed 4321 the table is closed"]
    );
    assert_eq!(proxy.state(), NetState::Closed);
}

#[test]
fn connecting_anew_a_thousand_times_leaves_nothing_behind() {
    let network = WebNetwork::new();
    let mut proxy = to_dice::Proxy::default();
    let player = Player::default();
    for _ in 0..1_000 {
        proxy.connect(player.clone(), "ws://dice:1", &WebConnector::new(&network)).unwrap();
        while let Some((kind, socket, _)) = request(&network) {
            if kind == RequestKind::Open as u8 {
                network.opened(socket);
                network.heard(socket, &body(&Fallen { sum: 3 }));
            }
        }
        assert_eq!(proxy.tick(), 2);
        assert!(player.heard().ends_with(&["open".to_owned(), "fallen 3".to_owned()]));
        // What comes for a session that is gone keeps nobody waiting.
        proxy.disconnect();
    }
    assert_eq!(network.used()[2], 0, "there is no game to tell");
}

#[test]
fn two_protocols_on_one_network_hear_in_turns() {
    let network = WebNetwork::new();
    let (mut one, mut other) = (to_dice::Proxy::default(), to_dice::Proxy::default());
    let (first, second) = (Player::default(), Player::default());
    one.connect(first.clone(), "ws://dice:1", &WebConnector::new(&network)).unwrap();
    other.connect(second.clone(), "ws://dice:2", &WebConnector::new(&network)).unwrap();
    let sockets: Vec<u16> =
        std::iter::from_fn(|| request(&network)).map(|(_, socket, _)| socket).collect();
    for socket in &sockets {
        network.opened(*socket);
    }
    for sum in 0..10 {
        network.heard(sockets[usize::from(sum % 2)], &body(&Fallen { sum }));
    }
    while one.tick() + other.tick() > 0 {}
    assert_eq!(first.heard().len() + second.heard().len(), 12);
}
