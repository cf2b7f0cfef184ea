//! `sba bench ingest`.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use sba_service::config::KnowledgeConfig;
use sba_workers::ingest::{
    embed::{Embedder, MiniLmEmbedder, PoolSize},
    parse::{self, Format, ParseLimits},
    split::{SplitLimits, split},
};
use serde_json::json;

use super::{
    Case, Figures, Report, Running, corpus, limits,
    load::{Load, measure},
    target::Target,
};
use crate::{
    client::Client,
    local::{StackModel, StackOptions},
    parts::Parts,
};

/// The name of this bench.
const BENCH: &str = "ingest";
/// Workers of the bench's own installation: one, so that it has as many embedding threads as the bare model.
const WORKERS: usize = 1;
/// Length of a document, in characters.
const CHARACTERS: usize = 16_000;
/// Longest time that one document may take.
const DOCUMENT: Duration = Duration::from_secs(300);
/// Documents before those that are measured.
const WARM_UP: usize = 2;
/// Open files of a process for each document in flight.
const FILES: u64 = 4;

/// What is asked of the bench.
#[derive(Debug, Clone)]
pub struct Ingest {
    /// Passages to make, at least.
    pub passages: usize,
    /// Documents at a time.
    pub in_flight: u64,
    /// Threads of the bare model; as many as a worker has where none is named.
    pub threads: Option<usize>,
    /// The installation; one of its own where none is named.
    pub running: Option<Running>,
}

/// A document and what its passages give the embedding model.
struct Sample {
    source: String,
    text: String,
    inputs: Vec<String>,
}

/// Measures.
///
/// # Errors
/// When the installation cannot be started or reached, the embedding model is not there, or a document is refused.
pub async fn run(asked: &Ingest) -> anyhow::Result<Report> {
    let mut notes = vec![limits::raise_open_files(asked.in_flight.saturating_mul(FILES))?];
    let uploads = asked.in_flight.max(4);
    let overrides = json!({"model": {"provider": "scripted"}, "gateway": {"max_uploads": uploads, "max_uploads_per_tenant": uploads}});
    let options =
        StackOptions { workers: WORKERS, model: StackModel::Configured, overrides, ..StackOptions::default() };
    let target = Target::reach(asked.running.as_ref(), options).await?;
    let first = rand::random::<u32>().into();
    let warm_up = samples(first, |samples, _| samples < WARM_UP)?;
    let samples = samples(first + WARM_UP as u64, |_, passages| passages < asked.passages)?;

    let load = |samples: &[Sample]| Load { n: samples.len() as u64, in_flight: asked.in_flight, deadline: DOCUMENT };
    whole(&target.client, load(&warm_up), &warm_up).await?;
    let figures = whole(&target.client, load(&samples), &samples).await?;
    // The workers' own models go before the bare one is measured.
    drop(target);

    let size = asked.threads.map_or_else(PoolSize::default, |threads| PoolSize { threads, ..PoolSize::default() });
    let model = tokio::task::spawn_blocking(move || {
        anyhow::Ok(MiniLmEmbedder::open(&Parts::locate()?.embedding_model()?, size)?)
    });
    let model: Arc<dyn Embedder> = Arc::new(model.await??);
    bare(&model, load(&warm_up), &warm_up).await?;
    let bare = bare(&model, load(&samples), &samples).await?;
    notes.push(format!(
        "{} documents of about {CHARACTERS} characters, {} at a time; the times are those of a document; {} embedding \
         threads",
        samples.len(),
        asked.in_flight,
        size.threads,
    ));
    if figures.n != bare.n {
        notes.push(format!("the installation cut the documents otherwise than its defaults would: into {}", figures.n));
    }
    let case = Case { bench: BENCH, case: format!("{} in flight", asked.in_flight), whole: figures, bare: Some(bare) };
    Ok(Report { unit: "passages", bare: "MiniLM", cases: vec![case], notes })
}

/// Makes documents while `more` wants so, knowing how many there are and how many passages they have.
fn samples(mut seed: u64, more: impl Fn(usize, usize) -> bool) -> anyhow::Result<Arc<[Sample]>> {
    let config = KnowledgeConfig::default();
    let target = config.chunk_chars;
    // As the workers do it.
    let limits = SplitLimits { target, max: target + target / 3, overlap: config.chunk_overlap_chars };
    let (mut samples, mut passages) = (Vec::new(), 0);
    while more(samples.len(), passages) {
        let (source, text) = (format!("bench/{seed}.md"), corpus::document(seed, CHARACTERS));
        let parsed = parse::parse(text.as_bytes(), Format::Markdown, &source, ParseLimits::default())?;
        let inputs: Vec<String> =
            split(&parsed, limits).iter().map(|passage| passage.embedding_input(&parsed)).collect();
        ensure!(!inputs.is_empty(), "a document has no passages");
        passages += inputs.len();
        samples.push(Sample { source, text, inputs });
        seed += 1;
    }
    Ok(samples.into())
}

/// The whole path: from the upload until the document can be found.
async fn whole(client: &Client, load: Load, samples: &Arc<[Sample]>) -> anyhow::Result<Figures> {
    let passages = Arc::new(AtomicU64::new(0));
    let (client, samples, counted) = (client.clone(), Arc::clone(samples), Arc::clone(&passages));
    let times = measure("documents, whole path", load, move |number| {
        let (client, samples, counted) = (client.clone(), Arc::clone(&samples), Arc::clone(&counted));
        async move {
            let sample = nth(&samples, number)?;
            let begun = Instant::now();
            let document = corpus::hand_in(&client, &sample.source, &sample.text, DOCUMENT).await?;
            counted.fetch_add(document.chunks, Ordering::Relaxed);
            Ok(begun.elapsed())
        }
    });
    Ok(times.await?.figures_of(passages.load(Ordering::Relaxed)))
}

/// The bare model on the same texts, a document's at a time.
async fn bare(model: &Arc<dyn Embedder>, load: Load, samples: &Arc<[Sample]>) -> anyhow::Result<Figures> {
    let passages: usize = samples.iter().map(|sample| sample.inputs.len()).sum();
    let (model, samples) = (Arc::clone(model), Arc::clone(samples));
    let times = measure("documents, bare model", load, move |number| {
        let (model, samples) = (Arc::clone(&model), Arc::clone(&samples));
        async move {
            let inputs = nth(&samples, number)?.inputs.clone();
            let begun = Instant::now();
            model.embed(inputs).await?;
            Ok(begun.elapsed())
        }
    });
    Ok(times.await?.figures_of(passages as u64))
}

fn nth(samples: &[Sample], number: u64) -> anyhow::Result<&Sample> {
    usize::try_from(number).ok().and_then(|number| samples.get(number)).context("there are fewer documents")
}
