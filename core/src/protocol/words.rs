//! Types as they are written, taken apart at compile time.

/// Without blanks around it.
pub(super) const fn trim(mut text: &str) -> &str {
    while let [first, ..] = text.as_bytes()
        && first.is_ascii_whitespace()
    {
        text = text.split_at(1).1;
    }
    while let [.., last] = text.as_bytes()
        && last.is_ascii_whitespace()
    {
        text = text.split_at(text.len() - 1).0;
    }
    text
}

/// What stands between `outer` and the last `>`.
pub(super) const fn inside<'s>(text: &'s str, outer: &str) -> Option<&'s str> {
    let (mut rest, mut prefix) = (text.as_bytes(), outer.as_bytes());
    while let [wanted, wanted_behind @ ..] = prefix {
        match rest {
            [first, behind @ ..] if *first == *wanted => rest = behind,
            _ => return None,
        }
        prefix = wanted_behind;
    }
    match rest {
        [.., b'>'] => Some(text.split_at(text.len() - 1).0.split_at(outer.len()).1),
        _ => None,
    }
}

/// A type's name, of one that borrows too.
pub(super) const fn without_lifetime(text: &str) -> &str {
    match text.as_bytes() {
        [name @ .., b'<', b'\'', b'a', b'>'] => text.split_at(name.len()).0,
        _ => text,
    }
}

/// What stands before the last `mark`, and behind it.
pub(super) const fn split_last(text: &str, mark: u8) -> Option<(&str, &str)> {
    let mut bytes = text.as_bytes();
    while let [before @ .., last] = bytes {
        if *last == mark {
            return Some((text.split_at(before.len()).0, text.split_at(bytes.len()).1));
        }
        bytes = before;
    }
    None
}

pub(super) const fn is_same(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    while let ([first, rest @ ..], [other_first, other_rest @ ..]) = (one, other) {
        if *first != *other_first {
            return false;
        }
        (one, other) = (rest, other_rest);
    }
    one.is_empty() && other.is_empty()
}

/// A number of digits.
pub(super) const fn number(text: &str) -> Option<usize> {
    let (mut digits, mut number) = (text.as_bytes(), 0_usize);
    if digits.is_empty() {
        return None;
    }
    while let [digit @ b'0'..=b'9', rest @ ..] = digits {
        let Some(tens) = number.checked_mul(10) else { return None };
        let Some(sum) = tens.checked_add((*digit - b'0') as usize) else { return None };
        number = sum;
        digits = rest;
    }
    if digits.is_empty() { Some(number) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_taken_apart() {
        assert_eq!((trim("  a b\n"), trim(" "), trim("")), ("a b", "", ""));
        assert_eq!(inside("Option<Uid>", "Option<"), Some("Uid"));
        assert_eq!((inside("Option<Uid", "Option<"), inside("Opt", "Option<")), (None, None));
        assert_eq!(split_last("a, b, c", b','), Some(("a, b", " c")));
        assert_eq!((split_last("a", b','), split_last(",", b',')), (None, Some(("", ""))));
        assert!(
            is_same("", "") && is_same("ab", "ab") && !is_same("ab", "a") && !is_same("a", "b")
        );
        assert_eq!(
            (number("0"), number("1024"), number("x"), number("")),
            (Some(0), Some(1_024), None, None)
        );
        assert_eq!((number("1x"), number("99999999999999999999")), (None, None));
    }
}
