// The console: which view is shown, and for whom.

import { claimsOf, clientFor, decoded, forgetToken, looksLikeToken, storedToken, storeToken, takeTokenFromAddress } from "./account.js";
import { announce } from "./announce.js";
import { foreign, h, set } from "./dom.js";
import { clearProblems } from "./problems.js";
import { documentsView } from "./views/documents.js";
import { playgroundView } from "./views/playground.js";
import { runList } from "./views/run-list.js";
import { runView } from "./views/run.js";
import { signInView } from "./views/sign-in.js";
import { startForm } from "./views/start.js";

const main = document.getElementById("main");
const nav = document.getElementById("nav");
const account = document.getElementById("account");
let client;
let token;
/** Ends what the view that is shown now has going. */
let leave = new AbortController();
/** What the playground begins with. */
let draft;
/** The list stays while one run after another is opened. */
let list;
let leaveList = new AbortController();

function signIn(given) {
  storeToken(given);
  token = given;
  client = clientFor(given);
  dropList();
  nav.hidden = false;
  showAccount();
  route();
}

function signOut() {
  forgetToken();
  client = token = undefined;
  leave.abort();
  dropList();
  nav.hidden = true;
  account.replaceChildren();
  clearProblems();
  show(signInView(signIn));
}

function showAccount() {
  const { tenant_id: tenant, roles } = claimsOf(token);
  const about = `tenant ${tenant ?? "none"}${Array.isArray(roles) ? `, ${roles.join(", ")}` : ""}`;
  account.replaceChildren(
    h("span", { class: "meta whose", title: about }, foreign(`Tenant ${String(tenant ?? "–").slice(0, 8)}`)),
    h("button", { type: "button", class: "quiet", on: { click: signOut } }, "Sign out"));
}

/** Shows a view, and says so. */
function show(element, heading = element.querySelector("h1")) {
  main.replaceChildren(element);
  document.title = `${heading?.textContent || "SBA"} · SBA`.replace(/^(.{60}).*?( · SBA)$/, "$1…$2");
  announce(document.title);
  scrollTo(0, 0);
}

function route() {
  if (!client) return;
  const [, view = "", id = ""] = location.hash.split("/");
  for (const link of nav.children) set(link, "aria-current", link.getAttribute("href") === `#/${view === "runs" ? "" : view}` ? "page" : null);
  leave.abort();
  leave = new AbortController();
  const { signal } = leave;
  clearProblems();
  if (view === "documents" || view === "playground") dropList();
  if (view === "documents") return show(documentsView(client, signal));
  if (view === "playground") return show(playgroundView(ask, signal, draft));
  showRuns(view === "runs" && id !== "" ? decoded(id) : undefined, signal);
}

function dropList() {
  leaveList.abort();
  list = undefined;
}

function showRuns(id, signal) {
  if (!list) {
    leaveList = new AbortController();
    list = runList(client, leaveList.signal);
  }
  list.select(id);
  void list.refresh();
  const opened = (run) => (location.hash = `#/runs/${encodeURIComponent(run)}`);
  const content = id === undefined
    ? startForm(client, { opened, playground: (body) => tryOut({ name: "start", body }) })
    : runView(client, id, signal, { playground: (run) => tryOut({ name: "watch", id: run }) });
  const element = h("div", { class: "split", "data-open": id !== undefined ? "run" : null }, list.element, content);
  show(element);
  if (id === undefined && matchMedia("(min-width: 60rem)").matches) content.querySelector("textarea").focus();
}

function tryOut(request) {
  draft = request;
  location.hash = "#/playground";
}

/** Sends a request of the playground. The SDK would hide what is to be seen here. */
async function ask({ method, path, body, key }, signal) {
  const begun = performance.now();
  const headers = { authorization: `Bearer ${token}`, ...(key && { "idempotency-key": crypto.randomUUID?.() ?? String(begun) }), ...(body !== undefined && { "content-type": "application/json" }) };
  const response = await fetch(`/api/v1${path}`, { method, headers, signal, credentials: "omit", body: body === undefined ? null : JSON.stringify(body) });
  const text = await response.text();
  return { status: response.status, requestId: response.headers.get("x-request-id"), ms: Math.round(performance.now() - begun), text: indented(text) };
}

function indented(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** A link can bring a token. Where somebody is signed in already it is asked for: a link of others must not change whose data this is. */
function begin() {
  const offered = takeTokenFromAddress();
  const stored = storedToken();
  if (offered && !looksLikeToken(offered)) return signOut();
  if (offered && stored && offered !== stored) return askWhich(offered, stored);
  const given = offered ?? stored;
  if (given) return signIn(given);
  show(signInView(signIn));
}

function askWhich(offered, stored) {
  const whose = (which) => foreign(`tenant ${claimsOf(which).tenant_id ?? "–"}, user ${claimsOf(which).user_id ?? "–"}`);
  show(h("section", { class: "card narrow" },
    h("h1", {}, "Another token"),
    h("p", {}, "The link that you followed brings a token, and you are signed in with another one."),
    h("dl", {}, h("dt", {}, "You are"), h("dd", {}, whose(stored)), h("dt", {}, "The link's"), h("dd", {}, whose(offered))),
    h("div", { class: "row" },
      h("button", { type: "button", class: "primary", on: { click: () => signIn(stored) } }, "Stay"),
      h("button", { type: "button", on: { click: () => signIn(offered) } }, "Use the link's"))));
}

document.getElementById("skip").addEventListener("click", () => main.focus());
addEventListener("hashchange", () => (location.hash.startsWith("#token=") ? begin() : route()));
begin();
