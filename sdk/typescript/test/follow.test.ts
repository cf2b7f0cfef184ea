import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { ApiError, type CodecName, type ConnectionState, type RunEvent, type RunMessage, type StreamError } from "../dist/index.js";
import { collect, quickClient, until } from "./support/client.js";
import { event, logOf, RUN } from "./support/events.js";
import { answer, refusal, ScriptedGateway, type Peer } from "./support/gateway.js";
import { below, seeded } from "./support/random.js";

let gateway: ScriptedGateway;
beforeEach(async () => (gateway = await ScriptedGateway.start()));
afterEach(() => gateway.stop());

/** Shows a log as a server should. */
function show(peer: Peer, log: readonly RunEvent[]): void {
  for (const each of log.slice(peer.after)) peer.send(each);
  peer.close(1000, "done");
}

/** Ways in which a connection goes wrong. Each shows something of the log first. */
const FAULTS: ((peer: Peer, log: readonly RunEvent[], random: () => number) => void)[] = [
  (peer) => peer.cut(),
  (peer) => peer.close(1012, "stopping"),
  (peer) => peer.close(1013, "unavailable"),
  (peer) => peer.close(4401, "token_expired"),
  (peer) => peer.close(1001),
  // It says again what was said, and then leaves something out.
  (peer, log, random) => {
    for (const each of log.slice(Math.max(0, peer.after - 5), peer.after + 3)) peer.send(each);
    for (const each of log.slice(peer.after + 5 + below(random, 5))) peer.send(each);
  },
  // It falls silent, and answers no ping.
  () => {},
];

describe("a server that misbehaves", () => {
  for (const codec of ["json", "msgpack", "cbor"] as CodecName[]) {
    test(`shows every event once and in order in the end, in ${codec}`, async () => {
      for (let seed = 0; seed < 12; seed++) {
        const random = seeded(seed);
        const log = logOf(60);
        let connections = 0;
        gateway.onSocket = (peer) => {
          connections += 1;
          if (connections > 12) return show(peer, log);
          for (const each of log.slice(peer.after, Math.min(log.length - 1, peer.after + 1 + below(random, 9)))) peer.send(each);
          FAULTS[below(random, FAULTS.length)]?.(peer, log, random);
        };
        gateway.refuse = () => (random() < 0.2 ? 503 : undefined);
        let tokens = 0;
        const timing = { websocket: { idleMs: 20, openMs: 500 } };
        const client = quickClient(gateway.url, { codec, token: () => `token-${++tokens}`, transports: ["websocket"], timing });
        const seen = await collect(client.runs.open(RUN).stream());
        assert.deepEqual(seen, log, `seed ${seed}`);
      }
    });
  }

  test("is asked to go on from where the client is", async () => {
    const log = logOf(10);
    const asked: number[] = [];
    gateway.onSocket = (peer) => {
      asked.push(peer.after);
      if (asked.length > 1) return show(peer, log);
      for (const each of log.slice(peer.after, 7)) peer.send(each);
      peer.close(1012, "stopping");
    };
    const seen = await collect(quickClient(gateway.url).runs.open(RUN).stream({ after: 2 }));
    assert.deepEqual(asked, [2, 7]);
    assert.deepEqual(seen, log.slice(2));
  });

  test("and leaves the same event out again and again is given up", async () => {
    const log = logOf(10);
    gateway.onSocket = (peer) => {
      for (const each of log.filter(({ seq }) => seq > peer.after && seq !== 5)) peer.send(each);
    };
    await assert.rejects(collect(quickClient(gateway.url).runs.open(RUN).stream()), { name: "StreamError", code: "order_broken" });
    assert.ok(gateway.sockets >= 3 && gateway.sockets <= 5, `${gateway.sockets}`);
  });

  test("and says garbage is given up at once", async () => {
    gateway.onSocket = (peer) => peer.socket.send("{nonsense");
    await assert.rejects(collect(quickClient(gateway.url).runs.open(RUN).stream()), { code: "undecodable" });
    assert.equal(gateway.sockets, 1);
  });

  test("in types and fields of a later version only is understood otherwise", async () => {
    const log = logOf(2);
    gateway.onSocket = (peer) => {
      peer.send({ type: "weather", payload: { sun: true } });
      peer.send({ type: "ack", id: "of-nobody", payload: {} });
      for (const each of log) peer.send({ ...each, colour: "blue" });
      peer.close(1000, "done");
    };
    const seen = await collect(quickClient(gateway.url).runs.open(RUN).stream());
    assert.deepEqual(seen.map((each) => (each as RunEvent).seq), [1, 2, 3, 4, 5, 6]);
  });
});

describe("close codes", () => {
  for (const code of [1002, 1003, 1007, 1008, 1009, 1011, 4400, 4403, 4404]) {
    test(`${code}: coming back would not help`, async () => {
      gateway.onSocket = (peer) => peer.close(code, "some_reason");
      const stream = quickClient(gateway.url).runs.open(RUN).stream();
      await assert.rejects(collect(stream), (error: StreamError) => error.code === "some_reason" && error.closeCode === code);
      assert.equal(gateway.sockets, 1);
    });
  }

  test("4401 with a token that cannot be renewed", async () => {
    gateway.onSocket = (peer) => peer.close(4401, "token_expired");
    await assert.rejects(collect(quickClient(gateway.url).runs.open(RUN).stream()), { code: "token_expired" });
    assert.equal(gateway.sockets, 1);
  });

  test("4401 with a provider whose tokens are never good", async () => {
    gateway.onSocket = (peer) => peer.close(4401, "token_expired");
    let tokens = 0;
    const client = quickClient(gateway.url, { token: () => `token-${++tokens}` });
    await assert.rejects(collect(client.runs.open(RUN).stream()), { code: "token_expired" });
    assert.equal(tokens, 3);
  });

  test("attempts are bounded where the caller wants it", async () => {
    gateway.onSocket = (peer) => peer.close(1013, "unavailable");
    const client = quickClient(gateway.url, { reconnect: { minMs: 1, maxMs: 2, maxAttempts: 4 } });
    await assert.rejects(collect(client.runs.open(RUN).stream()), { code: "retries_exhausted" });
    assert.equal(gateway.sockets, 4);
  });
});

test("a token is renewed in place, on the same socket", async () => {
  const log = logOf(3);
  const renewed: unknown[] = [];
  gateway.onSocket = (peer) => {
    peer.send(log[0] as RunEvent);
    peer.send({ type: "token_expiring", payload: { expires_at: 1 } });
    peer.onMessage((message) => {
      renewed.push(message);
      peer.send({ type: "ack", id: message.id, payload: { expires_at: 2 } });
      for (const each of log.slice(1)) peer.send(each);
      peer.close(1000, "done");
    });
  };
  const reasons: string[] = [];
  const client = quickClient(gateway.url, { token: (reason) => `token-${reasons.push(reason)}` });
  const seen = await collect(client.runs.open(RUN, "of-the-session").stream());
  assert.deepEqual(seen, log);
  assert.deepEqual(renewed, [{ id: "keep-1", type: "auth", token: "token-2", session_token: "of-the-session" }]);
  assert.deepEqual(reasons, ["first", "expiring"]);
  assert.equal(gateway.sockets, 1);
});

test("tokens go into the handshake, and never into the address", async () => {
  let peer: Peer | undefined;
  gateway.onSocket = (opened) => show((peer = opened), logOf(1));
  let address = "";
  gateway.refuse = (request) => void (address = request.url ?? "");
  await collect(quickClient(gateway.url).runs.open(RUN, "of-the-session").stream());
  assert.deepEqual([peer?.token, peer?.sessionToken], ["token-1", "of-the-session"]);
  assert.equal(address, `/api/v1/runs/${RUN}/stream?after=0`);
});

test("a silent server is asked whether it is there, and stays if it answers", async () => {
  const log = logOf(2);
  gateway.onSocket = (peer) => {
    let pings = 0;
    peer.onMessage((message) => {
      assert.equal(message.type, "ping");
      peer.send({ type: "ack", id: message.id, payload: { ts: 1 } });
      if (++pings === 3) show(peer, log);
    });
  };
  const client = quickClient(gateway.url, { timing: { websocket: { idleMs: 50 } } });
  assert.deepEqual(await collect(client.runs.open(RUN).stream()), log);
  assert.equal(gateway.sockets, 1);
});

test("events that are gone: a gap and a snapshot, and then what follows", async () => {
  const view = { run_id: RUN, status: "running", seq: 7, steps: [], asks: [], artifacts: [], usage: { input_tokens: 0, output_tokens: 0 } };
  const said = [
    { type: "gap", run: RUN, payload: { from: 1, to: 7 } },
    { type: "snapshot", run: RUN, payload: { seq: 7, run: view } },
    event(8, "token", { text: "x", index: 0, count: 1 }, { step: 1 }),
    event(9, "done", { run_id: RUN, status: "completed", usage: { input_tokens: 0, output_tokens: 1 } }),
  ];
  gateway.onSocket = (peer) => {
    for (const each of said) peer.send(each);
    peer.close(1000, "done");
  };
  assert.deepEqual(await collect(quickClient(gateway.url).runs.open(RUN).stream()), said);
});

test("a snapshot of a run that has ended is the end", async () => {
  gateway.onSocket = (peer) => peer.send({ type: "snapshot", run: RUN, payload: { seq: 7, run: { run_id: RUN, status: "failed" } } });
  const seen = await collect(quickClient(gateway.url).runs.open(RUN).stream({ from: "snapshot" }));
  assert.equal(seen.length, 1);
});

test("a reader that is slow bounds what is kept, and misses nothing", async () => {
  const log = logOf(300);
  const asked: number[] = [];
  gateway.onSocket = (peer) => {
    asked.push(peer.after);
    show(peer, log);
  };
  const client = quickClient(gateway.url, { capacity: 50 });
  const seen: RunMessage[] = [];
  for await (const message of client.runs.open(RUN).stream()) {
    if (seen.length % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    seen.push(message);
  }
  assert.deepEqual(seen, log);
  assert.ok(asked.length > 2, `it was cut and resumed: ${asked.join()}`);
});

test("whoever leaves closes the connection", async () => {
  let closed = false;
  gateway.onSocket = (peer) => {
    peer.socket.on("close", () => (closed = true));
    for (const each of logOf(5).slice(0, 4)) peer.send(each);
  };
  for await (const _ of quickClient(gateway.url).runs.open(RUN).stream()) break;
  await until(() => closed, "the socket's end");
});

test("an abort ends the stream with its reason, while it waits for an event and while it waits to come back", async () => {
  for (const onSocket of [(peer: Peer) => peer.send(logOf(1)[0] as RunEvent), (peer: Peer) => peer.close(1013)]) {
    gateway.onSocket = onSocket;
    const stop = new AbortController();
    const client = quickClient(gateway.url, { reconnect: { minMs: 60_000, maxMs: 60_000 } });
    const before = gateway.sockets;
    const stream = collect(client.runs.open(RUN).stream({ signal: stop.signal }));
    const rejected = assert.rejects(stream, { message: "enough" });
    await until(() => gateway.sockets > before, "a connection");
    setTimeout(() => stop.abort(new Error("enough")), 20);
    await rejected;
  }
});

describe("without WebSockets", () => {
  const log = logOf(40);

  /** SSE that is cut after some events each time. */
  function showSse(atOnce: number): void {
    gateway.refuse = () => 403;
    gateway.onRequest = (request, response) => {
      assert.equal(request.headers.accept, "text/event-stream");
      const after = Number(request.headers["last-event-id"] ?? 0);
      if (after >= log.length) return void response.writeHead(204).end();
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("retry: 1000\r\n\r\n: alive\n\n");
      for (const each of log.slice(after, after + atOnce)) response.write(`id: ${each.seq}\ndata: ${JSON.stringify(each)}\n\n`);
      response.end();
    };
  }

  test("server-sent events are read instead, and resumed", async () => {
    showSse(7);
    const states: ConnectionState[] = [];
    const seen = await collect(quickClient(gateway.url).runs.open(RUN).stream({ onState: (state) => states.push(state) }));
    assert.deepEqual(seen, log);
    assert.deepEqual(states[0], { phase: "connecting", transport: "websocket", attempt: 1 });
    assert.ok(states.some((state) => state.phase === "open" && state.transport === "sse"));
    assert.equal(gateway.sockets, 0);
  });

  test("an answer 204 ends the stream", async () => {
    showSse(7);
    assert.deepEqual(await collect(quickClient(gateway.url).runs.open(RUN).stream({ after: log.length })), []);
  });

  test("where a proxy keeps the events back, polling is left", async () => {
    gateway.refuse = () => 403;
    let kept = 0;
    gateway.onRequest = (request, response) => {
      if (request.headers.accept === "text/event-stream") return void (kept += 1);
      const after = Number(new URL(request.url ?? "", "http://x").searchParams.get("after"));
      const events = log.slice(after, after + 9);
      answer(response, 200, { events, after: after + events.length, ended: after + events.length === log.length });
    };
    const client = quickClient(gateway.url, { timing: { sse: { openMs: 30, idleMs: 1000 } } });
    assert.deepEqual(await collect(client.runs.open(RUN).stream()), log);
    assert.equal(kept, 1);
  });

  test("a silent stream of events is left", async () => {
    gateway.refuse = () => 403;
    let connections = 0;
    gateway.onRequest = (request, response) => {
      const after = Number(request.headers["last-event-id"] ?? 0);
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const each of log.slice(after, ++connections === 1 ? 5 : undefined)) response.write(`id: ${each.seq}\ndata: ${JSON.stringify(each)}\n\n`);
    };
    const client = quickClient(gateway.url, { transports: ["sse"], timing: { sse: { openMs: 500, idleMs: 50 } } });
    assert.deepEqual(await collect(client.runs.open(RUN).stream()), log);
    assert.equal(connections, 2);
  });

  test("what was wrong with the handshake is found out", async () => {
    gateway.refuse = () => 404;
    gateway.onRequest = (_request, response) => refusal(response, 404, "not_found");
    await assert.rejects(collect(quickClient(gateway.url).runs.open(RUN).stream()), (error: StreamError) => {
      assert.equal(error.code, "not_found");
      assert.ok(error.cause instanceof ApiError && error.cause.requestId === "request-1");
      return true;
    });
  });

  test("a token that has expired at the handshake is renewed, and the WebSocket is used after all", async () => {
    gateway.refuse = (request) => (request.headers["sec-websocket-protocol"]?.includes("sba.bearer.token-2") ? undefined : 401);
    gateway.onRequest = (_request, response) => refusal(response, 401, "token_expired");
    gateway.onSocket = (peer) => show(peer, log);
    let tokens = 0;
    const client = quickClient(gateway.url, { token: () => `token-${++tokens}` });
    assert.deepEqual(await collect(client.runs.open(RUN).stream()), log);
    assert.equal(gateway.sockets, 1);
  });

  test("while nothing can be reached the best way is tried again", async () => {
    const { url } = gateway;
    await gateway.stop();
    const states: ConnectionState[] = [];
    const client = quickClient(url, { reconnect: { minMs: 1, maxMs: 5, maxAttempts: 8 }, http: { retry: { minMs: 1, maxMs: 1, maxAttempts: 1 } } });
    await assert.rejects(collect(client.runs.open(RUN).stream({ onState: (state) => states.push(state) })), { code: "retries_exhausted" });
    const tried = states.flatMap((state) => (state.phase === "connecting" ? [state.transport] : []));
    assert.deepEqual(tried.slice(0, 6), ["websocket", "sse", "polling", "websocket", "sse", "polling"]);
    gateway = await ScriptedGateway.start();
  });
});
