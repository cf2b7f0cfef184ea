//! One nats-server process.

use std::{ffi::OsString, path::Path, time::Duration};

use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpStream,
};

use super::site::SiteFiles;
use crate::{
    guard::Stop,
    local::{
        LocalError,
        process::{ServerProcess, ServerSpec},
    },
    parts::Parts,
};

/// How long a server may take to stop before it is killed.
const GRACE: Duration = Duration::from_secs(5);

/// A server and what is needed to find it again.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) process: ServerProcess,
    name: String,
    port: u16,
}

/// The first line a server sends.
#[derive(Deserialize)]
struct Info {
    server_name: String,
}

impl Node {
    /// Starts a server with the configuration file `config` on `port`; `more` are further variables,
    /// `run` the folder around the site.
    pub(super) fn start(
        files: &SiteFiles,
        config: &str,
        name: &str,
        port: u16,
        more: Vec<(String, String)>,
        run: &Path,
    ) -> Result<Self, LocalError> {
        let site = files.site.folder();
        let folder = site.join(name);
        let mut env = files.node(&folder)?;
        env.push(("SBA_NATS_NAME".to_owned(), name.to_owned()));
        env.push(("SBA_NATS_LISTEN".to_owned(), format!("127.0.0.1:{port}")));
        // Any free port: nothing here connects to it.
        env.push(("SBA_NATS_LEAF_LISTEN".to_owned(), "127.0.0.1:-1".to_owned()));
        env.extend(more);
        let spec = ServerSpec {
            name: format!("nats-server {name}"),
            program: Parts::locate()?.nats_server()?,
            args: vec![OsString::from("--config"), site.join(config).into_os_string()],
            env: env.into_iter().map(|(name, value)| (name, value.into())).collect(),
            unset: Vec::new(),
            user: None,
            stop: Stop::Term,
            grace: GRACE,
            log: log_file(site, name),
            remove: vec![site.to_owned()],
            remove_empty: Some(run.to_owned()),
        };
        Ok(Self { process: ServerProcess::start(spec)?, name: name.to_owned(), port })
    }

    /// The server's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Waits until this very server greets a client.
    pub(super) async fn wait_greeting(&mut self, deadline: Duration) -> Result<(), LocalError> {
        let (name, port) = (self.name.clone(), self.port);
        self.process.wait_ready(deadline, async || greets_as(port, &name).await).await
    }
}

fn log_file(site: &Path, name: &str) -> std::path::PathBuf {
    site.join(format!("{name}.log"))
}

/// Whether the server that answers on the port has the name.
async fn greets_as(port: u16, name: &str) -> bool {
    let Ok(stream) = TcpStream::connect(("127.0.0.1", port)).await else { return false };
    let mut line = String::new();
    if BufReader::new(stream).read_line(&mut line).await.is_err() {
        return false;
    }
    let info = line.strip_prefix("INFO ").and_then(|json| serde_json::from_str::<Info>(json).ok());
    info.is_some_and(|info| info.server_name == name)
}
