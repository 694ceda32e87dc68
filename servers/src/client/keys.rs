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
    /// Begin a line to say.
    Begin,
    /// One more character of it.
    Type(char),
    /// One fewer.
    Erase,
    /// Say it.
    Say,
    /// Forget it.
    Forget,
}

/// What keys are for.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Mode {
    /// Moving around.
    Walking,
    /// A line to say.
    Typing,
}

/// Keys that may wait; a held key repeats faster than a slow network takes steps.
const WAITING_KEYS: usize = 64;

/// The keys that are pressed from now on. The thread ends with the process.
pub(super) fn listen() -> mpsc::Receiver<KeyEvent> {
    let (sender, receiver) = mpsc::channel(WAITING_KEYS);
    std::thread::spawn(move || {
        while let Ok(event) = read() {
            if let Event::Key(key) = event
                && key.kind != KeyEventKind::Release
                && sender.blocking_send(key).is_err()
            {
                return;
            }
        }
    });
    receiver
}

/// What a key means.
pub(super) fn action_of(key: KeyEvent, mode: Mode) -> Option<Action> {
    match mode {
        Mode::Walking => while_walking(key),
        Mode::Typing => while_typing(key),
    }
}

fn while_typing(key: KeyEvent) -> Option<Action> {
    match key.code {
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Some(Action::Leave),
        KeyCode::Char(character) => Some(Action::Type(character)),
        KeyCode::Backspace => Some(Action::Erase),
        KeyCode::Enter => Some(Action::Say),
        KeyCode::Esc => Some(Action::Forget),
        _ => None,
    }
}

fn while_walking(key: KeyEvent) -> Option<Action> {
    let step = |east, north| Some(Action::Step { east, north });
    match key.code {
        KeyCode::Up | KeyCode::Char('w' | 'k') => step(0, 1),
        KeyCode::Down | KeyCode::Char('s' | 'j') => step(0, -1),
        KeyCode::Left | KeyCode::Char('a' | 'h') => step(-1, 0),
        KeyCode::Right | KeyCode::Char('d' | 'l') => step(1, 0),
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Some(Action::Leave),
        KeyCode::Char('q') | KeyCode::Esc => Some(Action::Leave),
        KeyCode::Enter | KeyCode::Char('t') => Some(Action::Begin),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_mean_what_the_help_line_says() {
        let press = |code, modifiers| action_of(KeyEvent::new(code, modifiers), Mode::Walking);
        let plain = KeyModifiers::NONE;
        assert_eq!(press(KeyCode::Up, plain), Some(Action::Step { east: 0, north: 1 }));
        assert_eq!(press(KeyCode::Char('a'), plain), Some(Action::Step { east: -1, north: 0 }));
        assert_eq!(press(KeyCode::Char('q'), plain), Some(Action::Leave));
        assert_eq!(press(KeyCode::Char('c'), KeyModifiers::CONTROL), Some(Action::Leave));
        assert_eq!(press(KeyCode::Char('x'), plain), None);
        assert_eq!(press(KeyCode::Enter, plain), Some(Action::Begin));
    }

    #[test]
    fn letters_are_letters_while_a_line_is_typed() {
        let press = |code, modifiers| action_of(KeyEvent::new(code, modifiers), Mode::Typing);
        let plain = KeyModifiers::NONE;
        assert_eq!(press(KeyCode::Char('q'), plain), Some(Action::Type('q')));
        assert_eq!(press(KeyCode::Esc, plain), Some(Action::Forget));
        assert_eq!(press(KeyCode::Enter, plain), Some(Action::Say));
        assert_eq!(press(KeyCode::Backspace, plain), Some(Action::Erase));
        assert_eq!(press(KeyCode::Char('c'), KeyModifiers::CONTROL), Some(Action::Leave));
    }
}
