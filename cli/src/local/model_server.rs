//! The local language model behind an OpenAI-compatible interface.

use std::{ffi::OsString, time::Duration};

use super::{
    LocalError, RunFolder, ports,
    process::{ServerProcess, ServerSpec},
    random,
};
use crate::{guard::Stop, parts::Parts};

/// The program, which needs only Python and the part.
const SCRIPT: &str = include_str!("../../../deploy/model-server/serve.py");

/// How long loading the model may take.
const READY_DEADLINE: Duration = Duration::from_secs(120);
/// How long one question whether it is loaded may take.
const ASK_DEADLINE: Duration = Duration::from_secs(2);
/// How long the server may take to stop before it is killed.
const GRACE: Duration = Duration::from_secs(5);
/// How often a start is tried on another port, when the server ended at once.
const ATTEMPTS: usize = 3;

/// The model's name towards clients.
const MODEL: &str = "smollm2-135m-instruct";

/// How much the server may take on.
#[derive(Debug, Clone, Copy)]
pub struct ModelServerOptions {
    /// Threads that compute.
    pub threads: usize,
    /// Requests answered at one time; others wait.
    pub parallel: usize,
    /// Tokens of context of each request, prompt and answer together.
    pub context: usize,
}

impl Default for ModelServerOptions {
    /// Half of the machine's processors, two requests of 8192 tokens (what the model was trained for).
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self { threads: processors.div_ceil(2), parallel: 2, context: 8192 }
    }
}

/// A model server on a free port of 127.0.0.1, with the embedded language model.
#[derive(Debug)]
pub struct ModelServer {
    process: ServerProcess,
    port: u16,
    key: String,
    context: usize,
    /// Declared last: the folder goes after the server. Absent when it is shared with others.
    _folder: Option<RunFolder>,
}

impl ModelServer {
    /// Starts a server and waits until the model is loaded. Fetches server and model if they are not there yet.
    ///
    /// # Errors
    /// When they cannot be fetched or started, or are not ready within two minutes.
    pub async fn start(options: ModelServerOptions) -> Result<Self, LocalError> {
        let folder = RunFolder::create()?;
        let server = Self::start_in(&folder, options).await?;
        Ok(Self { _folder: Some(folder), ..server })
    }

    /// As [`ModelServer::start`], with the server's files inside `run`, which must outlive the server.
    ///
    /// # Errors
    /// As [`ModelServer::start`].
    pub async fn start_in(run: &RunFolder, options: ModelServerOptions) -> Result<Self, LocalError> {
        let mut attempt = 1;
        loop {
            match Self::try_start(run, options).await {
                Err(LocalError::Ended { .. }) if attempt < ATTEMPTS => attempt += 1,
                other => return other,
            }
        }
    }

    async fn try_start(run: &RunFolder, options: ModelServerOptions) -> Result<Self, LocalError> {
        let folder = run.sub("model-")?;
        let script = folder.join("serve.py");
        std::fs::write(&script, SCRIPT).map_err(LocalError::io("the model server's script could not be written"))?;
        let parts = Parts::locate()?;
        let [port] = ports::free()?;
        let key = random::word();
        let mut args = vec![OsString::from("-B"), script.into(), "--model".into(), parts.language_model()?.into()];
        args.extend(["--name", MODEL, "--port"].map(OsString::from));
        args.push(port.to_string().into());
        let amounts =
            [("--threads", options.threads), ("--parallel", options.parallel), ("--context", options.context)];
        for (option, amount) in amounts {
            args.extend([OsString::from(option), amount.to_string().into()]);
        }
        let spec = ServerSpec {
            name: "the model server".to_owned(),
            program: "python3".into(),
            args,
            env: vec![
                ("PYTHONPATH".to_owned(), parts.model_server()?.into()),
                ("SBA_MODEL_KEY".to_owned(), key.clone().into()),
            ],
            unset: Vec::new(),
            user: None,
            stop: Stop::Term,
            grace: GRACE,
            log: folder.join("model-server.log"),
            remove: vec![folder],
            remove_empty: Some(run.path().to_owned()),
        };
        let mut server =
            Self { process: ServerProcess::start(spec)?, port, key, context: options.context, _folder: None };
        server.wait_ready().await?;
        Ok(server)
    }

    /// The base URL for OpenAI clients, ending in `/v1`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}/v1", self.port)
    }

    /// The key that clients must show as a bearer token.
    #[must_use]
    pub fn api_key(&self) -> &str {
        &self.key
    }

    /// The model's name.
    #[must_use]
    pub fn model(&self) -> &'static str {
        MODEL
    }

    /// Tokens that one request may take, prompt and answer together.
    #[must_use]
    pub fn context(&self) -> usize {
        self.context
    }

    /// The server's process id, unless it was killed or stopped from here.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.process.pid()
    }

    /// Stops the server in the middle of what it does (SIGSTOP); it keeps its connections.
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

    /// Kills the server as a crash would (SIGKILL).
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill(&mut self) -> Result<(), LocalError> {
        self.process.kill()
    }

    /// Starts the server again on the same port, and waits until the model is loaded.
    ///
    /// # Errors
    /// As [`ModelServer::start`].
    pub async fn restart(&mut self) -> Result<(), LocalError> {
        self.process.start_again()?;
        self.wait_ready().await
    }

    /// Waits until the server completes a text for whoever shows the key; another server would not know it.
    async fn wait_ready(&mut self) -> Result<(), LocalError> {
        let url = format!("{}/completions", self.base_url());
        let client = reqwest::Client::new();
        let key = &self.key;
        let ask = async || {
            let question = serde_json::json!({"model": MODEL, "prompt": "1", "max_tokens": 1});
            let asked = client.post(&url).bearer_auth(key).json(&question).timeout(ASK_DEADLINE).send().await;
            asked.is_ok_and(|answer| answer.status().is_success())
        };
        self.process.wait_ready(READY_DEADLINE, ask).await
    }
}
