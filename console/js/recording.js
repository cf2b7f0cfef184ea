// A run as it is heard: its messages, and its state after each of them.

import { emptyRun, fold } from "../sdk/index.js";

/** States share what did not change between them, so that keeping all of them costs little. */
export class Recording {
  messages = [];
  #states;

  constructor(run) {
    this.#states = [emptyRun(run)];
  }

  get length() {
    return this.messages.length;
  }

  get last() {
    return this.#states.at(-1);
  }

  push(message) {
    this.messages.push(message);
    this.#states.push(fold(this.last, message));
  }

  /** The state after so many messages. */
  stateAt(position) {
    return this.#states[Math.max(0, Math.min(position, this.length))];
  }

  /** When the message at this position (from 1) was said, in milliseconds since the first; of what has no time, that of its neighbour. */
  timeAt(position) {
    const first = this.messages.find(({ ts }) => ts !== undefined)?.ts;
    for (let at = Math.min(position, this.length); at > 0; at--) {
      const { ts } = this.messages[at - 1];
      if (ts !== undefined) return ts - first;
    }
    return 0;
  }
}
