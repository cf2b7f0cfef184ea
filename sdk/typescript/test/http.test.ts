import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { quickClient } from "./support/client.js";
import { answer, refusal, ScriptedGateway } from "./support/gateway.js";

let gateway: ScriptedGateway;
beforeEach(async () => (gateway = await ScriptedGateway.start()));
afterEach(() => gateway.stop());

const STARTED = { run_id: "r1", status: "created", workflow: "render", created_at: "2026-11-24T00:00:00Z", links: {} };

test("a run is started once, however often the answer is lost", async () => {
  const keys = new Set<unknown>();
  let count = 0;
  gateway.onRequest = (request, response) => {
    keys.add(request.headers["idempotency-key"]);
    count += 1;
    if (count === 1) return void request.socket.destroy();
    if (count === 2) return refusal(response, 503, "unavailable", { "retry-after": "0" });
    if (count === 3) return refusal(response, 504, "deadline_exceeded");
    answer(response, 201, STARTED);
  };
  const run = await quickClient(gateway.url).runs.start({ prompt: "Why?" });
  assert.equal(run.id, "r1");
  assert.equal(count, 4);
  assert.equal(keys.size, 1);
  assert.match(String([...keys][0]), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test("what has no key is not sent twice, unless the server says that it did nothing", async () => {
  gateway.onRequest = (_request, response) => refusal(response, 503, "unavailable");
  await assert.rejects(quickClient(gateway.url).tasks.complete("t"), { code: "unavailable" });
  assert.equal(gateway.requests.length, 1);
  gateway.onRequest = (_request, response) => (gateway.requests.length < 4 ? refusal(response, 429, "rate_limited") : answer(response, 200, {}));
  await quickClient(gateway.url).tasks.complete("t");
  assert.equal(gateway.requests.length, 4);
});

test("what is wrong with a request is said with its fields, and not asked again", async () => {
  gateway.onRequest = (_request, response) =>
    answer(response, 400, {
      error: { code: "validation_failed", message: "…", request_id: "r", details: [{ field: "prompt", problem: "missing" }, "nonsense"] },
    });
  await assert.rejects(quickClient(gateway.url).runs.start({ prompt: "" }), {
    name: "ApiError", status: 400, code: "validation_failed", requestId: "r", details: [{ field: "prompt", problem: "missing" }],
  });
  assert.equal(gateway.requests.length, 1);
});

test("an answer of something that is not SBA is an error like any other", async () => {
  for (const body of ["<html>Bad gateway</html>", "null", '{"error": 5}', ""]) {
    gateway.onRequest = (_request, response) => response.writeHead(403, { "x-request-id": "of-the-proxy" }).end(body);
    await assert.rejects(quickClient(gateway.url).runs.list(), { name: "ApiError", code: "http_403", requestId: "of-the-proxy" });
  }
});

test("a token that has ended is renewed once for all who need it", async () => {
  gateway.onRequest = (request, response) =>
    request.headers.authorization === "Bearer token-2" ? answer(response, 200, { data: [], meta: { has_next: false } }) : refusal(response, 401, "token_expired");
  let tokens = 0;
  const client = quickClient(gateway.url, { token: () => `token-${++tokens}` });
  await Promise.all([client.runs.list(), client.tasks.list(), client.documents.list()]);
  assert.equal(tokens, 2);
  await assert.rejects(quickClient(gateway.url, { token: "stale" }).runs.list(), { code: "token_expired" });
});

test("a token that is about to end is renewed before it is used", async () => {
  const jwt = (exp: number) => `e30.${Buffer.from(JSON.stringify({ exp })).toString("base64url")}.x`;
  const seen: unknown[] = [];
  gateway.onRequest = (request, response) => {
    seen.push(request.headers.authorization);
    answer(response, 200, { data: [], meta: { has_next: false } });
  };
  const tokens = [jwt(Date.now() / 1000 + 1), jwt(Date.now() / 1000 + 3600)];
  const given: string[] = [];
  const client = quickClient(gateway.url, { token: () => (given.push(tokens[given.length] ?? ""), given.at(-1) ?? "") });
  await client.runs.list();
  await client.runs.list();
  await client.runs.list();
  assert.deepEqual(given, tokens);
  assert.equal(seen[2], `Bearer ${tokens[1]}`);
});

test("silence and absence are errors of the connection", async () => {
  gateway.onRequest = () => {};
  const http = { timeoutMs: 30, retry: { minMs: 1, maxMs: 1, maxAttempts: 1 } };
  await assert.rejects(quickClient(gateway.url, { http }).runs.list(), { name: "ConnectionError", code: "timeout" });
  await assert.rejects(quickClient("http://127.0.0.1:1", { http }).runs.list(), { name: "ConnectionError", code: "unreachable" });
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error("enough")), 10);
  await assert.rejects(quickClient(gateway.url).runs.list({}, { signal: stop.signal }), { message: "enough" });
});

test("an address that is none is told at once", () => {
  for (const baseUrl of ["", "sba.example", "ws://sba.example", "http://", "/api", undefined as unknown as string]) {
    assert.throws(() => quickClient(baseUrl), TypeError, baseUrl);
  }
  quickClient("https://sba.example/below/");
});

test("lists are walked page by page", async () => {
  gateway.onRequest = (request, response) => {
    const page = Number(new URL(request.url ?? "", "http://x").searchParams.get("page"));
    answer(response, 200, { data: [{ run_id: `r${page}` }], meta: { total: 3, page, limit: 1, has_next: page < 3 } });
  };
  const ids: string[] = [];
  for await (const { run_id } of quickClient(gateway.url).runs.all({ limit: 1, status: "completed" })) ids.push(run_id);
  assert.deepEqual(ids, ["r1", "r2", "r3"]);
  assert.equal(gateway.requests[1], "GET /api/v1/runs?limit=1&status=completed&page=2");
});

test("a file is handed in as a form, and ids cannot leave their place in an address", async () => {
  let form = "";
  gateway.onRequest = (request, response, body) => {
    form = body;
    assert.match(request.headers["content-type"] ?? "", /^multipart\/form-data; boundary=/);
    answer(response, 202, { document_id: "d", status: "pending" });
  };
  await quickClient(gateway.url).documents.putFile({ file: new Blob(["# Terms"]), name: "terms.md", source: "contracts/terms.md" });
  assert.ok(form.includes('name="file"; filename="terms.md"') && form.indexOf("contracts/terms.md") < form.indexOf("# Terms"));
  gateway.onRequest = (_request, response) => response.writeHead(204).end();
  await quickClient(gateway.url).documents.delete("../../runs?x");
  assert.equal(gateway.requests.at(-1), "DELETE /api/v1/knowledge/documents/..%2F..%2Fruns%3Fx");
});
