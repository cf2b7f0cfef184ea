//! `sba bench auth`.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use sba_gateway::{Admission, auth::Role};
use sba_service::{clock::SystemClock, config::Config, ids::TimeOrderedIds, shutdown::Shutdown};
use sba_subjects::id::{TenantId, UserId};

use super::{
    Case, Figures, Report,
    load::{Load, measure},
};
use crate::{
    client::Client,
    local::{Stack, StackModel, StackOptions},
};

/// The name of this bench.
const BENCH: &str = "auth";
/// Longest time for one request.
const REQUEST: Duration = Duration::from_secs(10);
/// Requests before those that are measured.
const WARM_UP: u64 = 1_000;
/// How long the gateway's end is waited for.
const END: Duration = Duration::from_secs(5);

/// What is asked of the bench.
#[derive(Debug, Clone, Copy)]
pub struct Auth {
    /// Requests of each case.
    pub n: u64,
}

/// Measures.
///
/// # Errors
/// When the installation cannot be started, or a request is refused.
pub async fn run(asked: &Auth) -> anyhow::Result<Report> {
    let options = StackOptions { orchestrators: 0, workers: 0, model: StackModel::Scripted, ..StackOptions::default() };
    let stack = Stack::start(options, |what| eprintln!("{what}")).await;
    let stack = stack.context("the installation could not be started")?;
    let user: UserId = TimeOrderedIds::shared(SystemClock::shared()).make();
    let operator = Client::new(stack.url(), stack.token(None, user, &[Role::Operator])?)?;
    let tenant = TenantId::from_uuid(operator.create_tenant("Bench").await?);
    let token = stack.token(Some(tenant), user, &[Role::TenantAdmin])?;
    let made = Client::new(stack.url(), token.as_str())?.create_key("Bench", &["member".to_owned()], None).await?;
    let key = made.key.context("a key without a text")?;

    let mut config = Config::load(Some(&stack.config()))?;
    // Nobody looks at this gateway.
    config.telemetry.metrics_listen = String::new();
    let shutdown = Shutdown::new(END);
    let admission = Arc::new(Admission::open(config, SystemClock::shared(), &shutdown).await?);
    let mut cases = Vec::new();
    for (name, shown) in [("a token", token), ("an API key", key)] {
        let bare = figures(&admission, "bare requests", asked.n, None).await?;
        let whole = figures(&admission, &format!("requests with {name}"), asked.n, Some(shown)).await?;
        cases.push(Case { bench: BENCH, case: name.to_owned(), whole, bare: Some(bare) });
    }
    let added = |case: &Case| {
        let bare = case.bare.map_or(0.0, |bare| bare.p50_ms);
        format!("{} adds {:.0} µs to half of the requests", case.case, (case.whole.p50_ms - bare) * 1_000.0)
    };
    let notes = cases.iter().map(added).collect();
    if let Ok(admission) = Arc::try_unwrap(admission) {
        admission.close().await;
    }
    Ok(Report { unit: "requests", bare: "without", cases, notes })
}

/// So many requests, one after another; those to warm up are not counted.
async fn figures(admission: &Arc<Admission>, what: &str, n: u64, shown: Option<String>) -> anyhow::Result<Figures> {
    let shown: Option<Arc<str>> = shown.map(Arc::from);
    let one = move |admission: Arc<Admission>| {
        let shown = shown.clone();
        async move {
            Ok(match &shown {
                Some(shown) => admission.guarded(shown).await?,
                None => admission.bare().await?,
            })
        }
    };
    let load = Load { n: WARM_UP, in_flight: 1, deadline: REQUEST };
    let (warm, counted) = (Arc::clone(admission), Arc::clone(admission));
    let first = one.clone();
    measure("requests to warm up", load, move |_| first(Arc::clone(&warm))).await?;
    Ok(measure(what, Load { n, ..load }, move |_| one(Arc::clone(&counted))).await?.figures())
}
