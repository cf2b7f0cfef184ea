//! Whatever happens, in whatever order.

use sba_subjects::run::Stall;

use super::*;

#[derive(Debug, Clone)]
enum Move {
    Start,
    Result { success: bool, documents: Vec<u128> },
    Broke(&'static str),
    Old,
    Said,
    Answered,
    Calls(usize),
    Failed { parks: bool },
    Unanswered,
    OwnerDies,
    Cancel,
    Pause,
    Resume,
    Words(bool),
    Fires(Timer),
    Poked { lags: bool },
    Time(u64),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let result = (prop::bool::weighted(0.9), prop::collection::vec(1..4u128, 0..6))
        .prop_map(|(success, documents)| Move::Result { success, documents });
    let timer = prop_oneof![Just(Timer::Grace), Just(Timer::Wake), (1..8u32).prop_map(Timer::Ask)];
    let one = prop_oneof![
        2 => Just(Move::Start),
        5 => result,
        1 => prop_oneof![Just("effect_unknown"), Just("call_cancelled"), Just("x")].prop_map(Move::Broke),
        1 => Just(Move::Old),
        3 => Just(Move::Said),
        3 => Just(Move::Answered),
        3 => (1..6usize).prop_map(Move::Calls),
        1 => prop::bool::ANY.prop_map(|parks| Move::Failed { parks }),
        1 => Just(Move::Unanswered),
        1 => Just(Move::OwnerDies),
        1 => Just(Move::Cancel),
        1 => Just(Move::Pause),
        2 => Just(Move::Resume),
        2 => prop::bool::ANY.prop_map(Move::Words),
        2 => timer.prop_map(Move::Fires),
        2 => prop::bool::ANY.prop_map(|lags| Move::Poked { lags }),
        1 => (0..4_000u64).prop_map(Move::Time),
    ];
    prop::collection::vec(one, 0..60)
}

fn some_calls(count: usize) -> Input {
    let all = [
        (TASK_CREATE, json!({"title": "Pay"})),
        (ASK_TOOL, json!({"question": "Whom?"})),
        (KNOWLEDGE_TOOL, json!({"query": "due"})),
        ("nothing", json!({})),
        (RENDER_TOOL, json!({"title": "T", "text": "x"})),
    ];
    calls(&all[..count.min(all.len())])
}

fn act(run: &mut Run, step: Move, old: &mut Option<(u128, CommandBody)>) {
    let speaks = run.holding && run.state.model_step().is_some();
    let failure = || Failure::new("x", "y");
    match step {
        Move::Start => drop(run.told(start())),
        Move::Result { success, documents } => {
            if let Some(body) = result(&run.state, success, documents.into_iter().map(hit).collect()) {
                run.told(body.clone());
                *old = Some((run.commands, body));
            }
        }
        Move::Broke(code) if !pending(&run.state).is_empty() => drop(run.fails(code)),
        Move::Old => {
            if let Some((command, body)) = old.clone() {
                run.told_as(command, body);
            }
        }
        Move::Said if speaks => drop(run.hears(Input::Said { text: "t".into(), count: 1 })),
        Move::Answered if speaks => drop(run.hears(answer("t"))),
        Move::Calls(count) if speaks => drop(run.hears(some_calls(count))),
        Move::Failed { parks } if speaks => {
            let until = parks.then_some(run.now + 1_000);
            run.hears(Input::Failed { failure: failure(), until });
        }
        Move::Unanswered if speaks => drop(run.hears(Input::Unanswered(failure()))),
        Move::OwnerDies => (run.holding, run.instance) = (false, run.instance + 1),
        Move::Cancel => drop(run.told(CommandBody::Cancel { reason: String::new() })),
        Move::Pause => drop(run.told(CommandBody::Pause)),
        Move::Resume => drop(run.told(CommandBody::Resume)),
        Move::Words(yes) => drop(run.told(words(json!(yes)))),
        Move::Fires(timer) => drop(run.told(super::timer(timer))),
        Move::Poked { lags } => {
            let seq = run.state.seq - u64::from(lags);
            run.told(CommandBody::Poke { seq, reason: Stall::CallLost });
        }
        Move::Time(millis) => run.now += millis,
        _ => {}
    }
}

/// An answer that the first open question allows.
fn some_answer(state: &RunState) -> Option<Value> {
    let ask = state.running_steps().find_map(|step| step.open_ask())?;
    Some(ask.request.options.first().map_or(json!(true), |option| json!(option)))
}

/// Does what workers, people and timers do in the end, until the run has ended.
fn let_it_end(run: &mut Run) {
    for _ in 0..400 {
        if run.state.status.is_terminal() {
            return;
        }
        if run.state.status == RunStatus::Paused {
            run.told(CommandBody::Resume);
        } else if run.state.model_step().is_some() && run.holding {
            run.hears(answer("t"));
        } else if let Some(word) = some_answer(&run.state) {
            run.told(words(word));
        } else if let Some(body) = result(&run.state, true, Vec::new()) {
            run.told(body);
        } else {
            run.told(start());
        }
    }
}

proptest! {
    #[test]
    fn the_log_is_sound_and_the_run_comes_to_its_end(moves in moves(), agentic in prop::bool::ANY) {
        let mut run = if agentic { Run::thinking(&[TASK_CREATE]) } else { Run::rendering() };
        run.settings.limits.time_ms = 1_000_000;
        let mut old = None;
        for step in moves {
            act(&mut run, step, &mut old);
        }
        let_it_end(&mut run);
        prop_assert!(run.state.status.is_terminal(), "it hangs: {:?}", run.state);
        let folded = RunState::fold(None, &run.log).unwrap().unwrap();
        prop_assert_eq!(&folded, &run.state, "the log says what the state says");
        prop_assert!(run.log.iter().zip(1..).all(|(event, seq)| event.seq == seq), "dense");
        let ends = run.log.iter().filter(|event| matches!(event.payload, Event::Done(_))).count();
        prop_assert_eq!(ends, 1);
        let cancelled = run.log.iter().position(|event| {
            matches!(&event.payload, Event::Status(status) if status.status == RunStatus::Cancelling)
        });
        let tokens_after = run.log.iter().skip(cancelled.unwrap_or(run.log.len()))
            .any(|event| matches!(event.payload, Event::Token(_) | Event::ToolRequest(_)));
        prop_assert!(!tokens_after, "nothing begins in a run that is being cancelled");
    }
}
