//! Names as other languages write them.

/// `world_addr` as `WorldAddr`, and `coin-rush` as `CoinRush`.
pub(crate) fn pascal(name: &str) -> String {
    let words = name.split(['_', '-']).filter_map(|word| word.split_at_checked(1));
    words.map(|(first, rest)| first.to_uppercase() + rest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_begin_with_capitals() {
        assert_eq!(
            (pascal("world_addr").as_str(), pascal("coin-rush").as_str()),
            ("WorldAddr", "CoinRush")
        );
        assert_eq!(
            (pascal("x").as_str(), pascal("").as_str(), pascal("a__b").as_str()),
            ("X", "", "AB")
        );
    }
}
