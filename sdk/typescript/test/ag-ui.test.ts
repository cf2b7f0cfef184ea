import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { HttpAgent, type BaseEvent, type HttpAgentConfig } from "@ag-ui/client";
import { EventSchemas } from "@ag-ui/core/schemas";
import { resuming, SbaAgent, type Fetch } from "../dist/ag-ui.js";
import { SbaClient } from "../dist/index.js";
import { Installation, SBA } from "./support/installation.js";

/** Where the stream is cut: after so many bytes of each answer. */
function cutting(bytes: number): Fetch {
  return async (url, init) => {
    const response = await fetch(url, init);
    if (!response.ok || response.body === null) return response;
    let left = bytes;
    const cut = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        controller.enqueue(chunk.slice(0, Math.max(left, 0)));
        left -= chunk.length;
        if (left <= 0) controller.error(new Error("cut"));
      },
    });
    return new Response(response.body.pipeThrough(cut), { status: response.status, headers: response.headers });
  };
}

describe("AG-UI", { skip: SBA === undefined ? "SBA_BIN names no program" : false }, () => {
  let sba: Installation;
  let config: HttpAgentConfig;
  before(async () => {
    sba = await Installation.start();
    const operator = new SbaClient({ baseUrl: sba.url, token: await sba.token() });
    const tenant = await operator.createTenant({ name: "Acme", config: { approve: ["task_create"] } });
    const token = await sba.token(tenant.tenant_id);
    config = { url: `${sba.url}/api/v1/ag-ui`, headers: { Authorization: `Bearer ${token}` } };
  });
  after(() => sba?.stop());

  /** Runs an agent; its client verifies the order of what comes, and each event has the form of the protocol. */
  const drive = async (agent: HttpAgent, input: Parameters<HttpAgent["runAgent"]>[0]) => {
    const events: BaseEvent[] = [];
    const { newMessages } = await agent.runAgent(input, {
      onEvent: ({ event }) => {
        EventSchemas.parse(event);
        events.push(event);
      },
    });
    return { events, newMessages };
  };
  const ask = (agent: HttpAgent, text: string): void => agent.setMessages([{ id: "1", role: "user", content: text }]);

  test("the client of AG-UI drives a run with a tool call, a state, an interrupt and its resume", async () => {
    sba.model.script("ag-ui-tool", { calls: [{ name: "task_create", arguments: { title: "Pay Acme" } }] }, { say: "The task is made." });
    const agent = new HttpAgent(config);
    ask(agent, "ag-ui-tool");
    agent.setState({ mine: 1 });
    const first = await drive(agent, {});
    const [interrupt] = agent.pendingInterrupts;
    assert.ok(interrupt, JSON.stringify(first.events.at(-1)));
    assert.equal(interrupt.reason, "approval");
    assert.ok(interrupt.toolCallId);
    const second = await drive(agent, {
      resume: [{ interruptId: interrupt.id, status: "resolved", payload: { approved: true } }],
    });
    const text = second.newMessages.map(({ content }) => content).join(" ");
    assert.match(text, /The task is made\./);
    const { mine, sba: run } = agent.state as { mine: number; sba: { status: string } };
    assert.deepEqual({ mine, status: run.status }, { mine: 1, status: "completed" });
    assert.ok(agent.messages.some((message) => message.role === "tool" && String(message.content).includes("task_id")));
  });

  test("a run that fails ends in an error that the client understands", async () => {
    sba.model.script("ag-ui-broken", { calls: [{ name: "task_list", arguments: {} }] });
    const agent = new HttpAgent(config);
    ask(agent, "ag-ui-broken");
    const failed: string[] = [];
    const forwardedProps = { sba: { options: { max_steps: 1 } } };
    await agent.runAgent({ forwardedProps }, { onRunErrorEvent: ({ event }) => void failed.push(event.code ?? "") }).catch(() => undefined);
    assert.equal(failed.length, 1);
    assert.notEqual(failed[0], "");
  });

  test("an agent of SBA comes back after every cut and has each event once", async () => {
    sba.model.script("ag-ui-cut", { say: "One two three four five six seven eight nine ten." });
    const whole = new SbaAgent({ ...config, threadId: "cut" });
    ask(whole, "ag-ui-cut");
    const { events } = await drive(whole, { runId: "same" });
    const cut = new SbaAgent({ ...config, threadId: "cut", fetch: resuming(cutting(700)) });
    ask(cut, "ag-ui-cut");
    assert.deepEqual((await drive(cut, { runId: "same" })).events, events);
  });
});
