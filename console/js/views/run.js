// One run: live, or at any moment of its log.

import { isTerminal } from "../../sdk/index.js";
import { announce } from "../announce.js";
import { eachFrame, foreign, h, set, setText } from "../dom.js";
import { duration, moment, number, statusWords } from "../format.js";
import { attempt } from "../problems.js";
import { Recording } from "../recording.js";
import { showArtifacts } from "./artifacts.js";
import { showAsks } from "./asks.js";
import { connectionPill } from "./connection.js";
import { timeSlider } from "./slider.js";
import { showSteps } from "./steps.js";
import { watch } from "./watch.js";

export function runView(client, id, signal, { playground }) {
  const run = client.runs.open(id);
  const recording = new Recording(id);
  let position;

  const pill = connectionPill();
  const tell = teller();
  const title = h("h1", { class: "prompt", dir: "auto" }, "…");
  const chip = h("span", { class: "chip" });
  const facts = h("p", { class: "meta facts" });
  const note = h("p", { class: "note", hidden: true });
  const past = h("p", { class: "note past", hidden: true }, "You look at the past. What can be decided is shown at the newest event.");
  const asks = h("div", { class: "asks" });
  const artifacts = h("div", { class: "artifacts" });
  const steps = h("ol", { class: "steps", "aria-label": "Steps" });
  const notices = h("ul", { class: "notices" });
  const actions = runActions(run, () => playground(id));
  const render = eachFrame(() => show());
  const slider = timeSlider(recording, (to) => {
    position = to;
    render();
  });
  const element = h("section", { class: "run", "aria-label": "Run" },
    h("a", { class: "back", href: "#/" }, "← All runs"),
    h("div", { class: "card head" },
      h("div", { class: "row spread" }, chip, pill.element), title, facts, note, actions.element, slider.element),
    past, asks, artifacts, steps, notices);

  function show() {
    const following = position === undefined && isAtEnd();
    const state = recording.stateAt(position ?? recording.length);
    const newest = recording.last;
    const begun = recording.length > 0;
    setText(title, begun ? (newest.prompt ?? "…") : pill.element.dataset.phase === "failed" ? "This run cannot be shown" : "…");
    set(chip, "data-status", state.status);
    setText(chip, begun ? statusWords(state.status) : "");
    slider.element.hidden = !begun;
    actions.element.hidden = !begun;
    setText(facts, factsOf(state));
    showNote(note, state);
    actions.show(newest);
    slider.show();
    past.hidden = position === undefined || newest.asks.length === 0;
    // Only what is asked now can be answered.
    showAsks(asks, position === undefined ? state.asks : [], (answer) => run.answer(answer));
    showArtifacts(artifacts, state.artifacts, client);
    showSteps(steps, state.steps);
    notices.replaceChildren(...state.notices.map(({ text, code }) => h("li", {}, foreign(text), " ", h("code", {}, foreign(code)))));
    tell(newest, pill.element.dataset.phase);
    if (following && !isTerminal(newest.status)) scrollTo(0, document.documentElement.scrollHeight);
  }

  signal.addEventListener("abort", () => slider.stop(), { once: true });
  show();
  void watch(run, recording, { signal, pill, heard: render });
  return element;
}

/** Tells a screen reader of steps and ends as they come, not of every word. */
function teller() {
  let told = "";
  let live = false;
  return (state, phase) => {
    // The end comes together with the connection's.
    live ||= phase === "open";
    const step = state.steps.at(-1);
    const words = isTerminal(state.status) ? `The run is ${statusWords(state.status).toLowerCase()}.`
      : step ? `Step ${step.number} ${step.status === "running" ? "begins" : "has ended"}.` : "";
    if (words !== told && words !== "" && live) announce(words);
    told = words;
  };
}

/** Whether a reader has gone to the end of the page, and wants to stay there. */
function isAtEnd() {
  return scrollY > 0 && innerHeight + scrollY >= document.documentElement.scrollHeight - 32;
}

function factsOf({ workflow, createdAt, endedAt, usage }) {
  const facts = [];
  if (workflow) facts.push(workflow === "render" ? "Report" : workflow === "agentic" ? "Agent" : workflow);
  if (createdAt) facts.push(moment(createdAt));
  if (createdAt && endedAt) facts.push(duration(endedAt - createdAt));
  const tokens = usage.input_tokens + usage.output_tokens;
  if (tokens > 0) facts.push(`${number(usage.input_tokens)} + ${number(usage.output_tokens)} tokens`);
  return facts.join(" · ");
}

function showNote(note, { error, reason, until, gap }) {
  const words = error ? [foreign(error.message), " ", h("code", {}, foreign(error.code))]
    : reason ? [foreign(reason), until ? ` · goes on at ${moment(until)}` : ""]
    : gap ? [`The log was removed up to event ${gap.to}; what is left of it is shown.`] : [];
  note.hidden = words.length === 0;
  set(note, "data-bad", error ? true : null);
  note.replaceChildren(...words);
}

/** Buttons for what can be done to a run. */
function runActions(run, playground) {
  const act = (label, doing, work, kind = "quiet") =>
    h("button", { type: "button", class: kind, on: { click: (event) => attempt(doing, () => work().then(() => announce(`${label}: asked for.`)), event.currentTarget) } }, label);
  const pause = act("Pause", "The run was not paused", () => run.pause());
  const resume = act("Resume", "The run was not resumed", () => run.resume());
  const cancel = act("Cancel", "The run was not cancelled", () => run.cancel("asked for in the console"), "quiet danger");
  const code = h("button", { type: "button", class: "quiet", on: { click: playground } }, "Show as code");
  const element = h("div", { class: "row actions" }, pause, resume, cancel, code);
  const show = ({ status, seq }) => {
    const over = isTerminal(status) || status === "cancelling" || seq === 0;
    pause.hidden = over || status === "paused";
    resume.hidden = over || status !== "paused";
    cancel.hidden = over;
  };
  return { element, show };
}
