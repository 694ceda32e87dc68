//! The realm's secret and the servers' keys: where servers have them from, and what happens if they are others.

use std::net::SocketAddr;

use crate::support::login::Accounts;
use crate::support::operator::{admin_of, wait_until};
use crate::support::secrets::{Proof, ProofKind, Secret, command};
use crate::support::{PATIENCE, Process, ScratchFile, Stream};

const MAIN: [&str; 3] = ["main", "--port", "0"];

fn address_of(process: &Process, name: &str) -> SocketAddr {
    let prefix = format!("{name} listening on ");
    process.wait_for(Stream::Stdout, |line| line.strip_prefix(&prefix)?.parse().ok())
}

#[test]
fn a_world_with_another_secret_is_refused_and_both_sides_say_so() {
    let main = Process::start(&MAIN);
    let address = address_of(&main, "main").to_string();
    let other = [("TINYREALM_CLUSTER_SECRET", crate::support::process::OTHER_SECRET)];
    let quick = ["--set", "world.reconnect_first_ms=20", "--set", "world.reconnect_most_ms=50"];
    let arguments = [&["world", "--port", "0", "--main", &address][..], &quick].concat();
    let world = Process::start_with(&arguments, &other);
    // It goes on trying, and the realm goes on without it.
    world.wait_until_said(Stream::Stderr, "does not have our key; trying again", 3);
    main.wait_until_said(Stream::Stderr, "it does not have the key of our realm", 1);
    let right = Process::start(&["world", "--port", "0", "--id", "2", "--main", &address]);
    right.wait_until_said(Stream::Stderr, "registered with Main", 1);
}

/// Five refusals in a row are enough; each says by name what is wrong while it goes on.
#[test]
fn what_can_t_ever_work_ends_a_server_with_a_code_of_its_own_if_it_is_to() {
    let main = Process::start(&MAIN);
    let address = address_of(&main, "main").to_string();
    let other = [("TINYREALM_CLUSTER_SECRET", crate::support::process::OTHER_SECRET)];
    let quick = ["--set", "world.reconnect_first_ms=20", "--set", "world.reconnect_most_ms=50"];
    let arguments = [&["world", "--port", "0", "--main", &address][..], &quick].concat();
    let patient = Process::start_with(&arguments, &other);
    let expected = format!(
        "world 1 is not registered\nMain at {address} refuses this server: the keys of the two differ (BAD_PROOF)\n"
    );
    wait_until(admin_of(&patient), "/readyz", (503, &expected));
    let hopeless = [&arguments[..], &["--set", "cluster.exit_when_hopeless=true"]].concat();
    let finished = Process::start_with(&hopeless, &other).finish(PATIENCE);
    finished.expect_code(3);
    let lines = finished.lines(Stream::Stderr);
    let tries = lines.iter().filter(|line| line.contains("does not have our key")).count();
    assert!(
        tries >= 5 && lines.iter().any(|line| line.contains("giving up: Main at")),
        "{lines:?}"
    );
    patient.wait_until_said(Stream::Stderr, "does not have our key; trying again", 9);
    // Who is not there may come: that is waited for.
    main.kill();
    let absent = [&arguments[..], &["--set", "cluster.exit_when_hopeless=true"]].concat();
    let absent = Process::start_with(&absent, &[]);
    // A line a second, which stands for some dozen attempts.
    absent.wait_until_said(Stream::Stderr, "can't connect to", 3);
    let _back = Process::start(&["main", "--listen", &address, "--set", "main.chat="]);
    absent.wait_until_said(Stream::Stderr, "registered with Main", 1);
}

#[test]
fn a_main_whose_chat_server_is_of_another_realm_and_a_world_that_is_replaced_end_so_too() {
    let give_up = ["--set", "cluster.exit_when_hopeless=true"];
    let other = [("TINYREALM_CLUSTER_SECRET", crate::support::process::OTHER_SECRET)];
    let chat = Process::start_with(&["chat", "--port", "0"], &other);
    let chat = format!("main.chat={}", address_of(&chat, "chat"));
    let arguments = [&MAIN[..], &["--set", &chat], &give_up].concat();
    let finished = Process::start(&arguments).finish(PATIENCE);
    finished.expect_code(3);
    let lines = finished.lines(Stream::Stderr);
    assert!(lines.iter().any(|line| line.contains("giving up: the chat server at")), "{lines:?}");

    let main = Process::start(&MAIN);
    let address = address_of(&main, "main").to_string();
    let world = ["world", "--port", "0", "--main", &address];
    let first = Process::start(&[&world[..], &give_up].concat());
    first.wait_until_said(Stream::Stderr, "registered with Main", 1);
    let second = Process::start(&world);
    first.finish(PATIENCE).expect_code(3);
    second.wait_until_said(Stream::Stderr, "registered with Main", 1);
}

/// A world looks for its Main where a chat server is.
#[test]
fn a_server_of_another_kind_ends_those_who_take_it_for_theirs() {
    let chat = Process::start(&["chat", "--port", "0"]);
    let chat = address_of(&chat, "chat").to_string();
    let quick = ["--set", "world.reconnect_first_ms=20", "--set", "world.reconnect_most_ms=50"];
    let give_up = ["--set", "cluster.exit_when_hopeless=true"];
    let world = ["world", "--port", "0", "--main", &chat];
    let finished = Process::start(&[&world[..], &quick, &give_up].concat()).finish(PATIENCE);
    finished.expect_code(3);
    let lines = finished.lines(Stream::Stderr);
    assert!(lines.iter().any(|line| line.contains("a server of another kind")), "{lines:?}");
}

#[test]
fn servers_of_one_machine_find_the_secret_that_the_first_has_made() {
    let folder = ScratchFile::new("data");
    let here = [("XDG_DATA_HOME", folder.path())];
    let main = Process::start_without_secret(&MAIN, &here);
    let address = address_of(&main, "main").to_string();
    let world = Process::start_without_secret(&["world", "--port", "0", "--main", &address], &here);
    world.wait_until_said(Stream::Stderr, "registered with Main", 1);
    let file = std::path::Path::new(folder.path()).join("tinyrealm/cluster.secret");
    assert_eq!(std::fs::read(&file).unwrap().len(), 64);
}

#[test]
fn a_missing_or_short_secret_is_one_clear_line() {
    let missing = ScratchFile::new("no-secret");
    let setting = format!("cluster.secret_file={}", missing.path());
    let world = ["world", "--port", "0", "--set", &setting];
    let finished = Process::start_without_secret(&world, &[]).finish(PATIENCE);
    finished.expect_code(1);
    let lines = finished.lines(Stream::Stderr);
    assert!(lines.len() == 1 && lines[0].contains("there is no cluster secret"), "{lines:?}");

    let short = [("TINYREALM_CLUSTER_SECRET", "short")];
    let finished = Process::start_with(&MAIN, &short).finish(PATIENCE);
    finished.expect_code(1);
    let lines = finished.lines(Stream::Stderr);
    assert!(lines.len() == 1 && lines[0].contains("may be a phrase"), "{lines:?}");
}

fn start(arguments: &[&str], settings: &[&str]) -> Process {
    let settings = settings.iter().flat_map(|setting| ["--set", setting]);
    let quick = ["--set", "world.reconnect_first_ms=20", "--set", "world.reconnect_most_ms=50"];
    let arguments: Vec<&str> = arguments.iter().copied().chain(settings).chain(quick).collect();
    Process::start_without_secret(&arguments, &[])
}

#[test]
fn a_secret_is_made_once_and_only_its_owner_can_read_it() {
    let file = ScratchFile::new("made-secret");
    command(&["secret", "new", file.path()]).expect_code(0);
    let text = std::fs::read_to_string(file.path()).unwrap();
    assert_eq!(text.len(), 64);
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(file.path()).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    let again = command(&["secret", "new", file.path()]);
    again.expect_code(1);
    assert_eq!(std::fs::read_to_string(file.path()).unwrap(), text);
}

/// A world that has its own key alone is that world, and no other one.
#[test]
fn a_world_with_its_own_key_is_that_world_alone() {
    let secret = Secret::new("realm-secret");
    let key = secret.key(&["world", "7"]);
    let own = format!("cluster.key_file={}", key.path());
    let main = start(&MAIN, &[&secret.setting()]);
    let address = address_of(&main, "main").to_string();
    let world = |id| start(&["world", "--port", "0", "--id", id, "--main", &address], &[&own]);
    world("7").wait_until_said(Stream::Stderr, "registered with Main as world 7", 1);
    world("8").wait_until_said(Stream::Stderr, "does not have our key; trying again", 2);
    start(&MAIN, &[&own]).finish(PATIENCE).expect_code(1);
}

/// So are Login and the chat server: with its own key each is found, and with the other's it is not.
#[test]
fn login_and_chat_with_their_own_keys_are_those_alone() {
    let secret = Secret::new("realm-secret-of-all");
    let accounts = Accounts::new("own-keys");
    let keys = [&["login"][..], &["chat"], &["world", "0"]].map(|of| secret.key(of));
    let data = accounts.setting();
    let servers = [
        (vec!["login", "--port", "0", "--set", &data], "main.login", "connected to Login"),
        (vec!["chat", "--port", "0"], "main.chat", "the chat server has"),
    ];
    for (right, (arguments, setting, found)) in servers.iter().enumerate() {
        for (whose, key) in keys.iter().enumerate() {
            let server = start(arguments, &[&format!("cluster.key_file={}", key.path())]);
            let address = format!("{setting}={}", address_of(&server, arguments[0]));
            let flags = [&MAIN[..], &["--set", "main.auth=login"]].concat();
            let main = start(&flags, &[&secret.setting(), &address]);
            let said = if right == whose { found } else { "does not have its key" };
            main.wait_until_said(Stream::Stderr, said, 1);
        }
    }
}

/// Each pair of servers that there is while a realm's secret is exchanged: who has both, and who has not
/// been started again yet, or has forgotten the former one already.
#[test]
fn secrets_are_exchanged_one_server_after_the_other() {
    let (old, new) = (Secret::new("old-secret"), Secret::new("new-secret"));
    let proof = |newest: &Secret, former: Option<&Secret>| {
        let (newest, former) = (newest.path(), former.map(Secret::path));
        Proof { kind: ProofKind::Secret, newest, former }.settings()
    };
    let (before, both, after) = (proof(&old, None), proof(&new, Some(&old)), proof(&new, None));
    let pairs =
        [(&before, &both), (&both, &before), (&both, &both), (&both, &after), (&after, &both)];
    for (main, world) in pairs {
        let main: Vec<&str> = main.iter().map(String::as_str).collect();
        let world: Vec<&str> = world.iter().map(String::as_str).collect();
        let main = start(&MAIN, &main);
        let address = address_of(&main, "main").to_string();
        let world = start(&["world", "--port", "0", "--main", &address], &world);
        world.wait_until_said(Stream::Stderr, "registered with Main", 1);
    }
}

#[test]
fn main_has_a_list_of_who_may_register() {
    let main = Process::start(&[&MAIN[..], &["--set", "main.allowed_worlds=1 north"]].concat());
    let address = address_of(&main, "main").to_string();
    let world = |region| {
        let flags = ["world", "--port", "0", "--main", &address, "--region", region];
        Process::start(&flags)
    };
    world("south").wait_until_said(Stream::Stderr, "NOT_YOURS", 1);
    world("north").wait_until_said(Stream::Stderr, "registered with Main", 1);
}
