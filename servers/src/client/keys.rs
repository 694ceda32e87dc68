//! The keyboard, read on a thread of its own.

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, read};
use tokio::sync::mpsc;

/// What the user wants.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Action {
    /// One step.
    Step {
        /// 1 for east, -1 for west.
        east: i32,
        /// 1 for north, -1 for south.
        north: i32,
    },
    /// Enough.
    Leave,
}

/// Keys that may wait; a held key repeats faster than a slow network takes steps.
const WAITING_KEYS: usize = 64;

/// What the user wants, from now on. The thread ends with the process.
pub(super) fn listen() -> mpsc::Receiver<Action> {
    let (sender, receiver) = mpsc::channel(WAITING_KEYS);
    std::thread::spawn(move || {
        while let Ok(event) = read() {
            if let Event::Key(key) = event
                && let Some(action) = action_of(key)
                && sender.blocking_send(action).is_err()
            {
                return;
            }
        }
    });
    receiver
}

fn action_of(key: KeyEvent) -> Option<Action> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let step = |east, north| Some(Action::Step { east, north });
    match key.code {
        KeyCode::Up | KeyCode::Char('w' | 'k') => step(0, 1),
        KeyCode::Down | KeyCode::Char('s' | 'j') => step(0, -1),
        KeyCode::Left | KeyCode::Char('a' | 'h') => step(-1, 0),
        KeyCode::Right | KeyCode::Char('d' | 'l') => step(1, 0),
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Some(Action::Leave),
        KeyCode::Char('q') | KeyCode::Esc => Some(Action::Leave),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_mean_what_the_help_line_says() {
        let press = |code, modifiers| action_of(KeyEvent::new(code, modifiers));
        let plain = KeyModifiers::NONE;
        assert_eq!(press(KeyCode::Up, plain), Some(Action::Step { east: 0, north: 1 }));
        assert_eq!(press(KeyCode::Char('a'), plain), Some(Action::Step { east: -1, north: 0 }));
        assert_eq!(press(KeyCode::Char('q'), plain), Some(Action::Leave));
        assert_eq!(press(KeyCode::Char('c'), KeyModifiers::CONTROL), Some(Action::Leave));
        assert_eq!(press(KeyCode::Char('x'), plain), None);
    }
}
