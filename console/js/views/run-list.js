// The tenant's runs, page by page, kept up to date while somebody looks.

import { foreign, h, reconcile, set, setText } from "../dom.js";
import { ago, moment, statusWords } from "../format.js";
import { problem } from "../problems.js";

const EVERY_MS = 4000;
const LIMIT = 15;
const STATUSES = ["", "running", "waiting_input", "paused", "completed", "failed", "cancelled"];

export function runList(client, signal) {
  const state = { page: 1, status: "", current: undefined };
  const list = h("ol", { class: "runs" });
  const empty = h("p", { class: "hint" }, "Nothing here yet.");
  const where = h("span", { class: "meta" });
  const previous = h("button", { type: "button", class: "quiet", on: { click: () => turn(-1) } }, "← Newer");
  const next = h("button", { type: "button", class: "quiet", on: { click: () => turn(1) } }, "Older →");
  const filter = h("select", { id: "status-filter", "aria-label": "Show runs", on: { change: () => choose(filter.value) } },
    STATUSES.map((status) => h("option", { value: status }, status === "" ? "All runs" : statusWords(status))));
  const fresh = h("a", { class: "new", href: "#/", hidden: true }, "New run");
  const element = h("aside", { class: "list", "aria-labelledby": "runs-title" },
    h("div", { class: "row spread" }, h("h2", { id: "runs-title" }, "Runs"), filter),
    fresh,
    list, empty,
    h("div", { class: "row spread pager" }, previous, where, next));

  const turn = (by) => {
    state.page += by;
    void refresh();
  };
  const choose = (status) => {
    Object.assign(state, { status, page: 1 });
    void refresh();
  };

  let asked = 0;
  let failed = false;
  async function refresh() {
    const number = ++asked;
    try {
      const query = { page: state.page, limit: LIMIT, ...(state.status && { status: state.status }) };
      const page = await client.runs.list(query, { signal });
      // A later question may have been answered before.
      if (number === asked) show(page);
      failed = false;
    } catch (error) {
      // Said once: the list asks again and again.
      if (!signal.aborted && !failed) problem(error, "The runs cannot be listed");
      failed = true;
    }
  }

  function show({ data, meta }) {
    reconcile(list, data, ({ run_id }) => run_id, entry, (item, run) => update(item, run, state.current));
    empty.hidden = data.length > 0;
    setText(where, meta.total > LIMIT ? `Page ${meta.page} of ${Math.ceil(meta.total / LIMIT)}` : "");
    previous.hidden = meta.page <= 1;
    next.hidden = !meta.has_next;
  }

  const timer = setInterval(() => document.visibilityState === "visible" && void refresh(), EVERY_MS);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
  return {
    element,
    refresh,
    select(run) {
      state.current = run;
      fresh.hidden = run === undefined;
      for (const item of list.children) mark(item, run);
    },
  };
}

function entry(run) {
  return h("li", {}, h("a", { href: `#/runs/${encodeURIComponent(run.run_id)}` },
    foreign(run.prompt, { class: "title" }),
    h("span", { class: "meta" }, h("span", { class: "chip" }), h("time", { datetime: run.created_at, title: moment(run.created_at) }))));
}

function update(item, run, current) {
  const chip = item.querySelector(".chip");
  set(chip, "data-status", run.status);
  setText(chip, statusWords(run.status));
  setText(item.querySelector("time"), ago(run.created_at));
  mark(item, current);
}

function mark(item, current) {
  set(item.firstElementChild, "aria-current", item.dataset.key === current ? "page" : null);
}
