//! `Report`: what a server tells about itself last, or bots about their realm, as JSON.

use serde_json::Value;

/// Counters by their names; those of a part are `part.name`.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    whose: String,
    values: Value,
}

impl Report {
    #[track_caller]
    pub(crate) fn parse(whose: &str, json: &str) -> Self {
        let parsed = serde_json::from_str(json);
        let values = parsed.unwrap_or_else(|error| panic!("{whose} reports {json:?}: {error}"));
        Self { whose: whose.to_owned(), values }
    }

    #[track_caller]
    fn value(&self, name: &str) -> &Value {
        let value = name.split('.').try_fold(&self.values, |value, part| value.get(part));
        value.unwrap_or_else(|| panic!("{} reports no {name}: {}", self.whose, self.values))
    }

    #[track_caller]
    pub(crate) fn count(&self, name: &str) -> u64 {
        let value = self.value(name);
        value.as_u64().unwrap_or_else(|| panic!("{name} of {} is {value}", self.whose))
    }

    #[track_caller]
    pub(crate) fn milliseconds(&self, name: &str) -> f64 {
        let value = self.value(name);
        value.as_f64().unwrap_or_else(|| panic!("{name} of {} is {value}", self.whose))
    }

    /// Whether every counter is as expected.
    #[track_caller]
    pub(crate) fn shows(&self, counts: &[(&str, u64)]) -> bool {
        counts.iter().all(|(name, expected)| self.count(name) == *expected)
    }

    /// Fails unless every counter is as expected.
    #[track_caller]
    pub(crate) fn expect(&self, counts: &[(&str, u64)]) {
        let is_wrong = |&&(name, expected): &&(&str, u64)| self.count(name) != expected;
        let wrong: Vec<_> = counts.iter().filter(is_wrong).collect();
        assert!(wrong.is_empty(), "{} should report {wrong:?}: {}", self.whose, self.values);
    }

    /// Joins that a world has denied for this reason.
    #[track_caller]
    pub(crate) fn denied(&self, reason: &str) -> u64 {
        let all = self.value("denied").as_array().unwrap();
        let found = all.iter().find(|entry| entry[0] == reason);
        found.and_then(|entry| entry[1].as_u64()).unwrap_or_else(|| panic!("no reason {reason}"))
    }
}
