//! A bounded part of `make chaos`, with a fixed seed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use sba_tests::chaos::{self, Plan, fault::Fault};

/// Each of these faults once: with one NATS server, and with three.
async fn once(seed: u64, one: &[Fault], three: &[Fault]) {
    let plan = Plan {
        program: env!("CARGO_BIN_EXE_chaos").into(),
        faults: [one.to_vec(), three.to_vec()],
        fault: Duration::from_secs(3),
        clients: 40,
        keep: std::env::var_os("SBA_CHAOS_KEEP").map(Into::into),
        ..Plan::for_minutes(0, seed)
    };
    println!("{}", chaos::run(&plan).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_survive_processes_and_servers_that_die() {
    once(1, &[Fault::Killed, Fault::Frozen, Fault::Nats, Fault::Postgres], &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_survive_networks_clocks_and_stores() {
    once(2, &[Fault::Cut, Fault::Slow, Fault::Full, Fault::Clocks, Fault::Restored], &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_survive_the_loss_of_a_leader_and_of_the_quorum() {
    once(3, &[], &[Fault::Leader, Fault::Quorum]).await;
}
