//! A Postgres server with pgvector.

mod database;
mod init;
mod shared;
mod user;

use std::{ffi::OsString, path::PathBuf, time::Duration};

use self::user::ServerUser;
use super::{
    LocalError, RunFolder,
    held::HeldFolder,
    ports,
    process::{ServerProcess, ServerSpec},
};
use crate::{guard::Stop, parts::Parts};

pub use self::database::{Database, PostgresSite};
pub(crate) use self::shared::SITE_VARIABLE;
pub use self::shared::shared;

/// How long the server may take until it answers.
const READY_DEADLINE: Duration = Duration::from_secs(30);
/// How long it may take to stop before it is killed.
const GRACE: Duration = Duration::from_secs(10);
/// How often a start is tried on another port, when the server ended at once.
const ATTEMPTS: usize = 3;

/// Settings that differ from Postgres' own: the port is reached over TCP only, and since the data goes with the server,
/// nothing waits for the disk.
const SETTINGS: [&str; 8] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "max_connections=200",
    "shared_buffers=64MB",
    "fsync=off",
    "full_page_writes=off",
    "max_wal_size=256MB",
    "timezone=UTC",
];

/// A Postgres on a free port with data of its own; it keeps to 127.0.0.1 and asks everyone for a password.
#[derive(Debug)]
pub struct Postgres {
    process: ServerProcess,
    site: PostgresSite,
    /// Declared last: the folder goes after the server. Absent when it is shared with others.
    _folder: Option<RunFolder>,
    /// The server's own folder, where it could not be inside that one.
    _elsewhere: Option<HeldFolder>,
}

impl Postgres {
    /// Starts a server and waits until it is ready. Fetches Postgres if it is not there yet. As root, the server runs as
    /// the user `nobody`.
    ///
    /// # Errors
    /// When the server cannot be fetched or started, or is not ready within 30 seconds.
    pub async fn start() -> Result<Self, LocalError> {
        let folder = RunFolder::create()?;
        let server = Self::start_in(&folder).await?;
        Ok(Self { _folder: Some(folder), ..server })
    }

    /// As [`Postgres::start`], with the server's data inside `run`, which must outlive the server. Where the server's
    /// user cannot reach that folder, its data goes to `/tmp`.
    ///
    /// # Errors
    /// As [`Postgres::start`].
    pub async fn start_in(run: &RunFolder) -> Result<Self, LocalError> {
        let user = ServerUser::find()?;
        let (folder, elsewhere) = user.folder(run)?;
        let programs = user.programs(&Parts::locate()?.postgres()?, &folder)?;
        let place = Place { programs, folder, run: run.path().to_owned(), user };
        let mut site = init::initialize(&place).await?;
        let mut attempt = 1;
        let mut process = loop {
            let [port] = ports::free()?;
            site.set_port(port);
            match launch(&place, &site).await {
                Err(LocalError::Ended { .. }) if attempt < ATTEMPTS => attempt += 1,
                other => break other?,
            }
        };
        if let Err(error) = init::create_roles(&site).await {
            process.stop();
            return Err(error);
        }
        Ok(Self { process, site, _folder: None, _elsewhere: elsewhere })
    }

    /// Where the server is, and the passwords of its roles.
    #[must_use]
    pub fn site(&self) -> &PostgresSite {
        &self.site
    }

    /// The server's process id, unless it was killed or stopped from here.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.process.pid()
    }

    /// Stops the main process in the middle of what it does (SIGSTOP): nobody can connect, open sessions go on.
    ///
    /// # Errors
    /// When it does not run.
    pub fn freeze(&mut self) -> Result<(), LocalError> {
        self.process.freeze()
    }

    /// Lets a frozen server go on.
    ///
    /// # Errors
    /// When it does not run.
    pub fn thaw(&mut self) -> Result<(), LocalError> {
        self.process.thaw()
    }

    /// Kills the server as a crash would (SIGKILL); its sessions end. Its data stays.
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill(&mut self) -> Result<(), LocalError> {
        self.process.kill()
    }

    /// Stops the server in good order; its sessions end. Its data stays.
    pub fn stop(&mut self) {
        self.process.stop();
    }

    /// Starts the server again, on the same port and data, and waits until it is ready.
    ///
    /// # Errors
    /// As [`Postgres::start`].
    pub async fn restart(&mut self) -> Result<(), LocalError> {
        self.process.start_again()?;
        wait_ready(&mut self.process, &self.site).await
    }
}

/// Where the server's files are, and who may reach them.
#[derive(Debug)]
struct Place {
    /// With `bin`, `lib` and `share`.
    programs: PathBuf,
    /// For data and log.
    folder: PathBuf,
    /// Around it.
    run: PathBuf,
    user: ServerUser,
}

impl Place {
    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn spec(&self, name: &str, args: Vec<OsString>) -> ServerSpec {
        ServerSpec {
            name: name.to_owned(),
            program: self.programs.join("bin").join(name),
            args,
            env: Vec::new(),
            unset: Vec::new(),
            user: self.user.ids(),
            stop: Stop::Int,
            grace: GRACE,
            log: self.folder.join("postgres.log"),
            remove: vec![self.folder.clone()],
            remove_empty: Some(self.run.clone()),
        }
    }
}

async fn launch(place: &Place, site: &PostgresSite) -> Result<ServerProcess, LocalError> {
    let mut args = vec![OsString::from("-D"), place.data().into_os_string()];
    let port = format!("port={}", site.port());
    for setting in SETTINGS.into_iter().chain([port.as_str()]) {
        args.extend([OsString::from("-c"), OsString::from(setting)]);
    }
    let mut process = ServerProcess::start(place.spec("postgres", args))?;
    match wait_ready(&mut process, site).await {
        Ok(()) => Ok(process),
        Err(error) => {
            process.leave_files();
            Err(error)
        }
    }
}

/// Waits until the server lets the administrator in; another server would not know the password.
async fn wait_ready(process: &mut ServerProcess, site: &PostgresSite) -> Result<(), LocalError> {
    process.wait_ready(READY_DEADLINE, async || site.administrator().await.is_ok()).await
}
