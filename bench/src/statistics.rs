//! Medians and their spread.

/// The median, and what lay farthest from it on both sides.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Spread {
    pub(crate) least: f64,
    pub(crate) median: f64,
    pub(crate) most: f64,
}

impl Spread {
    /// Of at least one value.
    pub(crate) fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let last = values.len() - 1;
        Self { least: values[0], median: values[values.len() / 2], most: values[last] }
    }

    /// Prints it as nanoseconds, beside what `unit` costs.
    pub(crate) fn print_row(self, name: &str, unit: &str, cost: Self, goal: Option<f64>) {
        let goal = goal.map_or_else(String::new, |goal| format!(" (goal: at most {goal})"));
        let Self { least, median, most } = self;
        let ratio = median / cost.median;
        println!(
            "    {name:<14} {median:8.1}  ({least:.1} to {most:.1})  {ratio:6.2} x {unit}{goal}"
        );
    }
}
