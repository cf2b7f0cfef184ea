import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { SbaClient } from "../../dist/index.js";
import { Installation, SBA } from "../support/installation.js";
import { Site } from "../support/site.js";

const CHROMIUM = process.env["SBA_CHROMIUM"];
const missing = SBA === undefined ? "SBA_BIN names no program" : CHROMIUM === undefined ? "SBA_CHROMIUM names no browser" : false;

/** What would show that something foreign was run or made into elements. */
const HOSTILE = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script> [click](javascript:document.title='owned') \u202eevil`;

describe("the console", { skip: missing }, () => {
  let sba: Installation;
  let site: Site;
  let browser: Browser;
  let client: SbaClient;
  let token: string;
  let context: BrowserContext;
  let page: Page;
  let complaints: string[];

  before(async () => {
    sba = await Installation.start();
    site = await Site.start(sba.url);
    const operator = new SbaClient({ baseUrl: sba.url, token: await sba.token() });
    const tenant = await operator.createTenant({ name: "Acme", config: { approve: ["task_create"] } });
    token = await sba.token(tenant.tenant_id);
    client = new SbaClient({ baseUrl: sba.url, token, transports: ["sse"] });
    browser = await chromium.launch({ executablePath: CHROMIUM ?? "", args: ["--no-sandbox"] });
    sba.model.script("invoices", { say: "Invoices are paid within 30 days of their receipt. ".repeat(3), pauseMs: 25 });
    sba.model.script("slowly", { say: "word after word after word ".repeat(16), pauseMs: 40 });
    sba.model.script("hostile", { say: HOSTILE });
    sba.model.script("Acme", { calls: [{ name: "task_create", arguments: { title: "Pay Acme" } }] }, { say: "It is noted." });
    const taken = await client.documents.putText({ source: "terms.md", text: "# Terms\n\nInvoices are paid within 30 days of their receipt.\n" });
    await client.documents.settled(taken.document_id);
  });
  after(async () => {
    await browser?.close();
    await site?.stop();
    await sba?.stop();
  });

  beforeEach(async () => {
    context = await browser.newContext({ reducedMotion: "reduce" });
    complaints = [];
    page = await open(context);
  });
  afterEach(async () => {
    await context.close();
    assert.deepEqual(complaints, [], "the page broke its policy or failed");
  });

  async function open(where: BrowserContext): Promise<Page> {
    const opened = await where.newPage();
    opened.setDefaultTimeout(60_000);
    opened.on("pageerror", (error) => complaints.push(String(error)));
    opened.on("console", (message) => {
      if (/Content.Security|TrustedHTML|Refused to/i.test(message.text())) complaints.push(message.text());
    });
    return opened;
  }

  const signIn = (where: Page = page): Promise<unknown> => where.goto(`${site.url}/#token=${token}`).then(() => where.waitForSelector("#prompt"));
  const said = (where: Page = page): Promise<string> => where.locator(".said").allTextContents().then((texts) => texts.join("|"));
  /** Waits until an expression holds. Playwright's own way to wait evaluates text in the page, which its policy forbids. */
  async function when(expression: string, where: Page = page): Promise<void> {
    const deadline = Date.now() + 60_000;
    while (!(await where.evaluate(`!!(${expression})`))) {
      if (Date.now() > deadline) throw new Error(`in vain waited for: ${expression}`);
      await where.waitForTimeout(20);
    }
  }
  const phase = (where: Page, name: string): Promise<unknown> => where.waitForSelector(`.pill[data-phase="${name}"]`);

  test("a token from the address signs in, is taken out of the address, and stays in this tab only", async () => {
    await signIn();
    assert.equal(await page.evaluate("location.href"), `${site.url}/#/`);
    assert.equal(await page.evaluate("history.length"), 2);
    const other = await open(context);
    await other.goto(site.url);
    await other.waitForSelector("#token");
    await page.goto(`${site.url}/#token=e30.e30.x`);
    await page.waitForSelector("text=Another token");
    await page.click("text=Stay");
    await page.waitForSelector("#prompt");
    assert.equal(await page.evaluate("sessionStorage.getItem('sba.token')"), token);
  });

  test("a run from its start to its report, with what was found", async () => {
    await signIn();
    await page.fill("#prompt", "When are invoices paid?");
    await page.click("text=Start the run");
    await phase(page, "open");
    await when("document.querySelector('.said[data-live]')?.textContent.length > 10", page);
    await page.waitForSelector(".artifact");
    await phase(page, "closed");
    await page.click(".hits summary >> nth=0");
    assert.match(await page.locator(".hits blockquote").first().innerText(), /paid within 30 days/);
    assert.match(await said(), /Invoices are paid within 30 days/);
    await page.waitForSelector("#announcer >> text=The run is completed.", { state: "attached" });
    await page.click("text=Read");
    await page.waitForSelector(".report >> text=Sources");
    const [download] = await Promise.all([page.waitForEvent("download"), page.click("text=Download Markdown")]);
    assert.equal(download.suggestedFilename(), "When-are-invoices-paid.md");
  });

  test("the slider shows any moment of the log, and plays it", async () => {
    const { data } = await client.runs.list({ status: "completed" });
    const run = data.find(({ prompt }) => prompt.includes("invoices"));
    await signIn();
    await page.goto(`${site.url}/#/runs/${run?.run_id}`);
    await phase(page, "closed");
    const whole = await said();
    await page.locator("#time").focus();
    await page.keyboard.press("Home");
    await when("document.querySelectorAll('.step').length === 0", page);
    for (let event = 0; event < 4; event++) await page.keyboard.press("ArrowRight");
    await when("document.querySelectorAll('.step').length === 1", page);
    assert.match((await page.getAttribute("#time", "aria-valuetext")) ?? "", /^Event 4 of \d+ · step started/);
    await page.selectOption("#speed", "16");
    await page.click("[aria-label='Play as it happened']");
    await when("document.querySelector('.said[data-live]')", page);
    await when("document.querySelector('.artifact')", page);
    assert.equal(await said(), whole);
  });

  test("a reload in the middle goes on where the run is, and nothing is missing", async () => {
    const run = await client.runs.start({ prompt: "slowly", workflow: "agentic" });
    await signIn();
    await page.goto(`${site.url}/#/runs/${run.id}`);
    await when("document.querySelector('.said')?.textContent.length > 40", page);
    await page.reload();
    await when("document.querySelector('.said')?.textContent.length > 60", page);
    await phase(page, "closed");
    assert.equal(await said(), (await run.finished()).steps.map(({ text }) => text).join("|"));
  });

  test("two tabs share one connection, and one of them goes", async () => {
    const run = await client.runs.start({ prompt: "slowly, and twice", workflow: "agentic" });
    await signIn();
    const before = site.watchers;
    await page.goto(`${site.url}/#/runs/${run.id}`);
    await phase(page, "open");
    const other = await open(context);
    await signIn(other);
    await other.goto(`${site.url}/#/runs/${run.id}`);
    await other.waitForSelector("text=Live, with another tab");
    await when("document.querySelector('.said')?.textContent.length > 40", other);
    assert.equal(site.watchers, before + 1);
    await page.close();
    await phase(other, "closed");
    assert.equal(await said(other), (await run.finished()).steps.map(({ text }) => text).join("|"));
    assert.equal(site.watchers, before + 2);
  });

  test("tabs of different tenants share nothing", async () => {
    const run = await client.runs.start({ prompt: "slowly, in secret", workflow: "agentic" });
    await signIn();
    await page.goto(`${site.url}/#/runs/${run.id}`);
    await when("document.querySelector('.said')?.textContent.length > 10", page);
    const operator = new SbaClient({ baseUrl: sba.url, token: await sba.token() });
    const stranger = await sba.token((await operator.createTenant({ name: "Other" })).tenant_id);
    const other = await open(context);
    await other.goto(`${site.url}/#token=${stranger}`);
    await other.waitForSelector("#prompt");
    await other.goto(`${site.url}/#/runs/${run.id}`);
    await other.waitForSelector(".alert >> text=not_found");
    assert.equal(await other.locator(".said").count(), 0);
    await run.finished();
  });

  test("a network that is cut is seen, and healed without a word missing", async () => {
    const run = await client.runs.start({ prompt: "slowly, through a tunnel", workflow: "agentic" });
    await signIn();
    await page.goto(`${site.url}/#/runs/${run.id}`);
    await when("document.querySelector('.said')?.textContent.length > 20", page);
    site.cut();
    await phase(page, "waiting");
    site.heal();
    await page.waitForSelector("text=1 reconnect");
    await phase(page, "closed");
    assert.equal(await said(), (await run.finished()).steps.map(({ text }) => text).join("|"));
  });

  test("where a proxy lets no WebSocket through, server-sent events do as well", async () => {
    site.webSockets = false;
    const run = await client.runs.start({ prompt: "slowly, past a proxy", workflow: "agentic" });
    await signIn();
    await page.goto(`${site.url}/#/runs/${run.id}`);
    await page.waitForSelector("text=Live by server-sent events");
    await phase(page, "closed");
    site.webSockets = true;
    assert.equal(await said(), (await run.finished()).steps.map(({ text }) => text).join("|"));
  });

  test("a run is paused, goes on, and is cancelled", async () => {
    sba.model.script("stoppable", { calls: [{ name: "task_list", arguments: {} }], say: "step after step ", pauseMs: 150 });
    const run = await client.runs.start({ prompt: "stoppable", workflow: "agentic" });
    await signIn();
    await page.goto(`${site.url}/#/runs/${run.id}`);
    await page.waitForSelector(".said");
    await page.click(".actions >> text=Pause");
    await page.waitForSelector(".head .chip[data-status=paused]");
    await page.click(".actions >> text=Resume");
    await page.waitForSelector(".head .chip[data-status=running]");
    await page.click(".actions >> text=Cancel");
    await page.waitForSelector(".head .chip[data-status=cancelled]");
    assert.equal((await run.view()).cancel?.reason, "asked for in the console");
  });

  test("binary messages are read in a browser as well", async () => {
    const run = await client.runs.start({ prompt: "When are invoices paid, in bytes?", workflow: "agentic" });
    const log = [];
    for await (const message of run.stream()) log.push(message);
    await page.goto(site.url);
    for (const codec of ["msgpack", "cbor"]) {
      const seen = await page.evaluate(`import("/sdk/index.js").then(async ({ SbaClient }) => {
        const client = new SbaClient({ baseUrl: location.origin, token: ${JSON.stringify(token)}, codec: "${codec}", transports: ["websocket"], shared: false });
        const log = [];
        for await (const message of client.runs.open("${run.id}").stream()) log.push(message);
        return log;
      })`);
      assert.deepEqual(seen, log, codec);
    }
  });

  test("a run of a session, which cannot be watched without its token, is read again and again", async () => {
    const session = await client.sessions.open({ ttl_seconds: 600 });
    const run = await session.start({ prompt: "slowly, in a session", workflow: "agentic" });
    await signIn();
    await page.goto(`${site.url}/#/runs/${run.id}`);
    await page.waitForSelector("text=it belongs to a session");
    await phase(page, "closed");
    assert.equal(await said(), (await run.finished()).steps.map(({ text }) => text).join("|"));
    assert.equal(await page.locator(".alert").count(), 0);
  });

  test("a report is made into elements, never into more than it may be, and in no time", async () => {
    await page.goto(site.url);
    const made = (text: string) => page.evaluate(`import("/js/markdown.js").then(({ markdown }) => {
      const box = document.createElement("div");
      box.append(...markdown(${JSON.stringify(text)}));
      return { html: box.innerHTML, names: [...new Set([...box.querySelectorAll("*")].map((e) => e.localName))] };
    })`) as Promise<{ html: string; names: string[] }>;
    const { html } = await made("# A\n\n1. **b** *c* `d` [e](https://f.example/g)\n   > h\n\n```\n<i>\n```\n\\*j");
    assert.equal(html, '<h3>A</h3><ol start="1"><li dir="auto"><p dir="auto"><strong>b</strong> <em>c</em> <code>d</code> <span><a href="https://f.example/g" target="_blank" rel="noopener noreferrer">e</a> (f.example)</span></p><blockquote dir="auto"><p dir="auto">h</p></blockquote></li></ol><pre><code>&lt;i&gt;</code></pre><p dir="auto">*j</p>');
    for (const target of ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "//evil.example", "/api/v1/runs", "\tjavascript:x", "https:evil"]) {
      const { html: link } = await made(`[x](${target})`);
      assert.ok(!link.includes("<a ") || target === "https:evil", `${target}: ${link}`);
    }
    const allowed = new Set(["h3", "h4", "h5", "h6", "p", "ol", "ul", "li", "strong", "em", "code", "pre", "blockquote", "hr", "br", "span", "a"]);
    for (const hostile of ["<script>x</script>", "*", "**", "_", "`", "[", "[x](", "> ", "- ", "  ", "#", "\\", "* * ", "1. ", "```\n", "<!--", "[a](https://b.example/)\n"]) {
      const begun = Date.now();
      const { names } = await made(hostile.repeat(20_000));
      assert.deepEqual(names.filter((name) => !allowed.has(name)), [], hostile);
      assert.ok(Date.now() - begun < 4000, `${hostile} took ${Date.now() - begun} ms`);
    }
  });

  test("what is asked is approved, by keyboard alone", async () => {
    await signIn();
    await when("document.activeElement?.id === 'prompt'", page);
    await page.keyboard.type("Note that Acme is to be paid.");
    await page.keyboard.press("Tab");
    await page.keyboard.type("Agent");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate("document.activeElement.textContent"), "Start the run");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".ask >> text=Pay Acme");
    const focused = "document.activeElement?.textContent";
    for (let tab = 0; tab < 40 && (await page.evaluate(focused)) !== "Approve"; tab++) await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(focused), "Approve");
    await page.keyboard.press("Enter");
    await page.waitForSelector(".said >> text=It is noted.");
    await phase(page, "closed");
    const { data } = await client.tasks.list();
    assert.equal(data.filter(({ title }) => title === "Pay Acme").length, 1);
  });

  test("hostile words of a model, a prompt and a document stay words", async () => {
    const taken = await client.documents.putText({ source: `<b>${HOSTILE}</b>`.slice(0, 200), title: HOSTILE.replace("\u202e", ""), text: `# ${HOSTILE}\n\nA hostile document.` });
    await client.documents.settled(taken.document_id);
    const run = await client.runs.start({ prompt: `hostile ${HOSTILE}` });
    await run.finished();
    await signIn();
    await page.goto(`${site.url}/#/runs/${run.id}`);
    await page.waitForSelector(".artifact");
    await page.click("text=Read");
    await page.waitForSelector(".report p");
    for (const summary of await page.locator(".run summary").all()) await summary.click();
    await page.goto(`${site.url}/#/documents`);
    await page.waitForSelector(".documents .title >> text=<img src=x");
    await page.click(".documents >> text=Delete >> nth=0");
    await page.waitForSelector("dialog[open]");
    await page.keyboard.press("Escape");
    await page.goto(`${site.url}/#/runs/${run.id}`);
    await page.waitForSelector(".artifact");
    await page.click("text=Read");
    await page.waitForSelector(".report p");
    const made = await page.evaluate(`({
      foreign: document.querySelectorAll("main img, main script, main iframe, main object").length,
      links: [...document.querySelectorAll("main a")].map((a) => a.protocol),
      handlers: [...document.querySelectorAll("*")].filter((e) => [...e.attributes].some((a) => a.name.startsWith("on") || a.name === "style")).length,
      title: document.title,
    })`) as { foreign: number; links: string[]; handlers: number; title: string };
    assert.deepEqual([made.foreign, made.handlers], [0, 0]);
    assert.ok(made.links.every((protocol) => protocol === "http:" || protocol === "https:"), made.links.join());
    assert.notEqual(made.title, "owned");
    assert.match(await said(), /<img src=x onerror/);
  });

  test("documents are handed in, found in the list, and deleted after a question", async () => {
    await signIn();
    await page.goto(`${site.url}/#/documents`);
    await page.setInputFiles("#files", { name: "guarantee.md", mimeType: "text/markdown", buffer: Buffer.from("# Guarantee\n\nTwo years.\n") });
    await page.click("form:has(#files) button");
    const entry = page.locator(".documents li", { hasText: "guarantee.md" });
    await entry.locator("text=1 passage").waitFor();
    await entry.locator("text=Delete").click();
    await page.click("dialog >> text=Keep it");
    assert.equal(await entry.count(), 1);
    await entry.locator("text=Delete").click();
    await page.click("dialog button.danger");
    await entry.waitFor({ state: "detached" });
  });

  test("the playground shows a request as code that can be pasted, sends it, and names refusals", async () => {
    await signIn();
    await page.goto(`${site.url}/#/playground`);
    await page.fill("#body", `{"prompt": "It's $(reboot) \`here\`"}`);
    const curl = await page.locator("pre code").first().innerText();
    assert.ok(curl.includes(`-d '{"prompt":"It'\\''s $(reboot) \`here\`"}'`), curl);
    assert.ok(!curl.includes(token));
    await page.fill("#body", "{");
    assert.ok(await page.locator("text=Send").isDisabled());
    await page.fill("#body", `{"prompt": ""}`);
    await page.click("text=Send");
    await page.waitForSelector("text=validation_failed");
    await page.selectOption("#request", "runs");
    await page.click("text=Send");
    await page.waitForSelector("text=has_next");
  });

  test("what the API refuses is shown with its code and the request's id", async () => {
    await signIn();
    await page.goto(`${site.url}/#/runs/01a20fc3-0b52-7262-b401-f88a91c6d600`);
    const alert = page.locator("[role=alert]", { hasText: "not_found" });
    await alert.waitFor();
    assert.match(await alert.innerText(), /request .{8,}/);
    await page.waitForSelector("h1 >> text=This run cannot be shown");
    await alert.locator("[aria-label=Dismiss]").click();
    await alert.waitFor({ state: "detached" });
  });

  test("every control has a name, every page its landmarks, and nothing is wider than a phone", async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await signIn();
    const { data } = await client.runs.list({ status: "completed" });
    for (const address of ["#/", "#/documents", "#/playground", `#/runs/${data[0]?.run_id}`]) {
      await page.goto(`${site.url}/${address}`);
      await page.waitForSelector("h1");
      await page.waitForTimeout(150);
      const found = await page.evaluate(`({
        unnamed: [...document.querySelectorAll("main button, main input, main select, main textarea")].filter((e) => e.checkVisibility() && !(e.labels?.length || e.ariaLabel || e.textContent.trim())).map((e) => e.outerHTML),
        landmarks: ["header", "nav", "main"].every((name) => document.querySelector(name)),
        headings: document.querySelectorAll("h1").length,
        wide: document.documentElement.scrollWidth > innerWidth,
      })`);
      assert.deepEqual(found, { unnamed: [], landmarks: true, headings: 1, wide: false }, address);
    }
  });
});
