//! Their TLS against our servers: Python's `ssl`, Node's `tls`, OpenSSL's `s_client`; and what is refused, of versions
//! and ciphers.

use std::path::Path;
use std::process::{Command, Stdio};

use tinyrealm_peers::{Peer, Role};

use crate::support::{PATIENCE, Process, Realm, ScratchFile};

/// A realm that speaks TLS, and the folder with whom to trust.
struct Secure {
    realm: Realm,
    folder: ScratchFile,
}

impl Secure {
    fn start(name: &str) -> Self {
        let folder = ScratchFile::new(name);
        Process::start(&["cert", "dev", "--out", folder.path()]).finish(PATIENCE).expect_code(0);
        let [certificate, key] = [("certificate", "server.pem"), ("key", "server.key")]
            .map(|(key, file)| format!("net.tls.{key}={}/{file}", folder.path()));
        Self { realm: Realm::start(&["world.rooms=1", &certificate, &key]), folder }
    }

    fn authority(&self) -> String {
        format!("{}/authority.pem", self.folder.path())
    }
}

fn visits_by_tls(peer: Peer) {
    let secure = Secure::start(&format!("{peer:?}"));
    let mut script = peer.script(Role::Client);
    script.args([&secure.realm.main.address.to_string(), "60", &secure.authority()]);
    Process::spawn(&format!("{peer:?}"), script).finish(PATIENCE).expect_code(0);
    let (main, worlds) = secure.realm.stop();
    main.expect(&[("net.web_sockets", 2), ("net.violations", 1), ("net.unknown_opcodes", 0)]);
    worlds[0].expect(&[("net.web_sockets", 1), ("joined", 1), ("net.violations", 0)]);
}

#[test]
fn python_visits_by_wss() {
    visits_by_tls(Peer::Python);
}

#[test]
fn node_visits_by_wss() {
    visits_by_tls(Peer::Node);
}

#[test]
fn python_s_ssl_carries_frames() {
    let secure = Secure::start("frames");
    let mut script = Command::new("python3");
    let main = format!("tls://{}", secure.realm.main.address);
    script.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../interop/client.py"));
    script
        .args(["--main", &main, "--trust", &secure.authority()])
        .env("PYTHONDONTWRITEBYTECODE", "1");
    Process::spawn("client.py", script).finish(PATIENCE).expect_code(0);
}

/// What `openssl s_client` says of a server with these words.
fn s_client(secure: &Secure, words: &[&str]) -> String {
    let address = secure.realm.main.address.to_string();
    let output = Command::new("openssl")
        .args(["s_client", "-connect", &address, "-CAfile", &secure.authority()])
        .args(["-verify_return_error", "-verify_hostname", "localhost"])
        .args(words)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn openssl_finds_what_is_spoken_and_nothing_else() {
    let secure = Secure::start("openssl");
    // The client's own scruples are switched off, so that the server's show.
    let any = ["-cipher", "ALL:@SECLEVEL=0"];
    let spoken: [(&[&str], &str); 5] = [
        (&["-tls1_3", "-alpn", "tinyrealm.v2"], "ALPN protocol: tinyrealm.v2"),
        (&["-tls1_3", "-alpn", "h2,http/1.1"], "ALPN protocol: http/1.1"),
        (
            &["-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"],
            "TLS_CHACHA20_POLY1305_SHA256",
        ),
        (&["-tls1_2"], "Verification: OK"),
        (&["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"], "ECDHE-ECDSA-AES128-GCM-SHA256"),
    ];
    for (words, expected) in spoken {
        let said = s_client(&secure, words);
        assert!(said.contains(expected) && said.contains("Verification: OK"), "{words:?}: {said}");
        assert!(said.contains("Compression: NONE"), "{words:?}: {said}");
    }
    let refused: [&[&str]; 6] = [
        &[&["-tls1"], &any[..]].concat(),
        &[&["-tls1_1"], &any[..]].concat(),
        &["-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0"],
        &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"],
        &["-tls1_2", "-cipher", "aNULL:@SECLEVEL=0"],
        &["-tls1_3", "-alpn", "h2"],
    ];
    for words in refused {
        let said = s_client(&secure, words);
        let is_told = said.contains("SSL alert number");
        assert!(is_told && said.contains("no peer certificate available"), "{words:?}: {said}");
    }
    let expected = "Secure Renegotiation IS supported";
    assert!(s_client(&secure, &["-tls1_2"]).contains(expected), "RFC 5746 is answered");
}
