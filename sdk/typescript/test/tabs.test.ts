import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { ConnectionState, RunMessage } from "../dist/index.js";
import { sharedName } from "../dist/tabs/name.js";
import type { TabsPlatform } from "../dist/tabs/platform.js";
import { shared, type SharedOptions } from "../dist/tabs/shared.js";
import { collect, until } from "./support/client.js";
import { event, logOf, RUN } from "./support/events.js";

/** Locks of one browser: each name is held by one, and the others queue. */
class FakeLocks {
  readonly #queues = new Map<string, (() => Promise<unknown>)[]>();

  request(name: string, options: { signal: AbortSignal }, held: () => Promise<unknown>): Promise<void> {
    return new Promise((resolve, reject) => {
      const queue = this.#queues.get(name) ?? [];
      this.#queues.set(name, queue);
      const run = async (): Promise<void> => {
        await held();
        resolve();
        queue.shift();
        void queue[0]?.();
      };
      queue.push(run);
      options.signal.addEventListener("abort", () => {
        const at = queue.indexOf(run);
        if (at > 0) reject(queue.splice(at, 1) && new Error("aborted"));
      });
      if (queue.length === 1) void run();
    });
  }
}

/** A run that grows, and counts who is connected to it. */
class GrowingLog {
  readonly log: RunMessage[] = [];
  connections = 0;
  #wake: (() => void)[] = [];

  say(...messages: RunMessage[]): void {
    this.log.push(...messages);
    for (const wake of this.#wake.splice(0)) wake();
  }

  async *own(after: number, signal: AbortSignal): AsyncGenerator<RunMessage, void> {
    this.connections += 1;
    const stopped = new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    stopped.catch(() => {});
    for (let at = after; ; at++) {
      while (at >= this.log.length) await Promise.race([stopped, new Promise<void>((resolve) => this.#wake.push(resolve))]);
      const message = this.log[at] as RunMessage;
      yield message;
      if (message.type === "done") return;
    }
  }
}

let count = 0;
function browser(log: GrowingLog): (more?: Partial<SharedOptions>) => SharedOptions {
  const platform = {
    locks: new FakeLocks() as unknown as LockManager,
    BroadcastChannel: globalThis.BroadcastChannel,
    digest: (bytes: Uint8Array<ArrayBuffer>) => crypto.subtle.digest("SHA-256", bytes),
  };
  const name = `test-${++count}`;
  return (more = {}) => ({
    name,
    run: RUN,
    after: 0,
    platform,
    signal: new AbortController().signal,
    own: (after, signal) => log.own(after, signal),
    history: (after) => Promise.resolve({ messages: log.log.slice(after), ended: log.log.at(-1)?.type === "done" }),
    state: () => {},
    timing: { beatMs: 10, silenceMs: 2000 },
    ...more,
  });
}

describe("tabs of one browser", () => {
  test("share one connection, and each has every event once", async () => {
    const all = logOf(30);
    const run = new GrowingLog();
    const tab = browser(run);
    run.say(...all.slice(0, 5));
    const states: ConnectionState[] = [];
    const tabs = [0, 0, 3].map((after) => collect(shared(tab({ after, state: (state) => states.push(state) }))));
    await until(() => states.length === 2, "two tabs that follow");
    for (const each of all.slice(5)) {
      run.say(each);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    assert.deepEqual(await Promise.all(tabs), [all, all, all.slice(3)]);
    assert.equal(run.connections, 1);
  });

  test("one that comes late reads what was said, and one that leads and goes is followed by another", async () => {
    const all = logOf(30);
    const run = new GrowingLog();
    const tab = browser(run);
    const first = shared(tab());
    run.say(...all.slice(0, 10));
    for (let seen = 0; seen < 10; seen++) await first.next();
    const late = collect(shared(tab()));
    run.say(...all.slice(10, 15));
    for (let seen = 0; seen < 5; seen++) await first.next();
    await first.return();
    run.say(...all.slice(15));
    assert.deepEqual(await late, all);
    assert.equal(run.connections, 2);
  });

  test("a leader that the browser has frozen is not waited for", async () => {
    const all = logOf(10);
    const run = new GrowingLog();
    const tab = browser(run);
    void tab().platform.locks.request(tab().name, { signal: new AbortController().signal } as LockOptions, () => new Promise(() => {}));
    run.say(...all);
    run.log.pop();
    const seen = collect(shared(tab({ timing: { beatMs: 10, silenceMs: 40 } })));
    await until(() => run.connections === 1, "a connection of its own");
    run.say(all.at(-1) as RunMessage);
    assert.deepEqual(await seen, all);
  });

  test("lies on the channel are not believed where they can be told, and never break the order", async () => {
    const all = logOf(10);
    const run = new GrowingLog();
    const tab = browser(run);
    run.say(...all.slice(0, 3));
    const leader = collect(shared(tab()));
    const states: ConnectionState[] = [];
    const follower = collect(shared(tab({ state: (state) => states.push(state) })));
    await until(() => states.length === 1, "a tab that follows");
    const liar = new BroadcastChannel(tab().name);
    const lies = [null, 5, "x", {}, { message: null }, { message: { type: 5 } }, { message: { type: "token", run: "other", seq: 4 } },
      { message: event(900, "token", { text: "hole" }) }, { message: event(1, "token", { text: "repeat" }) }, { message: { type: "snapshot", run: RUN, payload: {} } }];
    for (const lie of lies) liar.postMessage(lie);
    await new Promise((resolve) => setTimeout(resolve, 30));
    run.say(...all.slice(3));
    assert.deepEqual([await leader, await follower], [all, all]);
    liar.close();
  });

  test("an abort ends a tab that follows", async () => {
    const run = new GrowingLog();
    const tab = browser(run);
    const stop = new AbortController();
    const leading = shared(tab({ signal: stop.signal }));
    const leader = assert.rejects(collect(leading), { message: "enough" });
    await until(() => run.connections === 1, "a leader");
    const follower = assert.rejects(collect(shared(tab({ signal: stop.signal }))), { message: "enough" });
    await new Promise((resolve) => setTimeout(resolve, 150));
    stop.abort(new Error("enough"));
    await Promise.all([leader, follower]);
  });
});

test("tabs of another user, tenant, session or gateway do not meet", async () => {
  const platform = { digest: (bytes: Uint8Array<ArrayBuffer>) => crypto.subtle.digest("SHA-256", bytes) } as TabsPlatform;
  const one = { baseUrl: "https://a", tenant: "t", user: "u", sessionToken: undefined, run: RUN };
  const others = [{ baseUrl: "https://b" }, { tenant: "x" }, { user: "x" }, { sessionToken: "s" }, { run: "x" }, { tenant: "tu", user: "" }];
  const names = await Promise.all([one, ...others.map((other) => ({ ...one, ...other }))].map((shares) => sharedName(shares, platform)));
  assert.equal(new Set(names).size, names.length);
  assert.equal(await sharedName({ ...one }, platform), names[0]);
  assert.ok(names.every((name) => /^sba-[0-9a-f]{64}$/.test(name)));
});
