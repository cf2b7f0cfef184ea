import type { RunEvent } from "../../dist/index.js";

export const RUN = "01a20fc3-0b52-7262-b401-f88a91c6d62a";

/** One event, with what every event has. */
export function event(seq: number, type: string, payload: unknown, extra: Partial<RunEvent> = {}): RunEvent {
  return { v: 1, type, run: RUN, attempt: 1, seq, ts: 1_790_000_000_000 + seq, payload, ...extra } as RunEvent;
}

/** The log of a run that says so many words and ends. */
export function logOf(words: number, run = RUN): RunEvent[] {
  const log = [
    event(1, "created", { tenant_id: "t", workflow: "render", prompt: "Why?", options: {} }),
    event(2, "attempt", { instance: "one" }),
    event(3, "step_started", { kind: "model", name: "write", input: null }, { step: 1 }),
  ];
  for (let word = 0; word < words; word++) {
    log.push(event(log.length + 1, "token", { text: `w${word} `, index: word, count: 1 }, { step: 1 }));
  }
  log.push(event(log.length + 1, "done", { run_id: run, status: "completed", usage: { input_tokens: 1, output_tokens: words } }));
  return log.map((each) => ({ ...each, run }));
}
