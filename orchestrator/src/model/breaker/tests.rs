#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use futures::TryStreamExt;

use super::*;
use crate::model::{Fallback, Finish, Message, Usage};

const PATIENCE: Patience = Patience { failures: 3, window: Duration::from_secs(60), open: Duration::from_secs(10) };

/// What a call comes to.
#[derive(Clone, Copy)]
enum Comes {
    ToAnEnd,
    ToNothing,
    /// Refused with this status.
    Refused(u16),
    /// A piece, and then the connection is gone.
    Apart,
    /// A piece, and no more.
    ToAStandstill,
}

/// A model that does as it is told and counts its calls.
struct Told(Mutex<(Comes, Vec<String>)>);

impl Told {
    fn new(comes: Comes) -> Arc<Self> {
        Arc::new(Self(Mutex::new((comes, Vec::new()))))
    }

    fn tell(&self, comes: Comes) {
        self.0.lock().unwrap().0 = comes;
    }

    fn calls(&self) -> usize {
        self.0.lock().unwrap().1.len()
    }
}

#[async_trait]
impl Model for Told {
    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        let comes = {
            let mut told = self.0.lock().unwrap();
            told.1.push(request.model);
            told.0
        };
        let piece = Ok(ModelChunk::Text("a".into()));
        let end = Ok(ModelChunk::End { usage: Usage::default(), finish: Finish::Stop });
        match comes {
            Comes::ToAnEnd => Ok(stream::iter([piece, end]).boxed()),
            Comes::ToNothing => Err(ModelError::unreachable("gone")),
            Comes::Refused(status) => Err(ModelError::from_status(status, "no", None)),
            Comes::Apart => Ok(stream::iter([piece, Err(ModelError::unreachable("gone"))]).boxed()),
            Comes::ToAStandstill => Ok(stream::iter([piece]).chain(stream::pending()).boxed()),
        }
    }
}

fn request() -> ModelRequest {
    ModelRequest {
        model: "first".into(),
        system: String::new(),
        messages: vec![Message::user("Hi")],
        tools: Vec::new(),
        schema: None,
        max_output_tokens: 9,
        temperature: None,
        seed: None,
    }
}

fn breaker(model: &Arc<Told>) -> Breaker {
    let model: Arc<dyn Model> = Arc::clone(model) as _;
    Breaker::new(model, "first", PATIENCE, IntGauge::new("circuit", "of the test").unwrap())
}

async fn call(model: &dyn Model) -> Result<usize, ModelError> {
    let chunks: Vec<ModelChunk> = model.stream(request()).await?.try_collect().await?;
    Ok(chunks.len())
}

async fn code(model: &dyn Model) -> &'static str {
    call(model).await.map_or_else(|error| error.code(), |_| "answered")
}

/// Calls until the circuit opens.
async fn break_it(told: &Told, breaker: &Breaker) {
    told.tell(Comes::ToNothing);
    for _ in 0..PATIENCE.failures {
        assert_eq!(code(breaker).await, "model_unreachable");
    }
    assert!(breaker.standing().out_since.is_some());
}

#[tokio::test(start_paused = true)]
async fn failures_in_a_row_open_the_circuit_and_one_call_that_works_closes_it() {
    let told = Told::new(Comes::ToNothing);
    let breaker = breaker(&told);
    break_it(&told, &breaker).await;
    let error = call(&breaker).await.unwrap_err();
    assert_eq!(
        (error.code(), error.is_retryable(), error.retry_after()),
        ("model_unavailable", true, Some(PATIENCE.open))
    );
    assert_eq!(told.calls(), 3, "an open circuit sends nothing");

    let out_since = breaker.standing().out_since;
    tokio::time::advance(PATIENCE.open).await;
    assert_eq!(code(&breaker).await, "model_unreachable");
    assert_eq!((code(&breaker).await, told.calls()), ("model_unavailable", 4));
    assert_eq!(breaker.standing().out_since, out_since, "it is the same outage");

    tokio::time::advance(PATIENCE.open).await;
    told.tell(Comes::ToAnEnd);
    assert_eq!(code(&breaker).await, "answered");
    assert!(breaker.standing().out_since.is_none());
    told.tell(Comes::ToNothing);
    assert_eq!((code(&breaker).await, code(&breaker).await), ("model_unreachable", "model_unreachable"));
}

#[tokio::test(start_paused = true)]
async fn only_failures_in_a_row_and_within_the_window_count() {
    let told = Told::new(Comes::ToNothing);
    let breaker = breaker(&told);
    for comes in [Comes::ToNothing, Comes::Refused(503), Comes::ToAnEnd, Comes::Refused(429), Comes::Apart] {
        told.tell(comes);
        let _ = call(&breaker).await;
        assert!(breaker.standing().out_since.is_none());
    }
    tokio::time::advance(PATIENCE.window * 2).await;
    told.tell(Comes::ToNothing);
    assert_eq!((code(&breaker).await, code(&breaker).await), ("model_unreachable", "model_unreachable"));
    assert!(breaker.standing().out_since.is_none());
    assert_eq!(code(&breaker).await, "model_unreachable");
    assert!(breaker.standing().out_since.is_some());
}

#[tokio::test(start_paused = true)]
async fn what_lies_in_the_call_itself_is_no_failure_of_the_provider() {
    let told = Told::new(Comes::Refused(400));
    let breaker = breaker(&told);
    for _ in 0..10 {
        assert_eq!(code(&breaker).await, "model_refused");
    }
    assert!(breaker.standing().out_since.is_none());
}

#[tokio::test(start_paused = true)]
async fn answers_that_break_off_each_time_open_the_circuit_too() {
    let told = Told::new(Comes::Apart);
    let breaker = breaker(&told);
    for _ in 0..PATIENCE.failures {
        assert_eq!(code(&breaker).await, "model_unreachable");
    }
    assert!(breaker.standing().out_since.is_some());
}

#[tokio::test(start_paused = true)]
async fn one_call_tries_at_a_time_and_one_that_is_given_up_leaves_it_to_the_next() {
    let told = Told::new(Comes::ToNothing);
    let breaker = breaker(&told);
    break_it(&told, &breaker).await;
    tokio::time::advance(PATIENCE.open).await;
    told.tell(Comes::ToAStandstill);
    let given_up = breaker.stream(request()).await.unwrap();
    assert_eq!(code(&breaker).await, "model_unavailable");
    drop(given_up);
    let mut tried = breaker.stream(request()).await.unwrap();
    assert_eq!(code(&breaker).await, "model_unavailable");
    tried.next().await.unwrap().unwrap();
    assert!(breaker.standing().out_since.is_none(), "the first piece closes the circuit");
    told.tell(Comes::ToAnEnd);
    assert_eq!(code(&breaker).await, "answered");
}

#[tokio::test(start_paused = true)]
async fn news_of_calls_from_before_do_not_count() {
    let told = Told::new(Comes::ToAStandstill);
    let breaker = breaker(&told);
    let old = breaker.stream(request()).await.unwrap();
    break_it(&told, &breaker).await;
    drop(old);
    assert_eq!(code(&breaker).await, "model_unavailable");
}

#[tokio::test(start_paused = true)]
async fn the_fallback_answers_under_its_own_name_while_the_circuit_is_open() {
    let (first, second) = (Told::new(Comes::ToNothing), Told::new(Comes::ToAnEnd));
    let other: Arc<dyn Model> = Arc::clone(&second) as _;
    let model = Fallback::new(Arc::new(breaker(&first)), other, "second");
    for _ in 0..PATIENCE.failures {
        assert_eq!(code(&model).await, "model_unreachable");
    }
    let said: Vec<ModelChunk> = model.stream(request()).await.unwrap().try_collect().await.unwrap();
    assert_eq!((&said[0], first.calls()), (&ModelChunk::By("second".into()), 3));
    assert_eq!(model.standing(), Standing { out_since: None, is_fallback: true });
    assert_eq!(second.0.lock().unwrap().1, ["second"]);
    tokio::time::advance(PATIENCE.open).await;
    first.tell(Comes::ToAnEnd);
    assert_eq!((code(&model).await, code(&model).await), ("answered", "answered"));
    assert_eq!((first.calls(), second.calls()), (5, 1));
}

#[tokio::test(start_paused = true)]
async fn a_provider_is_out_when_its_fallback_is_out_too() {
    let (first, second) = (Told::new(Comes::ToNothing), Told::new(Comes::ToNothing));
    let model = Fallback::new(Arc::new(breaker(&first)), Arc::new(breaker(&second)), "second");
    let begun = Instant::now();
    for _ in 0..PATIENCE.failures {
        assert_eq!(code(&model).await, "model_unreachable");
    }
    assert_eq!(model.standing().out_since, None, "there is another");
    tokio::time::advance(Duration::from_secs(1)).await;
    for _ in 0..PATIENCE.failures {
        assert_eq!(code(&model).await, "model_unreachable");
    }
    assert_eq!(code(&model).await, "model_unavailable");
    assert_eq!(model.standing().out_since, Some(begun + Duration::from_secs(1)), "since the second is, too");
}

#[tokio::test(start_paused = true)]
async fn operators_see_how_the_circuit_stands() {
    let told = Told::new(Comes::ToNothing);
    let shown = IntGauge::new("circuit", "of the test").unwrap();
    let breaker = Breaker::new(Arc::clone(&told) as _, "first", PATIENCE, shown.clone());
    break_it(&told, &breaker).await;
    assert_eq!(shown.get(), 2);
    tokio::time::advance(PATIENCE.open).await;
    told.tell(Comes::ToAStandstill);
    let mut tried = breaker.stream(request()).await.unwrap();
    assert_eq!(shown.get(), 1);
    tried.next().await.unwrap().unwrap();
    assert_eq!(shown.get(), 0);
}
