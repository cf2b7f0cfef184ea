import { RejectedError, SbaError } from "../errors.js";
import type { ServerMessage } from "../events/message.js";
import { randomId } from "../util/random.js";

/** A client's message: what it asks for, under an id by which the server knows it again. */
export interface ClientMessage {
  readonly id: string;
  readonly type: "input" | "cancel" | "pause" | "resume";
  readonly run: string;
  readonly ask_id?: string | undefined;
  readonly input?: unknown;
  readonly reason?: string | undefined;
}

/** The server's word that a message was done. */
export type AckPayload = Readonly<Record<string, unknown>>;

interface Entry {
  readonly message: ClientMessage;
  sent: boolean;
  resolve(payload: AckPayload): void;
  reject(error: Error): void;
}

/**
 * Messages that the server has not answered yet, oldest first. They survive the connection: each is sent again on the next
 * one under the same id, which makes it the same command, and whoever waits for it hears of one answer.
 */
export class Outbox {
  readonly #capacity: number;
  readonly #entries = new Map<string, Entry>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Takes a message in; the answer is the server's. Throws `outbox_full` at once where there is no room. */
  add(message: Omit<ClientMessage, "id">, id: string = randomId(), signal?: AbortSignal): Promise<AckPayload> {
    if (this.#entries.has(id)) throw new SbaError("id_in_use", "a message with this id still waits for its answer");
    if (this.#entries.size >= this.#capacity) {
      throw new SbaError("outbox_full", `${this.#capacity} messages wait for the connection already`);
    }
    return new Promise((resolve, reject) => {
      const withdraw = (): void => this.#settle(id)?.reject(signal?.reason as Error);
      const release = (): void => signal?.removeEventListener("abort", withdraw);
      signal?.addEventListener("abort", withdraw, { once: true });
      this.#entries.set(id, {
        message: { id, ...message },
        sent: false,
        resolve: (payload) => (release(), resolve(payload)),
        reject: (error) => (release(), reject(error)),
      });
    });
  }

  /** The oldest message that was not sent on this connection. */
  next(): ClientMessage | undefined {
    for (const { message, sent } of this.#entries.values()) if (!sent) return message;
    return undefined;
  }

  sent(id: string): void {
    const entry = this.#entries.get(id);
    if (entry) entry.sent = true;
  }

  /** Takes an answer. `later`: it was one too many, and is to be sent again. */
  answer(answer: ServerMessage): "settled" | "later" | "unknown" {
    const entry = this.#entries.get(answer.id ?? "");
    if (!entry) return "unknown";
    if (answer.type === "ack") {
      this.#settle(entry.message.id)?.resolve(answer.payload);
      return "settled";
    }
    const code = String(answer.payload["code"] ?? "rejected");
    if (code === "rate_limited") {
      entry.sent = false;
      return "later";
    }
    this.#settle(entry.message.id)?.reject(new RejectedError(code, String(answer.payload["message"] ?? code)));
    return "settled";
  }

  /** A new connection knows nothing of what was sent on the last. */
  resend(): void {
    for (const entry of this.#entries.values()) entry.sent = false;
  }

  resolve(id: string, payload: AckPayload): void {
    this.#settle(id)?.resolve(payload);
  }

  reject(id: string, error: Error): void {
    this.#settle(id)?.reject(error);
  }

  /** Nothing will be answered any more. */
  fail(error: Error): void {
    for (const id of [...this.#entries.keys()]) this.reject(id, error);
  }

  #settle(id: string): Entry | undefined {
    const entry = this.#entries.get(id);
    this.#entries.delete(id);
    return entry;
  }
}
