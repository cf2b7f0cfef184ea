import { WebSocket } from "ws";
import { SbaClient, type ClientOptions, type RunMessage, type WebSocketClass } from "../../dist/index.js";

/** A client that is quick to come back, so that tests are quick. */
export function quickClient(baseUrl: string, options: Partial<ClientOptions> = {}): SbaClient {
  return new SbaClient({
    baseUrl,
    token: "token-1",
    webSocket: WebSocket as unknown as WebSocketClass,
    reconnect: { minMs: 1, maxMs: 20 },
    http: { retry: { minMs: 1, maxMs: 20, maxAttempts: 4 } },
    timing: { websocket: { idleMs: 200, openMs: 500 }, sse: { openMs: 300, idleMs: 300 } },
    ...options,
  });
}

export async function collect(messages: AsyncIterable<RunMessage>): Promise<RunMessage[]> {
  const all: RunMessage[] = [];
  for await (const message of messages) all.push(message);
  return all;
}

/** Waits for a condition, not for a time. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 5000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`in vain waited for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
