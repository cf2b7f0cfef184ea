//! What servers of one's own need before their first start: `sba nats init`.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use super::{
    identity::{Trust, hub},
    site::{FILES, OPERATOR_SEED, OPERATOR_TOKEN, SYSTEM_CREDENTIALS, now},
};
use crate::local::LocalError;

/// Where the accounts are, which the servers read and write.
const ACCOUNTS: &str = "accounts";
/// The credentials of SBA's own processes.
const HUB_CREDENTIALS: &str = "hub.creds";
/// The variables that the servers' configuration needs.
const VARIABLES: &str = "server.env";

/// For whoever owns the file alone, and for everybody.
const SECRET: u32 = 0o600;
const PUBLIC: u32 = 0o644;

/// Writes a new operator, its system account and the account of SBA's processes into `folder`, with the configuration
/// of a server; makes the folder where it is missing. Gives back the settings of SBA's processes, as TOML.
///
/// # Errors
/// `nats_folder_used` where one of the files is there already: nothing is written then. `nats_folder_invalid` where
/// the folder's path cannot stand in a server's configuration. Else when a file cannot be written.
pub fn init(folder: &Path, url: &str) -> Result<String, LocalError> {
    let folder = std::path::absolute(folder).map_err(LocalError::io("the folder has no absolute path"))?;
    let place = plain(&folder)?;
    let now = now();
    let trust = Trust::new(now)?;
    let hub = hub(&trust.operator, now)?;
    let account = |key: &str| format!("{ACCOUNTS}/{key}.jwt");
    let mut files = vec![
        (OPERATOR_TOKEN.to_owned(), trust.operator_token, PUBLIC),
        (OPERATOR_SEED.to_owned(), trust.operator.seed()?, SECRET),
        (SYSTEM_CREDENTIALS.to_owned(), trust.system.credentials, SECRET),
        (HUB_CREDENTIALS.to_owned(), hub.credentials, SECRET),
        (account(&trust.system.key), trust.system.token, SECRET),
        (account(&hub.key), hub.token, SECRET),
        (VARIABLES.to_owned(), variables(place, &trust.system.key), PUBLIC),
    ];
    files.extend(FILES.map(|(name, text)| (name.to_owned(), text.to_owned(), PUBLIC)));
    // All are looked for before the first is written: half of an operator's keys would help nobody.
    let fixed = files.iter().map(|(name, ..)| folder.join(name)).chain([folder.join(ACCOUNTS)]);
    if let Some(path) = fixed.into_iter().find(|path| path.symlink_metadata().is_ok()) {
        return Err(LocalError::Used(path));
    }
    let accounts = folder.join(ACCOUNTS);
    fs::create_dir_all(&accounts).map_err(LocalError::io(format!("cannot create {}", accounts.display())))?;
    for (name, text, mode) in files {
        write_new(&folder.join(name), &text, mode)?;
    }
    Ok(settings(place, url))
}

/// The folder's path, where it means the same to a shell, to a server's configuration and in TOML.
fn plain(folder: &Path) -> Result<&str, LocalError> {
    let special = |c: char| c.is_control() || matches!(c, '"' | '\'' | '\\' | '$' | '`');
    folder.to_str().filter(|path| !path.contains(special)).ok_or_else(|| LocalError::Unusable(folder.to_owned()))
}

/// One server on this machine, for a shell (`. server.env`) and for systemd (`EnvironmentFile=`) alike.
fn variables(folder: &str, system_account: &str) -> String {
    format!(
        "# The variables of nats/README.md, for a first server on this machine.\n\
         SBA_NATS_NAME=hub-1\n\
         SBA_NATS_LISTEN=127.0.0.1:4222\n\
         SBA_NATS_MONITOR=127.0.0.1:8222\n\
         SBA_NATS_LEAF_LISTEN=127.0.0.1:7422\n\
         SBA_NATS_STORE='\"{folder}/store\"'\n\
         SBA_NATS_SYNC=always\n\
         SBA_NATS_OPERATOR='\"{folder}/{OPERATOR_TOKEN}\"'\n\
         SBA_NATS_SYSTEM_ACCOUNT={system_account}\n\
         SBA_NATS_ACCOUNTS='\"{folder}/{ACCOUNTS}\"'\n"
    )
}

fn settings(folder: &str, url: &str) -> String {
    format!(
        "[nats]\n\
         url = {url:?}\n\
         credentials = \"{folder}/{HUB_CREDENTIALS}\"\n\n\
         # For gateways that make tenants, and for nobody else.\n\
         [accounts]\n\
         operator_seed = \"{folder}/{OPERATOR_SEED}\"\n\
         system_credentials = \"{folder}/{SYSTEM_CREDENTIALS}\"\n"
    )
}

fn write_new(path: &PathBuf, text: &str, mode: u32) -> Result<(), LocalError> {
    let file = fs::OpenOptions::new().create_new(true).write(true).mode(mode).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(LocalError::io(format!("cannot write {}", path.display())))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const URL: &str = "nats://127.0.0.1:4222";

    #[test]
    fn secrets_are_for_their_owner_alone_and_nothing_is_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let site = folder.path().join("nats");
        init(&site, URL).unwrap();
        let mode = |name: &str| fs::metadata(site.join(name)).unwrap().permissions().mode() & 0o777;
        for secret in [OPERATOR_SEED, SYSTEM_CREDENTIALS, HUB_CREDENTIALS] {
            assert_eq!(mode(secret), 0o600, "{secret}");
        }
        assert_eq!(fs::read_dir(site.join(ACCOUNTS)).unwrap().count(), 2);

        let seed = fs::read_to_string(site.join(OPERATOR_SEED)).unwrap();
        assert_eq!(init(&site, URL).unwrap_err().code(), "nats_folder_used");
        assert_eq!(fs::read_to_string(site.join(OPERATOR_SEED)).unwrap(), seed);
    }

    #[test]
    fn one_file_that_is_there_keeps_all_others_from_being_written() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(HUB_CREDENTIALS), "mine").unwrap();
        assert_eq!(init(folder.path(), URL).unwrap_err().code(), "nats_folder_used");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_path_that_would_mean_something_else_elsewhere_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a\"b", "a'b", "$HOME", "a\nb"] {
            assert_eq!(init(&folder.path().join(name), URL).unwrap_err().code(), "nats_folder_invalid", "{name:?}");
        }
        init(&folder.path().join("with a space"), URL).unwrap();
    }

    #[test]
    fn the_settings_are_those_of_the_configuration() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sba.toml");
        fs::write(&file, init(&folder.path().join("nats"), URL).unwrap()).unwrap();
        let config = sba_service::config::Config::load_with(Some(&file), []).unwrap();
        config.check().unwrap();
        assert!(config.nats.credentials.is_some() && config.accounts.operator_seed.is_some());
    }
}
