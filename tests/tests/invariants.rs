//! The invariants of a run, on one NATS server and on three, with real processes that freeze and die. That one writer's
//! order is the order, and that an unknown outcome is not lost, is tested closer to the log: see `run_log`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod invariants {
    pub(crate) mod attempts;
    pub(crate) mod cancel;
    pub(crate) mod effects;
    pub(crate) mod stuck;
    pub(crate) mod tenants;
}

use invariants::{attempts, cancel, effects, stuck, tenants};
use sba_tests::chaos::site::Site;

#[tokio::test(flavor = "multi_thread")]
async fn they_hold_on_one_server() {
    hold(Site::start(env!("CARGO_BIN_EXE_chaos").into(), false).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn they_hold_on_three_servers() {
    hold(Site::start(env!("CARGO_BIN_EXE_chaos").into(), true).await.unwrap()).await;
}

async fn hold(mut site: Site) {
    stuck::a_cancelled_call_takes_no_other_with_it(&mut site).await;
    attempts::what_is_said_again_is_not_shown_twice(&mut site).await;
    stuck::everybody_dies_and_every_run_ends(&mut site).await;
    effects::a_worker_dies_in_the_middle_of_an_effect(&mut site).await;
    cancel::a_queued_call_is_taken_back(&mut site).await;
    cancel::a_call_that_is_made_is_stopped_and_said_to_be_unknown(&mut site).await;
    cancel::no_token_follows(&mut site).await;
    tenants::no_tenant_sees_another(&mut site).await;
}
