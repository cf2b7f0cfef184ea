//! An installation on servers of one's own, set up by the commands of `docs/running.md` alone.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use sba::{
    client::Client,
    local::{Postgres, postgres::Database},
    parts::Parts,
};
use tokio::time::{sleep, timeout};

const DEADLINE: Duration = Duration::from_secs(60);

/// A process of this test, which ends with it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself, which the test has noticed otherwise.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `sba` with these arguments in the folder; what it prints. It must succeed.
fn sba(folder: &Path, args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_sba")).args(args).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "sba {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn start(mut command: Command) -> Running {
    Running(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap())
}

fn free_ports<const N: usize>() -> [u16; N] {
    let held: [TcpListener; N] = std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    held.map(|listener| listener.local_addr().unwrap().port())
}

/// A server with the files of `sba nats init`, as the page starts it but for the ports.
fn nats_server(folder: &Path, port: u16) -> Running {
    let line = format!(
        "set -a; . ./nats/server.env; SBA_NATS_LISTEN=127.0.0.1:{port}; SBA_NATS_MONITOR=127.0.0.1:-1; \
         SBA_NATS_LEAF_LISTEN=127.0.0.1:-1; set +a; exec \"$NATS_SERVER\" --config nats/hub.conf --log nats.log"
    );
    let mut command = Command::new("sh");
    command.args(["-c", &line]).current_dir(folder);
    start({
        command.env("NATS_SERVER", Parts::locate().unwrap().nats_server().unwrap());
        command
    })
}

fn configure(folder: &Path, nats: &str, database: &Database, gateway: u16) {
    let mut config = sba(folder, &["nats", "init", "nats", "--url", nats]);
    config.push_str(&format!(
        "\n[database]\nurl = {:?}\nmigrate_url = {:?}\n\n[blobs]\nurl = \"file://{}\"\n\n\
         [auth]\npublic_key = \"issuer/issuer.pub.pem\"\nprivate_key = \"issuer/issuer.pem\"\n\n\
         [gateway]\nlisten = \"127.0.0.1:{gateway}\"\n",
        database.app_url,
        database.owner_url,
        folder.join("blobs").display(),
    ));
    std::fs::write(folder.join("sba.toml"), config).unwrap();
}

#[tokio::test]
async fn the_commands_of_the_page_make_an_installation_with_a_tenant() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let postgres = Postgres::start().await.unwrap();
    let database = postgres.site().create_database().await.unwrap();
    let [nats, gateway] = free_ports();

    configure(folder, &format!("nats://127.0.0.1:{nats}"), &database, gateway);
    sba(folder, &["token", "--new-issuer", "issuer"]);
    sba(folder, &["config", "check", "--config", "sba.toml", "--for", "gateway"]);
    sba(folder, &["config", "check", "--config", "sba.toml", "--for", "orchestrator"]);
    sba(folder, &["migrate", "--config", "sba.toml"]);
    let _nats = nats_server(folder, nats);
    let log = std::fs::File::create(folder.join("gateway.log")).unwrap();
    let mut process = Command::new(env!("CARGO_BIN_EXE_sba"));
    process.args(["gateway", "--config", "sba.toml"]).current_dir(folder).stderr(log);
    let mut process = start(process);

    let url = format!("http://127.0.0.1:{gateway}");
    let ready = async {
        while !reqwest::get(format!("{url}/readyz")).await.is_ok_and(|answer| answer.status().is_success()) {
            assert!(process.0.try_wait().unwrap().is_none(), "the gateway has ended");
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(DEADLINE, ready).await.expect("the gateway is not ready in time");

    let operator = sba(folder, &["token", "--config", "sba.toml", "--role", "operator"]);
    let tenant = Client::new(url.as_str(), operator.trim()).unwrap().create_tenant("Acme").await.unwrap();
    let member = sba(folder, &["token", "--config", "sba.toml", "--tenant", &tenant.to_string()]);
    let run = Client::new(url.as_str(), member.trim()).unwrap().start_run("When?", None).await.unwrap();
    assert!(!run.is_nil());
}

#[tokio::test]
async fn an_account_that_the_operator_has_not_signed_gets_nowhere_on_these_servers() {
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let [port] = free_ports();
    let url = format!("nats://127.0.0.1:{port}");
    sba(folder.path(), &["nats", "init", "nats"]);
    sba(elsewhere.path(), &["nats", "init", "nats"]);
    let _nats = nats_server(folder.path(), port);
    let connect = async |folder: &Path| {
        let credentials = std::fs::read_to_string(folder.join("nats/hub.creds")).unwrap();
        let options = async_nats::ConnectOptions::with_credentials(&credentials).unwrap();
        options.connect(url.as_str()).await
    };
    let ready = async {
        while connect(folder.path()).await.is_err() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(DEADLINE, ready).await.expect("the server takes its own account");
    connect(elsewhere.path()).await.expect_err("another operator's account");
}
