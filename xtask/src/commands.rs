//! Every command of `cargo xtask`: what it does, what it takes, and how long.
//!
//! Contract: a new command is a new entry. What is not here is refused by [`Command::read`].

use crate::command::{
    Argument, Arguments, Command, MANY, anything, flag, is_count, option, others, word,
};
use crate::failure::Failure;
use crate::{
    bare_metal, bench, browser, budget, chaos, clocks, cluster, crates, csharp, deploy,
    each_feature, firmware, fuzz, hostile, interop, mixed, new_game, no_panic, package, peers,
    protocol, proxies, qemu, ten_minutes, test, tidy, toolchain, web, wireshark,
};

const NOTHING: (usize, usize) = (0, 0);
const ONE_AT_MOST: (usize, usize) = (0, 1);
const ANY_COUNT: (usize, usize) = (0, MANY);

const TEST_NAMES: Argument =
    others("TEST", anything, "only tests with this in their name, instead of all");

fn is_duration(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(|minutes| minutes.is_finite() && minutes > 0.0)
}

/// Documents name commands, so it has to know which there are.
fn run_tidy(_: &Arguments<'_>) -> Result<(), Failure> {
    tidy::run(COMMANDS.iter().map(|command| command.name).collect())
}

pub(crate) const COMMANDS: &[Command] = &[
    Command {
        name: "test",
        usage: "[STEP...]",
        does: "every check of the project, or only these steps; two lanes run beside each other",
        takes: "20 minutes for all of them, 40 when everything is built anew",
        arguments: &test::WORDS,
        words: ANY_COUNT,
        run: test::run,
    },
    Command {
        name: "tidy",
        usage: "",
        does: "the rules of the house: lengths, heads, markers, links, what the core may not have",
        takes: "1 second",
        arguments: &[],
        words: NOTHING,
        run: run_tidy,
    },
    Command {
        name: "bench",
        usage: "[WHAT...] [--seconds S] [--rounds N]",
        does: "figures beside what they are compared with, of a release build; all of them without WHAT",
        takes: "20 minutes for all of them, and 3 for the build",
        arguments: &[
            word("framing", "10 s", "decode and encode, beside memcpy and LengthDelimitedCodec"),
            word(
                "fan-out",
                "6 minutes",
                "CPU time per delivery of a world, beside a bare epoll server (the floor) and naive tokio",
            ),
            word(
                "things",
                "3 minutes",
                "CPU time per delivery of 100 things to 100 members, beside moves and the floor",
            ),
            word(
                "web-socket",
                "3 minutes",
                "CPU time per delivery of a world to WebSockets, beside TCP",
            ),
            word(
                "chat",
                "3 minutes",
                "CPU time per delivery of Main and a chat server, beside the floor",
            ),
            word("peak", "15 s", "deliveries per second of a world that has one core"),
            word(
                "tls",
                "2 min",
                "TLS beside clear text: a delivery, an idle connection, handshakes a second",
            ),
            word(
                "secure",
                "4 minutes",
                "sealed links beside links in clear: a delivery, an idle link, a handshake, a record",
            ),
            word("memory", "30 s", "bytes per idle connection of a world"),
            word("client", "2 minutes", "frames per second of the client runtime, and allocations"),
            option("--seconds", "S", is_count, "how long one run is, 8 if not said"),
            option(
                "--rounds",
                "N",
                is_count,
                "how many runs a figure is the median of, 3 if not said",
            ),
        ],
        words: ANY_COUNT,
        run: bench::run,
    },
    Command {
        name: "bare-metal",
        usage: "[--toolchain rustup|debian]",
        does: "builds the core for the least and the largest of microcontrollers, with its features",
        takes: "4 minutes",
        arguments: &[toolchain::ARGUMENT],
        words: NOTHING,
        run: bare_metal::run,
    },
    Command {
        name: "firmware",
        usage: "build|lint|refuse [BOARD...] [--toolchain rustup|debian], run ROLE",
        does: "the roles on boards",
        takes: "2 minutes a board the first time, seconds later",
        arguments: firmware::ARGUMENTS,
        words: (1, MANY),
        run: firmware::run,
    },
    Command {
        name: "budget",
        usage: "[--board NAME] [--json] [--image NAME] [--what-if players=6,ring=2048] [--compare COMMIT] [--write]",
        does: "RAM, flash and stack of the firmware by part, against budget.toml; the README's tables",
        takes: "4 minutes, 20 s for one image",
        arguments: &[
            option(
                "--board",
                "NAME|FOLDER",
                anything,
                "another board than QEMU's: of ours by its name, any by its crate's folder, where budget.toml is",
            ),
            flag("--json", "as JSON instead of tables"),
            option(
                "--image",
                "NAME",
                anything,
                "only this image of budget.toml; or `abilities`, what each of them costs, which is not told without",
            ),
            option(
                "--what-if",
                "WORD=NUMBER,…",
                anything,
                "what other settings would take; a wrong word names those there are",
            ),
            option("--compare", "COMMIT", anything, "what has changed since; takes twice as long"),
            flag(
                "--write",
                "renews the tables of firmware-demo/README.md; without --image that of abilities, too",
            ),
        ],
        words: NOTHING,
        run: budget::run,
    },
    Command {
        name: "clocks",
        usage: "[TEST...]",
        does: "the core's tests with the clock started just before each wrap",
        takes: "20 s",
        arguments: &[TEST_NAMES],
        words: ANY_COUNT,
        run: clocks::run,
    },
    Command {
        name: "each-feature",
        usage: "",
        does: "the core and the backends with none, each, and all of their features",
        takes: "80 s",
        arguments: &[],
        words: NOTHING,
        run: each_feature::run,
    },
    Command {
        name: "new-game",
        usage: "",
        does: "what `tinyrealm new` writes: a game, built, tested, and played by bots on its own server; a board, built, measured, and played on in QEMU",
        takes: "2 minutes",
        arguments: &[],
        words: NOTHING,
        run: new_game::run,
    },
    Command {
        name: "ten-minutes",
        usage: "",
        does: "from a clone to a game of one's own in two browsers with bots, timed; everything is built anew",
        takes: "6 minutes",
        arguments: &[],
        words: NOTHING,
        run: ten_minutes::run,
    },
    Command {
        name: "no-panic",
        usage: "",
        does: "proves by linking that no panic is reachable from the core",
        takes: "1 minute",
        arguments: &[],
        words: NOTHING,
        run: no_panic::run,
    },
    Command {
        name: "qemu",
        usage: "[TEST...]",
        does: "devices in QEMU among desktop servers",
        takes: "3 minutes",
        arguments: &[TEST_NAMES],
        words: ANY_COUNT,
        run: qemu::test,
    },
    Command {
        name: "soak",
        usage: "[MINUTES]",
        does: "a device in QEMU with everything that can happen to it, for that long",
        takes: "10 minutes if not said, and 1 for the image",
        arguments: &[others("MINUTES", is_duration, "how long, 10 if not said")],
        words: ONE_AT_MOST,
        run: qemu::soak,
    },
    Command {
        name: "protocol",
        usage: "[check]",
        does: "writes what is made from the schema: protocol.json, vectors.json, protocol.js and its types",
        takes: "1 minute",
        arguments: &[word("check", "1 minute", "says which of them are stale instead")],
        words: ONE_AT_MOST,
        run: protocol::run,
    },
    Command {
        name: "interop",
        usage: "",
        does: "checks the vectors of PROTOCOL.md with clients that are not written in Rust",
        takes: "1 second",
        arguments: &[],
        words: NOTHING,
        run: interop::run,
    },
    Command {
        name: "peers",
        usage: "[TEST...]",
        does: "our WebSockets and TLS against those of Python, Node and OpenSSL, as servers and as clients",
        takes: "30 s",
        arguments: &[TEST_NAMES],
        words: ANY_COUNT,
        run: peers::run,
    },
    Command {
        name: "proxies",
        usage: "",
        does: "real servers behind haproxy and nginx, configured as the README says",
        takes: "40 s",
        arguments: &[],
        words: NOTHING,
        run: proxies::run,
    },
    Command {
        name: "wireshark",
        usage: "",
        does: "the dissector that `tinyrealm schema` writes, in tshark, over sessions of real servers",
        takes: "10 s",
        arguments: &[],
        words: NOTHING,
        run: wireshark::run,
    },
    Command {
        name: "deploy",
        usage: "",
        does: "units, manifests and alert rules of `deploy/`, by systemd, a schema of Kubernetes and promtool",
        takes: "10 s",
        arguments: &[],
        words: NOTHING,
        run: deploy::run,
    },
    Command {
        name: "package",
        usage: "",
        does: "a Debian package of the servers, of the release, made and judged by `dpkg-deb`",
        takes: "5 s, and 3 minutes for the release",
        arguments: &[],
        words: NOTHING,
        run: package::run,
    },
    Command {
        name: "crates",
        usage: "",
        does: "packs the crates that others build upon, and builds them from their packages alone",
        takes: "2 minutes",
        arguments: &[],
        words: NOTHING,
        run: crates::run,
    },
    Command {
        name: "csharp",
        usage: "",
        does: "the client in C# that `tinyrealm schema` writes, by Mono, with vectors and real servers",
        takes: "10 s",
        arguments: &[],
        words: NOTHING,
        run: csharp::run,
    },
    Command {
        name: "mixed",
        usage: "[TEST...]",
        does: "this release's servers and bots with the last one's, upgraded one after the other",
        takes: "1 minute",
        arguments: &[TEST_NAMES],
        words: ANY_COUNT,
        run: mixed::run,
    },
    Command {
        name: "cluster",
        usage: "[TEST...]",
        does: "a realm of several machines with the services that it stands on, which are ended under it",
        takes: "2 minutes",
        arguments: &[TEST_NAMES],
        words: ANY_COUNT,
        run: cluster::run,
    },
    Command {
        name: "chaos",
        usage: "[STEP...] [--count N] [--rolling] [--growth] [--stores]",
        does: "every server of a realm of many machines is killed, stopped and cut in turn, under bots with accounts: what they \
               had to do without, and what must hold",
        takes: "15 minutes, and 5 for the build",
        arguments: &[
            option(
                "--count",
                "N",
                is_count,
                "how many bots, from 100 to 4000; 1000, or 500 with --rolling, if not said",
            ),
            flag(
                "--rolling",
                "instead each is told to end and replaced, and rooms move; 2 minutes",
            ),
            flag(
                "--growth",
                "instead it is measured what a user, a hello and an enter cost with 1, 2 and 4 Mains; 10 minutes",
            ),
            flag(
                "--stores",
                "instead it is measured what NATS and PostgreSQL do for a hello and a login; 2 minutes",
            ),
            others(
                "STEP",
                anything,
                "only steps with this in them: `cut`, `\"main 1\"`, `\"world 2 kill\"`",
            ),
        ],
        words: ANY_COUNT,
        run: chaos::run,
    },
    Command {
        name: "hostile",
        usage: "[--quick] [ABUSE...]",
        does: "every abuse against real servers, with bots beside it: what they lose, and their p99",
        takes: "5 minutes, 30 s with --quick",
        arguments: &[
            flag(hostile::QUICK, "all in a row, judged only by what no machine's speed changes"),
            others("ABUSE", anything, "only this one; a wrong name is told those there are"),
        ],
        words: ANY_COUNT,
        run: hostile::run,
    },
    Command {
        name: "browser",
        usage: "[hidden]",
        does: "the live page in a headless Chromium, with pictures of it; a game in a hidden tab",
        takes: "1 minute",
        arguments: &[word(
            "hidden",
            "90 s",
            "only the hidden tab, for longer than the servers wait",
        )],
        words: ONE_AT_MOST,
        run: browser::run,
    },
    Command {
        name: "fuzz",
        usage: "TARGET [SECONDS]",
        does: "looks for bytes that take a target new ways, and keeps them; needs nightly and cargo-fuzz",
        takes: "60 s if not said, and 2 minutes for the build",
        arguments: fuzz::ARGUMENTS,
        words: (1, 2),
        run: fuzz::run,
    },
    Command {
        name: "web",
        usage: "[check]",
        does: "makes the browser's client: JavaScript, types, wasm; or checks and tests what is there",
        takes: "1 minute",
        arguments: &[word(
            "check",
            "1 minute",
            "changes nothing; tests what is checked in and what is built now",
        )],
        words: ONE_AT_MOST,
        run: web::run,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Arguments, Call};
    use crate::failure::{Failure, MISUSED};

    fn typed(words: &[&str]) -> Vec<String> {
        words.iter().map(ToString::to_string).collect()
    }

    fn help(command: &Command, words: &[&str]) -> String {
        match command.read(&typed(words)) {
            Ok(Call::Help(text)) => text,
            other => panic!("{} {words:?}: {other:?}", command.name),
        }
    }

    fn refused(command: &Command, words: &[&str]) -> String {
        let Err(failure) = command.read(&typed(words)) else {
            panic!("{} {words:?} is not refused", command.name)
        };
        let line = failure.to_string();
        assert_eq!(failure, Failure::misused(&line));
        assert_eq!(failure.exit_code(), std::process::ExitCode::from(MISUSED));
        assert!(!line.contains('\n') && line.contains(&command.call()), "{line}");
        line
    }

    #[test]
    fn every_command_tells_what_it_does_what_it_takes_and_how_long() {
        for command in COMMANDS {
            for words in [&["--help"][..], &["-h"], &["--no-such-flag", "--help"]] {
                let text = help(command, words);
                assert!(text.starts_with(&format!("cargo xtask {}\n", command.call())), "{text}");
                assert!(text.contains(command.does) && text.contains(command.takes), "{text}");
                let told = |argument: &Argument| text.contains(argument.does);
                assert!(command.arguments.iter().all(told), "{text}");
            }
        }
    }

    #[test]
    fn every_word_of_a_command_is_told_alone_and_how_long_it_takes() {
        for command in COMMANDS {
            let words = command.arguments.iter().filter(|argument| !argument.takes.is_empty());
            for word in words {
                let text = help(command, &[word.name, "--help"]);
                assert!(text.contains(word.does) && text.contains(word.takes), "{text}");
                let others = command.arguments.iter().filter(|it| it.name != word.name);
                assert!(others.into_iter().all(|it| !text.contains(it.does)), "{text}");
            }
        }
    }

    #[test]
    fn every_command_refuses_what_it_does_not_know_in_one_line() {
        for command in COMMANDS {
            let line = refused(command, &["--no-such-flag"]);
            assert!(line.contains("`--no-such-flag`"), "{line}");
            let (fewest, most) = command.words;
            let takes_any =
                command.arguments.iter().any(|argument| argument.is_word("no-such-word"));
            if !takes_any {
                assert!(refused(command, &["no-such-word"]).contains("`no-such-word`"));
            }
            let known = ["check", "hidden", "3"].into_iter();
            let known = known.filter(|word| command.arguments.iter().any(|it| it.is_word(word)));
            for word in known.filter(|_| most < MANY) {
                assert!(refused(command, &vec![word; most + 1]).contains("too much"));
            }
            if fewest > 0 {
                assert!(refused(command, &[]).contains("missing"));
            }
        }
    }

    #[test]
    fn values_of_options_are_looked_at() {
        let named = |name| COMMANDS.iter().find(|command| command.name == name).unwrap();
        let bench = named("bench");
        assert!(refused(bench, &["--seconds"]).contains("needs S"));
        refused(bench, &["--seconds", "0"]);
        refused(bench, &["--rounds", "many"]);
        refused(named("firmware"), &["build", "--toolchain", "gcc"]);
        refused(named("soak"), &["0"]);
        let words = typed(&["framing", "--seconds", "1", "peak"]);
        let Ok(Call::Run(Arguments { words, .. })) = bench.read(&words) else { panic!() };
        assert_eq!(words, ["framing", "peak"]);
    }

    #[test]
    fn every_name_is_there_once() {
        for (number, command) in COMMANDS.iter().enumerate() {
            assert!(COMMANDS[..number].iter().all(|other| other.name != command.name));
        }
    }
}
