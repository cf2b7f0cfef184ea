// The time slider: a run's log, event by event, with play and pause in its original timing.

import { h, set, setText } from "../dom.js";
import { duration, visible } from "../format.js";
import { LONGEST_WAIT_MS, Replay } from "../replay.js";

const SPEEDS = [1, 4, 16];

/** `moved` is told the position to show, or undefined for the newest. */
export function timeSlider(recording, moved) {
  let position;
  const range = h("input", { id: "time", type: "range", min: "0", max: "0", step: "1", on: { input: () => go(Number(range.value)) } });
  const what = h("p", { class: "meta what", id: "time-what" });
  const play = h("button", { type: "button", class: "round", on: { click: () => toggle() } });
  const back = h("button", { type: "button", class: "round quiet", "aria-label": "One event back", on: { click: () => go(at() - 1) } }, "‹");
  const forth = h("button", { type: "button", class: "round quiet", "aria-label": "One event on", on: { click: () => go(at() + 1) } }, "›");
  const live = h("button", { type: "button", class: "quiet", on: { click: () => follow() } }, "Newest");
  const speed = h("select", { id: "speed", "aria-label": "Speed", on: { change: () => (replay.speed = Number(speed.value)) } },
    SPEEDS.map((times) => h("option", { value: String(times) }, `${times}×`)));
  const element = h("div", { class: "time", role: "group", "aria-label": "Time" },
    h("div", { class: "row" }, back, play, forth, h("label", { class: "visually-hidden", for: "time" }, "Event"), range, speed, live), what);

  const replay = new Replay(recording, (next, over) => {
    position = next;
    moved(position);
    if (over) show();
  });
  const at = () => position ?? recording.length;

  const go = (to) => {
    replay.stop();
    position = Math.max(0, Math.min(to, recording.length));
    moved(position);
  };
  const follow = () => {
    replay.stop();
    position = undefined;
    moved(position);
  };
  const toggle = () => {
    if (replay.playing) {
      replay.stop();
      return show();
    }
    // At the end, from the beginning.
    position = at() >= recording.length ? 0 : at();
    moved(position);
    replay.play(position);
    show();
  };

  const show = () => {
    range.max = String(recording.length);
    range.value = String(at());
    const words = wordsOf(recording, at());
    setText(what, words);
    set(range, "aria-valuetext", words);
    setText(play, replay.playing ? "❚❚" : "▶");
    set(play, "aria-label", replay.playing ? "Pause the replay" : "Play as it happened");
    set(play, "title", replay.playing ? null : `As it happened; waits are cut to ${duration(LONGEST_WAIT_MS)}`);
    set(live, "aria-pressed", String(position === undefined));
    back.disabled = at() === 0;
    forth.disabled = at() >= recording.length;
  };
  return { element, show, stop: () => replay.stop() };
}

function wordsOf(recording, at) {
  if (recording.length === 0) return "Nothing was said yet.";
  if (at === 0) return `Before the first of ${recording.length} events`;
  const message = recording.messages[at - 1];
  const type = visible(message.type.replaceAll("_", " "));
  return `Event ${at} of ${recording.length} · ${type} · after ${duration(recording.timeAt(at))}`;
}
