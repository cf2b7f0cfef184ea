//! Making a new Postgres: its files, its roles.

use std::{
    ffi::OsString,
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    time::Duration,
};

use sqlx::{AssertSqlSafe, Connection, Executor};

use super::{
    Place,
    database::{ADMINISTRATOR, APPLICATION, OWNER, PostgresSite},
};
use crate::local::{LocalError, process::ServerProcess};

/// How long making the files may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// Makes the files of a new server, which only its administrator can enter, with a random password.
pub(super) async fn initialize(place: &Place) -> Result<PostgresSite, LocalError> {
    let site = PostgresSite::new();
    let (data, password) = (place.data(), place.folder.join("password"));
    let prepare = || {
        fs::create_dir(&data)?;
        place.user.give(&data)?;
        secret_file(&password, site.administrator_password())?;
        place.user.give(&password)
    };
    prepare().map_err(LocalError::io("no folder for Postgres' data"))?;
    let mut args: Vec<OsString> = ["--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256", "--no-sync"]
        .into_iter()
        .map(OsString::from)
        .collect();
    args.push(format!("--username={ADMINISTRATOR}").into());
    for (option, path) in [("--pgdata", &data), ("--pwfile", &password)] {
        args.extend([option.into(), path.clone().into_os_string()]);
    }
    let mut initdb = ServerProcess::start(place.spec("initdb", args))?;
    initdb.wait_end(DEADLINE).await?;
    fs::remove_file(&password).map_err(LocalError::io("the password file could not be removed"))?;
    Ok(site)
}

fn secret_file(path: &Path, text: &str) -> io::Result<()> {
    fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}

/// Creates the owner of the tables and the role of the processes, and pgvector for every database to come.
pub(super) async fn create_roles(site: &PostgresSite) -> Result<(), LocalError> {
    let mut admin = site.administrator().await?;
    for (role, password) in [(OWNER, site.owner_password()), (APPLICATION, site.application_password())] {
        let rights = "login nosuperuser nobypassrls nocreatedb nocreaterole noreplication";
        // A role and its password cannot be parameters; both are ours.
        let create = format!("create role {role} {rights} password '{password}'");
        admin.execute(AssertSqlSafe(create)).await?;
    }
    admin.close().await?;
    // Only an administrator may install pgvector, so it comes with the template of all databases.
    let mut template = site.administrator_of("template1").await?;
    template.execute("create extension if not exists vector").await?;
    Ok(template.close().await?)
}
