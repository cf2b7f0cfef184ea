#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::*;
use crate::{
    answer::AnswerKey,
    name::{Control, FeedVerb, ServeVerb},
    share::SharedQueue,
    stream,
};

fn tenant() -> impl Strategy<Value = TenantKey> {
    "A[A-Z2-7]{55}".prop_map(|text| text.parse().unwrap())
}

fn caller() -> impl Strategy<Value = CallerKey> {
    "U[A-Z2-7]{55}".prop_map(|text| text.parse().unwrap())
}

/// What a tenant's clients say.
fn asked() -> impl Strategy<Value = Subject> {
    let serve = (one_of(ServeVerb::ALL), "[a-zA-Z0-9_-]{1,64}");
    let ask =
        (any_uuid(), one_of(Control::ALL), one_of(FeedVerb::ALL), serve).prop_flat_map(|(id, control, feed, serve)| {
            prop_oneof![
                Just(Ask::Start),
                Just(Ask::Control(control, RunId::from_uuid(id))),
                Just(Ask::Feed(feed)),
                Just(Ask::Serve(serve.0, serve.1.parse().unwrap())),
            ]
        });
    let inbound = (tenant(), caller(), ask).prop_map(|(tenant, caller, ask)| Subject::Inbound { tenant, caller, ask });
    let discovery = (tenant(), one_of(Discovery::ALL), any_uuid(), "[a-zA-Z0-9_-]{1,64}", 0..3).prop_map(
        |(tenant, ask, id, word, depth)| Subject::Discovery {
            tenant,
            ask,
            service: (depth > 0).then(|| word.parse().unwrap()),
            id: (depth > 1).then(|| InstanceId::from_uuid(id)),
        },
    );
    prop_oneof![inbound, discovery]
}

fn any_uuid() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

fn one_of<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    prop::sample::select(all)
}

fn original() -> impl Strategy<Value = Subject> {
    (tenant(), any_uuid(), "[a-zA-Z0-9_-]{1,64}").prop_flat_map(|(tenant, id, word)| {
        let run = RunId::from_uuid(id);
        let call = CallId::from_uuid(id);
        let (t1, t2) = (tenant.clone(), tenant.clone());
        prop_oneof![
            one_of(Verb::ALL).prop_map(move |verb| Subject::Cmd { tenant: t1.clone(), run, verb }),
            one_of(Queue::ALL).prop_map(move |queue| Subject::Job { tenant: t2.clone(), queue, call }),
            Just(Subject::Jobx { tenant: tenant.clone(), tool: word.parse().unwrap(), call }),
            Just(Subject::Fired { tenant: tenant.clone(), run, name: word.parse().unwrap() }),
            Just(Subject::Due { tenant: tenant.clone(), schedule: ScheduleId::from_uuid(id) }),
        ]
    })
}

fn any_subject() -> impl Strategy<Value = Subject> {
    let others = (tenant(), any_uuid(), "[a-zA-Z0-9_-]{1,64}").prop_flat_map(|(tenant, id, word)| {
        let run = RunId::from_uuid(id);
        let (t1, t2) = (tenant.clone(), tenant.clone());
        prop_oneof![
            one_of(RunKind::ALL).prop_map(move |kind| Subject::Run { tenant: t1.clone(), run, kind }),
            one_of(RunKind::ALL).prop_map(move |kind| Subject::Live { tenant: t2.clone(), run, kind }),
            Just(Subject::Snap { tenant: tenant.clone(), run }),
            Just(Subject::Timer { tenant: tenant.clone(), run, name: word.parse().unwrap() }),
            Just(Subject::Answer { tenant: tenant.clone(), slot: AnswerKey::new(*Sha256::digest(id).as_ref()).slot() }),
            Just(Subject::Schedule { tenant: tenant.clone(), schedule: ScheduleId::from_uuid(id) }),
            Just(Subject::Audit { tenant: tenant.clone(), action: word.parse().unwrap() }),
            Just(Subject::Ctl(InstanceId::from_uuid(id))),
            Just(Subject::Stop(CallId::from_uuid(id))),
            Just(Subject::Hb(InstanceId::from_uuid(id))),
        ]
    });
    let dead = original().prop_map(|subject| Subject::Dead(DeadLetter::of(subject).unwrap()));
    let surplus =
        original().prop_filter_map("nobody has a share", |subject| Some(Subject::Surplus(Surplus::of(subject)?)));
    prop_oneof![original(), dead, surplus, others, asked()]
}

fn run_of(subject: &Subject) -> Option<Uuid> {
    match subject {
        Subject::Run { run, .. }
        | Subject::Cmd { run, .. }
        | Subject::Timer { run, .. }
        | Subject::Fired { run, .. } => Some(run.as_uuid()),
        Subject::Surplus(surplus) => run_of(surplus.within()),
        _ => None,
    }
}

/// Whether a NATS pattern covers a subject.
fn covers(pattern: &str, subject: &str) -> bool {
    let mut tokens = subject.split('.');
    for part in pattern.split('.') {
        match (part, tokens.next()) {
            (">", Some(_)) => return true,
            ("*", Some(_)) => {}
            (literal, Some(token)) if literal == token => {}
            _ => return false,
        }
    }
    tokens.next().is_none()
}

proptest! {
    #[test]
    fn what_is_spelled_is_read_back(subject in any_subject()) {
        prop_assert_eq!(subject.to_string().parse::<Subject>().unwrap(), subject);
    }

    #[test]
    fn each_subject_lies_in_one_stream_at_most(subject in any_subject()) {
        let text = subject.to_string();
        let streams: Vec<_> = stream::ALL
            .iter()
            .filter(|stream| stream.subjects().iter().any(|pattern| covers(pattern, &text)))
            .collect();
        let of_a_process = matches!(
            subject,
            Subject::Live { .. }
                | Subject::Inbound { .. }
                | Subject::Discovery { .. }
                | Subject::Ctl(_)
                | Subject::Stop(_)
                | Subject::Hb(_)
        );
        prop_assert_eq!(streams.len(), usize::from(!of_a_process), "{} lies in {:?}", text, streams);
    }

    #[test]
    fn a_dead_letter_is_found_by_its_source_and_by_no_other(
        original in original(),
        origin in one_of(Origin::ALL),
        queue in one_of(Queue::ALL),
    ) {
        let letter = DeadLetter::of(original.clone()).unwrap();
        let text = Subject::Dead(letter.clone()).to_string();
        let found = |tenant, source| covers(&filter::dead_letters(tenant, source), &text);
        prop_assert!(found(None, None) && found(original.tenant(), None));
        prop_assert_eq!(found(None, Some(filter::Source::Origin(origin))), letter.origin() == origin);
        let of_queue = matches!(&original, Subject::Job { queue: own, .. } if *own == queue);
        prop_assert_eq!(found(original.tenant(), Some(filter::Source::Queue(queue))), of_queue);
        let other = format!("A{}", "7".repeat(55)).parse().unwrap();
        prop_assert_eq!(found(Some(&other), None), original.tenant() == Some(&other));
    }

    #[test]
    fn patterns_of_a_run_cover_what_is_its_own(subject in any_subject(), other in any_uuid()) {
        let text = subject.to_string();
        for run in [RunId::from_uuid(other), RunId::from_uuid(run_of(&subject).unwrap_or_default())] {
            let own = run_of(&subject) == Some(run.as_uuid());
            let log = own && matches!(subject, Subject::Run { .. });
            prop_assert_eq!(covers(&filter::run_log_of_any(run), &text), log);
            let start = own && matches!(subject.clone().within_share(), Subject::Cmd { verb: Verb::Start, .. });
            prop_assert_eq!(filter::start_of_any(run).iter().any(|pattern| covers(pattern, &text)), start);
            let Some(tenant) = subject.tenant() else { continue };
            prop_assert_eq!(covers(&filter::run_log(tenant, run), &text), log);
            let command = own && matches!(subject.clone().within_share(), Subject::Cmd { .. });
            let commands = filter::run_commands(tenant, run);
            prop_assert_eq!(commands.iter().any(|pattern| covers(pattern, &text)), command);
            let timer = own && matches!(subject, Subject::Timer { .. } | Subject::Fired { .. });
            let timers = filter::timers(tenant, run);
            prop_assert_eq!(timers.iter().any(|pattern| covers(pattern, &text)), timer);
        }
        let event = matches!(subject, Subject::Run { kind: RunKind::Event, .. });
        prop_assert_eq!(covers(&filter::events(None), &text), event);
        prop_assert_eq!(covers(&filter::events(subject.tenant()), &text), event);
    }

    #[test]
    fn what_is_beyond_a_share_is_counted_by_nobody_and_dead_like_what_is_within(subject in original()) {
        let Some(queue) = SharedQueue::of(&subject) else {
            prop_assert_eq!(Surplus::of(subject), None);
            return Ok(());
        };
        let tenant = subject.tenant().unwrap().clone();
        let surplus = Subject::Surplus(Surplus::of(subject.clone()).unwrap());
        prop_assert!(covers(&filter::share(&tenant, queue), &subject.to_string()));
        prop_assert!(!covers(&filter::share(&tenant, queue), &surplus.to_string()));
        prop_assert_eq!(surplus.tenant(), Some(&tenant));
        prop_assert_eq!(DeadLetter::of(surplus.clone()), DeadLetter::of(subject.clone()));
        prop_assert_eq!(subject.clone().places(), vec![subject.clone(), surplus.clone()]);
        prop_assert_eq!(surplus.within_share(), subject);
    }

    #[test]
    fn arbitrary_text_is_refused_or_means_itself(text in "(sba|live|cmd|feed|serve|srv|ctl|stop|hb|>|\\*)(\\.[a-zA-Z0-9*>_-]{0,40}){0,6}") {
        if let Ok(subject) = text.parse::<Subject>() {
            prop_assert_eq!(subject.to_string(), text);
        }
    }
}

#[test]
fn another_partition_is_refused() {
    let tenant: TenantKey = format!("A{}", "B".repeat(55)).parse().unwrap();
    let run = RunId::from_uuid(Uuid::from_u128(7));
    let text = Subject::events(&tenant, run).to_string();
    let due = format!(".{}.", run.partition());
    let other = if due == ".00." { ".01." } else { ".00." };
    assert!(text.parse::<Subject>().is_ok());
    assert!(text.replacen(&due, other, 1).parse::<Subject>().is_err());
}

#[test]
fn a_word_cannot_smuggle_tokens() {
    for word in ["", "a.b", "*", ">", "a b", "a\r\n", &"x".repeat(65)] {
        assert!(word.parse::<ToolName>().is_err(), "{word:?} passed");
    }
}

#[test]
fn a_tenant_has_no_word_for_what_only_sba_says() {
    let tenant: TenantKey = format!("A{}", "B".repeat(55)).parse().unwrap();
    let (caller, run) = (format!("U{}", "C".repeat(55)), RunId::from_uuid(Uuid::from_u128(7)));
    for verb in Verb::ALL {
        let text = format!("cmd.{tenant}.{caller}.{verb}.{run}");
        let sayable = matches!(verb, Verb::Input | Verb::Cancel | Verb::Pause | Verb::Resume);
        assert_eq!(text.parse::<Subject>().is_ok(), sayable, "{text}");
    }
    for text in [
        format!("cmd.{tenant}.{tenant}.start"),
        format!("cmd.{caller}.{tenant}.start"),
        format!("cmd.{tenant}.{caller}.start.{run}"),
        format!("feed.{tenant}.{caller}.open.x"),
    ] {
        assert!(text.parse::<Subject>().is_err(), "{text}");
    }
}
