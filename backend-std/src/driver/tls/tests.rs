//! A session without a socket against rustls's own client, cut and meddled with.

use std::sync::Arc;

use rustls::crypto::cipher::{OutboundChunks, OutboundPlainMessage};
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{
    AlertDescription, ClientConfig, ClientConnection, ConnectionTrafficSecrets, ContentType,
    ProtocolVersion, RootCertStore,
};

use super::*;

struct Identity {
    tls: ServerTls,
    roots: RootCertStore,
}

fn identity() -> Identity {
    let made = rcgen::generate_simple_self_signed(["realm.test".to_owned()]).unwrap();
    let tls = ServerTls::from_pem(
        made.cert.pem().as_bytes(),
        made.signing_key.serialize_pem().as_bytes(),
    );
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    Identity { tls: tls.unwrap(), roots }
}

fn client(identity: &Identity) -> ClientConnection {
    client_for(identity, b"tinyrealm.v2")
}

fn client_for(identity: &Identity, protocol: &[u8]) -> ClientConnection {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(identity.roots.clone())
        .with_no_client_auth();
    config.enable_secret_extraction = true;
    config.alpn_protocols = vec![protocol.to_vec()];
    let name = ServerName::try_from("realm.test").unwrap();
    ClientConnection::new(Arc::new(config), name).unwrap()
}

/// What the client has to say, in records.
fn records_of(client: &mut ClientConnection) -> Vec<u8> {
    let mut records = Vec::new();
    while client.wants_write() {
        client.write_tls(&mut records).unwrap();
    }
    records
}

fn hear_at_client(client: &mut ClientConnection, mut records: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    while !records.is_empty() {
        client.read_tls(&mut records).unwrap();
        client.process_new_packets().unwrap();
        // It ends where nothing more has come yet, which is no error here.
        let _ = std::io::Read::read_to_end(&mut client.reader(), &mut text);
    }
    text
}

/// Both ends, with `part` bytes of each record at a time.
fn link(identity: &Identity, part: usize) -> (ClientConnection, Session) {
    let (mut client, mut session) =
        (client(identity), Session::new(identity.tls.config()).unwrap());
    while client.is_handshaking() || !session.is_established() {
        let mut text = Vec::new();
        for part in records_of(&mut client).chunks_mut(part) {
            session.hear(part, &mut text).unwrap();
        }
        let mut records = Vec::new();
        assert!(session.flush(&mut records).unwrap());
        assert!(hear_at_client(&mut client, &records).is_empty() && text.is_empty());
    }
    (client, session)
}

fn said_by_client(client: &mut ClientConnection, text: &[u8]) -> Vec<u8> {
    std::io::Write::write_all(&mut client.writer(), text).unwrap();
    records_of(client)
}

#[test]
fn the_first_two_bytes_decide() {
    let begins = [&b""[..], b"\x16", b"\x16\x03", b"\x16\x02", b"\x15\x03", b"G", b"\x16\x03\x01"];
    let expected = [
        Begins::Unknown,
        Begins::Unknown,
        Begins::Tls,
        Begins::Clear,
        Begins::Clear,
        Begins::Clear,
        Begins::Tls,
    ];
    assert_eq!(begins.map(Begins::of), expected);
}

#[test]
fn text_goes_both_ways_however_records_are_cut() {
    let identity = identity();
    for part in [1, 2, 7, 100, 1_000_000] {
        let (mut client, mut session) = link(&identity, part);
        let mut text = Vec::new();
        for records in said_by_client(&mut client, b"hello realm").chunks_mut(part) {
            session.hear(records, &mut text).unwrap();
        }
        assert_eq!(text, b"hello realm");
        let (long, mut records) = (vec![7; 40_000], Vec::new());
        session.say(&long, &mut Vec::new(), &mut records).unwrap();
        assert!(!session.has_outgoing());
        // Three records, which is as few as there can be.
        assert!(records.len() < long.len() + 3 * 32, "{}", records.len());
        assert_eq!(hear_at_client(&mut client, &records), long);
    }
}

/// A socket that takes some bytes, and then no more.
struct Full<'v>(&'v mut Vec<u8>, usize);

impl std::io::Write for Full<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.1 == 0 {
            return Err(std::io::ErrorKind::WouldBlock.into());
        }
        let count = bytes.len().min(self.1);
        self.1 -= count;
        self.0.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_a_full_socket_does_not_take_leaves_first_and_in_order() {
    let identity = identity();
    let (mut client, mut session) = link(&identity, 1_000_000);
    let (mut scratch, mut records) = (Vec::new(), Vec::new());
    session.say(b"one ", &mut scratch, Full(&mut records, 10)).unwrap();
    session.say(b"two ", &mut scratch, Full(&mut records, 0)).unwrap();
    assert!(!session.flush(Full(&mut records, 5)).unwrap() && session.has_outgoing());
    session.say(b"three", &mut scratch, Full(&mut records, 1_000)).unwrap();
    assert!(!session.has_outgoing());
    assert_eq!(hear_at_client(&mut client, &records), b"one two three");
}

#[test]
fn a_goodbye_ends_each_side_by_itself() {
    let identity = identity();
    let (mut client, mut session) = link(&identity, 1_000_000);
    client.send_close_notify();
    session.hear(&mut records_of(&mut client), &mut Vec::new()).unwrap();
    assert!(session.is_ending());
    let mut records = Vec::new();
    session.say(b"the last word", &mut Vec::new(), &mut records).unwrap();
    session.say_goodbye(&mut records).unwrap();
    // Once is enough, and whatever comes behind it is nothing to anybody.
    session.say_goodbye(Full(&mut Vec::new(), 0)).unwrap();
    assert!(!session.has_outgoing() && session.hear(&mut [0x17, 3], &mut Vec::new()).is_ok());
    let mut rest = &records[..];
    while !rest.is_empty() {
        client.read_tls(&mut rest).unwrap();
    }
    assert!(client.process_new_packets().unwrap().peer_has_closed());
    let mut text = Vec::new();
    std::io::Read::read_to_end(&mut client.reader(), &mut text).unwrap();
    assert_eq!(text, b"the last word");
}

#[test]
fn a_changed_record_is_unsound_and_the_peer_is_told() {
    let identity = identity();
    let (mut client, mut session) = link(&identity, 1_000_000);
    let mut records = said_by_client(&mut client, b"pay bob");
    let last = records.len() - 1;
    records[last] ^= 1;
    assert!(session.hear(&mut records, &mut Vec::new()).is_err());
    let mut alert = Vec::new();
    session.flush(&mut alert).unwrap();
    let mut rest = &alert[..];
    client.read_tls(&mut rest).unwrap();
    assert!(client.process_new_packets().is_err());
}

#[test]
fn both_sides_of_what_a_stranger_may_say() {
    let identity = identity();
    let say = |bytes: usize| {
        let mut session = Session::new(identity.tls.config()).unwrap();
        // The begin of a handshake's message that is longer than all of it.
        let mut records = Vec::new();
        while records.len() < bytes {
            records.extend_from_slice(&[0x16, 3, 1, 0x10, 0]);
            records.extend_from_slice(if records.len() == 5 { &[1, 0, 0xF0, 0] } else { &[0; 4] });
            records.resize(records.len() + 0x1000 - 4, 0);
        }
        records.truncate(bytes);
        session.hear(&mut records, &mut Vec::new())
    };
    assert_eq!(say(GREETING_MAX_BYTES), Ok(()));
    assert!(say(GREETING_MAX_BYTES + 1).is_err());
}

#[test]
fn a_certificate_is_exchanged_for_those_who_come() {
    let (one, other) = (identity(), rcgen::generate_simple_self_signed(["realm.test".into()]));
    let other = other.unwrap();
    let (mut client, mut session) = link(&one, 1_000_000);
    let (certificate, key) = (other.cert.pem(), other.signing_key.serialize_pem());
    one.tls.exchange(certificate.as_bytes(), key.as_bytes()).unwrap();
    // Whoever is there goes on.
    let mut text = Vec::new();
    session.hear(&mut said_by_client(&mut client, b"still here"), &mut text).unwrap();
    assert_eq!(text, b"still here");
    let mut roots = RootCertStore::empty();
    roots.add(other.cert.der().clone()).unwrap();
    link(&Identity { tls: one.tls.clone(), roots }, 1_000_000);
    // What is no pair changes nothing.
    let refused = one.tls.exchange(certificate.as_bytes(), b"no key").unwrap_err();
    assert!(refused.0.starts_with("the key: "), "{refused}");
}

#[test]
fn what_is_wrong_with_a_certificate_is_said() {
    let [one, other] = [(); 2].map(|()| rcgen::generate_simple_self_signed(["a".into()]).unwrap());
    let why = |certificate: &str, key: &str| {
        ServerTls::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap_err().0
    };
    let key = other.signing_key.serialize_pem();
    assert_eq!(why("", &key), "there is no certificate in it");
    assert!(why(&one.cert.pem(), "").starts_with("the key: "));
    let mixed = why(&one.cert.pem(), &key);
    assert!(mixed.starts_with("the certificate and the key: "), "{mixed}");
}

/// What a client says that has gone mad: records of any type, under its right key.
fn records_of_handshakes(client: ClientConnection, payloads: &[&[u8]]) -> Vec<Vec<u8>> {
    let (first, secrets) = client.dangerous_extract_secrets().unwrap().tx;
    let ConnectionTrafficSecrets::Aes256Gcm { key, iv } = secrets else { panic!("another cipher") };
    let suite = ring::cipher_suite::TLS13_AES_256_GCM_SHA384.tls13().unwrap();
    let mut encrypter = suite.aead_alg.encrypter(key, iv);
    let numbered = (first..).zip(payloads);
    let records = numbered.map(|(number, payload)| {
        let message = OutboundPlainMessage {
            typ: ContentType::Handshake,
            version: ProtocolVersion::TLSv1_2,
            payload: OutboundChunks::Single(payload),
        };
        encrypter.encrypt(message, number).unwrap().encode()
    });
    records.collect()
}

#[test]
fn a_message_in_pieces_is_waited_for_while_we_speak() {
    let identity = identity();
    let (client, mut session) = link(&identity, 1_000_000);
    // The begin of a KeyUpdate, and its end, which says what may not be.
    let [mut begin, mut end] =
        records_of_handshakes(client, &[&[24, 0, 0], &[1, 9]]).try_into().unwrap();
    session.hear(&mut begin, &mut Vec::new()).unwrap();
    let mut said = Vec::new();
    session.say(b"meanwhile", &mut Vec::new(), &mut said).unwrap();
    assert!(!said.is_empty());
    assert!(session.hear(&mut end, &mut Vec::new()).is_err());
}

#[test]
fn a_greeting_that_breaks_off_in_a_message_is_unsound() {
    let identity = identity();
    for pieces in [&[&[0x16, 3, 1, 0, 4, 1, 0, 0xF0, 0][..], &[0x17, 3, 3, 0, 1, 0]][..]] {
        for cut in [1, 4, 1_000] {
            let mut session = Session::new(identity.tls.config()).unwrap();
            let outcome: Result<(), Unsound> = pieces
                .concat()
                .chunks(cut)
                .try_for_each(|piece| session.hear(&mut piece.to_vec(), &mut Vec::new()));
            assert!(outcome.is_err());
        }
    }
}

#[test]
fn who_asks_for_a_protocol_that_nobody_speaks_is_told() {
    let identity = identity();
    let mut session = Session::new(identity.tls.config()).unwrap();
    let mut client = client_for(&identity, b"h2");
    let outcome = session.hear(&mut records_of(&mut client), &mut Vec::new());
    assert!(outcome.is_err());
    let mut alert = Vec::new();
    session.flush(&mut alert).unwrap();
    // Behind the beginning of a handshake, and perhaps under its keys.
    let mut rest = &alert[..];
    client.read_tls(&mut rest).unwrap();
    let error = client.process_new_packets().unwrap_err();
    assert_eq!(error, rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol));
}

/// The same numbers for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) as usize % below.max(1)
    }

    /// Changes, repeats or cuts something of it, or nothing.
    fn spoil(&mut self, records: &mut Vec<u8>) {
        let (at, other) = (self.roll(records.len()), self.roll(records.len()));
        match self.roll(5) {
            0 if !records.is_empty() => records[at] ^= 1 << self.roll(8),
            1 if !records.is_empty() => records[at] = self.roll(256) as u8,
            2 => records.truncate(at),
            3 => records.extend_from_within(at.min(other)..at.max(other)),
            _ => {}
        }
    }
}

/// A client and a session, between which somebody spoils what the client says; with words of ours between.
fn meddle(identity: &Identity, dice: &mut Dice) {
    let (mut client, mut session) =
        (client(identity), Session::new(identity.tls.config()).unwrap());
    for _ in 0..6 {
        if !client.is_handshaking() {
            let _ = std::io::Write::write_all(&mut client.writer(), b"text");
        }
        let mut records = records_of(&mut client);
        dice.spoil(&mut records);
        let (mut said, mut text) = (Vec::new(), Vec::new());
        let cut = 1 + dice.roll(400);
        let heard = records.chunks_mut(cut).try_for_each(|part| {
            let heard = session.hear(part, &mut text);
            if session.is_established() && dice.roll(3) == 0 {
                let _ = session.say(b"word", &mut Vec::new(), &mut said);
            }
            heard
        });
        let _ = session.flush(&mut said);
        if heard.is_err() || dice.roll(40) == 0 {
            // Nothing that comes behind an end, or our own goodbye, ends more than that.
            let _ = session.say_goodbye(&mut said);
            return;
        }
        let mut said = &said[..];
        if client.read_tls(&mut said).is_err() || client.process_new_packets().is_err() {
            return;
        }
    }
}

#[test]
fn whatever_is_meddled_with_ends_a_connection_and_nothing_else() {
    let identity = identity();
    for seed in 0..2_000 {
        // What was going on is told with a panic.
        let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            meddle(&identity, &mut Dice(seed));
        }));
        assert!(told.is_ok(), "seed {seed}");
    }
}
