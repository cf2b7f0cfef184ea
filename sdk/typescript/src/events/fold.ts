import type { KnownEvent, Payloads, RunEvent, RunMessage, Usage } from "./event.js";
import { emptyRun, type CallState, type NoticeState, type RunState, type StepState } from "./run-state.js";
import { stateOfSnapshot } from "./snapshot.js";

/** The state after one more message. Messages must come in order, as {@link Order} has them. */
export function fold(state: RunState, message: RunMessage): RunState {
  if (message.type === "snapshot") return stateOfSnapshot(message, state);
  if (message.type === "gap") return { ...state, gap: message.payload, seq: Math.max(state.seq, message.payload.to) };
  const next = { ...state, seq: message.seq, attempt: Math.max(state.attempt, message.attempt) };
  const apply = Object.hasOwn(FOLDS, message.type) ? FOLDS[message.type] : undefined;
  return apply ? (apply as (state: RunState, event: RunEvent) => RunState)(next, message) : next;
}

/** The state after all of these messages. */
export function foldAll(run: string, messages: Iterable<RunMessage>): RunState {
  let state = emptyRun(run);
  for (const message of messages) state = fold(state, message);
  return state;
}

type Fold<Type extends keyof Payloads> = (state: RunState, event: Extract<KnownEvent, { type: Type }>) => RunState;

/** What each type of event changes; types that are not here change nothing. */
const FOLDS: { readonly [Type in keyof Payloads]: Fold<Type> } = {
  created: (state, { payload, ts }) => ({
    ...state,
    workflow: payload.workflow,
    prompt: payload.prompt,
    options: payload.options,
    createdAt: ts,
    ...(payload.session_id === undefined ? {} : { sessionId: payload.session_id }),
  }),

  attempt: (state, { payload }) =>
    payload.restarts_step === undefined ? state : withStep(state, payload.restarts_step, () => ({ text: "", calls: [] })),

  status: ({ reason: _reason, until: _until, ...state }, { payload }) => ({
    ...state,
    status: payload.status,
    ...(payload.reason === undefined ? {} : { reason: payload.reason }),
    ...(payload.until === undefined ? {} : { until: payload.until }),
  }),

  step_started: (state, { step, payload, ts }) => {
    if (step === undefined) return state;
    const begun: StepState = { number: step, ...payload, status: "running", text: "", calls: [], startedAt: ts };
    const others = state.steps.filter(({ number }) => number !== step);
    return { ...state, steps: [...others, begun].sort((one, other) => one.number - other.number) };
  },

  token: (state, { step, attempt, payload }) =>
    // What an attempt that was superseded still says does not count.
    attempt < state.attempt ? state : withStep(state, step, ({ text }) => ({ text: text + payload.text })),

  tool_request: (state, { step, payload }) => {
    const call: CallState = { callId: payload.call_id, toolName: payload.tool_name, params: payload.params };
    return withStep(state, step, ({ calls }) => ({ calls: [...calls.filter(({ callId }) => callId !== call.callId), call] }));
  },

  tool_result: (state, { step, payload }) =>
    withStep(state, step, ({ calls }) => ({
      calls: calls.map((call) => (call.callId === payload.call_id ? { ...call, ...resultOf(payload) } : call)),
    })),

  input_request: (state, { step, payload }) => {
    const { ask_id, kind, text, options, expires_at, call } = payload;
    const ask = {
      askId: ask_id,
      kind,
      text,
      options: options ?? [],
      ...(step === undefined ? {} : { step }),
      ...(expires_at === undefined ? {} : { expiresAt: expires_at }),
      ...(call === undefined ? {} : { call }),
    };
    return { ...state, asks: [...state.asks.filter(({ askId }) => askId !== ask_id), ask] };
  },

  input_result: (state, { payload }) => ({ ...state, asks: state.asks.filter(({ askId }) => askId !== payload.ask_id) }),

  step_finished: (state, { step, payload, ts }) => {
    const { status, output, usage, error } = payload;
    const end = { status, output, endedAt: ts, ...(usage === undefined ? {} : { usage }), ...(error === undefined ? {} : { error }) };
    const said = textOf(output);
    const finished = withStep(state, step, ({ text }) => ({ ...end, text: said ?? text }));
    return usage === undefined ? finished : { ...finished, usage: sum(state.usage, usage) };
  },

  artifact: (state, { payload }) => {
    const artifact = {
      artifactId: payload.artifact_id,
      title: payload.title,
      mediaType: payload.media_type,
      bytes: payload.bytes,
      url: payload.url,
      citations: payload.citations,
    };
    return { ...state, artifacts: [...state.artifacts.filter(({ artifactId }) => artifactId !== artifact.artifactId), artifact] };
  },

  error: (state, { payload, seq, step }) => {
    const noted = withNotice(state, { seq, kind: "error", text: payload.message, code: payload.code });
    return withStep(noted, step, () => ({ error: payload }));
  },

  refused: (state, { payload, seq }) =>
    withNotice(state, { seq, kind: "refused", text: `${payload.verb}: ${payload.reason.message}`, code: payload.reason.code }),

  stalled: (state, { payload, seq }) =>
    withNotice(state, { seq, kind: "stalled", text: "nothing had happened; what it waits for was asked for again", code: payload.reason }),

  done: ({ reason: _reason, until: _until, ...state }, { payload, ts }) => ({
    ...state,
    status: payload.status,
    usage: payload.usage,
    asks: [],
    endedAt: ts,
    ...(payload.error === undefined ? {} : { error: payload.error }),
  }),
};

function withStep(state: RunState, number: number | undefined, change: (step: StepState) => Partial<StepState>): RunState {
  if (number === undefined) return state;
  return { ...state, steps: state.steps.map((step) => (step.number === number ? { ...step, ...change(step) } : step)) };
}

/** A run that is refused or stalls again and again must not grow without bound. */
const MAX_NOTICES = 100;

function withNotice(state: RunState, notice: NoticeState): RunState {
  return { ...state, notices: [...state.notices, notice].slice(-MAX_NOTICES) };
}

function resultOf(payload: Payloads["tool_result"]): Partial<CallState> {
  const { success, result, error, duration_ms } = payload;
  return { success, result, durationMs: duration_ms, ...(error === undefined || error === null ? {} : { error }) };
}

/** The text that a model's step ended with: the whole of it, which its tokens are the parts of. */
function textOf(output: unknown): string | undefined {
  if (typeof output !== "object" || output === null || !("text" in output)) return undefined;
  return typeof output.text === "string" && output.text !== "" ? output.text : undefined;
}

function sum(one: Usage, other: Usage): Usage {
  const cost = (one.cost_micros ?? 0) + (other.cost_micros ?? 0);
  return {
    input_tokens: one.input_tokens + other.input_tokens,
    output_tokens: one.output_tokens + other.output_tokens,
    ...(cost === 0 ? {} : { cost_micros: cost }),
  };
}
