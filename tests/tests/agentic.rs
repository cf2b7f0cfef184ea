//! Runs that choose their tools, with two of each process, side by side.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod agentic {
    pub(crate) mod ag_ui;
    pub(crate) mod asks;
    pub(crate) mod bad_model;
    pub(crate) mod budgets;
    pub(crate) mod cancel;
    pub(crate) mod direct;
    pub(crate) mod fork;
    pub(crate) mod hold;
    pub(crate) mod served;
    pub(crate) mod settings;
    pub(crate) mod tools;
}

use agentic::{ag_ui, asks, bad_model, budgets, cancel, direct, fork, hold, served, settings, tools};
use sba_tests::scene::Scene;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_choose_their_tools() {
    let scene = Scene::start(json!({
        // A micro-unit for each token, so that money runs out like tokens do.
        "model": {"input_price_micros": 1_000_000, "output_price_micros": 1_000_000},
    }))
    .await
    .unwrap();
    // All at the same time: none of them is in another's way.
    tokio::join!(
        tools::several_are_called_side_by_side_and_their_results_go_back(&scene),
        tools::a_repeated_call_has_its_effect_once_more_and_a_loop_is_broken(&scene),
        ag_ui::a_client_of_ag_ui_is_asked_answers_and_comes_back_from_anywhere(&scene),
        ag_ui::what_is_no_input_of_ag_ui_is_refused(&scene),
        asks::an_approved_call_is_made_and_a_denied_one_is_not(&scene),
        asks::a_question_is_answered_with_one_of_its_options(&scene),
        asks::of_two_answers_that_contradict_each_other_the_first_counts(&scene),
        bad_model::it_is_told_what_it_does_wrong(&scene),
        bad_model::it_asks_for_five_hundred_calls_at_once(&scene),
        bad_model::it_loops_on_one_call(&scene),
        hold::a_paused_run_breaks_off_its_model_and_goes_on_when_it_is_resumed(&scene),
        hold::a_paused_run_keeps_what_its_tools_answer(&scene),
        cancel::in_the_middle_of_an_answer(&scene),
        cancel::while_a_person_is_asked(&scene),
        budgets::steps_tokens_and_money_run_out(&scene),
        direct::a_call_by_name_is_made_once_under_its_key(&scene),
        settings::tools_approval_and_language_are_the_tenants(&scene),
        fork::a_fork_takes_over_what_was_recorded(&scene),
    );
    hold::runs_that_wait_are_nobodys(&scene).await;
    cancel::in_the_middle_of_a_tool_call(&scene).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_that_a_customer_serves() {
    let scene = Scene::start(json!({
        // A worker of a customer that says nothing for a second has lost its call.
        "accounts": {"tool_ack_wait_ms": 1_000},
        // A call that is late is noticed soon.
        "orchestrator": {"stall_ms": 2_000, "supervise_interval_ms": 250},
    }))
    .await
    .unwrap();
    tokio::join!(
        served::a_customers_worker_is_offered_to_the_model_like_any_other(&scene),
        served::a_worker_that_falls_silent_loses_the_call_to_another(&scene),
        served::what_may_happen_once_is_not_handed_out_twice(&scene),
        served::a_cancelled_run_lets_its_worker_know(&scene),
        served::a_tool_that_nobody_serves_holds_no_run_up_for_longer_than_it_said(&scene),
        served::no_worker_reaches_another_tenants_calls(&scene),
        served::what_cannot_be_a_tool_is_not_registered(&scene),
    );
}
