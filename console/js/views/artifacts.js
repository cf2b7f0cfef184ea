// What a run made: to read here, and to download. It is fetched with the token, so no link leads to it.

import { foreign, h, reconcile } from "../dom.js";
import { bytes, fileName } from "../format.js";
import { markdown } from "../markdown.js";
import { attempt } from "../problems.js";

export function showArtifacts(list, artifacts, client) {
  reconcile(list, artifacts, ({ artifactId }) => artifactId, (artifact) => makeArtifact(artifact, client));
}

function makeArtifact(artifact, client) {
  const report = h("article", { class: "report", hidden: true, tabindex: "-1", "aria-label": "Report" });
  const read = async (event) => {
    const button = event.currentTarget;
    if (!report.hidden) return toggle(button, true);
    const text = await attempt("The report cannot be read", () => contentOf("markdown").then((blob) => blob.text()), button);
    if (text === undefined) return;
    report.replaceChildren(...markdown(text));
    toggle(button, false);
  };
  const toggle = (button, hidden) => {
    report.hidden = hidden;
    button.setAttribute("aria-expanded", String(!hidden));
    button.textContent = hidden ? "Read" : "Close";
    if (!hidden) report.focus();
  };
  const contentOf = (format) => client.artifacts.content(artifact.artifactId, format);
  const save = (format, ending) => async (event) => {
    const blob = await attempt("The report cannot be downloaded", () => contentOf(format), event.currentTarget);
    if (blob) download(blob, fileName(artifact.title, ending));
  };
  return h("section", { class: "artifact" },
    h("h3", {}, foreign(artifact.title)),
    h("p", { class: "meta" }, `${bytes(artifact.bytes)} · ${artifact.citations} ${artifact.citations === 1 ? "citation" : "citations"}`),
    h("div", { class: "row" },
      h("button", { type: "button", class: "primary", "aria-expanded": "false", on: { click: read } }, "Read"),
      h("button", { type: "button", on: { click: save("markdown", "md") } }, "Download Markdown"),
      h("button", { type: "button", on: { click: save("html", "html") } }, "Download HTML")),
    report);
}

function download(blob, name) {
  // Of no type that a browser would open, should it be opened instead of saved.
  const url = URL.createObjectURL(new Blob([blob], { type: "application/octet-stream" }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
