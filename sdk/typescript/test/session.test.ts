import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { RunEvent } from "../dist/index.js";
import { collect, quickClient, until } from "./support/client.js";
import { logOf } from "./support/events.js";
import { answer, refusal, ScriptedGateway, type Peer, type Said } from "./support/gateway.js";
import { below, seeded } from "./support/random.js";

const SESSION = "0a0a0a0a-0000-4000-8000-000000000001";
let gateway: ScriptedGateway;
beforeEach(async () => (gateway = await ScriptedGateway.start()));
afterEach(() => gateway.stop());

const open = (options = {}) => quickClient(gateway.url, options).sessions.attach(SESSION, "secret");

/** A server that shows these logs to whoever subscribes, a few events at a time. */
function serve(peer: Peer, logs: ReadonlyMap<string, readonly RunEvent[]>, more: (message: Said) => void = () => {}): void {
  peer.onMessage((message) => {
    if (message.type !== "subscribe") return more(message);
    const log = logs.get(String(message["run"])) ?? [];
    peer.send({ type: "ack", id: message.id, payload: { run: message["run"], seq: message["after"] } });
    for (const each of log.slice(Number(message["after"]))) peer.send(each);
    peer.send({ type: "ended", run: message["run"] });
  });
}

describe("many runs on one socket", () => {
  test("each comes whole and in order, with the session's token in the handshake", async () => {
    const logs = new Map(["a", "b", "c"].map((run) => [run, logOf(20, run)]));
    let token: string | undefined;
    gateway.onSocket = (peer) => {
      token = peer.sessionToken;
      serve(peer, logs);
    };
    const stream = open().stream();
    const seen = await Promise.all([...logs.keys()].map((run) => collect(stream.subscribe(run))));
    assert.deepEqual(seen, [...logs.values()]);
    assert.equal(gateway.sockets, 1);
    assert.equal(token, "secret");
    stream.close();
  });

  test("cuts anywhere lose nothing and repeat nothing", async () => {
    for (let seed = 0; seed < 10; seed++) {
      const random = seeded(seed);
      const logs = new Map(["a", "b", "c", "d"].map((run) => [run, logOf(50, run)]));
      let cuts = 0;
      gateway.onSocket = (peer) => {
        let left = cuts++ < 8 ? 4 + below(random, 60) : Infinity;
        const send = peer.send.bind(peer);
        peer.send = (message) => {
          if (left-- > 0) send(message);
          else peer.cut();
        };
        serve(peer, logs);
      };
      const stream = open().stream();
      const seen = await Promise.all([...logs.keys()].map((run) => collect(stream.subscribe(run))));
      assert.deepEqual(seen, [...logs.values()], `seed ${seed}`);
      stream.close();
    }
  });

  test("whoever leaves unsubscribes; the others stay", async () => {
    const log = logOf(5, "a").slice(0, 4);
    const peers: Peer[] = [];
    gateway.onSocket = (peer) => {
      peers.push(peer);
      peer.onMessage((message) => {
        if (message.type === "subscribe") for (const each of log) peer.send({ ...each, run: message["run"] });
      });
    };
    const stream = open().stream();
    const other = stream.subscribe("b");
    await other.next();
    for await (const _ of stream.subscribe("a", { priority: "high" })) break;
    await until(() => peers[0]?.said.some(({ type, run }) => type === "unsubscribe" && run === "a") ?? false, "unsubscribe");
    assert.equal(peers[0]?.said.find(({ run }) => run === "a")?.["priority"], "high");
    assert.equal(((await other.next()).value as RunEvent).seq, 2);
    stream.close();
  });

  test("a subscription that is lost or refused for now is asked for again, one that is refused for good ends", async () => {
    const log = logOf(6, "a");
    const asked: unknown[] = [];
    gateway.onSocket = (peer) =>
      peer.onMessage((message) => {
        const { id, type, run } = message;
        if (type !== "subscribe") return;
        if (run === "secret") return peer.send({ type: "rejected", id, payload: { code: "not_found", message: "no such run" } });
        asked.push(message["after"]);
        if (asked.length === 1) return peer.send({ type: "rejected", id, payload: { code: "unavailable", message: "not now" } });
        peer.send({ type: "ack", id, payload: { run, seq: message["after"] } });
        for (const each of log.slice(Number(message["after"]), asked.length === 2 ? 3 : undefined)) peer.send(each);
        if (asked.length === 2) peer.send({ type: "lost", run, payload: { code: "internal", message: "…" } });
      });
    const stream = open().stream();
    const refused = assert.rejects(collect(stream.subscribe("secret")), { name: "StreamError", code: "not_found" });
    assert.deepEqual(await collect(stream.subscribe("a")), log);
    await refused;
    assert.deepEqual(asked, [0, 0, 3]);
    assert.equal(gateway.sockets, 1);
    stream.close();
  });

  test("a slow reader has its run stopped and resumed, and others do not notice", async () => {
    const logs = new Map(["slow", "quick"].map((run) => [run, logOf(200, run)]));
    let peer: Peer | undefined;
    gateway.onSocket = (opened) => serve((peer = opened), logs);
    const stream = open({ capacity: 40 }).stream();
    const quick = collect(stream.subscribe("quick"));
    const seen = [];
    for await (const message of stream.subscribe("slow")) {
      if (seen.length % 40 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      seen.push(message);
    }
    assert.deepEqual(seen, logs.get("slow"));
    assert.deepEqual(await quick, logs.get("quick"));
    assert.ok((peer?.said.filter(({ type, run }) => type === "subscribe" && run === "slow").length ?? 0) > 2);
    stream.close();
  });
});

describe("messages of the client", () => {
  test("wait while there is no connection, are sent again after a cut, and are acked once", async () => {
    const ids: string[] = [];
    let sockets = 0;
    gateway.onSocket = (peer) => {
      sockets += 1;
      peer.onMessage((message) => {
        ids.push(message.id);
        // The first connection is cut before it answers; the second says everything twice.
        if (sockets === 1) return peer.cut();
        for (let twice = 0; twice < 2; twice++) peer.send({ type: "ack", id: message.id, payload: { command_id: message.id, status: "cancelling" } });
      });
    };
    let refusals = 3;
    gateway.refuse = () => (sockets === 0 && --refusals > 0 ? 503 : undefined);
    const stream = open().stream();
    const acked = await Promise.all([stream.cancel("a", "enough", { id: "one" }), stream.input("a", { ask_id: "q", input: true }, { id: "two" })]);
    assert.deepEqual(acked.map(({ command_id }) => command_id), ["one", "two"]);
    assert.deepEqual(ids.slice(-2), ["one", "two"]);
    assert.equal(ids[0], "one");
    assert.equal(stream.pending, 0);
    stream.close();
  });

  test("have a bound", async () => {
    gateway.onSocket = () => {};
    const stream = open().stream({ outbox: 2 });
    const waiting = [stream.pause("a"), stream.resume("a")].map((each) => assert.rejects(each, { code: "closed" }));
    await assert.rejects(stream.cancel("a"), { code: "outbox_full" });
    await assert.rejects(stream.pause("a", { id: "x" }), { code: "outbox_full" });
    stream.close();
    await Promise.all(waiting);
  });

  test("are refused with the server's code", async () => {
    gateway.onSocket = (peer) =>
      peer.onMessage(({ id }) => peer.send({ type: "rejected", id, payload: { code: "run_finished", message: "the run has ended" } }));
    const stream = open().stream();
    await assert.rejects(stream.cancel("a"), { name: "RejectedError", code: "run_finished", message: "the run has ended" });
    stream.close();
  });

  test("keep the pace, and slow down when the server says so", async () => {
    const at: number[] = [];
    gateway.onSocket = (peer) =>
      peer.onMessage(({ id }) => {
        at.push(performance.now());
        const payload = at.length === 1 ? { code: "rate_limited", message: "slower" } : {};
        peer.send({ type: at.length === 1 ? "rejected" : "ack", id, payload });
      });
    const stream = open().stream({ messagesPerSecond: 50, burst: 2 });
    await Promise.all(Array.from({ length: 6 }, () => stream.pause("a")));
    assert.equal(at.length, 7);
    // Two at once, then five at 50 a second.
    assert.ok((at[6] ?? 0) - (at[0] ?? 0) >= 75, `${at.map((each) => Math.round(each - (at[0] ?? 0))).join()}`);
    stream.close();
  });

  test("can be withdrawn while they wait", async () => {
    gateway.onSocket = () => {};
    const stop = new AbortController();
    const stream = open().stream();
    const waiting = assert.rejects(stream.pause("a", { signal: stop.signal }), { message: "never mind" });
    stop.abort(new Error("never mind"));
    await waiting;
    assert.equal(stream.pending, 0);
    stream.close();
  });
});

test("where no WebSocket can be had, runs are watched by themselves and commands go by REST", async () => {
  const log = logOf(5, "a");
  gateway.refuse = () => 403;
  const bodies: unknown[] = [];
  gateway.onRequest = (request, response, body) => {
    if (request.method === "POST") {
      bodies.push([request.url, request.headers["idempotency-key"], JSON.parse(body)]);
      return answer(response, 202, { command_id: "c", run_id: "a", status: "cancelling" });
    }
    assert.equal(request.headers["x-session-token"], "secret");
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const each of log) response.write(`id: ${each.seq}\ndata: ${JSON.stringify(each)}\n\n`);
  };
  const stream = open().stream();
  const command = stream.cancel("a", "enough", { id: "mine" });
  assert.deepEqual(await collect(stream.subscribe("a")), log);
  assert.equal((await command)["status"], "cancelling");
  assert.deepEqual(bodies, [["/api/v1/runs/a/cancel", "mine", { reason: "enough" }]]);
  stream.close();
});

test("a session that is refused for good ends everything with the reason", async () => {
  gateway.onSocket = (peer) => peer.close(4403, "session_token_invalid");
  const stream = open().stream();
  const command = assert.rejects(stream.pause("a"), { code: "session_token_invalid" });
  await assert.rejects(collect(stream.subscribe("a")), { code: "session_token_invalid", closeCode: 4403 });
  await command;
  await assert.rejects(stream.pause("a"), { code: "closed" });
});

test("a token that ends is renewed, and the stream comes back", async () => {
  const log = logOf(5, "a");
  const tokens: (string | undefined)[] = [];
  gateway.onSocket = (peer) => {
    tokens.push(peer.token);
    if (tokens.length === 1) return peer.close(4401, "token_expired");
    serve(peer, new Map([["a", log]]));
  };
  let count = 0;
  const stream = open({ token: () => `token-${++count}` }).stream();
  assert.deepEqual(await collect(stream.subscribe("a")), log);
  assert.deepEqual(tokens, ["token-1", "token-2"]);
  stream.close();
});

test("refusals by REST keep the server's words", async () => {
  gateway.onRequest = (_request, response) => refusal(response, 409, "run_finished");
  await assert.rejects(quickClient(gateway.url).runs.open("a").cancel(), { name: "ApiError", code: "run_finished", status: 409, requestId: "request-1" });
});
