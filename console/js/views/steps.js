// The steps of a run: what was said, which tools were called, what was found.

import { foreign, growText, h, reconcile, set, setText } from "../dom.js";
import { duration, json, statusWords } from "../format.js";

const NAMES = { look_up: "Look up", write: "Write", render: "Render the report", think: "Think", model: "Think", answer: "Answer" };
const ICONS = { model: "✎", tool: "⚙", user: "☺", system: "•" };

/** Shows the steps of a state in a list; steps that did not change are left alone. */
export function showSteps(list, steps) {
  reconcile(list, steps, ({ number }) => number, makeStep, updateStep);
}

const shown = new WeakMap();

function makeStep(step) {
  return h("li", { class: "step", "data-kind": step.kind },
    h("div", { class: "step-head" },
      h("span", { class: "icon", "aria-hidden": "true" }, Object.hasOwn(ICONS, step.kind) ? ICONS[step.kind] : "•"),
      h("h3", {}, `${step.number}. `, foreign(nameOf(step))),
      h("span", { class: "chip" }), h("span", { class: "meta took" })),
    h("p", { class: "said", dir: "auto" }),
    h("div", { class: "calls" }),
    h("p", { class: "bad error" }));
}

/** A step that writes a piece of a report says which. */
function nameOf({ name, input }) {
  const words = Object.hasOwn(NAMES, name) ? NAMES[name] : name.replaceAll("_", " ");
  const heading = typeof input?.heading === "string" && input.heading !== "" ? input.heading : undefined;
  if (heading) return `${words}: ${heading}`;
  return input?.piece === "answer" ? `${words}: the answer` : words;
}

function updateStep(card, step) {
  if (shown.get(card) === step) return;
  shown.set(card, step);
  const chip = card.querySelector(".step-head .chip");
  set(card, "data-status", step.status);
  set(chip, "data-status", step.status);
  setText(chip, statusWords(step.status));
  setText(card.querySelector(".took"), step.endedAt && step.startedAt ? duration(step.endedAt - step.startedAt) : "");
  const said = card.querySelector(".said");
  said.hidden = step.text === "";
  set(said, "data-live", step.status === "running" ? true : null);
  growText(said, step.text);
  reconcile(card.querySelector(".calls"), step.calls, ({ callId }) => callId, makeCall, updateCall);
  const error = card.querySelector(".error");
  error.hidden = !step.error;
  setText(error, step.error ? `${step.error.message} (${step.error.code})` : "");
}

function makeCall(call) {
  return h("div", { class: "call" },
    h("div", { class: "row" }, h("code", {}, foreign(call.toolName)), h("span", { class: "meta state" })),
    h("details", {}, h("summary", {}, "Parameters"), h("pre", { dir: "ltr" }, foreign(json(call.params)))),
    h("div", { class: "result" }));
}

function updateCall(card, call) {
  if (shown.get(card) === call) return;
  shown.set(card, call);
  setText(card.querySelector(".state"), stateOf(call));
  set(card, "data-failed", call.success === false ? true : null);
  card.querySelector(".result").replaceChildren(...resultOf(call));
}

function stateOf({ success, durationMs, error }) {
  if (success === undefined) return "under way…";
  const took = durationMs === undefined ? "" : ` · ${duration(durationMs)}`;
  return success ? `done${took}` : `failed${took}${error ? ` · ${error.code}: ${error.message}` : ""}`;
}

function resultOf({ success, result }) {
  if (success === undefined || result === null || result === undefined) return [];
  const hits = Array.isArray(result.hits) ? result.hits : undefined;
  if (hits?.length === 0) return [h("p", { class: "hint" }, "Nothing was found.")];
  if (hits) return [h("ol", { class: "hits", "aria-label": "Passages that were found" }, hits.map(hit))];
  return [h("details", {}, h("summary", {}, "Result"), h("pre", { dir: "ltr" }, foreign(json(result))))];
}

function hit({ title, heading_path, text }) {
  const path = Array.isArray(heading_path) ? heading_path.filter((part) => part !== title) : [];
  return h("li", {}, h("details", {},
    h("summary", {}, foreign(title, { class: "title" }), path.map((part) => [" › ", foreign(part)])),
    h("blockquote", { dir: "auto" }, String(text ?? ""))));
}
