//! Every server's listener for whoever runs it.

use std::net::SocketAddr;

use crate::support::login::{Accounts, main_of};
use crate::support::operator::{admin_of, ask, wait_until};
use crate::support::{PATIENCE, Process, Realm, ScratchFile, Server, Stream};

const TOKEN: &str = "7f2a90c3d1e84b56";

/// Each of them tells of itself, and of no other one.
#[test]
fn every_server_tells_its_health_and_its_own_figures() {
    let accounts = Accounts::new("admin");
    let login = accounts.login(&[]);
    let chat = Server::chat(&[]);
    let main = main_of(&login, &[&format!("main.chat={}", chat.address)]);
    let world = Server::world(4, main.address, &[]);
    world.wait_until_registered(1);
    let all = [(&login, "login"), (&chat, "chat"), (&main, "main"), (&world, "world 4")];
    for (server, name) in all {
        let admin = admin_of(&server.process);
        wait_until(admin, "/readyz", (200, "ok\n"));
        assert_eq!(ask(admin, "/healthz", None), (200, "ok\n".to_owned()), "{name}");
        let (status, text) = ask(admin, "/metrics", None);
        let labels: Vec<&str> = text.lines().filter_map(|line| line.split('"').nth(1)).collect();
        assert!(
            status == 200 && !labels.is_empty() && labels.iter().all(|of| *of == name),
            "{text}"
        );
        assert!(ask(admin, "/", None).1.contains("/admin.js"));
    }
}

/// Health is whether a restart would help; readiness is whether players can come.
#[test]
fn whoever_misses_another_server_is_healthy_but_not_ready() {
    let mut realm = Realm::start(&[]);
    let world = admin_of(&realm.world().process);
    wait_until(world, "/readyz", (200, "ok\n"));
    realm.main.process.end();
    wait_until(world, "/readyz", (503, "world 1 is not registered\n"));
    assert_eq!(ask(world, "/healthz", None).0, 200);
    realm.main.restart_after(std::time::Duration::ZERO);
    wait_until(world, "/readyz", (200, "ok\n"));
    let accounts = Accounts::new("admin-without-login");
    let login = accounts.login(&[]);
    let main = main_of(&login, &[]);
    let admin = admin_of(&main.process);
    wait_until(admin, "/readyz", (200, "ok\n"));
    drop(login);
    wait_until(admin, "/readyz", (503, "Main has no login server\n"));
}

#[test]
fn others_come_in_with_a_token_alone() {
    let exposed = ["main", "--port", "0", "--set", "admin.listen=0.0.0.0:0"];
    let refused = Process::start(&exposed).finish(PATIENCE);
    refused.expect_code(1);
    let lines = refused.lines(Stream::Stderr);
    assert!(lines.len() == 1 && lines[0].contains("set admin.token_file"), "{lines:?}");

    let file = ScratchFile::with("admin-token", &format!("{TOKEN}\n"));
    let setting = format!("admin.token_file={}", file.path());
    let main = Process::start(&[&exposed[..], &["--set", &setting]].concat());
    let admin = SocketAddr::from(([127, 0, 0, 1], admin_of(&main).port()));
    assert_eq!(ask(admin, "/healthz", None).0, 200);
    let statuses = [None, Some("7f2a90c3d1e84b57"), Some(TOKEN)];
    assert_eq!(statuses.map(|token| ask(admin, "/metrics", token).0), [401, 401, 200]);

    file.set_mode(0o644);
    let refused = Process::start(&[&exposed[..], &["--set", &setting]].concat()).finish(PATIENCE);
    refused.expect_code(1);
    assert!(refused.lines(Stream::Stderr)[0].contains("can be read by others"));
}
