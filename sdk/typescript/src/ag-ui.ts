/**
 * An agent of AG-UI that goes on where it was cut off. An entry of its own, for it needs `@ag-ui/client`.
 *
 * @packageDocumentation
 */
import { HttpAgent, type HttpAgentConfig } from "@ag-ui/client";
import { SseParser, type ServerSentEvent } from "./stream/sse-parser.js";
import { Backoff, type BackoffOptions } from "./util/backoff.js";
import { sleep } from "./util/sleep.js";

/** How a stream is taken up again; it is given up when that fails so often without a single event in between. */
const AGAIN: BackoffOptions = { minMs: 200, maxMs: 10_000, maxAttempts: 11 };

/** What fetches: as the global `fetch`, with an address as text. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** `HttpAgent` for `POST /api/v1/ag-ui`, whose streams survive cuts: the connection's, and those of gateways that end. */
export class SbaAgent extends HttpAgent {
  constructor(config: HttpAgentConfig) {
    super({ ...config, fetch: resuming(config.fetch ?? ((url, init) => fetch(url, init))) });
  }
}

/**
 * A `fetch` whose event streams go on after a cut: the request is sent again with the id of the last event that came whole,
 * until the run has ended.
 */
export function resuming(fetch: Fetch): Fetch {
  return async (url, init) => {
    const first = await fetch(url, init);
    if (!first.ok || first.body === null) return first;
    const again = (last: string): Promise<Response> => fetch(url, behind(init, last));
    const stream = pulled(follow(first.body, again, init.signal ?? undefined));
    return new Response(stream, { status: first.status, headers: first.headers });
  };
}

function behind(init: RequestInit, last: string): RequestInit {
  const headers = new Headers(init.headers);
  if (last !== "") headers.set("Last-Event-ID", last);
  return { ...init, headers };
}

/** The bytes of whole events, in order, once each. */
async function* follow(
  body: ReadableStream<Uint8Array>,
  again: (last: string) => Promise<Response>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  const backoff = new Backoff(AGAIN);
  let last = "";
  let next: ReadableStream<Uint8Array> | undefined = body;
  for (;;) {
    try {
      if (next !== undefined) {
        for await (const { id = "", data } of eventsOf(next)) {
          last = id;
          backoff.reset();
          yield encoder.encode(`id: ${id}\ndata: ${data}\n\n`);
          if (/"type":"RUN_(FINISHED|ERROR)"/.test(data)) return;
        }
      }
    } catch (error) {
      if (signal?.aborted === true) throw error;
    }
    const pause = backoff.next();
    if (pause === undefined) throw new Error("the run's events cannot be reached");
    await sleep(pause, signal);
    next = await reopen(again, last, signal);
  }
}

/** Another answer to the same request, behind the last event; nothing, where another try may help. */
async function reopen(
  again: (last: string) => Promise<Response>,
  last: string,
  signal: AbortSignal | undefined,
): Promise<ReadableStream<Uint8Array> | undefined> {
  let response: Response;
  try {
    response = await again(last);
  } catch (error) {
    if (signal?.aborted === true) throw error;
    return undefined;
  }
  if (response.ok && response.body !== null) return response.body;
  const lasting = response.status >= 400 && response.status < 500 && response.status !== 429;
  if (lasting) throw new Error(`the run's events are refused: ${response.status} ${await response.text()}`);
  await response.body?.cancel();
  return undefined;
}

/** The events that came whole. */
async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder();
  const parser = new SseParser();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** A stream of what a generator gives, as it is asked for. */
function pulled(bytes: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller): Promise<void> {
      const { done, value } = await bytes.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    async cancel(): Promise<void> {
      await bytes.return(undefined);
    },
  });
}
