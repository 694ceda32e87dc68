//! Which servers of a realm are exceptions: whose keys were replaced, and whose links are in clear.
//!
//! Contract: each is one line of the configuration, like `world:7`, `chat` or `login`, and for keys the generation that
//! counts behind it.

use anyhow::{Context, bail, ensure};
use tinyrealm_core::node::cluster::{
    ClusterSecrets, ONLY_ID, SERVER_EXCEPTIONS_MAX, ServerException, Way,
};
use tinyrealm_core::protocol::ServerKind;

use crate::config::ClusterSettings;

/// Notes in `secrets` what `settings` say of single servers.
///
/// # Errors
/// Of the first line that names no server, or one too many of them.
pub(crate) fn note(secrets: &mut ClusterSecrets, settings: &ClusterSettings) -> anyhow::Result<()> {
    let mut noted: Vec<ServerException> = Vec::new();
    for line in &settings.generations {
        let (exception, rest) = server(line).with_context(|| {
            format!("cluster.generations: {line:?} is no server, like \"world:7:2\"")
        })?;
        let generation = rest.parse().ok().with_context(|| {
            format!("cluster.generations: {line:?} has no generation behind the server, like \"world:7:2\"")
        })?;
        at(&mut noted, exception).generation = generation;
    }
    for line in &settings.clear {
        let (exception, rest) = server(line)
            .with_context(|| format!("cluster.clear: {line:?} is no server, like \"world:7\""))?;
        ensure!(
            rest.is_empty(),
            "cluster.clear: {rest:?} behind the server of {line:?}: leave it out"
        );
        at(&mut noted, exception).way = Way::Clear;
    }
    for exception in noted {
        if secrets.except(exception).is_err() {
            bail!(
                "cluster.generations and cluster.clear name more than {SERVER_EXCEPTIONS_MAX} servers"
            );
        }
    }
    Ok(())
}

fn at(noted: &mut Vec<ServerException>, server: ServerException) -> &mut ServerException {
    let is_same = |other: &ServerException| (other.kind, other.id) == (server.kind, server.id);
    let place = noted.iter().position(is_same).unwrap_or(noted.len());
    if place == noted.len() {
        noted.push(server);
    }
    &mut noted[place]
}

/// The server that a line begins with, and what is behind it.
fn server(line: &str) -> Option<(ServerException, &str)> {
    let (word, rest) = line.trim().split_once(':').unwrap_or((line.trim(), ""));
    let rest = rest.trim();
    let (kind, id, rest) = match word {
        "world" => {
            let (id, rest) = rest.split_once(':').unwrap_or((rest, ""));
            (ServerKind::WORLD, id.parse().ok()?, rest.trim())
        }
        "chat" => (ServerKind::CHAT, ONLY_ID, rest),
        "login" => (ServerKind::LOGIN, ONLY_ID, rest),
        _ => return None,
    };
    Some((ServerException { kind, id, generation: 0, way: Way::BEST }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinyrealm_core::node::cluster::ClusterSecret;

    fn noted(generations: &[&str], clear: &[&str]) -> Result<ClusterSecrets, String> {
        let owned = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
        let settings = ClusterSettings {
            generations: owned(generations),
            clear: owned(clear),
            ..ClusterSettings::default()
        };
        let mut secrets = ClusterSecrets::of(ClusterSecret::new(&[5; 32]).unwrap());
        note(&mut secrets, &settings).map(|()| secrets).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn each_line_is_about_one_server() {
        let secrets = noted(&["world:7:2", "chat:1"], &["world:7", "login"]).unwrap();
        let printed = |kind, id| format!("{:?}", secrets.keys_of(kind, id));
        assert!(printed(ServerKind::WORLD, 7).contains("generation: 2, way: Clear"));
        assert!(printed(ServerKind::CHAT, ONLY_ID).contains("generation: 1, way: Sealed"));
        assert!(printed(ServerKind::LOGIN, ONLY_ID).contains("generation: 0, way: Clear"));
        assert!(printed(ServerKind::WORLD, 8).contains("generation: 0, way: Sealed"));
    }

    #[test]
    fn a_line_that_is_none_is_named() {
        let wrong: [(&[&str], &[&str], &str); 7] = [
            (&["world:7"], &[], "has no generation"),
            (&["world:2:x"], &[], "has no generation"),
            (&["7:2"], &[], "is no server"),
            (&["world:70000:2"], &[], "is no server"),
            (&[], &["world"], "is no server"),
            (&[], &["main"], "is no server"),
            (&[], &["chat:2"], "leave it out"),
        ];
        for (generations, clear, why) in wrong {
            let error = noted(generations, clear).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn both_sides_of_how_many_there_are() {
        let lines: Vec<String> = (1..=65).map(|id| format!("world:{id}")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert!(noted(&[], &lines[..64]).is_ok());
        assert!(noted(&[], &lines).unwrap_err().contains("more than 64"));
    }
}
