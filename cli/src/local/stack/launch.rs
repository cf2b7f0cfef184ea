//! SBA's own processes: starting them, waiting for them, taking them away.

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf, time::Duration};

use serde_json::Value;

use super::{OWN_FOLDERS, config, settings::Settings};
use crate::{
    guard::{self, Stop},
    local::{
        LocalError, RunFolder, ports,
        process::{ServerProcess, ServerSpec},
    },
};

/// How long a process may take until it is ready; it loads the embedding model.
const READY_DEADLINE: Duration = Duration::from_secs(60);
/// How long one question whether it is ready may take.
const ASK_DEADLINE: Duration = Duration::from_secs(2);
/// How long a process may take to stop before it is killed: more than its own grace.
const GRACE: Duration = Duration::from_secs(10);
/// How often a start is tried on other ports, when the process ended at once.
const ATTEMPTS: usize = 3;

/// One of SBA's own processes.
#[derive(Debug)]
pub struct SbaProcess {
    process: ServerProcess,
    url: Option<String>,
    ops_url: String,
}

impl SbaProcess {
    /// Where clients reach a gateway.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }

    /// Where operators reach the process: `/metrics`, `/healthz`, `/readyz`.
    #[must_use]
    pub fn ops_url(&self) -> &str {
        &self.ops_url
    }

    /// Its process id, unless it was killed or stopped from here.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.process.pid()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.process.is_running()
    }

    /// Stops it in the middle of what it does (SIGSTOP); it keeps its connections.
    ///
    /// # Errors
    /// When it does not run.
    pub fn freeze(&mut self) -> Result<(), LocalError> {
        self.process.freeze()
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// When it does not run.
    pub fn thaw(&mut self) -> Result<(), LocalError> {
        self.process.thaw()
    }

    /// Kills it as a crash would (SIGKILL).
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill(&mut self) -> Result<(), LocalError> {
        self.process.kill()
    }

    /// Stops it in good order (SIGTERM).
    pub fn stop(&mut self) {
        self.process.stop();
    }

    /// Starts it again, on the same ports, and waits until it is ready.
    ///
    /// # Errors
    /// When it ends or is not ready in time.
    pub async fn restart(&mut self) -> Result<(), LocalError> {
        self.process.start_again()?;
        self.wait_ready().await
    }

    /// The end of its log.
    #[must_use]
    pub fn log_tail(&self) -> String {
        self.process.log_tail()
    }

    async fn wait_ready(&mut self) -> Result<(), LocalError> {
        let url = format!("{}/readyz", self.ops_url);
        let client = reqwest::Client::new();
        let ask = async || {
            let answer = client.get(&url).timeout(ASK_DEADLINE).send().await;
            answer.is_ok_and(|answer| answer.status().is_success())
        };
        self.process.wait_ready(READY_DEADLINE, ask).await
    }
}

/// What all processes start with.
pub(super) struct Launch<'a> {
    pub(super) settings: &'a Settings,
    /// Settings of single processes, by name.
    pub(super) own: &'a BTreeMap<String, Value>,
    pub(super) folder: &'a RunFolder,
    /// Of the first gateway, where it is fixed.
    pub(super) port: Option<u16>,
    /// What begins their command line; `None` for `sba`.
    pub(super) program: Option<Vec<OsString>>,
}

impl Launch<'_> {
    /// Starts so many processes of a kind, `gateway`, `orchestrator` or `worker`, and waits until they are ready.
    pub(super) async fn all(&self, command: &str, count: usize) -> Result<Vec<SbaProcess>, LocalError> {
        futures::future::try_join_all((1..=count).map(|number| self.one(command, number))).await
    }

    /// Starts one process; on other ports when it cannot have those that were picked.
    async fn one(&self, command: &str, number: usize) -> Result<SbaProcess, LocalError> {
        let name = format!("{command}-{number}");
        let config = self.config(&name)?;
        let (program, mut args) = self.program()?;
        args.extend([OsString::from(command), "--config".into(), config.into()]);
        let fixed = self.port.filter(|_| command == "gateway" && number == 1);
        let mut attempt = 1;
        loop {
            let [free, ops] = ports::free()?;
            let listen = fixed.unwrap_or(free);
            let env = [("SBA_GATEWAY__LISTEN", listen), ("SBA_TELEMETRY__METRICS_LISTEN", ops)];
            let spec = ServerSpec {
                name: format!("sba {command} {number}"),
                program: program.clone(),
                args: args.clone(),
                env: env.map(|(name, port)| (name.to_owned(), format!("127.0.0.1:{port}").into())).to_vec(),
                unset: self.settings.variables(),
                user: None,
                stop: Stop::Term,
                grace: GRACE,
                log: self.folder.path().join("log").join(format!("{name}.log")),
                remove: OWN_FOLDERS.map(|name| self.folder.path().join(name)).to_vec(),
                remove_empty: Some(self.folder.path().to_owned()),
            };
            let url = (command == "gateway").then(|| format!("http://127.0.0.1:{listen}"));
            let ops_url = format!("http://127.0.0.1:{ops}");
            let mut process = SbaProcess { process: ServerProcess::start(spec)?, url, ops_url };
            match process.wait_ready().await {
                Err(LocalError::Ended { log, .. }) if attempt < ATTEMPTS && log.contains("listen") => attempt += 1,
                other => return other.map(|()| process),
            }
        }
    }

    /// The program of the processes, and its first arguments.
    fn program(&self) -> Result<(PathBuf, Vec<OsString>), LocalError> {
        match self.program.as_deref().and_then(<[OsString]>::split_first) {
            Some((program, args)) => Ok((program.into(), args.to_vec())),
            None => Ok((guard::program()?, Vec::new())),
        }
    }

    /// The configuration file of a process: that of all, unless it has settings of its own.
    fn config(&self, name: &str) -> Result<PathBuf, LocalError> {
        let Some(own) = self.own.get(name) else { return Ok(config(self.folder)) };
        let mut settings = self.settings.clone();
        settings.put(own.clone());
        let path = self.folder.path().join("etc").join(format!("{name}.toml"));
        settings.write(&path).map(|()| path)
    }
}
