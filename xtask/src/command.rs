//! `Command`: what each command is called with, and what it answers before it runs.
//!
//! Contract: [`Command::read`] is the one place where help is asked for and where arguments are refused, so
//! that a wrong one is one line that names what there is, whichever command it stands behind.

use crate::Failure;

/// One command.
pub(crate) struct Command {
    pub(crate) name: &'static str,
    /// What stands behind the name, as help shows it.
    pub(crate) usage: &'static str,
    pub(crate) does: &'static str,
    /// How long, roughly: on two cores, with nothing to install, and built before but for what it is about.
    pub(crate) takes: &'static str,
    pub(crate) arguments: &'static [Argument],
    /// The fewest and the most words that are no options.
    pub(crate) words: (usize, usize),
    pub(crate) run: fn(&Arguments<'_>) -> Result<(), Failure>,
}

/// No end to the words of a command.
pub(crate) const MANY: usize = usize::MAX;

/// One thing that may stand behind a command's name.
#[derive(Copy, Clone)]
pub(crate) struct Argument {
    pub(crate) name: &'static str,
    pub(crate) does: &'static str,
    pub(crate) takes: &'static str,
    kind: Kind,
}

#[derive(Copy, Clone)]
enum Kind {
    /// Stands there or not.
    Flag,
    /// With a value behind it: how help calls that, and what it may be.
    Option(&'static str, fn(&str) -> bool),
    /// This word.
    Word,
    /// Any word that may be there; the name is how help calls it.
    Others(fn(&str) -> bool),
}

pub(crate) const fn flag(name: &'static str, does: &'static str) -> Argument {
    Argument { name, does, takes: "", kind: Kind::Flag }
}

pub(crate) const fn option(
    name: &'static str,
    value: &'static str,
    fits: fn(&str) -> bool,
    does: &'static str,
) -> Argument {
    Argument { name, does, takes: "", kind: Kind::Option(value, fits) }
}

pub(crate) const fn word(name: &'static str, takes: &'static str, does: &'static str) -> Argument {
    Argument { name, does, takes, kind: Kind::Word }
}

pub(crate) const fn others(
    name: &'static str,
    fits: fn(&str) -> bool,
    does: &'static str,
) -> Argument {
    Argument { name, does, takes: "", kind: Kind::Others(fits) }
}

/// What an argument may be: whatever the command, or the tests that it runs, make of it.
pub(crate) fn anything(_: &str) -> bool {
    true
}

/// What an argument may be: a whole number from 1.
pub(crate) fn is_count(text: &str) -> bool {
    text.parse::<u32>().is_ok_and(|number| number > 0)
}

/// What a command was called with, found right.
#[derive(Debug)]
pub(crate) struct Arguments<'a> {
    /// As they were typed.
    pub(crate) all: &'a [String],
    /// Those that are no options.
    pub(crate) words: Vec<&'a str>,
    options: Vec<(&'static str, &'a str)>,
}

impl<'a> Arguments<'a> {
    /// The value of an option that was given.
    pub(crate) fn option(&self, name: &str) -> Option<&'a str> {
        self.options.iter().find(|(given, _)| *given == name).map(|(_, value)| *value)
    }
}

/// What is to be done for a call.
#[derive(Debug)]
pub(crate) enum Call<'a> {
    Help(String),
    Run(Arguments<'a>),
}

impl Command {
    /// What `all` asks of this command.
    ///
    /// # Errors
    /// One line, if it was called wrongly.
    pub(crate) fn read<'a>(&self, all: &'a [String]) -> Result<Call<'a>, Failure> {
        if all.iter().any(|argument| is_help(argument)) {
            return Ok(Call::Help(self.help(all)));
        }
        let mut read = Arguments { all, words: Vec::new(), options: Vec::new() };
        let mut rest = all.iter().map(String::as_str);
        while let Some(given) = rest.next() {
            if given.starts_with('-') {
                self.read_option(given, &mut rest, &mut read)?;
            } else if self.arguments.iter().any(|argument| argument.is_word(given)) {
                read.words.push(given);
            } else {
                return Err(self.misused(&format!("There is no `{given}`")));
            }
        }
        let (fewest, most) = self.words;
        match read.words.len() {
            count if count < fewest => Err(self.misused("Something is missing")),
            count if count > most => Err(self.misused("That is too much")),
            _ => Ok(Call::Run(read)),
        }
    }

    fn read_option<'a>(
        &self,
        given: &'a str,
        rest: &mut impl Iterator<Item = &'a str>,
        read: &mut Arguments<'a>,
    ) -> Result<(), Failure> {
        let Some(option) = self.arguments.iter().find(|it| it.is_option() && it.name == given)
        else {
            return Err(self.misused(&format!("There is no `{given}`")));
        };
        let Kind::Option(value, fits) = option.kind else { return Ok(()) };
        match rest.next() {
            Some(text) if fits(text) => read.options.push((option.name, text)),
            Some(text) => {
                return Err(self.misused(&format!("`{given} {text}` is not {given} {value}")));
            }
            None => return Err(self.misused(&format!("`{given}` needs {value} behind it"))),
        }
        Ok(())
    }

    fn misused(&self, problem: &str) -> Failure {
        Failure::misused(format!("{problem}: cargo xtask {} (--help says more)", self.call()))
    }

    /// As it is typed.
    pub(crate) fn call(&self) -> String {
        format!("{} {}", self.name, self.usage).trim_end().to_owned()
    }

    /// All of its arguments, or those of its words that are asked about.
    fn help(&self, asked: &[String]) -> String {
        let is_asked = |argument: &&Argument| {
            matches!(argument.kind, Kind::Word) && asked.iter().any(|word| word == argument.name)
        };
        let asked: Vec<&Argument> = self.arguments.iter().filter(is_asked).collect();
        let shown = if asked.is_empty() { self.arguments.iter().collect() } else { asked };
        let lines: String = shown.into_iter().map(Argument::line).collect();
        let gap = if lines.is_empty() { "" } else { "\n" };
        let Self { does, takes, .. } = self;
        format!("cargo xtask {}\n\n{does}\n{gap}{lines}\ntakes {takes}\n", self.call())
    }
}

impl Argument {
    const fn is_option(&self) -> bool {
        matches!(self.kind, Kind::Flag | Kind::Option(..))
    }

    pub(crate) fn is_word(&self, given: &str) -> bool {
        match self.kind {
            Kind::Word => self.name == given,
            Kind::Others(fits) => fits(given),
            Kind::Flag | Kind::Option(..) => false,
        }
    }

    fn line(&self) -> String {
        let form = match self.kind {
            Kind::Option(value, _) => format!("{} {value}", self.name),
            _ => self.name.to_owned(),
        };
        let takes =
            if self.takes.is_empty() { String::new() } else { format!(" ({})", self.takes) };
        format!("  {form:<26} {}{takes}\n", self.does)
    }
}

pub(crate) fn is_help(argument: &str) -> bool {
    matches!(argument, "--help" | "-h")
}
