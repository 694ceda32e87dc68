//! `tinyrealm user`: the accounts, from a shell.
//!
//! Works on the store itself, whether a login server has it open or not.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use tinyrealm_core::node::device_key::DeviceKey;

use crate::accounts::device_keys::DeviceKeyUse;
use crate::accounts::password::{HashMemory, Passwords, ensure_acceptable, random_password};
use crate::accounts::{self, Account, AccountStore, NewAccount, Purpose, Standing, id_problem};
use crate::cli::{AddOptions, Credential, UserCommand};
use crate::config::Config;
use crate::password_input;
use crate::say::{hand_out, say};
use crate::secret::hex;

/// Does one thing to the accounts.
pub(crate) fn run(command: &UserCommand, config: &Config) -> anyhow::Result<ExitCode> {
    let may_be_first = matches!(command, UserCommand::Add(_) | UserCommand::Restore(_));
    if !may_be_first && !accounts::are_known(&config.login)? {
        let place = accounts::location(&config.login)?;
        bail!("there are no accounts in {place}: `tinyrealm user add` makes the first");
    }
    match command {
        UserCommand::Add(options) => add(options, config)?,
        UserCommand::Passwd(options) => change_password(&options.id, config)?,
        UserCommand::List(_) => list(&accounts::open(&config.login)?.list()?)?,
        UserCommand::Disable(options) => {
            accounts::open(&config.login)?.set_standing(&options.id, Standing::Disabled)?;
            say!("account {} is disabled, and its tokens are revoked", options.id);
        }
        UserCommand::Enable(options) => {
            accounts::open(&config.login)?.set_standing(&options.id, Standing::Enabled)?;
            say!("account {} is enabled", options.id);
        }
        UserCommand::Logout(options) => {
            accounts::open(&config.login)?.revoke(&options.id)?;
            say!("the tokens of account {} are revoked", options.id);
        }
        UserCommand::AddDeviceKey(options) => {
            add_device_key(accounts::open(&config.login)?.as_mut(), &options.id)?;
        }
        UserCommand::RemoveDeviceKey(options) => {
            let (id, key_id) = (&options.user.id, options.key_id);
            accounts::open(&config.login)?.remove_device_key(id, key_id)?;
            say!("account {id} has no device key {} any more", hex(&key_id.0));
        }
        UserCommand::DeviceKeys(options) => {
            let mut store = accounts::open(&config.login)?;
            existing(store.as_mut(), &options.id)?;
            list_device_keys(&store.device_keys(&options.id)?)?;
        }
        UserCommand::Remove(options) => {
            accounts::open(&config.login)?.remove(&options.id)?;
            say!("account {} is removed", options.id);
        }
        UserCommand::Backup(options) => {
            accounts::backup(&config.login, &options.file)?;
            say!("all accounts are in {}", options.file.display());
        }
        UserCommand::Restore(options) => restore(&options.file, config)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn existing(store: &mut dyn AccountStore, id: &str) -> anyhow::Result<Account> {
    Ok(store.find(id)?.ok_or_else(|| accounts::StoreError::Unknown(id.to_owned()))?)
}

fn restore(backup: &Path, config: &Config) -> anyhow::Result<()> {
    let former = accounts::restore(&config.login, backup)?;
    say!("the accounts are those of {}, and all tokens have ended", backup.display());
    if let Some(former) = former {
        say!("those that were there before are in {}", former.display());
    }
    say!("a Login that runs serves nobody until it is started anew");
    Ok(())
}

fn add(options: &AddOptions, config: &Config) -> anyhow::Result<()> {
    let id = options.user.id.as_str();
    if let Some(problem) = id_problem(id) {
        bail!("{id:?}: {problem}");
    }
    let mut store = accounts::open_or(&config.login, options.if_lost())?;
    if store.find(id)?.is_some() {
        return Err(accounts::StoreError::Taken(id.to_owned()).into());
    }
    let password_hash = match options.credential() {
        Credential::Password => ask_and_hash(id, config)?,
        Credential::DeviceKey => nobodys_hash(config)?,
    };
    store.create(&[NewAccount { id: id.to_owned(), password_hash, lease: None }])?;
    let account = existing(store.as_mut(), id)?;
    say!("account {id} has uid {}", account.uid.0);
    match options.credential() {
        Credential::Password => Ok(()),
        Credential::DeviceKey => add_device_key(store.as_mut(), id),
    }
}

/// Makes a key of a device, and prints it as the device has to have it: nobody else keeps it.
fn add_device_key(store: &mut dyn AccountStore, id: &str) -> anyhow::Result<()> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
    let key = DeviceKey::new(bytes);
    store.add_device_key(id, &(&key).into())?;
    say!(
        "account {id} has the device key {}; this is for the device, and is not shown again:",
        hex(&key.key_id().0)
    );
    hand_out!("device_key = \"{}\"", hex(&bytes))
}

fn change_password(id: &str, config: &Config) -> anyhow::Result<()> {
    let mut store = accounts::open(&config.login)?;
    existing(store.as_mut(), id)?;
    store.set_password(id, &ask_and_hash(id, config)?)?;
    say!("account {id} has a new password, and its tokens are revoked");
    Ok(())
}

fn ask_and_hash(id: &str, config: &Config) -> anyhow::Result<String> {
    let password = password_input::ask_for_new(&format!("new password of {id}: "))?;
    ensure_acceptable(&password)?;
    Passwords::new(&config.login)?.hash(&mut HashMemory::default(), &password)
}

/// Of an account that no password opens: of one that nobody knows, so that a guess costs what any guess does.
fn nobodys_hash(config: &Config) -> anyhow::Result<String> {
    Passwords::new(&config.login)?.hash(&mut HashMemory::default(), &random_password()?)
}

fn list_device_keys(keys: &[DeviceKeyUse]) -> anyhow::Result<()> {
    hand_out!("{:<16}  {:<20}  last used", "key id", "made")?;
    for key in keys {
        let last = key.last_used_at.map_or_else(|| "never".to_owned(), date);
        hand_out!("{:<16}  {:<20}  {last}", hex(&key.key_id.0), date(key.made_at))?;
    }
    Ok(())
}

fn list(accounts: &[Account]) -> anyhow::Result<()> {
    hand_out!("{:>10}  {:<32}  {:<10}  {:<20}  last login", "uid", "id", "standing", "made")?;
    for account in accounts {
        let standing = match (account.standing, account.purpose) {
            (Standing::Disabled, _) => "disabled",
            (Standing::Enabled, Purpose::ThrowAway) => "throw-away",
            (Standing::Enabled, Purpose::Person) => "enabled",
        };
        let last = account.last_login_at.map_or_else(|| "never".to_owned(), date);
        let made = date(account.created_at);
        hand_out!("{:>10}  {:<32}  {standing:<10}  {made:<20}  {last}", account.uid.0, account.id)?;
    }
    Ok(())
}

/// `YYYY-MM-DD HH:MM UTC` (days to civil, after Howard Hinnant's algorithm).
pub(crate) fn date(seconds: accounts::UnixSeconds) -> String {
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02} {:02}:{:02} UTC", second / 3_600, second % 3_600 / 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_as_a_date() {
        assert_eq!(date(0), "1970-01-01 00:00 UTC");
        assert_eq!(date(951_782_399), "2000-02-28 23:59 UTC");
        assert_eq!(date(951_782_400), "2000-02-29 00:00 UTC");
        assert_eq!(date(1_709_251_199), "2024-02-29 23:59 UTC");
        assert_eq!(date(4_107_542_400), "2100-03-01 00:00 UTC");
    }
}
