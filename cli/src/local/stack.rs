//! A whole SBA on this machine: the servers, and the processes of production, each a child.

mod ground;
mod launch;
mod settings;
mod token;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use sba_gateway::auth::Role;
use sba_subjects::id::{TenantId, UserId};
use serde_json::{Value, json};

pub use self::{ground::Ground, launch::SbaProcess};
use self::{ground::Nats, launch::Launch, settings::Settings};
use super::{
    Durability, HubAccount, LocalError, ModelServer, ModelServerOptions, NatsCluster, NatsServer, Postgres, RunFolder,
    postgres::Database,
};
use crate::parts::Parts;

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
        Self::named_by(|name| std::env::var_os(name))
    }

    /// An empty variable counts as not set, as in the configuration.
    fn named_by(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let names = ["SBA_MODEL__PROVIDER", "SBA_MODEL__BASE_URL"];
        let named = names.into_iter().any(|name| variable(name).is_some_and(|text| !text.is_empty()));
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
    /// What NATS' messages survive.
    pub durability: Durability,
    /// Whether the workers' look-up does nothing but answer: see [`crate::bench::stub`].
    pub stub_look_up: bool,
    /// More configuration, as JSON: sections and settings that take the place of the usual ones.
    pub overrides: Value,
    /// As `overrides`, for single processes by name, e.g. `orchestrator-1`.
    pub own: BTreeMap<String, Value>,
    /// What begins the command line of a process, instead of `sba`: a program that calls
    /// [`process::run`](crate::process::run), and arguments.
    pub program: Option<Vec<OsString>>,
}

impl Default for StackOptions {
    /// One gateway on a free port, two orchestrators, two workers, the model of the environment or the embedded one.
    fn default() -> Self {
        let model = StackModel::of_environment();
        Self {
            gateways: 1,
            orchestrators: 2,
            workers: 2,
            port: None,
            model,
            durability: Durability::default(),
            stub_look_up: false,
            overrides: json!({}),
            own: BTreeMap::new(),
            program: None,
        }
    }
}

impl StackOptions {
    /// The same with more configuration: settings that take the place of those that are there.
    #[must_use]
    pub fn with(mut self, settings: Value) -> Self {
        settings::merge(&mut self.overrides, settings);
        self
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
    nats: Nats,
    postgres: Postgres,
    /// Declared last: the folder goes after the servers.
    folder: RunFolder,
}

impl Stack {
    /// Starts servers and processes and waits until all are ready. `say` is told what happens next, for people.
    ///
    /// # Errors
    /// When a part cannot be fetched, a server or process cannot be started, or is not ready in time.
    pub async fn start(options: StackOptions, mut say: impl FnMut(&str)) -> Result<Self, LocalError> {
        let ground = Ground::start(options.durability, &mut say).await?;
        Self::start_on(ground, options, say).await
    }

    /// Starts processes on servers that run, and waits until all are ready.
    ///
    /// # Errors
    /// As [`Stack::start`].
    pub async fn start_on(
        ground: Ground,
        options: StackOptions,
        mut say: impl FnMut(&str),
    ) -> Result<Self, LocalError> {
        let Ground { hub, database, nats, postgres, folder } = ground;
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
        settings.put(json!({"nats": {"replicas": nats.replicas()}}));
        if options.model == StackModel::Scripted {
            settings.put(json!({"model": {"provider": "scripted"}, "knowledge": {"embedder": "hashed"}}));
        } else {
            let folder = Parts::locate()?.embedding_model()?;
            settings.put(json!({"knowledge": {"embedder": "minilm", "embedding_model": folder}}));
        }
        if let Some(model) = &model {
            settings.put(settings::model(model));
        }
        settings.put(options.overrides.clone());
        settings.write(&config(&folder))?;
        say("starting SBA's own processes");
        let StackOptions { port, own, program, .. } = options;
        let launch = Launch { settings: &settings, own: &own, folder: &folder, port, program };
        let worker = if options.stub_look_up { "stub-worker" } else { "worker" };
        let (gateways, orchestrators, workers) = tokio::try_join!(
            launch.all("gateway", options.gateways),
            launch.all("orchestrator", options.orchestrators),
            launch.all(worker, options.workers),
        )?;
        Ok(Self { gateways, orchestrators, workers, private_key, hub, database, model, nats, postgres, folder })
    }

    /// Where clients reach the first gateway, e.g. `http://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> &str {
        self.gateways.first().and_then(|gateway| gateway.url()).unwrap_or_default()
    }

    /// The addresses of all gateways.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.gateways.iter().filter_map(SbaProcess::url).map(str::to_owned).collect()
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

    /// The NATS server, where it is one.
    pub fn nats(&mut self) -> Option<&mut NatsServer> {
        match &mut self.nats {
            Nats::Server(server) => Some(server),
            Nats::Cluster(_) => None,
        }
    }

    /// The NATS servers, where they are three.
    pub fn cluster(&mut self) -> Option<&mut NatsCluster> {
        match &mut self.nats {
            Nats::Server(_) => None,
            Nats::Cluster(cluster) => Some(cluster),
        }
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

fn config(folder: &RunFolder) -> PathBuf {
    folder.path().join("etc/sba.toml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_named_by_a_variable_that_says_something() {
        let with = |text: &str| StackModel::named_by(|name| (name == "SBA_MODEL__BASE_URL").then(|| text.into()));
        assert_eq!(with(""), StackModel::Embedded);
        assert_eq!(with("http://127.0.0.1:8000/v1/"), StackModel::Configured);
        assert_eq!(StackModel::named_by(|_| None), StackModel::Embedded);
    }
}
