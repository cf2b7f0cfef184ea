import assert from "node:assert/strict";
import { test } from "node:test";
import { fold, foldAll, Order, stateOfView, type RunMessage, type RunView } from "../dist/index.js";
import { event, RUN } from "./support/events.js";

const CALL = { call_id: "c1", tool_name: "task_create", params: { title: "Pay" } };
const ARTIFACT = { artifact_id: "a1", title: "Report", media_type: "text/markdown", bytes: 9, url: "/a1", citations: 2 };
const LOG: RunMessage[] = [
  event(1, "created", { tenant_id: "t", workflow: "agentic", prompt: "Why?", options: { top_k: 4 }, session_id: "s" }, { attempt: 0 }),
  event(2, "attempt", { instance: "one" }),
  event(3, "step_started", { kind: "model", name: "think", input: null }, { step: 1 }),
  event(4, "token", { text: "I ", index: 0, count: 1 }, { step: 1 }),
  event(5, "token", { text: "think", index: 1, count: 1 }, { step: 1 }),
  event(6, "attempt", { instance: "two", restarts_step: 1 }, { attempt: 2 }),
  event(7, "token", { text: "superseded", index: 2, count: 1 }, { step: 1, attempt: 1 }),
  event(8, "token", { text: "Because", index: 0, count: 1 }, { step: 1, attempt: 2 }),
  event(9, "step_finished", { status: "completed", output: { text: "Because." }, usage: { input_tokens: 3, output_tokens: 2 } }, { step: 1, attempt: 2 }),
  event(10, "step_started", { kind: "tool", name: "call", input: null }, { step: 2, attempt: 2 }),
  event(11, "input_request", { ask_id: "q1", kind: "approval", text: "May it?", call: CALL }, { step: 2, attempt: 2 }),
  event(12, "status", { status: "waiting_input" }, { attempt: 2 }),
  event(13, "input_result", { ask_id: "q1", answer: true }, { attempt: 2 }),
  event(14, "tool_request", { ...CALL, effect: "idempotent" }, { step: 2, attempt: 2 }),
  event(15, "tool_result", { call_id: "c1", tool_name: "task_create", success: true, result: { task_id: "t1" }, duration_ms: 7 }, { step: 2, attempt: 2 }),
  event(16, "status", { status: "paused", reason: "out", until: 5 }, { attempt: 2 }),
  event(17, "refused", { verb: "resume", reason: { code: "not_paused", message: "it is not" } }, { attempt: 2 }),
  event(18, "later_type" as "token", { anything: 1 } as never, { attempt: 2 }),
  event(19, "step_finished", { status: "completed", output: null }, { step: 2, attempt: 2 }),
  event(20, "artifact", ARTIFACT, { step: 2, attempt: 2 }),
  event(21, "done", { run_id: RUN, status: "completed", usage: { input_tokens: 3, output_tokens: 2 } }, { attempt: 2 }),
];
const at = (seq: number) => foldAll(RUN, LOG.slice(0, seq));

test("what is said in a step adds up, and what a superseded attempt said is dropped", () => {
  assert.equal(at(5).steps[0]?.text, "I think");
  assert.equal(at(6).steps[0]?.text, "");
  assert.equal(at(8).steps[0]?.text, "Because");
  assert.equal(at(9).steps[0]?.text, "Because.");
});

test("questions are open from their asking to their answer", () => {
  assert.deepEqual(at(12).asks, [{ askId: "q1", kind: "approval", text: "May it?", options: [], step: 2, call: CALL }]);
  assert.equal(at(12).status, "waiting_input");
  assert.deepEqual(at(13).asks, []);
});

test("tool calls, pauses, refusals, artifacts and the end", () => {
  assert.equal(at(14).steps[1]?.calls[0]?.success, undefined);
  const { calls } = at(15).steps[1] ?? { calls: [] };
  assert.deepEqual(calls, [{ callId: "c1", toolName: "task_create", params: CALL.params, success: true, result: { task_id: "t1" }, durationMs: 7 }]);
  assert.deepEqual([at(16).status, at(16).reason, at(16).until], ["paused", "out", 5]);
  assert.deepEqual(at(17).notices.map(({ kind, code }) => [kind, code]), [["refused", "not_paused"]]);
  const end = at(21);
  assert.deepEqual([end.status, end.seq, end.attempt, end.reason, end.sessionId], ["completed", 21, 2, undefined, "s"]);
  assert.deepEqual(end.artifacts[0], { artifactId: "a1", title: "Report", mediaType: "text/markdown", bytes: 9, url: "/a1", citations: 2 });
  assert.deepEqual(end.usage, { input_tokens: 3, output_tokens: 2 });
});

test("a state is never changed by what follows", () => {
  let state = foldAll(RUN, []);
  const texts: string[] = [];
  const states = LOG.map((message) => (state = fold(state, message)));
  for (const each of states) texts.push(JSON.stringify(each));
  assert.deepEqual(texts, LOG.map((_, index) => JSON.stringify(at(index + 1))));
});

test("a snapshot replaces what is known, and the gap before it stays to be seen", () => {
  const view = {
    run_id: RUN, status: "running", seq: 9, attempt: 2, workflow: "agentic", prompt: "Why?", created_at: "2026-11-24T00:00:00Z",
    usage: { input_tokens: 1, output_tokens: 1, cost_micros: 0 }, artifacts: [ARTIFACT],
    asks: [{ ask_id: "q", step: 1, kind: "question", text: "Who?", options: [], expires_at: null, call: null }],
    steps: [{ number: 1, kind: "model", name: "think", status: "running", input: null, output: null, text: "so far", error: null }],
  };
  const gone = fold(at(3), { type: "gap", run: RUN, payload: { from: 4, to: 9 } });
  const state = fold(gone, { type: "snapshot", run: RUN, payload: { seq: 9, run: view } });
  assert.deepEqual([state.seq, state.steps[0]?.text, state.asks[0]?.askId, state.artifacts[0]?.artifactId], [9, "so far", "q", "a1"]);
  assert.deepEqual(state.gap, { from: 4, to: 9 });
  assert.equal(state.createdAt, Date.parse("2026-11-24T00:00:00Z"));
  const next = fold(state, event(10, "token", { text: " and on", index: 9, count: 1 }, { step: 1, attempt: 2 }));
  assert.equal(next.steps[0]?.text, "so far and on");
  assert.equal(stateOfView(view as unknown as RunView).seq, 9);
});

test("types named like what every object has change nothing", () => {
  for (const type of ["constructor", "__proto__", "toString"]) {
    assert.equal(fold(at(1), event(2, type, {})).seq, 2);
  }
});

test("order: repeats are dropped, holes are found, snapshots never go back", () => {
  const order = new Order(3);
  assert.equal(order.take(event(3, "status", {})), "repeat");
  assert.equal(order.take(event(5, "status", {})), "hole");
  assert.equal(order.take(event(4, "status", {})), "next");
  assert.equal(order.take({ type: "snapshot", run: RUN, payload: { seq: 2, run: {} } }), "repeat");
  assert.equal(order.take({ type: "snapshot", run: RUN, payload: { seq: 9, run: {} } }), "next");
  assert.equal(order.take({ type: "gap", run: RUN, payload: { from: 10, to: 12 } }), "next");
  assert.equal(order.seq, 12);
});
