// Plays a recording in its original timing.

/** A wait for a person may have taken hours; nobody wants to wait for it again. */
export const LONGEST_WAIT_MS = 3000;

/** Moves a position over a recording as its messages came. */
export class Replay {
  #recording;
  #move;
  #frame;
  speed = 1;

  /** `move` is told the new position, and whether that was the last. */
  constructor(recording, move) {
    this.#recording = recording;
    this.#move = move;
  }

  get playing() {
    return this.#frame !== undefined;
  }

  play(from) {
    this.stop();
    let position = from;
    let left = this.#waitAfter(position);
    let before = performance.now();
    const step = (now) => {
      left -= (now - before) * this.speed;
      before = now;
      const start = position;
      while (left <= 0 && position < this.#recording.length) left += this.#waitAfter(++position);
      const over = position >= this.#recording.length;
      this.#frame = over ? undefined : requestAnimationFrame(step);
      if (position !== start || over) this.#move(position, over);
    };
    this.#frame = requestAnimationFrame(step);
  }

  stop() {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#frame = undefined;
  }

  #waitAfter(position) {
    if (position >= this.#recording.length) return 0;
    return Math.min(LONGEST_WAIT_MS, this.#recording.timeAt(position + 1) - this.#recording.timeAt(position));
  }
}
