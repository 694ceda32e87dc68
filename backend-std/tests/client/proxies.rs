//! Generated proxies and stubs of protocols that are not the realm's, with three codecs.

use std::sync::{Arc, Mutex};

use tinyrealm_core::net::{
    CloseCode, NetClient, NetConnector, NetError, NetErrorKind, NetEvents, NetSender, NetSession,
    NetState, UrlError,
};
use tinyrealm_core::protocol;
use tinyrealm_core::protocol::{DecodePayload, EncodePayload, FrameSink, Message, SendError};
use tinyrealm_core::protocol::{Dispatched, encode_body};
use tinyrealm_core::wire::{BinaryWriter, Full, NetFrameV1};
use tinyrealm_std::client::{NetTcpClient, NetTcpConnector, NetWsConnector};

use crate::support::{Host, Message as Said, OPTIONS, PATIENCE, Peer, Way, alone, eventually};

#[path = "../../examples/game_loop.rs"]
mod game_loop;

protocol! {
    /// To a server that counts, in `postcard`.
    mod to_counter in Band { first: 100, count: 10 }, hears from_counter;

    /// Adds.
    0 add => Add<'a> {
        /// So much.
        number: u32,
        /// Because.
        reason: &'a str,
    }
}

protocol! {
    /// From a server that counts.
    mod from_counter in Band { first: 110, count: 10 }, hears to_counter;

    /// The sum.
    0 sum => Sum {
        /// So much.
        number: u32,
    }
}

protocol! {
    /// Bytes as they are, below zero as well.
    mod bytes_as_they_are in Band { first: -20, count: 10 }, hears bytes_as_they_are, codec Raw;

    /// Anything.
    3 blob => Blob<'a> {
        /// The whole payload.
        data: &'a [u8],
    }
}

/// CBOR (RFC 8949), by minicbor.
pub(crate) enum Cbor {}

impl<M: minicbor::Encode<()>> EncodePayload<M> for Cbor {
    fn encode(message: &M, writer: &mut BinaryWriter<'_>) -> Result<(), Full> {
        struct Into<'w, 'b>(&'w mut BinaryWriter<'b>);
        impl minicbor::encode::Write for Into<'_, '_> {
            type Error = ();
            fn write_all(&mut self, bytes: &[u8]) -> Result<(), ()> {
                self.0.bytes(bytes).map_err(drop)
            }
        }
        minicbor::encode(message, Into(writer)).map_err(|_| Full)
    }
}

impl<'p, M: minicbor::Decode<'p, ()>> DecodePayload<'p, M> for Cbor {
    fn decode(payload: &'p [u8]) -> Option<M> {
        let mut decoder = minicbor::Decoder::new(payload);
        let message = decoder.decode().ok()?;
        (decoder.position() == payload.len()).then_some(message)
    }
}

protocol! {
    /// In CBOR.
    mod in_cbor in Band { first: 1_000, count: 10 }, codec Cbor;

    /// Says something.
    #[derive(minicbor::Encode, minicbor::Decode)]
    0 say => Say<'a> {
        /// What.
        #[b(0)]
        text: &'a str,
        /// How loud.
        #[n(1)]
        loudness: u8,
    }
}

/// Keeps what it is sent.
#[derive(Default)]
struct Kept(Vec<u8>);

impl FrameSink for Kept {
    fn send<M: Message>(&mut self, message: &M) -> Result<(), SendError> {
        self.0.resize(64, 0);
        let used = encode_body(message, &mut self.0).map_err(|Full| SendError::TooLong)?;
        self.0.truncate(used);
        Ok(())
    }
}

/// Hears what was kept.
#[derive(Default)]
struct Heard(String);

impl in_cbor::Stub<()> for Heard {
    fn say(&mut self, (): &mut (), message: in_cbor::Say<'_>) {
        self.0 = format!("{} {}", message.text, message.loudness);
    }
}

impl bytes_as_they_are::Stub<()> for Heard {
    fn blob(&mut self, (): &mut (), message: bytes_as_they_are::Blob<'_>) {
        self.0 = format!("{:?}", message.data);
    }
}

#[test]
fn cbor_is_a_codec() {
    let mut proxy = in_cbor::Proxy { sink: Kept::default() };
    proxy.say(&in_cbor::Say { text: "hi", loudness: 9 }).unwrap();
    // An array of two: a text of two letters, and a number.
    assert_eq!(proxy.sink.0, b"\xE8\x03\0\0\x82\x62hi\x09");
    let mut heard = Heard::default();
    let mut dispatch =
        |body: &[u8]| in_cbor::dispatch(&mut heard, &mut (), NetFrameV1::parse(body).unwrap());
    assert_eq!(dispatch(&proxy.sink.0), Dispatched::Handled);
    assert_eq!(dispatch(b"\xE8\x03\0\0\x82\x62hi\x09\0"), Dispatched::Malformed);
    assert_eq!(dispatch(b"\xE8\x03\0\0\x82\x62h"), Dispatched::Malformed);
    assert_eq!(dispatch(b"\xE9\x03\0\0"), Dispatched::Unknown);
    assert_eq!(heard.0, "hi 9");
    let long = "x".repeat(64);
    let refused = proxy.say(&in_cbor::Say { text: &long, loudness: 0 });
    assert_eq!(refused, Err(SendError::TooLong));
}

#[test]
fn raw_bytes_are_a_codec() {
    let mut proxy = bytes_as_they_are::Proxy { sink: Kept::default() };
    proxy.blob(&bytes_as_they_are::Blob { data: b"\0\xFF" }).unwrap();
    assert_eq!(proxy.sink.0, b"\xEF\xFF\xFF\xFF\0\xFF");
    let mut heard = Heard::default();
    let frame = NetFrameV1::parse(&proxy.sink.0).unwrap();
    let dispatched = bytes_as_they_are::dispatch(&mut heard, &mut (), frame);
    assert_eq!((dispatched, heard.0.as_str()), (Dispatched::Handled, "[0, 255]"));
}

/// A stub that notes, where the test can see it after the stub is gone.
#[derive(Clone, Default)]
struct Counter {
    notes: Arc<Mutex<Vec<String>>>,
}

impl Counter {
    fn note(&self, text: String) {
        self.notes.lock().unwrap().push(text);
    }

    fn has(&self, text: &str) -> bool {
        self.notes.lock().unwrap().iter().any(|note| note == text)
    }

    fn notes(&self) -> Vec<String> {
        self.notes.lock().unwrap().clone()
    }
}

impl from_counter::Stub<NetSender<'_>> for Counter {
    fn sum(&mut self, sender: &mut NetSender<'_>, message: from_counter::Sum) {
        self.note(format!("sum {}", message.number));
        let thanks = to_counter::Add { number: 0, reason: "thanks" };
        to_counter::Proxy { sink: sender }.add(&thanks).unwrap();
    }
}

impl bytes_as_they_are::Stub<NetSender<'_>> for Counter {
    fn blob(&mut self, _: &mut NetSender<'_>, message: bytes_as_they_are::Blob<'_>) {
        self.note(format!("blob of {}", message.data.len()));
    }
}

impl NetEvents for Counter {
    fn on_open(&mut self, _: &mut NetSender<'_>) {
        self.note("open".to_owned());
    }

    fn on_close(&mut self, code: CloseCode, reason: &str) {
        self.note(format!("close {} {reason}", code.0));
    }

    fn on_error(&mut self, error: NetError<'_>) {
        let kind = match error.kind {
            NetErrorKind::Malformed(opcode) => format!("malformed {}", opcode.0),
            kind => format!("{kind:?}"),
        };
        self.note(kind);
    }
}

fn connector() -> NetWsConnector {
    NetWsConnector { options: OPTIONS, ..Default::default() }
}

#[test]
fn a_proxy_connects_sends_hears_and_closes() {
    let _alone = alone();
    let host = Host::new(Way::WebSocket);
    let mut proxy = to_counter::Proxy::default();
    let counter = Counter::default();
    let add = to_counter::Add { number: 7, reason: "test" };
    assert_eq!(proxy.connect(counter.clone(), "gopher://x", &connector()), Err(UrlError::Scheme));
    assert_eq!((proxy.state(), proxy.url()), (NetState::Idle, ""));
    assert_eq!(proxy.tick(), 0);
    assert_eq!(proxy.add(&add), Err(SendError::Closed));
    proxy.connect(counter.clone(), &host.url("ws"), &connector()).unwrap();
    assert_eq!(proxy.url(), host.url("ws"));
    let mut peer = host.accept();
    eventually("it is connected", || {
        proxy.tick();
        proxy.is_connected()
    });
    proxy.add(&add).unwrap();
    assert_eq!(peer.receive().unwrap(), b"\x64\0\0\0\x07\x04test");
    peer.send(110, &[7]);
    peer.send(999, b"who knows");
    eventually("the sum comes", || {
        proxy.tick();
        counter.has("sum 7")
    });
    assert_eq!(peer.receive().unwrap(), b"\x64\0\0\0\0\x06thanks");
    eventually("the unknown one is counted", || {
        proxy.tick();
        proxy.sink.client().unwrap().unhandled() == 1
    });
    proxy.disconnect();
    assert_eq!(peer.receive_message(), Some(Said::Close(1_000, String::new())));
    peer.send_close(1_000, "");
    eventually("it is closed", || {
        proxy.tick();
        proxy.state() == NetState::Closed
    });
    drop(proxy);
    assert_eq!(counter.notes(), ["open", "sum 7", "close 1000 "]);
}

#[test]
fn a_payload_that_does_not_decode_is_the_end() {
    let _alone = alone();
    let host = Host::new(Way::WebSocket);
    let mut proxy = to_counter::Proxy::default();
    let counter = Counter::default();
    proxy.connect(counter.clone(), &host.url("ws"), &connector()).unwrap();
    let mut peer = host.accept();
    peer.send(110, &[7, 7]);
    peer.send(110, &[7]);
    eventually("it is refused", || {
        proxy.tick();
        counter.has("malformed 110")
    });
    let goodbye = Said::Close(1_002, "a payload does not decode".to_owned());
    assert_eq!(peer.receive_message(), Some(goodbye));
    peer.send_close(1_002, "");
    eventually("it is closed", || {
        proxy.tick();
        proxy.state() == NetState::Closed
    });
    assert_eq!(counter.notes(), ["open", "malformed 110", "close 1002 "]);
}

#[test]
fn a_dropped_proxy_tells_its_stub_and_so_does_one_that_connects_anew() {
    let _alone = alone();
    let host = Host::new(Way::WebSocket);
    let mut proxy = to_counter::Proxy::default();
    let (first, second) = (Counter::default(), Counter::default());
    proxy.connect(first.clone(), &host.url("ws"), &connector()).unwrap();
    let _peer = host.accept();
    eventually("it is connected", || {
        proxy.tick();
        proxy.is_connected()
    });
    proxy.connect(second.clone(), &host.url("ws"), &connector()).unwrap();
    assert_eq!(first.notes(), ["open", "close 1001 dropped"]);
    drop(proxy);
    assert_eq!(second.notes(), ["close 1001 dropped"]);
}

#[test]
fn several_proxies_share_one_session() {
    let _alone = alone();
    let host = Host::new(Way::Tcp);
    let connector = NetTcpConnector { options: OPTIONS, ..Default::default() };
    let mut session: NetTcpClient = connector.create_session(&host.url("tcp")).unwrap();
    let mut adding = to_counter::Proxy::default();
    let mut blobs = bytes_as_they_are::Proxy::default();
    adding.attach_session(&session);
    blobs.attach_session(&session);
    session.connect();
    let mut peer: Peer = host.accept();
    peer.stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let counter = Counter::default();
    let runtimes =
        (from_counter::Runtime(counter.clone()), bytes_as_they_are::Runtime(counter.clone()));
    let mut client = NetClient::new(runtimes);
    eventually("both are connected", || {
        session.tick(&mut client);
        adding.is_connected() && blobs.is_connected()
    });
    adding.add(&to_counter::Add { number: 1, reason: "" }).unwrap();
    blobs.blob(&bytes_as_they_are::Blob { data: b"raw" }).unwrap();
    assert_eq!(peer.receive().unwrap(), b"\x64\0\0\0\x01\0");
    assert_eq!(peer.receive().unwrap(), b"\xEF\xFF\xFF\xFFraw");
    peer.send(110, &[3]);
    peer.send(-17, b"four");
    eventually("each hears its own", || {
        session.tick(&mut client);
        counter.has("sum 3") && counter.has("blob of 4")
    });
    assert_eq!(client.unhandled(), 0);
}

#[test]
fn the_example_plays_until_the_server_has_had_enough() {
    let _alone = alone();
    let host = Host::new(Way::Tcp);
    let url = host.url("tcp");
    let playing = std::thread::spawn(move || game_loop::play(&url));
    let mut peer = host.accept();
    let mut steered = 0;
    while steered < 3 {
        let body = peer.receive().unwrap();
        // 15 degrees as a signed number of variable length.
        steered += usize::from(body == b"\x64\0\0\0\x1E");
    }
    peer.send(110, &[84]);
    while peer.receive().unwrap() != b"\x64\0\0\0\0" {}
    drop(peer);
    assert_eq!(playing.join().unwrap(), Ok(42));
}
