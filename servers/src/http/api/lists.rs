//! What is read page by page: `?page=`, from 1 on, and `?q=` for those lines with that in them.

use hyper::StatusCode;
use serde_json::Value;

use super::{Api, PAGE_LINES, Problem, Told, page};
use crate::operating::{Desk, List, Match, Refused, Search};
use crate::report::Shared;

/// The longest text that is looked for.
const TEXT_MAX_BYTES: usize = 64;
/// Nobody reads so many pages.
const PAGE_MAX: usize = 100_000;

/// Which page of what.
pub(super) struct Wanted {
    pub(super) page: usize,
    /// Empty for all.
    pub(super) text: String,
}

impl Wanted {
    /// From a request's query.
    pub(super) fn of(query: &str) -> Result<Self, Problem> {
        let mut wanted = Self { page: 1, text: String::new() };
        for (name, value) in query.split('&').filter(|part| !part.is_empty()).map(split) {
            match name {
                "page" => {
                    let page = value.parse().ok().filter(|page| (1..=PAGE_MAX).contains(page));
                    wanted.page = page.ok_or_else(|| {
                        Problem::bad(format!("page is a number from 1 to {PAGE_MAX}"))
                    })?;
                }
                "q" => {
                    let text = decoded(value).filter(|text| text.len() <= TEXT_MAX_BYTES);
                    wanted.text = text.ok_or_else(|| {
                        Problem::bad(format!("q is text of at most {TEXT_MAX_BYTES} bytes"))
                    })?;
                }
                _ => return Err(Problem::bad("there are page and q, and nothing else to ask for")),
            }
        }
        Ok(wanted)
    }

    pub(super) fn matches(&self) -> Match {
        match self.text.as_str() {
            "" => Match::All,
            text => Match::Within(text.to_owned()),
        }
    }

    /// How many lines come before this page.
    pub(super) const fn skip(&self) -> usize {
        (self.page - 1) * PAGE_LINES
    }
}

fn split(part: &str) -> (&str, &str) {
    part.split_once('=').unwrap_or((part, ""))
}

/// What a form's text stands for.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits =
                    [rest.next()?, rest.next()?].map(|digit| char::from(digit).to_digit(16));
                (digits[0]? * 16 + digits[1]?) as u8
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

impl Api {
    /// The worlds that Main knows.
    pub(super) fn worlds(&self, query: &str) -> Told {
        let wanted = Wanted::of(query)?;
        let Some(main) = &self.figures.main else {
            let text = "worlds are known to Main: ask its listener";
            return Err(Problem(StatusCode::NOT_FOUND, text.to_owned()));
        };
        let text = wanted.text.to_lowercase();
        let mut worlds = main.read().registry;
        worlds.retain(|world| {
            let texts = [&world.id.to_string(), &world.region, &world.address];
            texts.into_iter().any(|its| its.to_lowercase().contains(&text))
        });
        let lines: Vec<_> = worlds.iter().skip(wanted.skip()).take(PAGE_LINES).collect();
        Ok(page(wanted.page, worlds.len(), &lines))
    }

    /// A page of what nodes know.
    pub(super) async fn lines(&self, list: List, query: &str) -> Told {
        let wanted = Wanted::of(query)?;
        let (lines, total) = self.find(list, &wanted.matches(), wanted.skip(), PAGE_LINES).await?;
        Ok(page(wanted.page, total, &lines))
    }

    /// Some of the lines that fit, and how many there are.
    pub(super) async fn find(
        &self,
        list: List,
        lines: &Match,
        skip: usize,
        take: usize,
    ) -> Result<(Vec<Value>, usize), Refused> {
        let (mut found, mut total) = (Vec::new(), 0);
        for desk in self.desks_for(list)? {
            let (skip, take) = (skip.saturating_sub(total), take - found.len());
            let search = Search { lines: lines.clone(), from: 0, skip, take };
            let piece = desk.lines(list, search).await?;
            found.extend(piece.lines);
            total += piece.matched;
        }
        Ok((found, total))
    }

    /// Those who know of that: Main of all the realm, or else the servers that are here.
    fn desks_for(&self, list: List) -> Result<Vec<Desk>, Refused> {
        let main = self.figures.main.iter().map(Shared::desk);
        let worlds = self.figures.worlds.iter().map(|world| world.report.desk());
        let chat = self.figures.chat.iter().map(Shared::desk);
        let desks: Vec<_> = match list {
            List::Users if self.figures.main.is_some() => main.cloned().collect(),
            // Main knows those with names alone.
            List::Users | List::Rooms if self.figures.worlds.is_empty() => main.cloned().collect(),
            List::Users | List::Rooms => worlds.cloned().collect(),
            List::Channels if self.figures.chat.is_some() => chat.cloned().collect(),
            List::Channels => main.cloned().collect(),
        };
        if desks.is_empty() { Err(Refused::NotHere) } else { Ok(desks) }
    }

    /// The desks of all that is here.
    pub(super) fn worlds_then_main(&self) -> impl Iterator<Item = &Desk> {
        let worlds = self.figures.worlds.iter().map(|world| world.report.desk());
        worlds.chain(self.figures.main.iter().map(Shared::desk))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_a_page_and_a_text() {
        let wanted = |query| Wanted::of(query).map(|wanted| (wanted.page, wanted.text)).ok();
        assert_eq!(wanted(""), Some((1, String::new())));
        assert_eq!(wanted("page=3&q=al%C3%A9+x%26"), Some((3, "al\u{e9} x&".to_owned())));
        assert_eq!(wanted("q="), Some((1, String::new())));
        let long = format!("q={}", "x".repeat(TEXT_MAX_BYTES + 1));
        for bad in
            ["page=0", "page=-1", "page=x", "page=100001", "q=%", "q=%zz", "q=%ff", "z=1", &long]
        {
            assert_eq!(wanted(bad), None, "{bad}");
        }
        assert!(wanted(&long[..long.len() - 1]).is_some());
        assert_eq!(Wanted::of("page=2").map(|wanted| wanted.skip()).ok(), Some(PAGE_LINES));
    }
}
