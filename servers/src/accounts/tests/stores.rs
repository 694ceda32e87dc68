//! Where tests have their accounts: every test of [`of_every_store`] is one of each kind of store.

use super::*;

/// A kind of store.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Sqlite,
    /// In the server that `cargo xtask cluster` starts.
    #[cfg(feature = "cluster")]
    Postgres,
}

impl Kind {
    pub(super) fn scratch(self, name: &str) -> Scratch {
        match self {
            Self::Sqlite => Scratch::new(name),
            #[cfg(feature = "cluster")]
            Self::Postgres => Scratch::in_postgres(name),
        }
    }
}

/// A folder of this test, and its schema if it has one; both are removed with their guard.
pub(super) struct Scratch {
    pub(super) folder: PathBuf,
    database: String,
}

impl Scratch {
    pub(super) fn new(name: &str) -> Self {
        let name = format!("tinyrealm-accounts-{}-{name}", std::process::id());
        Self { folder: std::env::temp_dir().join(name), database: String::new() }
    }

    pub(super) fn settings(&self) -> LoginSettings {
        let data_folder = self.folder.to_str().unwrap().to_owned();
        LoginSettings { data_folder, database: self.database.clone(), ..LoginSettings::default() }
    }

    pub(super) fn files(&self) -> Vec<String> {
        let files = std::fs::read_dir(&self.folder).unwrap();
        let mut names: Vec<_> =
            files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    pub(super) fn open(&self) -> Box<dyn AccountStore> {
        open(&self.settings()).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
        #[cfg(feature = "cluster")]
        if !self.database.is_empty() {
            in_postgres::drop_schema(&self.database);
        }
    }
}

#[cfg(feature = "cluster")]
mod in_postgres {
    use super::*;
    use crate::postgres::address::{Address, Said};
    use crate::postgres::{Link, Patience, migrations};

    /// A server whose address has no password.
    fn server() -> String {
        std::env::var("TINYREALM_POSTGRES")
            .expect("TINYREALM_POSTGRES names no server: `cargo xtask cluster` starts one")
    }

    fn link(database: &str) -> Link {
        let said = Said { address: database, address_file: "", authorities_file: "" };
        Link::new(&Address::read("login", said).unwrap()).unwrap()
    }

    fn run(text: &str) {
        let mut link = link(&server());
        link.read(Patience::Batch, async |client| Ok(client.batch_execute(text).await?)).unwrap();
    }

    pub(super) fn drop_schema(database: &str) {
        let (_, schema) = database.split_once("search_path%3D").unwrap();
        run(&format!("DROP SCHEMA {schema} CASCADE"));
    }

    impl Scratch {
        /// A schema of its own, which is what this program knows.
        pub(super) fn in_postgres(name: &str) -> Self {
            let empty = Self::in_empty_postgres(name);
            migrations::migrate(&mut link(&empty.database)).unwrap();
            empty
        }

        pub(in super::super) fn in_empty_postgres(name: &str) -> Self {
            let schema = format!("test_{}_{}", std::process::id(), name.replace('-', "_"));
            run(&format!("CREATE SCHEMA {schema}"));
            let database = format!("{}?options=-csearch_path%3D{schema}", server());
            let mut scratch = Self::new(&format!("{name}-beside"));
            scratch.database = database;
            scratch
        }

        pub(in super::super) fn link(&self) -> Link {
            link(&self.database)
        }
    }
}

/// The tests that every store has to pass.
macro_rules! of_every_store {
    ($kind:expr) => {
        $crate::accounts::tests::stores::tests_of!($kind, accounts =>
            accounts_are_found_and_last
            an_id_is_taken_once_and_a_uid_given_once
            a_token_is_one_user_s_until_it_expires
            both_sides_of_an_account_s_tokens
            whatever_changes_an_account_revokes_its_tokens
            a_new_hash_of_the_same_password_revokes_nothing
            throw_aways_come_and_go
            both_sides_of_a_lease
            several_may_use_the_store_at_once
            whatever_ends_somebody_s_rights_is_told_in_order
            both_sides_of_a_page_of_revocations
        );
        $crate::accounts::tests::stores::tests_of!($kind, device_keys =>
            a_key_is_its_account_s_until_it_is_taken_away
            who_may_not_come_in_does_not_by_a_device_s_key_either
            both_sides_of_an_account_s_keys
            both_sides_of_when_a_use_is_noted
            a_device_that_comes_again_is_not_who_was_revoked
        );
    };
}

macro_rules! tests_of {
    ($kind:expr, accounts => $($name:ident)*) => {
        $(#[test] fn $name() { super::$name($kind); })*
    };
    ($kind:expr, $place:ident => $($name:ident)*) => {
        $(#[test] fn $name() { super::$place::$name($kind); })*
    };
}
pub(super) use {of_every_store, tests_of};
