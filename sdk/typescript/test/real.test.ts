import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { WebSocket } from "ws";
import { fold, foldAll, SbaClient, type CodecName, type ConnectionState, type RunMessage, type RunState, type TransportName, type WebSocketClass } from "../dist/index.js";
import { collect } from "./support/client.js";
import { Installation, SBA } from "./support/installation.js";

describe("a whole installation", { skip: SBA === undefined ? "SBA_BIN names no program" : false }, () => {
  let sba: Installation;
  let client: SbaClient;
  before(async () => {
    sba = await Installation.start();
    const operator = new SbaClient({ baseUrl: sba.url, token: await sba.token() });
    const tenant = await operator.createTenant({ name: "Acme", config: { approve: ["task_create"] } });
    client = clientWith(await sba.token(tenant.tenant_id));
  });
  after(() => sba?.stop());

  const clientWith = (token: string, transports?: TransportName[]): SbaClient =>
    new SbaClient({ baseUrl: sba.url, token, webSocket: WebSocket as unknown as WebSocketClass, ...(transports ? { transports } : {}) });

  test("documents are handed in, found by a run, and cited in its report", async () => {
    const taken = await client.documents.putFile({ file: new Blob(["# Terms\n\nInvoices are paid within 30 days.\n"]), name: "terms.md" });
    assert.equal((await client.documents.settled(taken.document_id)).status, "indexed");
    sba.model.script("invoices", { say: "Invoices are paid within 30 days." });
    const run = await client.runs.start({ prompt: "When are invoices paid?" });
    const state = await run.finished();
    assert.equal(state.status, "completed", JSON.stringify(state.error));
    const found = state.steps.flatMap(({ calls }) => calls).find(({ toolName }) => toolName === "knowledge_search");
    assert.match(JSON.stringify(found?.result), /paid within 30 days/);
    assert.match(state.steps.map(({ text }) => text).join(), /Invoices are paid within 30 days/);
    const [artifact] = (await run.artifacts()).data;
    assert.ok(artifact && (await client.artifacts.content(artifact.artifact_id, "markdown")).size > 0);
    const again = await run.state();
    assert.deepEqual([again.status, again.seq, again.usage], [state.status, state.seq, { ...state.usage, cost_micros: 0 }]);
  });

  test("each way to watch shows the same", async () => {
    const [{ run_id } = { run_id: "" }] = (await client.runs.list()).data;
    const ways: TransportName[] = ["websocket", "sse", "polling"];
    const token = await client.runs.open(run_id).view().then((view) => sba.token(view.tenant_id));
    const logs = await Promise.all(ways.map((way) => collect(clientWith(token, [way]).runs.open(run_id).stream())));
    assert.ok((logs[0]?.length ?? 0) > 10);
    for (const log of logs) assert.deepEqual(log, logs[0]);
    const tail = await collect(client.runs.open(run_id).stream({ after: 5 }));
    assert.deepEqual(tail, logs[0]?.slice(5));
  });

  test("a call that needs a person is asked for, approved, and done", async () => {
    sba.model.script("Acme", { calls: [{ name: "task_create", arguments: { title: "Pay Acme" } }] }, { say: "It is noted." });
    const run = await client.runs.start({ prompt: "Note that Acme is to be paid.", workflow: "agentic" });
    const seen: RunState[] = [];
    for await (const state of run.states()) {
      const ask = state.asks[0];
      if (ask && !seen.some(({ asks }) => asks.length > 0)) await run.answer({ ask_id: ask.askId, input: true });
      seen.push(state);
    }
    assert.ok(seen.some(({ status, asks }) => status === "waiting_input" && asks[0]?.call?.tool_name === "task_create"));
    assert.equal(seen.at(-1)?.status, "completed", JSON.stringify(seen.at(-1)));
    const titles: string[] = [];
    for await (const task of client.tasks.all()) titles.push(task.title);
    assert.deepEqual(titles, ["Pay Acme"]);
  });

  for (const codec of ["json", "msgpack", "cbor"] as CodecName[]) {
    test(`many runs of a session on one socket, and commands to them, in ${codec}`, async () => {
      sba.model.script("endless", { say: "on and ".repeat(2000), pauseMs: 20 });
      const { tenant_id } = await client.runs.list().then(({ data }) => data[0] ?? { tenant_id: "" });
      const token = await sba.token(tenant_id);
      const speaking = new SbaClient({ baseUrl: sba.url, token, webSocket: WebSocket as unknown as WebSocketClass, codec });
      const session = await speaking.sessions.open({ ttl_seconds: 600 });
      const runs = await Promise.all(["When are invoices paid?", "endless"].map((prompt) => session.start({ prompt, workflow: "agentic" })));
      const states: ConnectionState[] = [];
      const stream = session.stream({ onState: (each) => states.push(each) });
      const command = { id: "" };
      const logs = await Promise.all(runs.map(async (run) => {
        const log: RunMessage[] = [];
        for await (const message of stream.subscribe(run.id)) {
          log.push(message);
          if (message.type !== "token" || command.id !== "" || run !== runs[1]) continue;
          command.id = "sent";
          command.id = String((await stream.cancel(run.id, "enough"))["command_id"]);
        }
        return log;
      }));
      assert.deepEqual(logs.map((log) => foldAll("", log).status), ["completed", "cancelled"]);
      assert.ok(logs[1]?.some((message) => "cause" in message && message.cause === command.id));
      assert.deepEqual(logs[0], await collect(clientWith(token, ["polling"]).runs.open(runs[0]?.id ?? "", session.token).stream()));
      assert.deepEqual(states.map(({ phase }) => phase), ["connecting", "open"]);
      await assert.rejects(stream.pause(runs[1]?.id ?? ""), { name: "RejectedError", code: "run_finished" });
      await assert.rejects(collect(stream.subscribe("01a20fc3-0b52-7262-b401-f88a91c6d600")), { name: "StreamError", code: "not_found" });
      stream.close();
    });
  }

  test("a snapshot stands for what was said before", async () => {
    const { data } = await client.runs.list({ status: "completed" });
    const run = client.runs.open(data.find(({ session_id }) => !session_id)?.run_id ?? "");
    const [snapshot, ...rest] = await collect(run.stream({ from: "snapshot" }));
    assert.deepEqual([snapshot?.type, rest], ["snapshot", []]);
    assert.deepEqual(foldAll(run.id, snapshot ? [snapshot] : []), await run.state());
  });

  test("a run is watched over a session, with its token, and cancelled", async () => {
    sba.model.script("endless", { say: "on and ".repeat(2000), pauseMs: 20 });
    const session = await client.sessions.open({ ttl_seconds: 600 });
    const run = await session.start({ prompt: "endless", workflow: "agentic" });
    let state: RunState | undefined;
    const states: ConnectionState[] = [];
    for await (const message of run.stream({ onState: (each) => states.push(each) })) {
      state = fold(state ?? foldAll(run.id, []), message);
      if (message.type === "token" && state.status !== "cancelling" && message.payload.index < 3) await run.cancel("enough");
    }
    assert.equal(state?.status, "cancelled");
    assert.ok(states.some((each) => each.phase === "open" && each.transport === "websocket"));
    await assert.rejects(run.pause(), { name: "ApiError", code: "run_finished" });
    await assert.rejects(collect(clientWith("e30.e30.x").runs.open(run.id).stream()), { name: "StreamError", code: "unauthenticated" });
    await assert.rejects(collect(client.runs.open(run.id, "wrong").stream()), { name: "StreamError" });
  });
});
