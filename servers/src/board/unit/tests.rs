//! What a file says, and both sides of what is wrong with it.

use tinyrealm_settings::DEMONSTRATION_KEYS;

use super::*;
use crate::board::told::lines;
use crate::secret::hex;

const KEY: &str = "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20";

#[test]
fn a_whole_unit_is_read_and_told_without_its_secrets() {
    let text = format!(
        "[network]\nmac = \"02:00:00:00:71:01\"\naddress = \"10.0.2.16/24\"\ngateway = \"10.0.2.2\"\n\
         [main]\naddress = \"10.0.2.2:7000\"\nworld_key = \"{KEY}\"\nchat_key = \"{KEY}\"\n\
         [world]\nworld_id = 1_007\nregion = \"eu\"\npublic_address = \"tcp://\"\n\
         [login]\naddress = \"10.0.2.2:7200\"\n\
         [client]\nregion = \"eu\"\naccount = \"robot\"\npassword = \"hidden\"\n"
    );
    let unit = read(&text).unwrap_or_else(|problems| panic!("{problems:?}"));
    let told = lines(&unit.settings());
    let expected = [
        "network.mac: 02:00:00:00:71:01",
        "network.addressing: static",
        "network.address: 10.0.2.16/24",
        "network.gateway: 10.0.2.2",
        "main.address: 10.0.2.2:7000",
        // The first digits of its SHA-256, by sha256sum.
        "main.world_key: key with the fingerprint ae216c2e",
        "main.chat_key: key with the fingerprint ae216c2e",
        "world.world_id: 1007",
        "world.region: \"eu\"",
        "world.public_address: \"tcp://\"",
        "login.address: 10.0.2.2:7200",
        "client.region: \"eu\"",
        "client.account: robot",
        "client.password: (not shown)",
    ];
    assert_eq!(told, expected);
}

#[test]
fn dhcp_and_a_device_s_key_are_read() {
    let text = format!("[network]\naddressing = \"dhcp\"\n[client]\ndevice_key = \"{KEY}\"\n");
    let settings = read(&text).unwrap_or_else(|problems| panic!("{problems:?}"));
    let settings = settings.settings();
    assert_eq!(settings.addressing, Some(Addressing::Dhcp));
    assert_eq!(settings.account, Some(Account::DeviceKey(KEY.parse().unwrap())));
}

#[track_caller]
fn expect(text: &str, expected: &[(usize, &str)]) {
    let problems = read(text).err().unwrap_or_default();
    let is_told = |(problem, (line, part)): (&Problem, &(usize, &str))| {
        problem.line == *line && problem.text.contains(part)
    };
    let are_told = problems.iter().zip(expected).all(is_told);
    assert!(problems.len() == expected.len() && are_told, "{text}\n{problems:?}");
    let told = format!("{problems:?}");
    assert!(!told.contains("hidden") && !told.contains("0102030405"), "{told}");
}

#[test]
fn what_is_wrong_is_told_by_its_line() {
    expect("", &[(1, "there are no settings")]);
    expect("[network]\nmac = \n", &[(2, "")]);
    expect("[main]\n\nworld_key = \"hidden\n", &[(3, "")]);
    expect("mac = \"02:00:00:00:71:01\"", &[(1, "`mac` is in no section")]);
    expect("[world]\nport = 7100", &[(2, "`world.port` is none of a unit's settings")]);
    expect("[world]\nworld_id = \"7\"\nregion = 7", &[(2, "is a number"), (3, "is a text")]);
    expect("[world]\nworld_id = 0", &[(2, "from 1 to 65535")]);
    expect("[world]\nworld_id = 65536", &[(2, "from 1 to 65535")]);
    for mac in ["02:00:00:00:71", "02:00:00:00:71:1", "02:00:00:00:71:+1", "02:00:00:00:71:01:02"] {
        expect(&format!("[network]\nmac = \"{mac}\""), &[(2, "like 02:00:00:00:71:01")]);
    }
    expect("[main]\naddress = \"main.example:7000\"", &[(2, "resolves no names")]);
    expect("[main]\n\n\nworld_key = \"hidden\"", &[(4, "`tinyrealm key` prints")]);
    expect("[client]\ndevice_key = \"hidden\"", &[(2, "--device-key` prints")]);
    let both = format!("[client]\naccount = \"a\"\npassword = \"hidden\"\ndevice_key = \"{KEY}\"");
    expect(&both, &[(4, "not both")]);
    expect("[client]\npassword = \"hidden\"", &[(2, "go together")]);
    expect("[client]\naccount = \"a\"", &[(2, "go together")]);
    expect("[network]\naddress = \"10.0.0.2/24\"", &[(2, "go together")]);
    expect("[network]\naddressing = \"static\"", &[(2, "go together")]);
    expect("[network]\naddressing = \"auto\"", &[(2, "\"static\" or \"dhcp\""), (2, "together")]);
    expect("[network]\naddressing = \"dhcp\"\ngateway = \"10.0.0.1\"", &[(3, "neither")]);
    // Every line at once.
    let text = "[network]\nmac = \"1\"\n[main]\naddress = \"x\"\n[world]\nworld_id = 0";
    expect(text, &[(2, ""), (4, ""), (6, "")]);
    // What the board would say, too.
    expect(
        "[network]\nmac = \"03:00:00:00:71:01\"",
        &[(2, "`network.mac` is the address of a group")],
    );
    expect("[world]\n\nregion = \"seventeen letters\"", &[(3, "more than 16 bytes")]);
}

#[test]
fn the_demonstration_s_secret_is_refused_whichever_world_it_is_for() {
    let secret = ClusterSecret::new(&DEMONSTRATION_SECRET).unwrap();
    let key = |id| hex(secret.key_of(ServerKind::WORLD, id).bytes());
    assert_eq!(key(100).parse(), Ok(DEMONSTRATION_KEYS[0]));
    let of_chat = hex(secret.key_of(ServerKind::CHAT, ONLY_ID).bytes());
    assert_eq!(of_chat.parse(), Ok(DEMONSTRATION_KEYS[1]));
    let world = |id, key: &str| format!("[world]\nworld_id = {id}\n[main]\nworld_key = \"{key}\"");
    expect(&world(7, &key(7)), &[(4, "`main.world_key` is of the demonstration's secret")]);
    expect(&world(7, &key(100)), &[(4, "`main.world_key` is of the demonstration's secret")]);
    expect(&format!("[main]\nchat_key = \"{of_chat}\""), &[(2, "of the demonstration's secret")]);
    assert!(read(&world(7, KEY)).is_ok());
}

#[test]
fn the_book_s_unit_is_one() {
    let page = include_str!("../../../../docs/board.md");
    let unit = page.split("```toml\n# unit.toml").nth(1).and_then(|rest| rest.split("```").next());
    assert!(read(unit.unwrap()).is_ok());
}
