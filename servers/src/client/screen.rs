//! `Screen`: the room as characters.

use std::fmt::Write as _;
use std::io;

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::execute;
use crossterm::terminal::{self, Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen};
use tinyrealm_core::node::client::{MainState, RealmClient, WorldState};
use tinyrealm_core::protocol::{Position, Uid};

use super::view::{RoomView, short_name};
use super::write_at_once;

/// Half the width and height of what is drawn, in thousandths of a unit.
const HALF_WIDTH: i64 = 20_000;
const HALF_HEIGHT: i64 = 12_000;
/// Lines around the map: state above, frame, news and help below.
const NEWS_LINES: u16 = 5;
const FRAME_LINES: u16 = 2;
const TEXT_LINES: u16 = 2;
const HELP: &str = "arrows or wasd: move   t or enter: talk, /join CHANNEL, /rooms   q: leave";
/// Columns of what is said, beside a map that is at least as wide.
const TALK_COLUMNS: u16 = 36;

/// The terminal, while it is ours.
pub(super) struct Screen {
    last: String,
}

impl Screen {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// If it can't be drawn on.
    pub(super) fn open() -> io::Result<Self> {
        terminal::enable_raw_mode()?;
        let screen = Self { last: String::new() };
        execute!(io::stdout(), EnterAlternateScreen, Hide, Clear(ClearType::All))?;
        Ok(screen)
    }

    /// Draws the room, if anything has changed.
    ///
    /// # Errors
    /// If the terminal has gone away.
    pub(super) fn draw(&mut self, view: &RoomView, client: &RealmClient) -> io::Result<()> {
        let (columns, rows) = terminal::size()?;
        let text = render(view, client.state(), columns, rows);
        if text != self.last {
            execute!(io::stdout(), MoveTo(0, 0))?;
            // In raw mode a line feed does not return the carriage. Each line's old end goes, the last's too.
            let lines = text.replace('\n', "\x1b[K\r\n");
            write_at_once(&format!("{lines}\x1b[J"))?;
            self.last = text;
        }
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Whatever can be given back is.
        let _ = execute!(io::stdout(), Show, LeaveAlternateScreen);
        let _ = terminal::disable_raw_mode();
    }
}

/// The whole screen as text, `rows` lines of at most `columns` characters.
fn render(view: &RoomView, state: (MainState, WorldState), columns: u16, rows: u16) -> String {
    let map_rows = rows.saturating_sub(NEWS_LINES + FRAME_LINES + TEXT_LINES).max(3);
    let talk_columns = if columns >= 2 * TALK_COLUMNS { TALK_COLUMNS } else { 0 };
    let map_columns = columns.saturating_sub(FRAME_LINES + talk_columns).max(10);
    let talk = talk(view, talk_columns, map_rows);
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = writeln!(text, "{}", cut(&headline(view, state), columns));
    let edge = "-".repeat(usize::from(map_columns));
    let _ = writeln!(text, "+{edge}+");
    for (line, said) in map(view, map_columns, map_rows).iter().zip(talk) {
        let _ = writeln!(text, "|{line}|{said}");
    }
    let _ = writeln!(text, "+{edge}+");
    for line in 0..usize::from(NEWS_LINES) {
        let news = view.news.get(line).map_or("", String::as_str);
        let _ = writeln!(text, "{}", cut(news, columns));
    }
    let last = match &view.line {
        Some(line) => prompt(&view.channel, line, columns),
        None => cut(HELP, columns),
    };
    text.push_str(&last);
    text
}

/// What was said last, one line a row of the map, newest below.
fn talk(view: &RoomView, columns: u16, rows: u16) -> Vec<String> {
    let rows = usize::from(rows);
    let width = usize::from(columns.saturating_sub(1)).max(1);
    let lines = view.messages.iter().rev().take(rows).rev().flat_map(|message| {
        let letters: Vec<char> = message.chars().collect();
        letters.chunks(width).map(|part| part.iter().collect()).collect::<Vec<String>>()
    });
    let lines: Vec<String> = if columns == 0 { Vec::new() } else { lines.collect() };
    let first = lines.len().saturating_sub(rows);
    let shown = lines[first..].iter().map(|line| format!(" {line}"));
    shown.chain(std::iter::repeat(String::new())).take(rows).collect()
}

/// The line that is being typed, its end where all of it has no room.
fn prompt(channel: &str, line: &str, columns: u16) -> String {
    let text = format!("{channel}: {line}_");
    let too_many = text.chars().count().saturating_sub(usize::from(columns));
    text.chars().skip(too_many).collect()
}

fn headline(view: &RoomView, (main, world): (MainState, WorldState)) -> String {
    let name = view.uid.map_or_else(|| "nobody yet".to_owned(), short_name);
    let place = match (view.room, world) {
        (Some(room), WorldState::Inside) => format!("room {}", room.0),
        (_, world) => format!("{world:?}").to_lowercase(),
    };
    let (x, y) = (f64::from(view.me.x) / 1_000.0, f64::from(view.me.y) / 1_000.0);
    let main = if main == MainState::Ready { "" } else { "  (Main is away)" };
    format!("tinyrealm  {name}  {place}  {} others  at {x:.1}, {y:.1}{main}", view.others.len())
}

fn cut(text: &str, columns: u16) -> String {
    text.chars().take(usize::from(columns)).collect()
}

/// The map, with us in the middle of the realm's coordinates.
fn map(view: &RoomView, columns: u16, rows: u16) -> Vec<String> {
    let mut lines = vec![vec![' '; usize::from(columns)]; usize::from(rows)];
    for member in view.others.values() {
        put(&mut lines, member.pos, 'o', Some(member.uid));
    }
    put(&mut lines, view.me, '@', None);
    lines.into_iter().map(|line| line.into_iter().collect()).collect()
}

/// Draws one member, and its name behind it where there is room; outside of the map, at its edge.
fn put(lines: &mut [Vec<char>], pos: Position, glyph: char, uid: Option<Uid>) {
    let rows = lines.len() as i64;
    let columns = lines.first().map_or(0, Vec::len) as i64;
    let scale = |value: i32, half: i64, cells: i64| {
        ((i64::from(value) + half) * (cells - 1) / (2 * half)).clamp(0, cells - 1) as usize
    };
    let column = scale(pos.x, HALF_WIDTH, columns);
    let row = scale(pos.y.saturating_neg(), HALF_HEIGHT, rows);
    lines[row][column] = glyph;
    let name = uid.map(short_name).unwrap_or_default();
    for (place, letter) in lines[row][column + 1..].iter_mut().zip(name.chars()) {
        if *place != ' ' {
            break;
        }
        *place = letter;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinyrealm_core::protocol::{Direction, MemberState};

    #[allow(clippy::field_reassign_with_default, reason = "the other fields are private")]
    fn view() -> RoomView {
        let mut view = RoomView::new("main", None);
        view.uid = Some(Uid(0xABCD));
        let pos = Position { x: 10_000, y: 6_000, z: 0 };
        let (number, uid, dir) =
            (tinyrealm_core::protocol::MemberNumber(2), Uid(0x1234), Direction(0));
        view.others.insert(number, MemberState { number, uid, pos, dir });
        view
    }

    #[test]
    fn everyone_is_where_they_are() {
        let text = render(&view(), (MainState::Ready, WorldState::Inside), 43, 30);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 30);
        assert!(lines.iter().all(|line| line.chars().count() <= 43));
        let row = lines.iter().position(|line| line.contains("o#1234")).unwrap();
        let me = lines.iter().position(|line| line.contains('@')).unwrap();
        assert!(row < me, "north is up");
        assert!(lines[row].find('o') > lines[me].find('@'), "east is right");
    }

    #[test]
    fn what_is_said_stands_beside_the_map() {
        let mut view = view();
        view.messages.push_back("#1234: hello".to_owned());
        view.line = Some("hi".to_owned());
        let text = render(&view, (MainState::Ready, WorldState::Inside), 100, 30);
        assert!(text.lines().any(|line| line.contains("| #1234: hello")), "{text}");
        assert!(text.ends_with("lobby: hi_"));
        assert!(text.lines().all(|line| line.chars().count() <= 100));
        // A narrow terminal has the map alone, and the end of what is typed.
        view.line = Some(format!("{}end", "x".repeat(80)));
        let text = render(&view, (MainState::Ready, WorldState::Inside), 60, 30);
        assert!(!text.contains("hello") && text.ends_with("xend_"));
    }

    #[test]
    fn far_away_is_drawn_at_the_edge_and_a_tiny_terminal_is_no_reason_to_panic() {
        let mut view = view();
        view.me = Position { x: i32::MIN, y: i32::MAX, z: 0 };
        for (columns, rows) in [(0, 0), (1, 1), (10, 3), (200, 100)] {
            let text = render(&view, (MainState::Waiting, WorldState::Outside), columns, rows);
            assert!(text.contains('@'));
        }
    }
}
