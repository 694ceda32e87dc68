//! What a realm's secret is as text: at least 64 hexadecimal digits that look random.
//!
//! Contract: whatever is none is told with what to do; where the text comes from is the [`keyring`](crate::keyring)'s.

use anyhow::{Context, ensure};
use tinyrealm_core::node::cluster::{CLUSTER_SECRET_MIN_BYTES, ClusterSecret};

/// The variable that has the cluster secret itself.
pub(crate) const CLUSTER_SECRET_VARIABLE: &str = "TINYREALM_CLUSTER_SECRET";

/// Fewer different bytes than this are not random: 32 random ones have 30, and 20 once in 10¹².
const DIFFERENT_BYTES_MIN: usize = 16;

/// The secret that a variable has.
///
/// # Errors
/// If it is none.
pub(crate) fn cluster_from_variable(value: &str) -> anyhow::Result<ClusterSecret> {
    parse(value, &format!("the environment variable {CLUSTER_SECRET_VARIABLE}"))
}

/// The secret that `what` has as its text.
///
/// # Errors
/// If it is none.
pub(crate) fn parse(text: &str, what: &str) -> anyhow::Result<ClusterSecret> {
    const ADVICE: &str = "make one with `tinyrealm secret new FILE`";
    let bytes = bytes_of(text).with_context(|| {
        format!("{what} is not hexadecimal digits, so it may be a phrase: {ADVICE}")
    })?;
    let secret = ClusterSecret::new(&bytes).map_err(|short| {
        anyhow::anyhow!(
            "{what} has {} digits: at least {} are needed; {ADVICE}",
            short.bytes * 2,
            CLUSTER_SECRET_MIN_BYTES * 2
        )
    })?;
    let different: std::collections::HashSet<u8> = bytes.into_iter().collect();
    ensure!(different.len() >= DIFFERENT_BYTES_MIN, "{what} is not random: {ADVICE}");
    Ok(secret)
}

fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let is_hex = text.len().is_multiple_of(2) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let pairs = (0..text.len()).step_by(2);
    is_hex.then(|| {
        pairs.filter_map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
    })
}
