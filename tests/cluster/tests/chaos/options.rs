//! What a tour is called with.

/// What is done.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum What {
    /// Every server is killed, stopped and cut.
    Faults,
    /// Every server is replaced in good order.
    Rolling,
    /// Nothing: it is measured what several Mains cost.
    Growth,
    /// Nothing either: it is measured what NATS and PostgreSQL do for those who come.
    Stores,
}

impl What {
    const fn bots(self) -> u64 {
        match self {
            Self::Faults | Self::Growth | Self::Stores => 1_000,
            Self::Rolling => 500,
        }
    }
}

/// See the [module](self).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Options {
    pub(crate) what: What,
    pub(crate) count: u64,
    /// Only steps with one of these in them: `chat`, `world 2`, `cut`; none: all.
    only: Vec<String>,
}

const COUNT_MOST: u64 = 4_000;

fn read_count(text: Option<String>) -> Result<u64, String> {
    let count = text.and_then(|count| count.parse().ok());
    let fits = |count: &u64| (100..=COUNT_MOST).contains(count);
    count.filter(fits).ok_or(format!("--count needs a number from 100 to {COUNT_MOST}"))
}

impl Options {
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut what, mut count, mut only) = (What::Faults, None, Vec::new());
        while let Some(word) = words.next() {
            match word.as_str() {
                "--count" => count = Some(read_count(words.next())?),
                "--rolling" => what = What::Rolling,
                "--growth" => what = What::Growth,
                "--stores" => what = What::Stores,
                step if !step.starts_with('-') => only.push(step.to_lowercase()),
                other => return Err(format!("unknown: {other}")),
            }
        }
        Ok(Self { what, count: count.unwrap_or(what.bots()), only })
    }

    /// Whether a step is to be made.
    pub(crate) fn wants(&self, part: &str, fault: &str) -> bool {
        let step = format!("{part} {fault}").to_lowercase();
        self.only.is_empty() || self.only.iter().any(|only| step.contains(only))
    }
}
