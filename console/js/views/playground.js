// A request of the API: as curl, as code for the SDK, and sent from here.

import { announce } from "../announce.js";
import { field, h, set } from "../dom.js";
import { visible } from "../format.js";
import { attempt } from "../problems.js";
import { curlOf, literal, sdkOf } from "../snippets.js";

/** What can be tried. `id` stands in the path where a request is about one thing. */
const REQUESTS = {
  start: { label: "Start a run", method: "POST", path: "/runs", key: true, body: { prompt: "How does a run survive a crash?", options: { top_k: 4 } },
    sdk: (body) => `const run = await client.runs.start(${literal(body)});\nfor await (const event of run.stream()) {\n  if (event.type === "token") process.stdout.write(event.payload.text);\n}` },
  runs: { label: "List runs", method: "GET", path: "/runs?limit=5", sdk: () => `const page = await client.runs.list({ limit: 5 });` },
  run: { label: "Show a run", method: "GET", path: "/runs/{id}", id: "Run", sdk: (_, id) => `const view = await client.runs.open(${literal(id)}).view();` },
  watch: { label: "Watch a run", method: "GET", path: "/runs/{id}/events", id: "Run", stream: true,
    sdk: (_, id) => `for await (const event of client.runs.open(${literal(id)}).stream()) {\n  console.log(event.seq, event.type, event.payload);\n}` },
  answer: { label: "Answer a run", method: "POST", path: "/runs/{id}/continue", id: "Run", key: true, body: { input: true }, sdk: (body, id) => `await client.runs.open(${literal(id)}).answer(${literal(body)});` },
  cancel: { label: "Cancel a run", method: "POST", path: "/runs/{id}/cancel", id: "Run", key: true, body: { reason: "enough" }, sdk: (body, id) => `await client.runs.open(${literal(id)}).cancel(${literal(body?.reason ?? "")});` },
  fork: { label: "Fork a run", method: "POST", path: "/runs/{id}/fork", id: "Run", key: true, body: { at_step: 1 }, sdk: (body, id) => `const run = await client.runs.open(${literal(id)}).fork(${literal(body?.at_step ?? 1)});` },
  artifacts: { label: "List what a run made", method: "GET", path: "/artifacts?run_id={id}", id: "Run", sdk: (_, id) => `const page = await client.runs.open(${literal(id)}).artifacts();` },
  documents: { label: "List documents", method: "GET", path: "/knowledge/documents?limit=5", sdk: () => `const page = await client.documents.list({ limit: 5 });` },
  text: { label: "Hand a text in", method: "POST", path: "/knowledge/documents", key: true, body: { source: "contracts/terms.md", text: "# Terms\n\nInvoices are paid within 30 days." },
    sdk: (body) => `const taken = await client.documents.putText(${literal(body)});\nawait client.documents.settled(taken.document_id);` },
  task: { label: "Create a task", method: "POST", path: "/tasks", key: true, body: { title: "Pay the invoice of Acme." }, sdk: (body) => `const task = await client.tasks.create(${literal(body)});` },
};
/** An answer that is longer is cut: a page is no place for it. */
const MOST_CHARS = 100_000;

/** `first` may name a request, its id and its body. `ask` sends one and gives the answer. */
export function playgroundView(ask, signal, first = {}) {
  const choice = h("select", { id: "request" }, Object.entries(REQUESTS).map(([name, { label }]) => h("option", { value: name }, label)));
  const id = h("input", { id: "request-id", autocomplete: "off", spellcheck: "false" });
  const idField = field("Run", id);
  const body = h("textarea", { id: "body", rows: "8", class: "code", spellcheck: "false", dir: "ltr" });
  const bodyField = field("Body", body);
  const wrong = h("p", { class: "bad", role: "alert" });
  const curl = h("code"), sdk = h("code"), answer = h("code"), status = h("p", { class: "meta" });
  const send = h("button", { type: "submit", class: "primary" }, "Send");
  const result = h("section", { class: "card", hidden: true, "aria-labelledby": "answer-title" }, h("h2", { id: "answer-title" }, "Answer"), status, h("pre", { dir: "ltr", tabindex: "0" }, answer));

  const chosen = () => REQUESTS[choice.value];
  function request() {
    const { method, path, key, stream } = chosen();
    const there = { method, path: path.replace("{id}", encodeURIComponent(id.value.trim() || "RUN_ID")), key, stream };
    return chosen().body === undefined ? there : { ...there, body: JSON.parse(body.value) };
  }
  function show() {
    set(idField, "hidden", chosen().id === undefined);
    id.required = chosen().id !== undefined;
    set(bodyField, "hidden", chosen().body === undefined);
    try {
      const made = request();
      curl.textContent = curlOf(made);
      sdk.textContent = sdkOf(chosen().sdk(made.body, id.value.trim() || "RUN_ID"));
      wrong.textContent = "";
    } catch (error) {
      wrong.textContent = `The body is no JSON: ${error.message}`;
    }
    send.disabled = wrong.textContent !== "";
  }
  function choose(name, values = {}) {
    choice.value = name;
    if (values.id !== undefined) id.value = values.id;
    body.value = chosen().body === undefined ? "" : literal(values.body ?? chosen().body);
    show();
  }
  const submit = async (event) => {
    event.preventDefault();
    const got = await attempt("The request failed", () => ask(request(), signal), send);
    if (!got) return;
    result.hidden = false;
    status.textContent = `${got.status} · request ${got.requestId ?? "?"} · ${got.ms} ms`;
    answer.textContent = visible(got.text.slice(0, MOST_CHARS));
    announce(`Answered with ${got.status}.`);
  };
  choice.addEventListener("change", () => choose(choice.value));
  for (const input of [id, body]) input.addEventListener("input", show);
  choose(Object.hasOwn(REQUESTS, first.name ?? "") ? first.name : "start", first);
  return h("div", { class: "page" },
    h("h1", {}, "Playground"),
    h("div", { class: "grid two" },
      h("form", { class: "card", on: { submit } }, h("h2", {}, "Request"), field("What", choice), idField, bodyField, wrong, h("div", { class: "row" }, send)),
      h("section", { class: "card", "aria-label": "As code" }, ...snippet("curl", curl), ...snippet("SDK", sdk))),
    result);
}

function snippet(title, code) {
  const copy = async (event) => {
    const button = event.currentTarget;
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
    announce("Copied.");
    setTimeout(() => (button.textContent = "Copy"), 2000);
  };
  return [
    h("div", { class: "row spread" }, h("h2", {}, title), h("button", { type: "button", class: "quiet", "aria-label": `Copy ${title}`, on: { click: copy } }, "Copy")),
    h("pre", { dir: "ltr", tabindex: "0" }, code),
  ];
}
