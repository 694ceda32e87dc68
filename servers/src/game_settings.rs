//! A game's own table of the configuration, handed to it.

use tinyrealm_core::node::world::{Game, NewGame, Setting};
use toml::{Table, Value};

/// Hands a game its settings.
///
/// # Errors
/// The first key that it does not take, and why.
pub(crate) fn configure<G: Game>(game: &mut G, table: &Table) -> Result<(), String> {
    for (key, value) in table {
        let setting = match value {
            Value::Boolean(value) => Setting::Bool(*value),
            Value::Integer(value) => Setting::Integer(*value),
            Value::Float(value) => Setting::Float(*value),
            Value::String(value) => Setting::Text(value),
            _ => return Err(format!("game.{}.{key} must be a number, a text or a bool", G::NAME)),
        };
        game.configure(key, setting)
            .map_err(|problem| format!("game.{}.{key} {problem}", G::NAME))?;
    }
    Ok(())
}

/// What makes games with these settings, as long as the process lives, like its worlds' storage.
pub(crate) fn new_game<G: Game + Default + 'static>(table: Table) -> NewGame<'static, G> {
    NewGame(Box::leak(Box::new(move || {
        let mut game = G::default();
        // It takes them all: they were tried with the configuration.
        let _ = configure(&mut game, &table);
        game
    })))
}
