//! A whole installation on this machine: the servers, and SBA's own processes, each a child.

use std::{fs, path::Path, time::Duration};

use sba_gateway::auth::{Claims, KeyPair, Role, mint};
use sba_subjects::id::{TenantId, UserId};
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use super::{
    HubAccount, LocalError, ModelServer, NatsServer, Postgres,
    model_server::ModelServerOptions,
    ports,
    process::{ServerProcess, ServerSpec},
    program,
};
use crate::{guard::Stop, parts::Parts};

/// How long a gateway may take until it is ready.
const READY_DEADLINE: Duration = Duration::from_secs(60);
/// How long one question whether it is may take.
const ASK_DEADLINE: Duration = Duration::from_secs(2);
/// How long the database may take to be migrated.
const MIGRATE_DEADLINE: Duration = Duration::from_secs(60);
/// How long one of SBA's processes may take to stop before it is killed.
const GRACE: Duration = Duration::from_secs(15);
/// How long a token of this installation lives.
const TOKEN_SECONDS: u64 = 24 * 3_600;

/// Who issues the tokens, and for whom.
const ISSUER: &str = "sba-local";
const AUDIENCE: &str = "sba";

/// What an installation is made of.
#[derive(Debug, Clone)]
pub struct StackOptions {
    /// How many gateways.
    pub gateways: usize,
    /// How many orchestrators.
    pub orchestrators: usize,
    /// How many workers.
    pub workers: usize,
    /// The port of the first gateway; `None` for any free one.
    pub port: Option<u16>,
    /// The model that answers.
    pub model: StackModel,
    /// More configuration, as JSON: sections and settings that take the place of the usual ones.
    pub overrides: Value,
}

/// The model that an installation has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StackModel {
    /// The embedded models: a local model server, and MiniLM for embeddings.
    Embedded,
    /// The scripted model and hashed embeddings, for tests and load.
    Scripted,
}

impl Default for StackOptions {
    fn default() -> Self {
        Self { gateways: 1, orchestrators: 2, workers: 2, port: None, model: StackModel::Embedded, overrides: json!({}) }
    }
}

/// A running installation. Dropped, everything in it stops, and its data goes.
#[derive(Debug)]
pub struct Stack {
    // In the order in which they must stop.
    gateways: Vec<(ServerProcess, String)>,
    orchestrators: Vec<ServerProcess>,
    workers: Vec<ServerProcess>,
    model: Option<ModelServer>,
    postgres: Postgres,
    nats: NatsServer,
    hub: HubAccount,
    private_key: String,
    folder: TempDir,
}

impl Stack {
    /// Starts an installation and waits until its gateways are ready. `say` is told what is being started.
    ///
    /// # Errors
    /// When a part cannot be fetched or a process does not start.
    pub async fn start(options: &StackOptions, mut say: impl FnMut(&str)) -> Result<Self, LocalError> {
        let folder = tempfile::Builder::new().prefix("sba-stack-").tempdir();
        let folder = folder.map_err(LocalError::io("no folder for the installation"))?;
        say("NATS with JetStream");
        let nats = NatsServer::start().await?;
        let hub = HubAccount::new(nats.site()).await?;
        say("Postgres with pgvector");
        let postgres = Postgres::start().await?;
        let database = postgres.site().create_database().await?;
        say("the database schema");
        sba_store::migrate(database.owner_url(), MIGRATE_DEADLINE)
            .await
            .map_err(|error| LocalError::io("the database could not be migrated")(std::io::Error::other(error)))?;
        let model = match options.model {
            StackModel::Embedded => {
                say("the language model");
                Some(ModelServer::start(ModelServerOptions::default()).await?)
            }
            StackModel::Scripted => None,
        };
        let keys = KeyPair::generate().map_err(|error| LocalError::io("no key for tokens")(std::io::Error::other(error)))?;
        let mut stack = Self {
            gateways: Vec::new(),
            orchestrators: Vec::new(),
            workers: Vec::new(),
            model,
            postgres,
            nats,
            hub,
            private_key: keys.private_pem.clone(),
            folder,
        };
        let config = stack.configuration(database.app_url(), database.owner_url(), &keys, options)?;
        let path = stack.folder.path().join("sba.toml");
        let text = toml::to_string(&config).map_err(|error| LocalError::io("no configuration")(std::io::Error::other(error)))?;
        super::nats::write_private(&path, &text)?;
        say("SBA's own processes");
        for number in 1..=options.orchestrators {
            let process = stack.process("orchestrator", number, None)?;
            stack.orchestrators.push(process);
        }
        for number in 1..=options.workers {
            let process = stack.process("worker", number, None)?;
            stack.workers.push(process);
        }
        for number in 1..=options.gateways {
            let port = match options.port.filter(|_| number == 1) {
                Some(port) => port,
                None => ports::free::<1>()?[0],
            };
            let process = stack.process("gateway", number, Some(port))?;
            stack.gateways.push((process, format!("http://127.0.0.1:{port}")));
        }
        stack.ready().await?;
        Ok(stack)
    }

    /// The address of the first gateway.
    #[must_use]
    pub fn url(&self) -> &str {
        self.gateways.first().map_or("", |(_, url)| url)
    }

    /// The addresses of all gateways.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.gateways.iter().map(|(_, url)| url.clone()).collect()
    }

    /// The NATS server.
    #[must_use]
    pub fn nats(&mut self) -> &mut NatsServer {
        &mut self.nats
    }

    /// The account of SBA's own processes.
    #[must_use]
    pub fn hub(&self) -> &HubAccount {
        &self.hub
    }

    /// The database server.
    #[must_use]
    pub fn postgres(&mut self) -> &mut Postgres {
        &mut self.postgres
    }

    /// The model server, where there is one.
    #[must_use]
    pub fn model(&mut self) -> Option<&mut ModelServer> {
        self.model.as_mut()
    }

    /// The folder with the configuration file `sba.toml`, the logs and the blobs.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The process ids of the orchestrators that were not killed from here.
    #[must_use]
    pub fn orchestrators(&self) -> Vec<u32> {
        self.orchestrators.iter().filter_map(ServerProcess::pid).collect()
    }

    /// Kills an orchestrator as a crash would (SIGKILL).
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill_orchestrator(&mut self, number: usize) -> Result<(), LocalError> {
        self.orchestrators[number].kill()
    }

    /// Stops an orchestrator in the middle of what it does (SIGSTOP).
    ///
    /// # Errors
    /// When it does not run.
    pub fn freeze_orchestrator(&mut self, number: usize) -> Result<(), LocalError> {
        self.orchestrators[number].freeze()
    }

    /// Lets a frozen orchestrator go on.
    ///
    /// # Errors
    /// When it does not run.
    pub fn thaw_orchestrator(&mut self, number: usize) -> Result<(), LocalError> {
        self.orchestrators[number].thaw()
    }

    /// Kills a worker as a crash would (SIGKILL).
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill_worker(&mut self, number: usize) -> Result<(), LocalError> {
        self.workers[number].kill()
    }

    /// A token of this installation's issuer.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn token(&self, tenant: Option<TenantId>, user: Uuid, roles: &[Role]) -> Result<String, LocalError> {
        let now = u64::try_from(super::nats::now()).unwrap_or(0);
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            iat: now,
            exp: now + TOKEN_SECONDS,
            tenant_id: tenant,
            user_id: UserId::from_uuid(user),
            roles: roles.to_vec(),
        };
        mint(self.private_key.as_bytes(), &claims).map_err(|error| LocalError::io("no token")(std::io::Error::other(error)))
    }

    fn configuration(&self, app: &str, owner: &str, keys: &KeyPair, options: &StackOptions) -> Result<Value, LocalError> {
        let folder = self.folder.path();
        let blobs = folder.join("blobs");
        fs::create_dir_all(&blobs).map_err(LocalError::io("no folder for blobs"))?;
        let (private, public) = (folder.join("issuer.pem"), folder.join("issuer.pub.pem"));
        super::nats::write_private(&private, &keys.private_pem)?;
        super::nats::write_private(&public, &keys.public_pem)?;
        let site = self.nats.site();
        let mut config = json!({
            "nats": {"url": site.url(), "credentials": self.hub.credentials()},
            "database": {"url": app, "migrate_url": owner},
            "blobs": {"url": format!("file://{}", blobs.display())},
            "auth": {"issuer": ISSUER, "audience": AUDIENCE, "public_key": public, "private_key": private},
            "accounts": {"operator_seed": site.operator_seed(), "system_credentials": site.system_credentials()},
            "telemetry": {"metrics_listen": "127.0.0.1:0"},
        });
        let models = match &self.model {
            Some(server) => {
                let embedding_model = Parts::locate()?.embedding_model()?;
                json!({
                    "model": {
                        "provider": "openai", "name": server.model(), "base_url": server.base_url(),
                        "api_key": server.api_key(), "max_output_tokens": 160,
                    },
                    "knowledge": {"embedder": "minilm", "embedding_model": embedding_model},
                })
            }
            None => json!({"model": {"provider": "scripted"}, "knowledge": {"embedder": "hashed"}}),
        };
        merge(&mut config, models);
        merge(&mut config, options.overrides.clone());
        Ok(config)
    }

    fn process(&self, kind: &str, number: usize, port: Option<u16>) -> Result<ServerProcess, LocalError> {
        let folder = self.folder.path();
        let mut env = Vec::new();
        if let Some(port) = port {
            env.push(("SBA_GATEWAY__LISTEN".to_owned(), format!("127.0.0.1:{port}").into()));
        }
        ServerProcess::start(ServerSpec {
            name: format!("{kind} {number}"),
            program: program::sba()?,
            args: vec![kind.into(), "--config".into(), folder.join("sba.toml").into()],
            env,
            user: None,
            stop: Stop::Term,
            grace: GRACE,
            log: folder.join(format!("{kind}-{number}.log")),
            remove: vec![folder.to_owned()],
            remove_empty: None,
        })
    }

    async fn ready(&mut self) -> Result<(), LocalError> {
        let client = reqwest::Client::new();
        for (process, url) in &mut self.gateways {
            let ready = format!("{url}/readyz");
            let ask = async || {
                let answer = client.get(&ready).timeout(ASK_DEADLINE).send().await;
                answer.is_ok_and(|answer| answer.status().is_success())
            };
            process.wait_ready(READY_DEADLINE, ask).await?;
        }
        Ok(())
    }
}

/// Puts the settings of `more` in the place of those in `config`.
fn merge(config: &mut Value, more: Value) {
    match (config, more) {
        (Value::Object(config), Value::Object(more)) => {
            for (key, value) in more {
                merge(config.entry(key).or_insert(Value::Null), value);
            }
        }
        (config, more) => *config = more,
    }
}
