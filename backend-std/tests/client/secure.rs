//! `wss://`: servers that somebody vouches for, and others.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tinyrealm_core::net::{NetConnector, NetErrorKind, NetOutbound, NetSession};
use tinyrealm_core::wire::Opcode;
use tinyrealm_core::wire::ws::handshake::{Acceptance, Acceptor, Policy};
use tinyrealm_core::wire::ws::{Assembly, FrameKind, Rules, Side, Step, write_frame};
use tinyrealm_std::client::{NetOptions, NetWsConnector, Trust};

use crate::support::{Diary, OPTIONS, Told, alone, tick_to_end, tick_until};

/// Somebody who vouches.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self { issuer: CertifiedIssuer::self_signed(params, key).unwrap() }
    }

    fn trust(&self) -> Trust {
        Trust::pinned(self.issuer.pem().as_bytes()).unwrap()
    }

    /// The settings of a server of this name.
    fn server(&self, name: &str) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth();
        Arc::new(builder.with_single_cert(vec![certificate.der().clone()], key).unwrap())
    }
}

/// Greets, answers each message with itself, and a Close with a Close.
fn serve(listener: TcpListener, config: Arc<ServerConfig>) -> std::io::Result<()> {
    let (socket, _) = listener.accept()?;
    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), socket);
    let (mut acceptor, mut line, mut byte) = (Acceptor::default(), [0; 256], [0]);
    let policy = Policy { origins: &[], hosts: &[], limit_bytes: 4_096 };
    let accepted = loop {
        stream.read_exact(&mut byte)?;
        if let Acceptance::Accepted(accepted) = acceptor.advance(&mut line, &mut &byte[..], policy)
        {
            break accepted;
        }
    };
    let mut out = vec![0; 32 * 1_024];
    let used = accepted.write_response(&mut out).unwrap();
    stream.write_all(&out[..used])?;
    let (mut assembly, mut buffer) = (Assembly::default(), Vec::new());
    let rules = Rules { side: Side::Server, limit_bytes: u32::MAX };
    loop {
        let (kind, place) = match assembly.step(&mut buffer, rules) {
            Step::NeedMore { kept_bytes, missing_bytes } => {
                buffer.resize(kept_bytes + missing_bytes, 0);
                stream.read_exact(&mut buffer[kept_bytes..])?;
                continue;
            }
            Step::Message(place) => (FrameKind::Binary, place),
            Step::Close { .. } => (FrameKind::Close, 0..0),
            step => panic!("{step:?}"),
        };
        let used = write_frame(&mut out, kind, None, &buffer[place]).unwrap();
        stream.write_all(&out[..used])?;
        if kind == FrameKind::Close {
            return Ok(());
        }
        buffer.truncate(assembly.kept_bytes());
    }
}

/// Where a server of this configuration listens.
fn start(config: Arc<ServerConfig>) -> (u16, thread::JoinHandle<std::io::Result<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (port, thread::spawn(move || serve(listener, config)))
}

#[test]
fn frames_go_both_ways_at_once_over_tls() {
    let _alone = alone();
    let authority = Authority::new("somebody");
    let (port, serving) = start(authority.server("localhost"));
    let connector =
        NetWsConnector { options: OPTIONS, trust: authority.trust(), ..Default::default() };
    let mut session = connector.create_session(&format!("wss://localhost:{port}")).unwrap();
    session.connect();
    let mut diary = Diary::default();
    tick_until(&mut session, &mut diary, "it opens", |diary| diary.has(&Told::Open));
    const FRAMES: usize = 2_000;
    let payload = [7; 5_000];
    let mut sent = 0;
    tick_until_sent(&mut session, &mut diary, |session| {
        while sent < FRAMES
            && session.send_frame(Opcode(1), &payload[..(sent * 7) % payload.len()]).is_ok()
        {
            sent += 1;
        }
        sent == FRAMES
    });
    tick_until(&mut session, &mut diary, "all come back", |diary| diary.frames() == FRAMES);
    let lengths = diary.notes.iter().filter_map(|note| match note {
        Told::Frame(body) => Some(body.len()),
        _ => None,
    });
    assert!(lengths.eq((0..FRAMES).map(|number| 4 + (number * 7) % payload.len())));
    session.close(tinyrealm_core::net::CloseCode::NORMAL, "");
    // The server answers without a code.
    assert_eq!(tick_to_end(&mut session, &mut diary).0, 1_005);
    serving.join().unwrap().unwrap();
}

fn tick_until_sent<S: NetSession>(
    session: &mut S,
    diary: &mut Diary,
    mut send: impl FnMut(&mut S) -> bool,
) {
    crate::support::eventually("all is sent", || {
        session.tick(diary);
        send(session)
    });
}

/// How a connection ends that does not become one.
fn refusal(url: &str, trust: Trust, options: NetOptions) -> (u16, String) {
    let connector = NetWsConnector { options, trust, ..Default::default() };
    let mut session = connector.create_session(url).unwrap();
    session.connect();
    let mut diary = Diary::default();
    let end = tick_to_end(&mut session, &mut diary);
    assert_eq!(diary.error(), Some(NetErrorKind::Tls));
    end
}

#[test]
fn a_server_of_another_name_is_refused() {
    let _alone = alone();
    let authority = Authority::new("somebody");
    let (port, serving) = start(authority.server("another.example"));
    let url = format!("wss://localhost:{port}");
    let (code, reason) = refusal(&url, authority.trust(), OPTIONS);
    assert_eq!(code, 1_015);
    assert!(reason.contains("not valid for name"), "{reason}");
    assert!(serving.join().unwrap().is_err());
}

#[test]
fn a_server_that_nobody_knows_vouches_for_is_refused() {
    let _alone = alone();
    for trust in [Authority::new("somebody").trust(), Trust::system()] {
        let (port, serving) = start(Authority::new("somebody else").server("localhost"));
        let (code, reason) = refusal(&format!("wss://localhost:{port}"), trust, OPTIONS);
        assert_eq!(code, 1_015);
        let expected = ["UnknownIssuer", "no certificates of authorities"];
        assert!(expected.iter().any(|text| reason.contains(text)), "{reason}");
        // It may not even have been asked.
        drop(std::net::TcpStream::connect(("127.0.0.1", port)));
        assert!(serving.join().unwrap().is_err());
    }
}

#[test]
fn a_server_without_tls_is_refused_and_so_is_one_that_says_nothing() {
    let _alone = alone();
    let authority = Authority::new("somebody");
    for (answer, expected) in [(&b"HTTP/1.1 400\r\n\r\n"[..], "corrupt"), (b"", "in time")] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("wss://{}", listener.local_addr().unwrap());
        let serving = thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            socket.write_all(answer).unwrap();
            // Until the client has had enough.
            while socket.read(&mut [0; 1_024]).is_ok_and(|count| count > 0) {}
        });
        let options = NetOptions { connect_timeout_ms: 200, ..OPTIONS };
        let (_, reason) = refusal(&url, authority.trust(), options);
        assert!(reason.contains(expected), "{reason}");
        serving.join().unwrap();
    }
}

#[test]
fn authorities_are_certificates() {
    assert!(Trust::pinned(b"").is_err_and(|text| text.contains("no certificate")));
    let nonsense = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(Trust::pinned(nonsense).is_err());
}
