// What a run asks a person.

import { announce } from "../announce.js";
import { foreign, h, reconcile } from "../dom.js";
import { json, moment, visible } from "../format.js";
import { attempt } from "../problems.js";

/** Shows open questions; `answer` sends what was answered. */
export function showAsks(list, asks, answer) {
  reconcile(list, asks, ({ askId }) => askId, (ask) => makeAsk(ask, answer));
}

function makeAsk(ask, answer) {
  announce(ask.kind === "approval" ? "The run asks for approval." : "The run asks a question.");
  const controls = h("div", { class: "answer" });
  const send = async (input, button) => {
    const sent = await attempt("The answer was not taken", () => answer({ ask_id: ask.askId, input }), button);
    if (!sent) return;
    controls.replaceChildren(h("p", { class: "hint" }, "Answered; the run goes on in a moment."));
    announce("Answered.");
  };
  controls.append(...(ask.kind === "approval" ? approval(ask, send) : question(ask, send)));
  const title = `ask-${ask.askId}`;
  return h("section", { class: "card ask", "aria-labelledby": title },
    h("h2", { id: title }, ask.kind === "approval" ? "Approval needed" : "A question for you"),
    h("p", { dir: "auto" }, foreign(visible(ask.text))),
    // All of it, in characters that can be seen: this is what is approved.
    ask.call && h("div", { class: "call" }, h("code", {}, foreign(visible(ask.call.tool_name))), h("pre", { dir: "ltr" }, foreign(json(ask.call.params)))),
    controls,
    ask.expiresAt && h("p", { class: "meta" }, `Until ${moment(ask.expiresAt)}.`));
}

function approval(ask, send) {
  const comment = h("input", { id: `comment-${ask.askId}`, autocomplete: "off" });
  const decide = (approved) => (event) =>
    send(comment.value.trim() === "" ? approved : { approved, comment: comment.value.trim() }, event.currentTarget);
  return [
    h("div", { class: "field" }, h("label", { for: comment.id }, "Comment (optional)"), comment),
    h("div", { class: "row" },
      h("button", { type: "button", class: "primary", on: { click: decide(true) } }, "Approve"),
      h("button", { type: "button", class: "danger", on: { click: decide(false) } }, "Deny")),
  ];
}

function question(ask, send) {
  if (ask.options.length > 0) {
    return [h("div", { class: "row" }, ask.options.map((option) =>
      h("button", { type: "button", on: { click: (event) => send(option, event.currentTarget) } }, foreign(visible(option)))))];
  }
  const words = h("textarea", { id: `words-${ask.askId}`, rows: "2", required: true, dir: "auto" });
  const button = h("button", { type: "submit", class: "primary" }, "Send the answer");
  const submit = (event) => {
    event.preventDefault();
    void send(words.value, button);
  };
  return [h("form", { on: { submit } }, h("div", { class: "field" }, h("label", { for: words.id }, "Your answer"), words), button)];
}
