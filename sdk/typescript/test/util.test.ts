import assert from "node:assert/strict";
import { test } from "node:test";
import { SseParser, type ServerSentEvent } from "../dist/stream/sse-parser.js";
import { Backoff } from "../dist/util/backoff.js";
import { BoundedQueue } from "../dist/util/queue.js";
import { TokenBucket } from "../dist/util/token-bucket.js";
import { below, seeded } from "./support/random.js";

test("pauses double up to a limit, with jitter, and begin anew after a success", () => {
  const longest = new Backoff({ minMs: 100, maxMs: 1000, maxAttempts: Infinity }, () => 1);
  assert.deepEqual([1, 2, 3, 4, 5, 6].map(() => longest.next()), [100, 200, 400, 800, 1000, 1000]);
  const shortest = new Backoff({ minMs: 100, maxMs: 1000, maxAttempts: 3 }, () => 0);
  assert.deepEqual([shortest.next(), shortest.next(), shortest.next()], [50, 100, undefined]);
  shortest.reset();
  assert.equal(shortest.next(), 50);
  const far = new Backoff({ minMs: 100, maxMs: 1000, maxAttempts: Infinity });
  for (let turn = 0; turn < 5000; turn++) assert.ok((far.next() ?? 0) <= 1000);
});

test("a bucket lets a burst through and then keeps its pace", () => {
  let now = 0;
  const bucket = new TokenBucket(10, 3, () => now);
  assert.deepEqual([bucket.take(), bucket.take(), bucket.take(), bucket.take()], [0, 0, 0, 100]);
  now = 100;
  assert.deepEqual([bucket.take(), bucket.take()], [0, 100]);
  now = 10_000;
  assert.deepEqual([bucket.take(), bucket.take(), bucket.take(), bucket.take()], [0, 0, 0, 100]);
  bucket.drain();
  assert.equal(bucket.take(), 100);
});

test("a queue keeps its order and its bound, and gives what it has before its error", async () => {
  const queue = new BoundedQueue<number>(3000);
  for (let item = 0; item < 3000; item++) assert.ok(queue.push(item));
  assert.equal(queue.push(3000), false);
  for (let item = 0; item < 2990; item++) assert.equal(await queue.next(), item);
  queue.end(new Error("cut"));
  assert.equal(queue.push(1), false);
  for (let item = 2990; item < 3000; item++) assert.equal(await queue.next(), item);
  await assert.rejects(queue.next(), { message: "cut" });
  const waiting = new BoundedQueue<number>(1);
  setTimeout(() => waiting.push(7), 5);
  assert.equal(await waiting.next(), 7);
  setTimeout(() => waiting.end(), 5);
  assert.equal(await waiting.next(), undefined);
});

const STREAM = "\uFEFF: hello\r\nretry: 1000\n\nid: 1\rdata: one\r\rid: 2\r\ndata: two\r\ndata:  lines\r\n\r\nevent: x\ndata\n\n: ping\n\nid: 3\ndata:{\"a\": 1}\n\nid: 4\ndata: never ended";
const EVENTS: ServerSentEvent[] = [
  { id: "1", data: "one" }, { id: "2", data: "two\n lines" }, { id: "2", data: "" }, { id: "3", data: '{"a": 1}' },
];

test("server-sent events are the same however the stream is cut", () => {
  for (let seed = 0; seed < 500; seed++) {
    const random = seeded(seed);
    const parser = new SseParser();
    const events: ServerSentEvent[] = [];
    for (let at = 0; at < STREAM.length; ) {
      const length = below(random, 7);
      events.push(...parser.push(STREAM.slice(at, at + length)));
      at += length;
    }
    assert.deepEqual(events, EVENTS, `seed ${seed}`);
  }
});

test("a stream without line ends does not fill the memory", () => {
  const parser = new SseParser();
  const chunk = "data: ".padEnd(1024 * 1024, "x");
  assert.throws(() => { for (let turn = 0; turn < 40; turn++) parser.push(chunk); }, { code: "undecodable" });
  assert.throws(() => { const lines = new SseParser(); for (let turn = 0; turn < 40; turn++) lines.push(chunk + "\n"); }, { code: "undecodable" });
});
