import type { RunMessage } from "../events/event.js";
import { asMessage, asRunMessage, isMap } from "../events/message.js";
import { Order } from "../events/order.js";
import { isLast } from "../events/terminal.js";
import { abortReason, anySignal } from "../util/abort.js";
import { BoundedQueue } from "../util/queue.js";
import { sleep } from "../util/sleep.js";
import type { ConnectionState } from "../stream/state.js";
import { Leadership } from "./leadership.js";
import type { TabsPlatform } from "./platform.js";

/** What a run that is shared between tabs is watched with. */
export interface SharedOptions {
  readonly name: string;
  readonly run: string;
  readonly after: number;
  readonly platform: TabsPlatform;
  readonly signal: AbortSignal;
  /** A connection of this tab's own, from behind a position. */
  own(after: number, signal: AbortSignal): AsyncIterable<RunMessage>;
  /** What is there now behind a position, read once; `ended` if nothing will follow. */
  history(after: number, signal: AbortSignal): Promise<{ readonly messages: readonly RunMessage[]; readonly ended: boolean }>;
  state(state: ConnectionState): void;
  readonly timing?: SharedTiming;
}

export interface SharedTiming {
  /** How often a leader says that it is there. */
  readonly beatMs: number;
  /** Silence of the leader after which a tab goes on by itself: a browser may freeze a tab that holds a lock. */
  readonly silenceMs: number;
}

export const DEFAULT_SHARED: SharedTiming = { beatMs: 3_000, silenceMs: 10_000 };

/** How long the lock is kept when the run has ended. */
const END_GRACE_MS = 500;

/** Messages of the leader that a tab keeps while it reads the log. Beyond them it reads the log again. */
const CAPACITY = 4096;

/**
 * Watches a run with one connection for all tabs. The tab that holds the lock has it and passes every message on. The others
 * read the log up to where these messages begin, and read it again wherever one is missing: so a tab may come, go, sleep
 * and take over at any moment, and each still has every message once and in order.
 */
export async function* shared(options: SharedOptions): AsyncGenerator<RunMessage, void> {
  const leadership = new Leadership(options.name, options.platform);
  const channel = new options.platform.BroadcastChannel(options.name);
  const order = new Order(options.after);
  let graceMs = 0;
  try {
    const ended = yield* followLeader(options, channel, leadership, order);
    if (!ended) yield* lead(options, channel, leadership, order);
    graceMs = END_GRACE_MS;
  } finally {
    channel.close();
    // The lock is faster than the last message, and whoever had it would open a connection for nothing.
    if (graceMs > 0) setTimeout(() => leadership.resign(), graceMs);
    else leadership.resign();
  }
}

/** Has the connection, and passes on what it says, if this tab leads. */
async function* lead(
  options: SharedOptions,
  channel: BroadcastChannel,
  leadership: Leadership,
  order: Order,
): AsyncGenerator<RunMessage, void> {
  const beat = setInterval(() => leadership.leads && channel.postMessage({ beat: true }), options.timing?.beatMs ?? DEFAULT_SHARED.beatMs);
  if (leadership.leads) channel.postMessage({ beat: true });
  try {
    for await (const message of options.own(order.seq, options.signal)) {
      if (leadership.leads) channel.postMessage({ message });
      yield message;
    }
  } finally {
    clearInterval(beat);
  }
}

/** Lives on what the leader says; returns whether the run ended meanwhile, or else this tab must go on by itself. */
async function* followLeader(
  options: SharedOptions,
  channel: BroadcastChannel,
  leadership: Leadership,
  order: Order,
): AsyncGenerator<RunMessage, boolean> {
  const listener = new LeaderListener(options, channel, leadership);
  try {
    // Where nobody leads, the lock is had within moments.
    await listener.decided();
    if (!listener.following) return false;
    options.state({ phase: "shared" });
    for (let behind = true; ; ) {
      if (behind && listener.following) {
        const { messages, ended } = await options.history(order.seq, options.signal);
        for (const message of messages) if (order.take(message) === "next") yield message;
        if (ended) return true;
      }
      const message = await listener.next();
      if (!message) return false;
      const verdict = order.take(message);
      behind = verdict === "hole";
      if (verdict === "next") yield message;
      if (verdict === "next" && isLast(message)) return true;
    }
  } finally {
    listener.stop();
  }
}

/** Hears the leader, and notices when there is none. */
class LeaderListener {
  readonly #options: SharedOptions;
  readonly #channel: BroadcastChannel;
  readonly #stop = new AbortController();
  #queue = new BoundedQueue<RunMessage>(CAPACITY);
  #following = true;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #heard: () => void = () => {};
  readonly #hear = (event: MessageEvent<unknown>): void => this.#take(event.data);

  constructor(options: SharedOptions, channel: BroadcastChannel, leadership: Leadership) {
    this.#options = options;
    this.#channel = channel;
    channel.addEventListener("message", this.#hear);
    options.signal.addEventListener("abort", this.#end, { once: true });
    void leadership.elected.then(this.#end);
    this.#listen();
  }

  get following(): boolean {
    return this.#following;
  }

  /** Waits until this tab leads, or a leader was heard, or there has been time enough for either. */
  async decided(): Promise<void> {
    const heard = new Promise<void>((resolve) => (this.#heard = resolve));
    // Rejects only when this listener stops, where nothing is left to decide.
    await sleep(100, anySignal(this.#options.signal, this.#stop.signal), heard).catch(() => {});
    if (this.#options.signal.aborted) throw abortReason(this.#options.signal);
  }

  /** The leader's next message; undefined once there is no leader, and everything that was heard of it was given. */
  async next(): Promise<RunMessage | undefined> {
    const message = await this.#queue.next();
    if (this.#options.signal.aborted) throw abortReason(this.#options.signal);
    return message;
  }

  stop(): void {
    this.#end();
    this.#channel.removeEventListener("message", this.#hear);
    this.#options.signal.removeEventListener("abort", this.#end);
  }

  readonly #end = (): void => {
    this.#following = false;
    clearTimeout(this.#silence);
    this.#queue.end();
    this.#stop.abort();
  };

  #listen(): void {
    clearTimeout(this.#silence);
    if (this.#following) this.#silence = setTimeout(this.#end, this.#options.timing?.silenceMs ?? DEFAULT_SHARED.silenceMs);
  }

  /** Whoever has this origin can say anything here: what is not well-formed, or of another run, is nothing. */
  #take(data: unknown): void {
    if (!isMap(data)) return;
    this.#listen();
    this.#heard();
    const message = readMessage(data["message"]);
    if (!message || message.run !== this.#options.run) return;
    // A tab that reads more slowly than the leader speaks drops what it kept: the next message shows a hole, and the log fills it.
    if (!this.#queue.push(message)) this.#queue.clear();
  }
}

function readMessage(value: unknown): RunMessage | undefined {
  if (value === undefined) return undefined;
  try {
    return asRunMessage(asMessage(value));
  } catch {
    return undefined;
  }
}
