/**
 * An agent of AG-UI that goes on where it was cut off. An entry of its own, for it needs `@ag-ui/client`.
 *
 * @packageDocumentation
 */
import { HttpAgent, type HttpAgentConfig } from "@ag-ui/client";
import { sleep } from "./util/sleep.js";

/** How often a stream is taken up again without a single event in between, before the run is given up. */
const ATTEMPTS = 10;
/** The first pause before another attempt, and the longest, in milliseconds. */
const PAUSE = 200;
const LONGEST_PAUSE = 10_000;

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

/** What is known of a stream. */
interface Seen {
  last: string;
  ended: boolean;
}

/** The bytes of whole events, in order, once each. */
async function* follow(
  body: ReadableStream<Uint8Array>,
  again: (last: string) => Promise<Response>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  const seen: Seen = { last: "", ended: false };
  for (let failures = 0; !seen.ended; ) {
    try {
      for await (const block of blocks(body)) {
        note(seen, block);
        failures = 0;
        yield encoder.encode(`${block}\n\n`);
      }
    } catch (error) {
      if (signal?.aborted === true) throw error;
    }
    while (!seen.ended) {
      failures += 1;
      if (failures > ATTEMPTS) throw new Error("the run's events cannot be reached");
      await sleep(Math.min(PAUSE * 2 ** (failures - 1), LONGEST_PAUSE) * (0.5 + Math.random() / 2), signal);
      const reopened = await reopen(again, seen.last, signal);
      if (reopened !== undefined) {
        body = reopened;
        break;
      }
    }
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

/** What stands between blank lines; a block that was cut off is none. */
async function* blocks(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (let text = ""; ; ) {
      const { done, value } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      const parts = text.split("\n\n");
      text = parts.pop() ?? "";
      yield* parts;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function note(seen: Seen, block: string): void {
  for (const line of block.split("\n")) {
    if (line.startsWith("id:")) seen.last = line.slice(3).trim();
    if (line.startsWith("data:")) seen.ended = /"type":"RUN_(FINISHED|ERROR)"/.test(line);
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
