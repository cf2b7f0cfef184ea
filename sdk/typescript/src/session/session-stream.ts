import { StreamError } from "../errors.js";
import type { RunMessage } from "../events/event.js";
import { asRunMessage, type ServerMessage } from "../events/message.js";
import { isLast } from "../events/terminal.js";
import type { Connection } from "../http/config.js";
import type { Channel } from "../stream/channel.js";
import { abortReason } from "../util/abort.js";
import { randomId } from "../util/random.js";
import { sleep } from "../util/sleep.js";
import { TokenBucket } from "../util/token-bucket.js";
import { SessionLink, type LinkSettings } from "./link.js";
import { Outbox, type AckPayload, type ClientMessage } from "./outbox.js";
import { Pump } from "./pump.js";
import { Subscription, type SubscribeOptions } from "./subscription.js";

/** What takes the stream's place where no WebSocket can be opened at all. */
export interface Fallback {
  watch(run: string, options: SubscribeOptions): AsyncIterable<RunMessage>;
  command(message: ClientMessage): Promise<AckPayload>;
}

export interface SessionStreamSettings extends LinkSettings {
  /** Messages kept for each run whose reader is slow. */
  readonly capacity: number;
  readonly outbox: number;
  readonly messagesPerSecond: number;
  readonly burst: number;
}

/** Codes of a subscription that is worth asking for again. */
const TRANSIENT: ReadonlySet<string> = new Set(["unavailable", "internal", "overloaded", "rate_limited", "deadline_exceeded"]);

/**
 * Many runs over one WebSocket, and commands to them. It comes back by itself, asks for each run from where it was, and sends
 * again what was not answered. Where no WebSocket can be had, each run is watched by itself and commands go by REST.
 */
export class SessionStream {
  readonly #settings: SessionStreamSettings;
  readonly #fallback: Fallback;
  readonly #subscriptions = new Map<string, Subscription>();
  /** Requests about subscriptions that wait to be sent. */
  readonly #requests: (() => object | undefined)[] = [];
  readonly #outbox: Outbox;
  readonly #link: SessionLink;
  readonly #pump: Pump;
  readonly #stop = new AbortController();
  #channel: Channel | undefined;
  #degraded: boolean;
  #running = false;

  constructor(connection: Connection, settings: SessionStreamSettings, fallback: Fallback) {
    this.#settings = settings;
    this.#fallback = fallback;
    this.#outbox = new Outbox(settings.outbox);
    const bucket = new TokenBucket(settings.messagesPerSecond, settings.burst);
    this.#pump = new Pump(bucket, () => this.#nextMessage(), (message) => this.#channel?.send(message) ?? false);
    this.#degraded = settings.webSocket === undefined;
    this.#link = new SessionLink(connection, settings, this.#stop.signal, {
      opened: (channel) => this.#opened(channel),
      cut: () => this.#cut(),
      message: (message) => this.#hear(message),
      impossible: () => this.#degrade(),
    });
  }

  /** Messages that the server has not answered yet. */
  get pending(): number {
    return this.#outbox.size;
  }

  /** Every message of a run once and in order, until its end. One subscription of a run at a time. */
  async *subscribe(run: string, options: SubscribeOptions = {}): AsyncGenerator<RunMessage, void> {
    if (this.#subscriptions.has(run)) throw new StreamError("already_subscribed", "this run is watched on this stream already");
    const subscription = new Subscription(run, options, this.#settings.capacity);
    const abort = (): void => subscription.queue.end(abortReason(options.signal as AbortSignal));
    if (options.signal?.aborted) abort();
    options.signal?.addEventListener("abort", abort, { once: true });
    this.#subscriptions.set(run, subscription);
    this.#ask(subscription);
    this.#start();
    try {
      if (!this.#degraded && (yield* this.#read(subscription))) return;
      if (this.#degraded) yield* this.#fallback.watch(run, { ...options, after: subscription.order.seq });
    } finally {
      options.signal?.removeEventListener("abort", abort);
      this.#subscriptions.delete(run);
      this.#request(() => ({ id: randomId(), type: "unsubscribe", run }));
    }
  }

  /** Answers what a run asks. */
  input(run: string, answer: { readonly ask_id?: string; readonly input: unknown }, options: CommandOptions = {}): Promise<AckPayload> {
    return this.#command({ type: "input", run, ...answer }, options);
  }

  cancel(run: string, reason?: string, options: CommandOptions = {}): Promise<AckPayload> {
    return this.#command({ type: "cancel", run, reason }, options);
  }

  pause(run: string, options: CommandOptions = {}): Promise<AckPayload> {
    return this.#command({ type: "pause", run }, options);
  }

  resume(run: string, options: CommandOptions = {}): Promise<AckPayload> {
    return this.#command({ type: "resume", run }, options);
  }

  /** Ends it: subscriptions end, and what was not answered is rejected with `closed`. */
  close(): void {
    this.#end(undefined);
  }

  async #command(message: Omit<ClientMessage, "id">, options: CommandOptions): Promise<AckPayload> {
    if (this.#stop.signal.aborted) throw new StreamError("closed", "the stream was closed");
    const answer = this.#outbox.add(message, options.id, options.signal);
    this.#start();
    this.#deliver();
    return answer;
  }

  /** Gives what waits to whoever takes it now. */
  #deliver(): void {
    if (!this.#degraded) return this.#pump.run();
    for (let message = this.#outbox.next(); message; message = this.#outbox.next()) {
      const { id } = message;
      this.#outbox.sent(id);
      this.#fallback.command(message).then(
        (payload) => this.#outbox.resolve(id, payload),
        (error: unknown) => this.#outbox.reject(id, error as Error),
      );
    }
  }

  #nextMessage(): (() => object | undefined) | undefined {
    const request = this.#requests[0];
    if (request) return () => this.#requests.shift()?.();
    const message = this.#outbox.next();
    if (!message) return undefined;
    return () => {
      this.#outbox.sent(message.id);
      return message;
    };
  }

  /** Reads a subscription to its end; false if the fall-back is to go on. */
  async *#read(subscription: Subscription): AsyncGenerator<RunMessage, boolean> {
    for (;;) {
      if (subscription.full && subscription.queue.size === 0) {
        subscription.full = false;
        this.#ask(subscription);
      }
      const message = await subscription.queue.next();
      if (!message) return !this.#degraded;
      yield message;
      if (isLast(message)) return true;
    }
  }

  #ask(subscription: Subscription): void {
    this.#request(() => (this.#isCurrent(subscription) ? subscription.request(randomId()) : undefined));
  }

  #isCurrent(subscription: Subscription): boolean {
    return this.#subscriptions.get(subscription.run) === subscription && !subscription.full;
  }

  /** A request is for this connection only: the next one asks for all subscriptions anew. */
  #request(make: () => object | undefined): void {
    if (!this.#channel) return;
    this.#requests.push(make);
    this.#pump.run();
  }

  #start(): void {
    if (this.#running || this.#degraded || this.#stop.signal.aborted) return;
    this.#running = true;
    this.#link.run().then((cause) => this.#end(cause), (error: unknown) => this.#end(error as Error));
  }

  #opened(channel: Channel): void {
    this.#channel = channel;
    this.#outbox.resend();
    for (const subscription of this.#subscriptions.values()) this.#ask(subscription);
    this.#pump.start();
  }

  #cut(): void {
    this.#pump.stop();
    this.#channel = undefined;
    this.#requests.length = 0;
  }

  /** There will be no WebSocket: what waits is handed to the fall-back. */
  #degrade(): void {
    this.#degraded = true;
    for (const { queue } of this.#subscriptions.values()) queue.end();
    this.#deliver();
  }

  #hear(message: ServerMessage): void {
    if (message.type === "ack" || message.type === "rejected") return this.#answered(message);
    const subscription = message.run === undefined ? undefined : this.#subscriptions.get(message.run);
    if (!subscription) return;
    if (message.type === "ended" || message.type === "lost") {
      if (!subscription.settled) return;
      return message.type === "ended" ? subscription.queue.end() : this.#again(subscription, message.payload);
    }
    const runMessage = asRunMessage(message);
    if (!runMessage) return;
    const taken = subscription.take(runMessage);
    if (taken === "again") this.#ask(subscription);
    if (taken === "full") this.#request(() => ({ id: randomId(), type: "unsubscribe", run: subscription.run }));
  }

  #answered(message: ServerMessage): void {
    const outcome = this.#outbox.answer(message);
    if (outcome === "settled") return;
    if (outcome === "later") return this.#pump.slowDown();
    const subscription = [...this.#subscriptions.values()].find(({ requestId }) => requestId === message.id);
    if (!subscription) return;
    subscription.requestId = undefined;
    if (message.type === "rejected") this.#again(subscription, message.payload);
  }

  /** A subscription that is over, though its run is not: asked for again if that can help. */
  #again(subscription: Subscription, failure: Readonly<Record<string, unknown>>): void {
    const code = String(failure["code"] ?? "rejected");
    if (!TRANSIENT.has(code)) return subscription.queue.end(new StreamError(code, String(failure["message"] ?? code)));
    const delay = this.#settings.backoff.minMs * (4 + 4 * Math.random());
    sleep(delay, this.#stop.signal).then(() => this.#ask(subscription), () => {});
  }

  #end(cause: Error | undefined): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.#pump.stop();
    this.#channel?.close();
    for (const { queue } of this.#subscriptions.values()) queue.end(cause ?? new StreamError("closed", "the stream was closed"));
    this.#outbox.fail(cause ?? new StreamError("closed", "the stream was closed"));
    this.#settings.onState?.({ phase: "closed", ...(cause instanceof StreamError ? { cause } : {}) });
  }
}

/** What a caller may say about a command. */
export interface CommandOptions {
  /** By which the server knows the command again; one of the SDK's where none is given. */
  readonly id?: string;
  readonly signal?: AbortSignal;
}
