//! `sba demo`: the main job, on a whole installation of its own.

mod folder;
mod show;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressStyle};
use sba_gateway::auth::Role;
use sba_service::{clock::SystemClock, ids::TimeOrderedIds};
use sba_subjects::id::{TenantId, UserId};
use uuid::Uuid;

pub use self::folder::documents;
use crate::{
    client::{Client, ClientError, Progress},
    local::{Stack, StackOptions},
};

/// Longest time that one document may take without coming on, until it can be found.
const INDEXING: Duration = Duration::from_secs(300);
/// Longest time that the run may take.
const RUN: Duration = Duration::from_secs(900);

/// What the demo is asked to do.
#[derive(Debug, Clone)]
pub struct Demo {
    /// Folders of documents, and documents.
    pub documents: Vec<PathBuf>,
    /// What is asked of them.
    pub prompt: String,
    /// Where the report goes; a folder of the user's cache where none is named.
    pub out: Option<PathBuf>,
}

/// What came of it: the figures of the last line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The run.
    pub run: Uuid,
    /// How it ended.
    pub status: String,
    /// Documents that can be found.
    pub documents: usize,
    /// Passages of them.
    pub chunks: u64,
    /// Passages that the look-up returned.
    pub hits: usize,
    /// Tokens that the model wrote, as its server counted them.
    pub tokens: u64,
    /// From the POST to the first token, in milliseconds.
    pub first_token_ms: u64,
    /// The report.
    pub artifact: PathBuf,
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { run, status, documents, chunks, hits, tokens, first_token_ms, artifact } = self;
        write!(
            f,
            "demo: ok run={run} status={status} documents={documents} chunks={chunks} hits={hits} tokens={tokens} \
             first_token_ms={first_token_ms} artifact={}",
            artifact.display()
        )
    }
}

/// Starts an installation, does the main job on it, and stops it.
///
/// # Errors
/// Whatever kept the job from being done, in words.
pub async fn run(demo: &Demo) -> anyhow::Result<Outcome> {
    let files = documents(&demo.documents)?;
    if demo.prompt.trim().is_empty() {
        bail!("the prompt is blank");
    }
    if let Some(out) = &demo.out {
        writable(out)?;
    }
    println!("Starting an installation of its own: servers and processes as in production, each a child.");
    let spinner = ProgressBar::new_spinner();
    spinner.enable_steady_tick(Duration::from_millis(100));
    let stack = Stack::start(StackOptions::default(), |what| spinner.set_message(what.to_owned())).await;
    spinner.finish_and_clear();
    let stack = stack.context("the installation could not be started")?;
    println!("The gateway answers at {}", stack.url());
    println!("The model that comes with SBA is small: it shows how things go, not how well a model answers.");

    let user = TimeOrderedIds::shared(SystemClock::shared()).make::<UserId>();
    let operator = Client::new(stack.url(), stack.token(None, user, &[Role::Operator])?)?;
    let tenant = operator.create_tenant("Demo").await.context("the tenant could not be created")?;
    let token = stack.token(Some(TenantId::from_uuid(tenant)), user, &[Role::Member])?;
    let client = Client::new(stack.url(), token)?;

    let (documents, chunks) = ingest(&client, &files, true).await?;
    if documents == 0 {
        bail!("none of the documents could be read");
    }
    let outcome = tokio::time::timeout(RUN, answer(&client, demo)).await.context("the run took too long")??;
    Ok(Outcome { documents, chunks, ..outcome })
}

/// Finds out now, and not when the report is there, whether it can be written.
fn writable(out: &Path) -> anyhow::Result<()> {
    let file = std::fs::OpenOptions::new().create(true).append(true).open(out);
    file.map(drop).with_context(|| format!("{} could not be written", out.display()))
}

/// Whether it is this document that cannot be taken, and not any.
fn is_of_the_document(error: &ClientError) -> bool {
    match error {
        ClientError::Refused { status, .. } => matches!(status, 400 | 413 | 415 | 422),
        ClientError::File { .. } => true,
        _ => false,
    }
}

/// Hands files in and waits until they can be found; returns how many can be, and their passages.
///
/// # Errors
/// When the gateway refuses, but for a document that cannot be read: that is told, and passed over where `lenient`.
pub async fn ingest(client: &Client, files: &[(PathBuf, String)], lenient: bool) -> anyhow::Result<(usize, u64)> {
    let bar = ProgressBar::new(files.len() as u64);
    let style = "{bar:30} {pos}/{len} documents  {wide_msg}";
    bar.set_style(ProgressStyle::with_template(style).unwrap_or_else(|_| ProgressStyle::default_bar()));
    let mut taken = Vec::new();
    for (path, source) in files {
        bar.set_message(format!("handing in {source}"));
        match client.upload(path, source).await {
            Ok(document) => taken.push(document),
            Err(error) if lenient && is_of_the_document(&error) => {
                bar.suspend(|| eprintln!("  {source} is passed over: {error}"));
            }
            Err(error) => return Err(error).with_context(|| source.clone()),
        }
    }
    let (mut documents, mut chunks) = (0, 0);
    for document in taken {
        bar.set_message(format!("indexing {}", document.title));
        let tell = |Progress { done, total }| {
            bar.set_message(format!("indexing {}: {done} of {total} passages", document.title));
        };
        let document = client.watch_indexing(document.document_id, INDEXING, tell).await?;
        match &document.error {
            None => {
                documents += 1;
                chunks += document.chunks;
            }
            Some(problem) if lenient => {
                let (title, why, code) = (&document.title, &problem.message, &problem.code);
                bar.suspend(|| eprintln!("  {title} is passed over: {why} ({code})"));
            }
            Some(problem) => bail!("{}: {} ({})", document.title, problem.message, problem.code),
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    println!("{documents} documents with {chunks} passages can be found.");
    Ok((documents, chunks))
}

async fn answer(client: &Client, demo: &Demo) -> anyhow::Result<Outcome> {
    println!("\nQuestion: {}\n", demo.prompt);
    let session = client.create_session().await?;
    let posted = Instant::now();
    let run = client.start_run(&demo.prompt, Some(&session)).await?;
    let mut watch = client.watch(run, Some(&session), 0).await?;
    let mut shown = show::Shown::new(posted);
    while let Some(event) = watch.next().await? {
        shown.event(&event);
    }
    println!();
    let seen = shown.finish()?;
    let text = client.text(&seen.url).await.context("the report could not be fetched")?;
    let artifact = keep(demo.out.as_deref(), run, &text)?;
    Ok(Outcome {
        run,
        status: seen.status,
        documents: 0,
        chunks: 0,
        hits: seen.hits,
        tokens: seen.tokens,
        first_token_ms: seen.first_token_ms,
        artifact,
    })
}

/// Keeps the report where its reader finds it when the installation is gone.
fn keep(out: Option<&Path>, run: Uuid, text: &str) -> anyhow::Result<PathBuf> {
    let path = match out {
        Some(path) => path.to_owned(),
        None => {
            let cache = crate::parts::cache_folder().context("no folder for the report")?;
            cache.join("demo").join(format!("{run}.md"))
        }
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("no folder {}", folder.display()))?;
    }
    std::fs::write(&path, text).with_context(|| format!("{} could not be written", path.display()))?;
    Ok(std::path::absolute(&path)?)
}
