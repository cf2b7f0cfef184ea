//! Processes that find the ground missing: a port, a database, a part.

use std::{
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use sba_tests::api::until;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader},
    net::TcpListener,
    process::{Child, Command},
    time::timeout,
};

use super::{DEADLINE, Scene};

/// Where nobody listens.
const NOWHERE: &str = "postgres://sba_app:none@127.0.0.1:1/sba";
/// How long a process may take to find out that it cannot work.
const FINDS_OUT: Duration = Duration::from_secs(30);

/// A process beside those of the installation. It ends with its owner.
pub(crate) struct Process {
    child: Child,
    said: Arc<Mutex<String>>,
    pub(crate) url: String,
    ops: String,
}

impl Process {
    /// A command of `sba` with the installation's configuration and these variables.
    async fn of(scene: &Scene, command: &str, variables: &[(&str, &str)]) -> Self {
        let mut program = Command::new(program());
        program.arg(command).envs(variables.iter().copied());
        Self::spawn(scene, program).await
    }

    /// The same, started by a shell script that gets the command line as its arguments.
    pub(crate) async fn of_shell(scene: &Scene, script: &str, command: &str) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", script, "sh"]).arg(program()).arg(command);
        Self::spawn(scene, shell).await
    }

    async fn spawn(scene: &Scene, mut command: Command) -> Self {
        let [listen, ops] = [free().await, free().await];
        command.arg("--config").arg(scene.stack.config());
        if !command.as_std().get_envs().any(|(name, _)| name == "SBA_GATEWAY__LISTEN") {
            command.env("SBA_GATEWAY__LISTEN", &listen);
        }
        command.env("SBA_TELEMETRY__METRICS_LISTEN", &ops);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        keep(child.stdout.take().unwrap(), said.clone());
        keep(child.stderr.take().unwrap(), said.clone());
        Self { child, said, url: format!("http://{listen}"), ops: format!("http://{ops}") }
    }

    pub(crate) fn log(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    pub(crate) async fn ready(&mut self) {
        let url = format!("{}/readyz", self.ops);
        let ready = until("readiness", DEADLINE, async || {
            anyhow::ensure!(self.child.try_wait()?.is_none(), "it ended: {}", self.log());
            let answer = reqwest::get(&url).await;
            Ok(answer.is_ok_and(|answer| answer.status().is_success()).then_some(()))
        });
        ready.await.unwrap();
    }

    /// Waits until it ends, which must be a failure that names this code once.
    async fn fails_with(&mut self, code: &str) {
        let ended = timeout(FINDS_OUT, self.child.wait()).await;
        let ended = ended.unwrap_or_else(|_| panic!("it does not end: {}", self.log())).unwrap();
        assert_eq!(ended.code(), Some(1), "{}", self.log());
        let named = || self.log().matches(code).count();
        let wait = until("the log", DEADLINE, async || Ok((named() > 0).then_some(())));
        assert!(wait.await.is_ok(), "{code} is missing: {}", self.log());
        assert_eq!(named(), 1, "{}", self.log());
    }
}

/// The program under test.
fn program() -> PathBuf {
    std::env::var_os("SBA_BIN")
        .map_or_else(|| std::env::current_exe().unwrap().parent().unwrap().parent().unwrap().join("sba"), PathBuf::from)
}

async fn free() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().to_string()
}

fn keep(output: impl AsyncRead + Unpin + Send + 'static, said: Arc<Mutex<String>>) {
    tokio::spawn(async move {
        let mut lines = BufReader::new(output).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            let mut said = said.lock().unwrap();
            said.push_str(&line);
            said.push('\n');
        }
    });
}

pub(crate) async fn a_port_in_use(scene: &Scene) {
    let taken = scene.url.strip_prefix("http://").unwrap();
    let mut gateway = Process::of(scene, "gateway", &[("SBA_GATEWAY__LISTEN", taken)]).await;
    gateway.fails_with("gateway_listen_failed").await;
    assert!(gateway.log().contains(taken), "the address is named: {}", gateway.log());
    scene.still_answers_requests().await;
}

pub(crate) async fn a_database_that_is_down(scene: &Scene) {
    let down = [("SBA_DATABASE__URL", NOWHERE), ("SBA_DATABASE__ACQUIRE_TIMEOUT_MS", "1000")];
    let mut gateway = Process::of(scene, "gateway", &down).await;
    let mut worker = Process::of(scene, "worker", &down).await;
    let mut orchestrator = Process::of(scene, "orchestrator", &down).await;
    gateway.fails_with("database_unreachable").await;
    worker.fails_with("database_unreachable").await;
    orchestrator.ready().await;
    assert!(!gateway.log().contains("sba_app:none"), "a password is not logged");
}

pub(crate) async fn a_part_that_is_missing(scene: &Scene) {
    let empty = tempfile::tempdir().unwrap();
    let run = async |arguments: &[&str]| {
        let mut command = Command::new(program());
        command.args(arguments).env("SBA_PARTS", empty.path().join("parts")).env("PATH", empty.path());
        command.stdin(Stdio::null()).kill_on_drop(true);
        let output = timeout(FINDS_OUT, command.output()).await.unwrap().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    };
    let (status, said) = run(&["parts", "verify", "nats-server"]).await;
    assert!(status == Some(1) && said.contains("part_missing"), "{status:?} {said}");
    let docs = scene.stack.config();
    let docs = docs.to_str().unwrap();
    let (status, said) = run(&["demo", "--docs", docs]).await;
    let last = said.lines().rfind(|line| line.starts_with("demo: ")).unwrap_or_default();
    assert!(status == Some(1) && last.starts_with("demo: failed python_missing"), "{status:?} {said}");
}
