//! A whole SBA on this machine: the servers, and the processes of production, each a child.

mod settings;
mod token;

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use sba_gateway::auth::Role;
use sba_subjects::id::{TenantId, UserId};
use serde_json::{Value, json};

use self::settings::Settings;
use super::{
    HubAccount, LocalError, ModelServer, ModelServerOptions, NatsServer, Postgres, RunFolder, ports,
    postgres::Database,
    process::{ServerProcess, ServerSpec},
};
use crate::{
    guard::{self, Stop},
    parts::Parts,
};

/// How long a process may take until it is ready; it loads the embedding model.
const READY_DEADLINE: Duration = Duration::from_secs(60);
/// How long one question whether it is ready may take.
const ASK_DEADLINE: Duration = Duration::from_secs(2);
/// How long a process may take to stop before it is killed: more than its own grace.
const GRACE: Duration = Duration::from_secs(10);
/// How long migrations may take.
const MIGRATE_DEADLINE: Duration = Duration::from_secs(60);
/// How often a start is tried on other ports, when the process ended at once.
const ATTEMPTS: usize = 3;

/// The folders of SBA's own processes: configuration and keys, documents, logs.
const OWN_FOLDERS: [&str; 3] = ["etc", "blobs", "log"];

/// Which models the processes use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StackModel {
    /// The embedded ones: a model server of its own, and MiniLM for embeddings.
    Embedded,
    /// The language model that `SBA_MODEL__…` variables or [`StackOptions::overrides`] name, and MiniLM.
    Configured,
    /// The scripted model and hashed embeddings, for tests and load.
    Scripted,
}

impl StackModel {
    /// [`StackModel::Configured`] where a variable names a provider or an endpoint, else [`StackModel::Embedded`].
    #[must_use]
    pub fn of_environment() -> Self {
        let named =
            ["SBA_MODEL__PROVIDER", "SBA_MODEL__BASE_URL"].into_iter().any(|name| std::env::var_os(name).is_some());
        if named { Self::Configured } else { Self::Embedded }
    }
}

/// What a stack is made of.
#[derive(Debug, Clone)]
pub struct StackOptions {
    /// Gateways.
    pub gateways: usize,
    /// Orchestrators.
    pub orchestrators: usize,
    /// Workers.
    pub workers: usize,
    /// The port of the first gateway; `None` for any free one.
    pub port: Option<u16>,
    /// The models.
    pub model: StackModel,
    /// More configuration, as JSON: sections and settings that take the place of the usual ones.
    pub overrides: Value,
}

impl Default for StackOptions {
    /// One gateway on a free port, two orchestrators, two workers, the model of the environment or the embedded one.
    fn default() -> Self {
        let model = StackModel::of_environment();
        Self { gateways: 1, orchestrators: 2, workers: 2, port: None, model, overrides: json!({}) }
    }
}

/// A running SBA. It stops, and its data goes, when it is dropped or this process ends.
#[derive(Debug)]
pub struct Stack {
    gateways: Vec<SbaProcess>,
    orchestrators: Vec<SbaProcess>,
    workers: Vec<SbaProcess>,
    private_key: PathBuf,
    hub: HubAccount,
    database: Database,
    model: Option<ModelServer>,
    nats: NatsServer,
    postgres: Postgres,
    /// Declared last: the folder goes after the servers.
    folder: RunFolder,
}

/// One of SBA's own processes.
#[derive(Debug)]
pub struct SbaProcess {
    process: ServerProcess,
    url: Option<String>,
    ops_url: String,
}

impl Stack {
    /// Starts servers and processes and waits until all are ready. `say` is told what happens next, for people.
    ///
    /// # Errors
    /// When a part cannot be fetched, a server or process cannot be started, or is not ready in time.
    pub async fn start(options: StackOptions, mut say: impl FnMut(&str)) -> Result<Self, LocalError> {
        let folder = RunFolder::create()?;
        say("starting NATS with JetStream");
        let nats = NatsServer::start_in(&folder).await?;
        let hub = HubAccount::new(nats.site()).await?;
        say("starting Postgres with pgvector");
        let postgres = Postgres::start_in(&folder).await?;
        let database = postgres.site().create_database().await?;
        sba_store::migrate::migrate(&database.owner_url, MIGRATE_DEADLINE).await?;
        let model = match options.model {
            StackModel::Embedded => {
                say("loading the language model");
                Some(ModelServer::start_in(&folder, ModelServerOptions::default()).await?)
            }
            StackModel::Configured | StackModel::Scripted => None,
        };
        // Not earlier: from now on the processes' guards remove them if this process is killed.
        for name in OWN_FOLDERS {
            let path = folder.path().join(name);
            fs::create_dir(&path).map_err(LocalError::io("no folder for the processes"))?;
        }
        let etc = folder.path().join("etc");
        let private_key = token::write_keys(&etc)?;
        let mut settings = Settings::new(&folder, &etc, &hub, &database);
        if options.model == StackModel::Scripted {
            settings.put(json!({"model": {"provider": "scripted"}, "knowledge": {"embedder": "hashed"}}));
        } else {
            let folder = Parts::locate()?.embedding_model()?;
            settings.put(json!({"knowledge": {"embedder": "minilm", "embedding_model": folder}}));
        }
        if let Some(model) = &model {
            settings.put(settings::model(model));
        }
        settings.put(options.overrides);
        settings.write(&config(&folder))?;
        say("starting SBA's own processes");
        let launch = Launch { settings: &settings, folder: &folder, port: options.port };
        let (gateways, orchestrators, workers) = tokio::try_join!(
            launch.all("gateway", options.gateways),
            launch.all("orchestrator", options.orchestrators),
            launch.all("worker", options.workers),
        )?;
        Ok(Self { gateways, orchestrators, workers, private_key, hub, database, model, nats, postgres, folder })
    }

    /// Where clients reach the first gateway, e.g. `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> &str {
        self.gateways.first().and_then(|gateway| gateway.url.as_deref()).unwrap_or_default()
    }

    /// The addresses of all gateways.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.gateways.iter().filter_map(|gateway| gateway.url.clone()).collect()
    }

    /// The gateways, from which tests may take one away.
    pub fn gateways(&mut self) -> &mut [SbaProcess] {
        &mut self.gateways
    }

    /// The orchestrators, from which tests may take one away.
    pub fn orchestrators(&mut self) -> &mut [SbaProcess] {
        &mut self.orchestrators
    }

    /// The workers, from which tests may take one away.
    pub fn workers(&mut self) -> &mut [SbaProcess] {
        &mut self.workers
    }

    /// The NATS server.
    pub fn nats(&mut self) -> &mut NatsServer {
        &mut self.nats
    }

    /// The Postgres server.
    pub fn postgres(&mut self) -> &mut Postgres {
        &mut self.postgres
    }

    /// The model server, where the embedded model is used.
    pub fn model(&mut self) -> Option<&mut ModelServer> {
        self.model.as_mut()
    }

    /// The account of the processes.
    #[must_use]
    pub fn hub(&self) -> &HubAccount {
        &self.hub
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The configuration of the processes, a TOML file; `sba token` and others take it too.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        config(&self.folder)
    }

    /// The folder with the logs of the processes.
    #[must_use]
    pub fn logs(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// The folder that holds everything the installation writes.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Mints a token that lives for a day.
    ///
    /// # Errors
    /// When the issuer's key cannot be read or used.
    pub fn token(&self, tenant: Option<TenantId>, user: UserId, roles: &[Role]) -> Result<String, LocalError> {
        token::mint(&self.private_key, tenant, user, roles)
    }
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
struct Launch<'a> {
    settings: &'a Settings,
    folder: &'a RunFolder,
    /// Of the first gateway, where it is fixed.
    port: Option<u16>,
}

fn config(folder: &RunFolder) -> PathBuf {
    folder.path().join("etc/sba.toml")
}

impl Launch<'_> {
    async fn all(&self, command: &str, count: usize) -> Result<Vec<SbaProcess>, LocalError> {
        futures::future::try_join_all((1..=count).map(|number| self.one(command, number))).await
    }

    /// Starts one process; on other ports when it cannot have those that were picked.
    async fn one(&self, command: &str, number: usize) -> Result<SbaProcess, LocalError> {
        let fixed = self.port.filter(|_| command == "gateway" && number == 1);
        let mut attempt = 1;
        loop {
            let [free, ops] = ports::free()?;
            let listen = fixed.unwrap_or(free);
            let env = [("SBA_GATEWAY__LISTEN", listen), ("SBA_TELEMETRY__METRICS_LISTEN", ops)];
            let spec = ServerSpec {
                name: format!("sba {command} {number}"),
                program: guard::program()?,
                args: vec![OsString::from(command), "--config".into(), config(self.folder).into()],
                env: env.map(|(name, port)| (name.to_owned(), format!("127.0.0.1:{port}").into())).to_vec(),
                unset: self.settings.variables(),
                user: None,
                stop: Stop::Term,
                grace: GRACE,
                log: self.folder.path().join("log").join(format!("{command}-{number}.log")),
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
}
