// Starting a run.

import { announce } from "../announce.js";
import { field, h } from "../dom.js";
import { attempt } from "../problems.js";

/** A form; `opened` is told the run, `playground` the request that it would send. */
export function startForm(client, { opened, playground }) {
  const prompt = h("textarea", { id: "prompt", rows: "4", required: true, maxlength: "100000", dir: "auto", placeholder: "What do you want to know, or have done?" });
  const workflow = h("select", { id: "workflow" },
    h("option", { value: "render" }, "Report: look it up in the documents, and write with sources"),
    h("option", { value: "agentic" }, "Agent: the model chooses its tools"));
  const options = optionFields();
  const request = () => ({ prompt: prompt.value, workflow: workflow.value, ...withOptions(options.read()) });
  const start = h("button", { type: "submit", class: "primary" }, "Start the run");
  const submit = async (event) => {
    event.preventDefault();
    const run = await attempt("The run was not started", () => client.runs.start(request()), start);
    if (!run) return;
    announce("The run is started.");
    opened(run.id);
  };
  const onKey = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  };
  const form = h("form", { class: "card", "aria-labelledby": "start-title", on: { submit, keydown: onKey } },
    h("h1", { id: "start-title" }, "Start a run"),
    field("Prompt", prompt),
    field("Workflow", workflow),
    h("details", {}, h("summary", {}, "Options"), options.element),
    h("div", { class: "row" }, start, h("span", { class: "hint keys" }, "or Ctrl+Enter"), h("button", { type: "button", class: "quiet", on: { click: () => playground(request()) } }, "Show as code")));
  return form;
}

function optionFields() {
  const locale = h("input", { id: "locale", placeholder: "en", autocomplete: "off" });
  const topK = h("input", { id: "top-k", type: "number", min: "1", inputmode: "numeric" });
  const steps = h("input", { id: "max-steps", type: "number", min: "1", inputmode: "numeric" });
  const tools = h("input", { id: "tools", placeholder: "knowledge_search, task_create", autocomplete: "off" });
  const critical = h("input", { id: "critical", type: "checkbox" });
  const element = h("div", { class: "grid" },
    field("Language", locale, "A BCP 47 tag."),
    field("Passages", topK, "How many are looked up."),
    field("Most steps", steps),
    field("Only these tools", tools, "Separated by commas."),
    h("div", { class: "field check" }, critical, h("label", { for: "critical" }, "Wait for as long as the model is out")));
  const read = () => ({
    locale: locale.value.trim() || undefined,
    top_k: numberOf(topK),
    max_steps: numberOf(steps),
    tools: tools.value.trim() ? tools.value.split(",").map((name) => name.trim()).filter(Boolean) : undefined,
    critical: critical.checked || undefined,
  });
  return { element, read };
}

function numberOf(input) {
  return input.value === "" ? undefined : Number(input.value);
}

function withOptions(options) {
  const said = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  return Object.keys(said).length > 0 ? { options: said } : {};
}
