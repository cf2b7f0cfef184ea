import { isMap } from "./message.js";
import { emptyRun } from "./run-state.js";
/** The state that a snapshot shows. It replaces what was known, but for a gap that it is the answer to. */
export function stateOfSnapshot(message, before) {
    const state = stateOfView(message.payload.run, message.payload.seq);
    return before.gap === undefined ? state : { ...state, gap: before.gap };
}
/** The state that `GET /runs/{id}` shows. */
export function stateOfView(view, seq = view.seq) {
    const error = view.error ?? undefined;
    return {
        ...emptyRun(view.run_id),
        status: view.status,
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
function stepOf(view) {
    const text = view.text ?? (isMap(view.output) && typeof view.output["text"] === "string" ? view.output["text"] : "");
    return {
        number: view.number,
        kind: view.kind,
        name: view.name,
        status: view.status,
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
function callOf(view) {
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
function askOf(view) {
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
function artifactOf(view) {
    const { artifact_id, title, media_type, bytes, url, citations } = view;
    return { artifactId: artifact_id, title, mediaType: media_type, bytes, url, citations };
}
/** What another tab passes on was checked for its form only. */
function listOf(value) {
    return Array.isArray(value) ? value : [];
}
function optional(key, value) {
    return value === null || value === undefined ? {} : { [key]: value };
}
function time(key, value) {
    const at = value === null || value === undefined ? NaN : Date.parse(value);
    return optional(key, Number.isNaN(at) ? undefined : at);
}
