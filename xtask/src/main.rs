//! `cargo xtask`: the project's own commands.
//!
//! Purpose: everything that a developer or a continuous integration runs is one of these, so that
//! both run the same. One file a command.
//!
//! Contract: a command answers with its exit code: 0 it holds, 1 it does not, 2 it was called wrongly.
//! Nothing but the standard library, so that the tool itself is there in a second or two.

mod bare_metal;
mod bench;
mod browser;
mod budget;
mod clocks;
mod csharp;
mod each_feature;
mod failure;
mod firmware;
mod fuzz;
mod hostile;
mod interop;
mod new_game;
mod no_panic;
mod packages;
mod peers;
mod process;
mod protocol;
mod proxies;
mod qemu;
mod ten_minutes;
mod test;
mod tidy;
mod toolchain;
mod wasm_shape;
mod web;
mod wireshark;
mod workspace;

use std::process::ExitCode;

use failure::Failure;

/// One command.
struct Command {
    name: &'static str,
    arguments: &'static str,
    help: &'static str,
    run: fn(&[String]) -> Result<(), Failure>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "test",
        arguments: "[STEP...]",
        help: "every check of the project, or only these steps",
        run: test::run,
    },
    Command {
        name: "tidy",
        arguments: "",
        help: "the rules of the house: lengths, heads, markers, links, what the core may not have",
        run: tidy::run,
    },
    Command {
        name: "bench",
        arguments: "[WHAT...] [--seconds S] [--rounds N]",
        help: "framing, fan-out of rooms and channels beside a floor, peak, memory, the client runtime",
        run: bench::run,
    },
    Command {
        name: "bare-metal",
        arguments: "[--toolchain rustup|debian]",
        help: "builds the core for microcontrollers",
        run: bare_metal::run,
    },
    Command {
        name: "firmware",
        arguments: "build|lint|refuse [BOARD...], run ROLE",
        help: "builds the roles for boards, has clippy read them, tries it without a key; runs one in QEMU",
        run: firmware::run,
    },
    Command {
        name: "budget",
        arguments: "[--json] [--image NAME] [--what-if players=6,ring=2048] [--write]",
        help: "RAM, flash and stack of the firmware by part, against budget.toml; the README's tables",
        run: budget::run,
    },
    Command {
        name: "clocks",
        arguments: "[TEST...]",
        help: "the core's tests with the clock started just before each wrap",
        run: clocks::run,
    },
    Command {
        name: "each-feature",
        arguments: "",
        help: "the core and the backends with none, each, and all of their features",
        run: each_feature::run,
    },
    Command {
        name: "new-game",
        arguments: "",
        help: "what `tinyrealm new` writes: built, tested, and played by bots on its own server",
        run: new_game::run,
    },
    Command {
        name: "ten-minutes",
        arguments: "",
        help: "from a clone to a game of one's own in two browsers with bots, timed; everything is built anew",
        run: ten_minutes::run,
    },
    Command {
        name: "no-panic",
        arguments: "",
        help: "proves by linking that no panic is reachable from the core",
        run: no_panic::run,
    },
    Command {
        name: "qemu",
        arguments: "[TEST...]",
        help: "devices in QEMU among desktop servers",
        run: qemu::test,
    },
    Command {
        name: "soak",
        arguments: "[MINUTES]",
        help: "a device in QEMU with everything that can happen to it, for that long",
        run: qemu::soak,
    },
    Command {
        name: "protocol",
        arguments: "[check]",
        help: "writes what is made from the schema: protocol.json, vectors.json, protocol.js and its types",
        run: protocol::run,
    },
    Command {
        name: "interop",
        arguments: "",
        help: "checks the vectors of PROTOCOL.md with clients that are not written in Rust",
        run: interop::run,
    },
    Command {
        name: "peers",
        arguments: "[TEST...]",
        help: "our WebSockets against those of Python and Node, as servers and as clients",
        run: peers::run,
    },
    Command {
        name: "proxies",
        arguments: "",
        help: "real servers behind haproxy and nginx, configured as the README says",
        run: proxies::run,
    },
    Command {
        name: "wireshark",
        arguments: "",
        help: "the dissector that `tinyrealm schema` writes, in tshark, over sessions of real servers",
        run: wireshark::run,
    },
    Command {
        name: "csharp",
        arguments: "",
        help: "the client in C# that `tinyrealm schema` writes, by Mono, with vectors and real servers",
        run: csharp::run,
    },
    Command {
        name: "hostile",
        arguments: "[--quick] [ABUSE...]",
        help: "every abuse against real servers, with bots beside it: what they lose, and their p99",
        run: hostile::run,
    },
    Command {
        name: "browser",
        arguments: "[hidden]",
        help: "the live page in a headless Chromium, with pictures of it; a game in a hidden tab",
        run: browser::run,
    },
    Command {
        name: "fuzz",
        arguments: "TARGET [SECONDS]",
        help: "looks for bytes that take a target new ways, and keeps them; needs nightly and cargo-fuzz",
        run: fuzz::run,
    },
    Command {
        name: "web",
        arguments: "[check]",
        help: "makes the browser's client: JavaScript, types, wasm; or checks and tests what is there",
        run: web::run,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = arguments.split_first() else {
        eprint!("{}", help());
        return ExitCode::from(2);
    };
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        print!("{}", help());
        return ExitCode::SUCCESS;
    }
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        eprint!("There is no command `{name}`.\n\n{}", help());
        return ExitCode::from(2);
    };
    if rest.iter().any(|word| matches!(word.as_str(), "--help" | "-h")) {
        println!("cargo xtask {} {}\n\n{}", command.name, command.arguments, command.help);
        return ExitCode::SUCCESS;
    }
    match (command.run)(rest) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            failure.exit_code()
        }
    }
}

fn help() -> String {
    let mut text = String::from("cargo xtask COMMAND\n\n");
    for command in COMMANDS {
        let usage = format!("{} {}", command.name, command.arguments);
        text += &format!("  {usage:<46} {}\n", command.help);
    }
    text + "\nSteps of `cargo xtask test`, in two lanes that run beside each other:\n\n"
        + &test::help()
}
