import type { RunView, StepView } from "../api/types.js";
import type { RunStatus, SnapshotMessage } from "./event.js";
import { isMap } from "./message.js";
import { emptyRun, type ArtifactState, type AskState, type CallState, type RunState, type StepState } from "./run-state.js";

/** The state that a snapshot shows. It replaces what was known, but for a gap that it is the answer to. */
export function stateOfSnapshot(message: SnapshotMessage, before: RunState): RunState {
  const state = stateOfView(message.payload.run as unknown as RunView, message.payload.seq);
  return before.gap === undefined ? state : { ...state, gap: before.gap };
}

/** The state that `GET /runs/{id}` shows. */
export function stateOfView(view: RunView, seq = view.seq): RunState {
  const error = view.error ?? undefined;
  return {
    ...emptyRun(view.run_id),
    status: view.status as RunStatus,
    workflow: view.workflow,
    prompt: view.prompt,
    seq,
    attempt: view.attempt,
    steps: listOf(view.steps).map(stepOf),
    asks: listOf(view.asks).map(askOf),
    artifacts: listOf(view.artifacts).map(artifactOf),
    usage: view.usage ?? emptyRun("").usage,
    ...(error === undefined ? {} : { error }),
    ...optional("sessionId", view.session_id),
    ...time("createdAt", view.created_at),
    ...time("endedAt", view.ended_at),
  };
}

function stepOf(view: StepView): StepState {
  const text = view.text ?? (isMap(view.output) && typeof view.output["text"] === "string" ? view.output["text"] : "");
  return {
    number: view.number,
    kind: view.kind,
    name: view.name,
    status: view.status as StepState["status"],
    input: view.input,
    output: view.output,
    text,
    calls: view.tool_call ? [callOf(view.tool_call)] : [],
    ...optional("usage", view.usage),
    ...optional("error", view.error),
    ...time("startedAt", view.started_at),
    ...time("endedAt", view.ended_at),
  };
}

function callOf(view: NonNullable<StepView["tool_call"]>): CallState {
  return {
    callId: view.call_id,
    toolName: view.tool_name,
    params: view.params,
    result: view.result,
    ...optional("success", view.success),
    ...optional("error", view.error),
    ...optional("durationMs", view.duration_ms),
  };
}

function askOf(view: RunView["asks"][number]): AskState {
  return {
    askId: view.ask_id,
    kind: view.kind,
    text: view.text,
    options: view.options,
    step: view.step,
    ...optional("call", view.call),
    ...time("expiresAt", view.expires_at),
  };
}

function artifactOf(view: RunView["artifacts"][number]): ArtifactState {
  const { artifact_id, title, media_type, bytes, url, citations } = view;
  return { artifactId: artifact_id, title, mediaType: media_type, bytes, url, citations };
}

/** What another tab passes on was checked for its form only. */
function listOf<Item>(value: readonly Item[]): readonly Item[] {
  return Array.isArray(value) ? value : [];
}

function optional<Key extends string, Value>(key: Key, value: Value | null | undefined): { [K in Key]?: Value } {
  return value === null || value === undefined ? {} : ({ [key]: value } as { [K in Key]?: Value });
}

function time<Key extends string>(key: Key, value: string | null | undefined): { [K in Key]?: number } {
  const at = value === null || value === undefined ? NaN : Date.parse(value);
  return optional(key, Number.isNaN(at) ? undefined : at);
}
