// Filling a recording with a run, as it comes.

import { isTerminal } from "../../sdk/index.js";
import { problem } from "../problems.js";

/** Time between two looks at a run that cannot be watched. */
const ASK_MS = 2000;

/** Records a run to its end, or until the signal aborts; `heard` is called after each message. */
export async function watch(run, recording, { signal, pill, heard }) {
  try {
    for await (const message of run.stream({ signal, onState: pill.hear })) {
      recording.push(message);
      heard();
    }
  } catch (error) {
    const last = error.code === "session_token_invalid" ? await askAgain(run, recording, { signal, pill, heard }).catch((failure) => failure) : error;
    if (last && !signal.aborted) problem(last, "The run cannot be watched");
  } finally {
    pill.stop();
  }
  heard();
}

/** A run of somebody's session cannot be watched from here, but it can be read: so it is read again and again. */
async function askAgain(run, recording, { signal, pill, heard }) {
  for (let over = false; !over; ) {
    const view = await run.view({ signal });
    if (view.seq > recording.last.seq) recording.push({ type: "snapshot", run: run.id, payload: { seq: view.seq, run: view } });
    over = isTerminal(view.status);
    pill.say(over ? "closed" : "open", over ? "Complete" : "Read again and again: it belongs to a session");
    heard();
    if (!over) await new Promise((resolve) => setTimeout(resolve, ASK_MS));
  }
}
