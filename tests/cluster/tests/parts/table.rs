//! What a tour has found, in lines.

use super::tour::{LACKS, Step};

const WIDTH: usize = 9;

/// What stands above the lines.
pub(crate) fn head() -> String {
    let lacks: String = LACKS.iter().map(|what| format!("{what:>WIDTH$}")).collect();
    let (server, fault, bots, back) = ("server", "fault", "bots", "all back");
    format!("{server:<20}{fault:<6}{bots:>6}{lacks}{back:>11}   (longest outage of a bot, ms)")
}

/// A step as a line, and what is wrong below it.
pub(crate) fn line(step: &Step) -> String {
    let outages: String = step.outage_ms.iter().map(|ms| format!("{ms:>WIDTH$}")).collect();
    let back = step.back_ms.map_or("never".to_owned(), |ms| format!("{ms} ms"));
    let goal = if step.has_missed() {
        let goals: Vec<String> = step.goal_ms.iter().map(u64::to_string).collect();
        format!("   goal missed: {}", goals.join(", "))
    } else {
        String::new()
    };
    let wrong: String = step.wrong.iter().map(|wrong| format!("\n    WRONG: {wrong}")).collect();
    let Step { part, fault, bots, .. } = step;
    format!("{part:<20}{fault:<6}{bots:>6}{outages}{back:>11}{goal}{wrong}")
}
