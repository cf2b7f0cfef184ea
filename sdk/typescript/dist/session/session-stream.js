import { StreamError } from "../errors.js";
import { asRunMessage } from "../events/message.js";
import { isLast } from "../events/terminal.js";
import { abortReason } from "../util/abort.js";
import { randomId } from "../util/random.js";
import { sleep } from "../util/sleep.js";
import { TokenBucket } from "../util/token-bucket.js";
import { SessionLink } from "./link.js";
import { Outbox } from "./outbox.js";
import { Pump } from "./pump.js";
import { Subscription } from "./subscription.js";
/** Codes of a subscription that is worth asking for again. */
const TRANSIENT = new Set(["unavailable", "internal", "overloaded", "rate_limited", "deadline_exceeded"]);
/**
 * Many runs over one WebSocket, and commands to them. It comes back by itself, asks for each run from where it was, and sends
 * again what was not answered. Where no WebSocket can be had, each run is watched by itself and commands go by REST.
 */
export class SessionStream {
    #settings;
    #fallback;
    #subscriptions = new Map();
    /** Requests about subscriptions that wait to be sent. */
    #requests = [];
    #outbox;
    #link;
    #pump;
    #stop = new AbortController();
    #channel;
    #degraded;
    #running = false;
    constructor(connection, settings, fallback) {
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
    get pending() {
        return this.#outbox.size;
    }
    /** Every message of a run once and in order, until its end. One subscription of a run at a time. */
    async *subscribe(run, options = {}) {
        if (this.#subscriptions.has(run))
            throw new StreamError("already_subscribed", "this run is watched on this stream already");
        const subscription = new Subscription(run, options, this.#settings.capacity);
        const abort = () => subscription.queue.end(abortReason(options.signal));
        if (options.signal?.aborted)
            abort();
        options.signal?.addEventListener("abort", abort, { once: true });
        this.#subscriptions.set(run, subscription);
        this.#ask(subscription);
        this.#start();
        try {
            if (!this.#degraded && (yield* this.#read(subscription)))
                return;
            if (this.#degraded)
                yield* this.#fallback.watch(run, { ...options, after: subscription.order.seq });
        }
        finally {
            options.signal?.removeEventListener("abort", abort);
            this.#subscriptions.delete(run);
            this.#request(() => ({ id: randomId(), type: "unsubscribe", run }));
        }
    }
    /** Answers what a run asks. */
    input(run, answer, options = {}) {
        return this.#command({ type: "input", run, ...answer }, options);
    }
    cancel(run, reason, options = {}) {
        return this.#command({ type: "cancel", run, reason }, options);
    }
    pause(run, options = {}) {
        return this.#command({ type: "pause", run }, options);
    }
    resume(run, options = {}) {
        return this.#command({ type: "resume", run }, options);
    }
    /** Ends it: subscriptions end, and what was not answered is rejected with `closed`. */
    close() {
        this.#end(undefined);
    }
    async #command(message, options) {
        if (this.#stop.signal.aborted)
            throw new StreamError("closed", "the stream was closed");
        const answer = this.#outbox.add(message, options.id, options.signal);
        this.#start();
        this.#deliver();
        return answer;
    }
    /** Gives what waits to whoever takes it now. */
    #deliver() {
        if (!this.#degraded)
            return this.#pump.run();
        for (let message = this.#outbox.next(); message; message = this.#outbox.next()) {
            const { id } = message;
            this.#outbox.sent(id);
            this.#fallback.command(message).then((payload) => this.#outbox.resolve(id, payload), (error) => this.#outbox.reject(id, error));
        }
    }
    #nextMessage() {
        const request = this.#requests[0];
        if (request)
            return () => this.#requests.shift()?.();
        const message = this.#outbox.next();
        if (!message)
            return undefined;
        return () => {
            this.#outbox.sent(message.id);
            return message;
        };
    }
    /** Reads a subscription to its end; false if the fall-back is to go on. */
    async *#read(subscription) {
        for (;;) {
            if (subscription.full && subscription.queue.size === 0) {
                subscription.full = false;
                this.#ask(subscription);
            }
            const message = await subscription.queue.next();
            if (!message)
                return !this.#degraded;
            yield message;
            if (isLast(message))
                return true;
        }
    }
    #ask(subscription) {
        this.#request(() => (this.#isCurrent(subscription) ? subscription.request(randomId()) : undefined));
    }
    #isCurrent(subscription) {
        return this.#subscriptions.get(subscription.run) === subscription && !subscription.full;
    }
    /** A request is for this connection only: the next one asks for all subscriptions anew. */
    #request(make) {
        if (!this.#channel)
            return;
        this.#requests.push(make);
        this.#pump.run();
    }
    #start() {
        if (this.#running || this.#degraded || this.#stop.signal.aborted)
            return;
        this.#running = true;
        this.#link.run().then((cause) => this.#end(cause), (error) => this.#end(error));
    }
    #opened(channel) {
        this.#channel = channel;
        this.#outbox.resend();
        for (const subscription of this.#subscriptions.values())
            this.#ask(subscription);
        this.#pump.start();
    }
    #cut() {
        this.#pump.stop();
        this.#channel = undefined;
        this.#requests.length = 0;
    }
    /** There will be no WebSocket: what waits is handed to the fall-back. */
    #degrade() {
        this.#degraded = true;
        for (const { queue } of this.#subscriptions.values())
            queue.end();
        this.#deliver();
    }
    #hear(message) {
        if (message.type === "ack" || message.type === "rejected")
            return this.#answered(message);
        const subscription = message.run === undefined ? undefined : this.#subscriptions.get(message.run);
        if (!subscription)
            return;
        if (message.type === "ended" || message.type === "lost") {
            if (!subscription.settled)
                return;
            return message.type === "ended" ? subscription.queue.end() : this.#again(subscription, message.payload);
        }
        const runMessage = asRunMessage(message);
        if (!runMessage)
            return;
        const taken = subscription.take(runMessage);
        if (taken === "again")
            this.#ask(subscription);
        if (taken === "full")
            this.#request(() => ({ id: randomId(), type: "unsubscribe", run: subscription.run }));
    }
    #answered(message) {
        const outcome = this.#outbox.answer(message);
        if (outcome === "settled")
            return;
        if (outcome === "later")
            return this.#pump.slowDown();
        const subscription = [...this.#subscriptions.values()].find(({ requestId }) => requestId === message.id);
        if (!subscription)
            return;
        subscription.requestId = undefined;
        if (message.type === "rejected")
            this.#again(subscription, message.payload);
    }
    /** A subscription that is over, though its run is not: asked for again if that can help. */
    #again(subscription, failure) {
        const code = String(failure["code"] ?? "rejected");
        if (!TRANSIENT.has(code))
            return subscription.queue.end(new StreamError(code, String(failure["message"] ?? code)));
        const delay = this.#settings.backoff.minMs * (4 + 4 * Math.random());
        sleep(delay, this.#stop.signal).then(() => this.#ask(subscription), () => { });
    }
    #end(cause) {
        if (this.#stop.signal.aborted)
            return;
        this.#stop.abort();
        this.#pump.stop();
        this.#channel?.close();
        for (const { queue } of this.#subscriptions.values())
            queue.end(cause ?? new StreamError("closed", "the stream was closed"));
        this.#outbox.fail(cause ?? new StreamError("closed", "the stream was closed"));
        this.#settings.onState?.({ phase: "closed", ...(cause instanceof StreamError ? { cause } : {}) });
    }
}
