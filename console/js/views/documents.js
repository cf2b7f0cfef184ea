// The documents that runs draw on.

import { announce } from "../announce.js";
import { field, foreign, h, reconcile, set, setText } from "../dom.js";
import { ago, bytes, moment, statusWords } from "../format.js";
import { attempt, problem } from "../problems.js";

const LIMIT = 20;
const EVERY_MS = 2000;

export function documentsView(client, signal) {
  const state = { page: 1 };
  const list = h("ul", { class: "documents" });
  const empty = h("p", { class: "hint", hidden: true }, "No documents yet. Hand some in: a run looks things up in them, and cites them.");
  const where = h("span", { class: "meta" });
  const previous = h("button", { type: "button", class: "quiet", on: { click: () => turn(-1) } }, "← Newer");
  const next = h("button", { type: "button", class: "quiet", on: { click: () => turn(1) } }, "Older →");
  const remove = confirmation();
  const element = h("div", { class: "page" },
    h("h1", {}, "Documents"),
    h("section", { class: "card", "aria-labelledby": "hand-in-title" },
      h("h2", { id: "hand-in-title" }, "Hand documents in"), fileForm(client, refresh), textForm(client, refresh)),
    h("section", { class: "card", "aria-labelledby": "documents-title" },
      h("h2", { id: "documents-title" }, "What can be found"), list, empty,
      h("div", { class: "row spread pager" }, previous, where, next)),
    remove.element);

  function turn(by) {
    state.page += by;
    void refresh();
  }

  let pending = true;
  let failed = false;
  async function refresh() {
    try {
      const { data, meta } = await client.documents.list({ page: state.page, limit: LIMIT }, { signal });
      pending = data.some(({ status }) => status === "pending");
      failed = false;
      reconcile(list, data, ({ document_id }) => document_id, (document) => makeDocument(document, ask), updateDocument);
      empty.hidden = data.length > 0;
      setText(where, meta.total > LIMIT ? `Page ${meta.page} of ${Math.ceil(meta.total / LIMIT)}` : `${meta.total} in all`);
      previous.hidden = meta.page <= 1;
      next.hidden = !meta.has_next;
    } catch (error) {
      if (!signal.aborted && !failed) problem(error, "The documents cannot be listed");
      failed = true;
    }
  }

  async function ask(document) {
    if (!(await remove.ask(document))) return;
    await attempt("The document was not deleted", () => client.documents.delete(document.document_id));
    announce("The document is deleted.");
    await refresh();
  }

  const timer = setInterval(() => pending && document.visibilityState === "visible" && void refresh(), EVERY_MS);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  void refresh();
  return element;
}

function makeDocument(document, ask) {
  const remove = h("button", { type: "button", class: "quiet danger", on: { click: () => ask(document) } }, "Delete");
  remove.setAttribute("aria-label", `Delete ${document.title}`);
  return h("li", {},
    h("div", {},
      foreign(document.title, { class: "title" }),
      h("p", { class: "meta" }, foreign(document.source), ` · ${bytes(document.bytes)} · `, h("time", { datetime: document.updated_at, title: moment(document.updated_at) })),
      h("p", { class: "bad error" }), h("progress", { max: "1", "aria-label": "Indexing" })),
    h("span", { class: "chip" }), remove);
}

function updateDocument(item, { status, chunks, error, progress, updated_at }) {
  const chip = item.querySelector(".chip");
  set(chip, "data-status", status);
  setText(chip, status === "indexed" ? `${chunks} ${chunks === 1 ? "passage" : "passages"}` : statusWords(status));
  setText(item.querySelector("time"), ago(updated_at));
  const words = item.querySelector(".error");
  words.hidden = !error;
  setText(words, error ? `${error.message} (${error.code})` : "");
  const bar = item.querySelector("progress");
  bar.hidden = status !== "pending";
  if (progress && progress.total > 0) bar.value = progress.done / progress.total;
  else bar.removeAttribute("value");
}

function fileForm(client, done) {
  const files = h("input", { id: "files", type: "file", multiple: true, required: true, accept: ".md,.markdown,.txt,.html,.htm,.pdf,text/markdown,text/plain,text/html,application/pdf" });
  const button = h("button", { type: "submit", class: "primary" }, "Hand in");
  const submit = async (event) => {
    event.preventDefault();
    const chosen = [...files.files];
    for (const file of chosen) {
      await attempt(`${file.name} was not taken`, () => client.documents.putFile({ file, name: file.name }), button);
      await done();
    }
    files.value = "";
    announce(`${chosen.length} handed in.`);
  };
  return h("form", { on: { submit } },
    field("Choose files", files, "Markdown, text, HTML or PDF. The same name again takes the place of the old."), button);
}

function textForm(client, done) {
  const source = h("input", { id: "source", required: true, autocomplete: "off", placeholder: "contracts/terms.md" });
  const text = h("textarea", { id: "text", rows: "4", required: true, dir: "auto" });
  const button = h("button", { type: "submit", class: "primary" }, "Hand in");
  const submit = async (event) => {
    event.preventDefault();
    const taken = await attempt("The text was not taken", () => client.documents.putText({ text: text.value, source: source.value.trim() }), button);
    if (!taken) return;
    event.target.reset();
    announce("Handed in.");
    await done();
  };
  return h("details", {}, h("summary", {}, "Or write a text"),
    h("form", { on: { submit } }, field("Name", source), field("Text, in Markdown", text), button));
}

/** Asks before something is gone. */
function confirmation() {
  const title = foreign("");
  const element = h("dialog", { "aria-labelledby": "confirm-title" },
    h("form", { method: "dialog" },
      h("h2", { id: "confirm-title" }, "Delete this document?"), h("p", {}, title),
      h("p", { class: "hint" }, "Runs find it no more. Reports that cite it stay."),
      h("div", { class: "row" }, h("button", { value: "" }, "Keep it"), h("button", { value: "delete", class: "danger" }, "Delete"))));
  const ask = (document) => {
    title.textContent = document.title;
    element.returnValue = "";
    element.showModal();
    return new Promise((resolve) => element.addEventListener("close", () => resolve(element.returnValue === "delete"), { once: true }));
  };
  return { element, ask };
}
