//! Runs of every shape, hundreds at a time, while things go wrong; and what must hold after each fault.
//!
//! - [`site`]: the installation, [`ledger`] the world that its tools act on, [`tools`] and [`clock`] what its processes are
//!   given for that;
//! - [`shape`], [`client`] and [`load`]: who wants what of it;
//! - [`fault`]: what goes wrong;
//! - [`audit`]: what must hold.

pub mod audit;
pub mod client;
pub mod clock;
pub mod fault;
pub mod ledger;
pub mod load;
pub mod shape;
pub mod site;
pub mod tools;

use std::{fmt, fs, path::PathBuf, time::Duration};

use anyhow::Context as _;
use rand::{SeedableRng as _, rngs::StdRng, seq::SliceRandom as _};
use tokio::time::{Instant, sleep};

use self::{
    audit::{Audit, Looked},
    client::Told,
    fault::Fault,
    load::{Load, tally},
    site::Site,
};

/// What happens to whom.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What is drawn by lot is drawn the same again under the same number.
    pub seed: u64,
    /// The program that processes are.
    pub program: PathBuf,
    /// The faults that happen with one NATS server, in this order, and those with three.
    pub faults: [Vec<Fault>; 2],
    /// For how long faults go on happening, in another order each time; each happens once at least.
    pub lasting: Duration,
    /// How long a fault lasts, about.
    pub fault: Duration,
    /// Clients at the same time.
    pub clients: usize,
    /// Where logs are left when something is wrong.
    pub keep: Option<PathBuf>,
    /// How long everything stays up when something is wrong.
    pub linger: Duration,
}

impl Plan {
    /// All faults, for so long.
    #[must_use]
    pub fn for_minutes(minutes: u64, seed: u64) -> Self {
        Self {
            seed,
            program: std::env::current_exe().unwrap_or_default(),
            faults: [Fault::ON_ONE.to_vec(), Fault::ON_THREE.to_vec()],
            lasting: Duration::from_secs(minutes * 60),
            fault: Duration::from_secs(20),
            clients: 200,
            keep: None,
            linger: Duration::ZERO,
        }
    }
}

/// What came of a plan.
#[derive(Debug, Clone, Copy, Default)]
pub struct Report {
    seed: u64,
    faults: usize,
    looked: Looked,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Looked { runs, events, effects } = self.looked;
        write!(f, "seed={} faults={} runs={runs} events={events} effects={effects}", self.seed, self.faults)
    }
}

/// Does what a plan says.
///
/// # Errors
/// The first thing that is not as it must be, with the fault before it.
pub async fn run(plan: &Plan) -> anyhow::Result<Report> {
    let mut report = Report { seed: plan.seed, ..Report::default() };
    let places = plan.faults.iter().filter(|faults| !faults.is_empty()).count();
    for (faults, three) in plan.faults.iter().zip([false, true]) {
        if faults.is_empty() {
            continue;
        }
        let mut site = Site::start(plan.program.clone(), three).await?;
        let share = plan.lasting / u32::try_from(places)?;
        if let Err(error) = put_through(&mut site, plan, faults, share, &mut report).await {
            keep(&site, plan);
            if !plan.linger.is_zero() {
                println!("{error:#}\nit is all there for a while: {}", site.stack.config().display());
                sleep(plan.linger).await;
            }
            return Err(error);
        }
    }
    Ok(report)
}

/// One installation, and one fault after the other.
async fn put_through(
    site: &mut Site,
    plan: &Plan,
    faults: &[Fault],
    share: Duration,
    report: &mut Report,
) -> anyhow::Result<()> {
    let (mut lots, mut audit) = (StdRng::seed_from_u64(plan.seed), Audit::new(site).await?);
    let (end, mut order, mut number, mut again) = (Instant::now() + share, faults.to_vec(), 0, false);
    // Without a fault, for the memory that everybody takes in the end.
    number = round(site, plan, &mut audit, number, None, &mut lots, report).await?;
    loop {
        for fault in &order {
            number = round(site, plan, &mut audit, number, Some(*fault), &mut lots, report)
                .await
                .with_context(|| format!("after {fault}"))?;
            if again && Instant::now() >= end {
                return Ok(());
            }
        }
        if Instant::now() >= end {
            return Ok(());
        }
        again = true;
        order.shuffle(&mut lots);
    }
}

/// A fault under load, and what must hold once all runs have ended; gives back the number of the next run.
async fn round(
    site: &mut Site,
    plan: &Plan,
    audit: &mut Audit,
    number: u64,
    fault: Option<Fault>,
    lots: &mut StdRng,
    report: &mut Report,
) -> anyhow::Result<u64> {
    let begun = Instant::now();
    let load = Load::start(&site.world, plan.seed, number, plan.clients);
    sleep(Duration::from_secs(1)).await;
    let what = match fault {
        Some(fault) => fault.strike(site, lots, plan.fault).await?,
        None => "nothing happened".to_owned(),
    };
    let (told, next) = load.settle().await?;
    if fault == Some(Fault::Restored) {
        audit.forget();
    }
    let looked = audit.check(site, &told).await?;
    say(&what, begun, &told, &looked);
    report.faults += usize::from(fault.is_some());
    report.looked = Looked {
        runs: report.looked.runs + told.len(),
        events: report.looked.events + looked.events,
        effects: report.looked.effects + looked.effects,
    };
    Ok(next)
}

fn say(what: &str, begun: Instant, told: &[Told], looked: &Looked) {
    println!("{what}: {} runs, {looked:?}, {} ms", told.len(), begun.elapsed().as_millis());
    for ((shape, status, code), count) in tally(told) {
        println!("  {count:5} {shape:?} {status} {code}");
    }
}

/// Leaves the logs of the processes for whoever wants to know why.
fn keep(site: &Site, plan: &Plan) {
    let Some(keep) = &plan.keep else { return };
    let copied = fs::create_dir_all(keep).and_then(|()| {
        for entry in fs::read_dir(site.stack.logs())? {
            let entry = entry?;
            fs::copy(entry.path(), keep.join(entry.file_name()))?;
        }
        Ok(())
    });
    match copied {
        Ok(()) => println!("the logs are in {}", keep.display()),
        Err(error) => println!("the logs could not be kept: {error}"),
    }
}
