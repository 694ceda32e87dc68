//! The budget of an image whose sizes are known: `fixture/image.elf`, made from `fixture/image.rs`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tinyrealm_budget::account::{Account, Line};
use tinyrealm_budget::image::Image;
use tinyrealm_budget::part::Part;
use tinyrealm_budget::settings::{ImageSettings, PointerCall};

const RAM_BYTES: u64 = 104;
const STACK_BYTES: u64 = 248 + 160;

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixture/image.elf")
}

fn account(pointer_calls: &[PointerCall]) -> Account {
    Account::of(&Image::read(&fixture()).unwrap(), pointer_calls).unwrap()
}

#[test]
fn a_variable_is_split_by_its_fields_as_the_target_has_them() {
    let account = account(&[]);
    let ram: Vec<(Part, u64)> = account.parts.ram.into_iter().collect();
    assert_eq!(ram, [(Part::Sessions, 20), (Part::Timers, 20), (Part::Pools, 64)]);
    assert_eq!(account.static_bytes, RAM_BYTES);
    assert_eq!(account.parts.flash.values().sum::<u64>(), account.flash_bytes);
}

#[test]
fn the_stack_follows_calls_through_pointers_and_has_an_interrupt_on_top() {
    let account = account(&[]);
    let chain: Vec<(&str, u64)> =
        account.stack.program.chain.iter().map(|s| (s.function.as_str(), s.bytes)).collect();
    let expected =
        [("Reset", 16), ("tinyrealm_core::through_pointer", 16), ("tinyrealm_core::pointed", 216)];
    assert_eq!(chain, expected);
    assert_eq!(account.stack.interrupt.bytes, 8 + 116 + 36);
    assert_eq!(account.stack.bytes(), STACK_BYTES);
    assert!(account.stack.gaps.is_empty());
    let mut with_floats = Image::read(&fixture()).unwrap();
    with_floats.has_floats = true;
    let stack = Account::of(&with_floats, &[]).unwrap().stack;
    assert_eq!(stack.interrupt.bytes, 8 + 116 + 36 + 72);
}

/// A number in a table may look like the address of a function; where the linker has put one in, it tells.
#[test]
fn what_the_linker_has_not_put_in_is_no_address() {
    let mut image = Image::read(&fixture()).unwrap();
    assert_eq!(image.relocated, None);
    assert!(image.may_be_address(0x1234));
    image.relocated = Some([0x1000].into());
    assert!(image.may_be_address(0x1000) && !image.may_be_address(0x1234));
}

#[test]
fn a_named_callee_is_taken_instead_and_one_that_is_not_there_is_a_gap() {
    let call = |to: &str| PointerCall {
        from: "tinyrealm_core::through_pointer".into(),
        to: to.into(),
        stack_in: None,
    };
    assert_eq!(account(&[call("tinyrealm_core::deep")]).stack.program.bytes, 16 + 16 + 116);
    let gaps = account(&[call("tinyrealm_core::nobody")]).stack.gaps;
    assert!(gaps.iter().any(|gap| gap.contains("nobody")));
}

#[test]
fn what_is_no_image_is_said_to_be_none() {
    assert!(Image::parse(b"\x7fELF").is_err_and(|problem| problem.contains("ELF")));
    assert!(Image::parse(include_bytes!("image.rs")).is_err());
}

/// Runs the command on the fixture, with these limits and arguments.
fn run(test: &str, ram_bytes: u64, arguments: &[&str]) -> Output {
    let folder =
        std::env::temp_dir().join(format!("tinyrealm-budget-{test}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let budget = format!(
        "board = \"a board\"\nreadme = \"README.md\"\n[[image]]\nname = \"the fixture\"\nbinary = \"image\"\nram_bytes = {ram_bytes}\n\
         flash_bytes = 1000\ncore_bytes = 20\n"
    );
    std::fs::write(folder.join("budget.toml"), budget).unwrap();
    // Each test has its own name, and this one a run that was measured.
    if let Some(bytes) = test.strip_prefix("painted-") {
        let seen = format!("{{\"the fixture\": {bytes}}}");
        std::fs::write(folder.join("stack-high-water.json"), seen).unwrap();
    }
    std::fs::write(folder.join("device.toml"), "[world]\nring_bytes = 1\n").unwrap();
    let table = if test.starts_with("readme") {
        "<!-- budget: a board: the fixture -->\n| old |\n<!-- /budget -->\n"
    } else {
        ""
    };
    std::fs::write(folder.join("README.md"), table).unwrap();
    let message = format!(
        "echo '{{\"target\":{{\"name\":\"image\"}},\"executable\":\"{}\"}}'",
        fixture().display()
    );
    let mut command = Command::new(env!("CARGO_BIN_EXE_tinyrealm-budget"));
    command.arg(&folder).arg(&folder).args(arguments).args(["--", "sh", "-c", &message]);
    let output = command.output().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    output
}

#[test]
fn both_sides_of_a_limit() {
    let most = RAM_BYTES + STACK_BYTES;
    let holds = run("holds", most, &[]);
    assert!(holds.status.success(), "{}", String::from_utf8_lossy(&holds.stderr));
    assert!(String::from_utf8_lossy(&holds.stdout).contains("not measured in this run"));
    let breaks = run("breaks", most - 1, &[]);
    assert_eq!(breaks.status.code(), Some(1));
    let said = String::from_utf8_lossy(&breaks.stderr).into_owned();
    assert_eq!(
        said.trim(),
        format!("the fixture: RAM with stack takes {most} of {} bytes: 1 too many", most - 1)
    );
    assert!(String::from_utf8_lossy(&breaks.stdout).contains("OVER BUDGET by 1"));
}

#[test]
fn both_sides_of_a_stack_that_the_linker_left_room_for() {
    let mut account = account(&[]);
    assert_eq!(account.stack_space, Some(STACK_BYTES));
    let settings = ImageSettings::of_file(Path::new("image.elf"));
    assert!(account.lines(&settings).iter().all(Line::holds));
    account.stack_space = Some(STACK_BYTES - 1);
    let broken: Vec<Line> =
        account.lines(&settings).into_iter().filter(|line| !line.holds()).collect();
    let what = "stack, where it is";
    assert_eq!(broken, [Line { what, used: STACK_BYTES, limit: STACK_BYTES - 1 }]);
}

#[test]
fn an_image_alone_is_told_without_any_limit_but_its_own() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tinyrealm-budget"));
    let output = command.arg(fixture()).output().unwrap();
    assert!(output.status.success());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(said.contains("stack, where it is") && !said.contains("RAM with stack"), "{said}");
}

#[test]
fn json_has_the_same_figures() {
    let output = run("json", 1000, &["--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let image = &json["images"][0];
    assert_eq!(image["holds"], true);
    assert_eq!(image["now"]["ram_by_part"]["sessions"], 20);
    assert_eq!(image["now"]["ram_bytes"], RAM_BYTES + STACK_BYTES);
}

#[test]
fn what_if_has_two_columns_and_an_unknown_word_has_the_list() {
    let output = run("what-if", 1000, &["--what-if", "ring=2048"]);
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("RAM now      then"));
    let output = run("unknown", 1000, &["--what-if", "moons=2"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("There is no `moons`") && said.contains("receive_buffers"), "{said}");
}

#[test]
fn a_table_that_is_not_today_s_is_a_failure_until_it_is_written() {
    let old = run("readme", 1000, &[]);
    assert_eq!(old.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&old.stderr).contains("the table of `a board: the fixture`"));
    assert!(run("readme-written", 1000, &["--write"]).status.success());
    assert!(run("readme-what-if", 1000, &["--what-if", "ring=2048"]).status.success());
}

#[test]
fn a_run_that_went_deeper_than_the_bound_is_a_failure() {
    let seen = |bytes: u64| run(&format!("painted-{bytes}"), 1000, &[]);
    let holds = seen(STACK_BYTES);
    assert!(holds.status.success());
    assert!(String::from_utf8_lossy(&holds.stdout).contains("seen in QEMU: 408"));
    let breaks = seen(STACK_BYTES + 1);
    assert_eq!(breaks.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&breaks.stderr).contains("stack seen takes 409 of 408 bytes"));
}
