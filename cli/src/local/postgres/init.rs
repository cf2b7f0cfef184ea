//! Making a new Postgres: its files, its roles.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{AssertSqlSafe, Connection, Executor};

use super::{
    database::{ADMINISTRATOR, APPLICATION, OWNER, PostgresSite},
    spec,
    user::ServerUser,
};
use crate::local::{LocalError, process::ServerProcess};

/// How long making the files may take.
const DEADLINE: Duration = Duration::from_secs(60);

/// The folder of the server's data.
pub(super) fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

/// Makes the files of a new server, which only its administrator can enter, with a random password.
pub(super) async fn initialize(programs: &Path, folder: &Path, user: &ServerUser) -> Result<PostgresSite, LocalError> {
    let site = PostgresSite::new();
    let (data, password) = (data(folder), folder.join("password"));
    let prepare = || {
        fs::create_dir(&data)?;
        user.give(&data)?;
        fs::write(&password, site.administrator_password())?;
        user.give(&password)
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
    let mut initdb = ServerProcess::start(spec("initdb", programs.join("bin/initdb"), args, folder, user))?;
    initdb.wait_end(DEADLINE).await?;
    fs::remove_file(&password).map_err(LocalError::io("the password file could not be removed"))?;
    Ok(site)
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
