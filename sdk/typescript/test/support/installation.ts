import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ScriptedModel } from "./model.js";

/** The program under test; without it there are no tests against a whole installation. */
export const SBA = process.env["SBA_BIN"] || undefined;

/** A whole installation: real servers, a gateway, a worker, and an orchestrator whose model is scripted. */
export class Installation {
  readonly url: string;
  readonly model: ScriptedModel;
  readonly #config: string;
  readonly #folder: string;
  readonly #children: ChildProcess[];

  static async start(): Promise<Installation> {
    const folder = await mkdtemp(join(tmpdir(), "sba-web-"));
    const model = await ScriptedModel.start();
    const dev = run(["dev", "--orchestrators", "0", "--workers", "1"]);
    const printed = await said(dev, /token +\S+/);
    const url = /address +(\S+)/.exec(printed)?.[1] ?? "";
    const path = /configuration +(\S+)/.exec(printed)?.[1] ?? "";
    const config = join(folder, "sba.toml");
    await writeFile(config, withModel(await readFile(path, "utf8"), model.baseUrl), { mode: 0o600 });
    const installation = new Installation(url, model, config, folder, [dev]);
    installation.#children.push(run(["orchestrator", "--config", config]));
    return installation;
  }

  private constructor(url: string, model: ScriptedModel, config: string, folder: string, children: ChildProcess[]) {
    this.url = url;
    this.model = model;
    this.#config = config;
    this.#folder = folder;
    this.#children = children;
  }

  /** A token, for an operator where no tenant is named. */
  async token(tenant?: string, roles = ["tenant_admin", "member"]): Promise<string> {
    const whose = tenant === undefined ? ["--role", "operator"] : ["--tenant", tenant, ...roles.flatMap((role) => ["--role", role])];
    const printed = await said(run(["token", "--config", this.#config, ...whose]), /eyJ\S+/);
    return /eyJ\S+/.exec(printed)?.[0] ?? "";
  }

  /** Ends what was started here, and waits for it. */
  async stop(): Promise<void> {
    for (const child of this.#children.reverse()) {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      if (child.exitCode === null && child.kill("SIGTERM")) await ended;
    }
    this.model.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function run(args: string[]): ChildProcess {
  // It ends with this process, however that ends.
  return spawn(SBA ?? "", args, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, SBA_END_WITH_PARENT: "1" } });
}

/** What a process prints, once it has printed this. */
function said(child: ChildProcess, what: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = "";
    const hear = (chunk: Buffer): void => {
      printed += chunk.toString();
      if (what.test(printed)) resolve(printed);
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
    child.once("exit", (code) => reject(new Error(`it ended with ${code}: ${printed}`)));
    child.once("error", reject);
  });
}

/** The configuration with another model. */
function withModel(config: string, baseUrl: string): string {
  const sections = config.split(/\n(?=\[)/).filter((section) => !section.startsWith("[model"));
  const listen = '[telemetry]\nmetrics_listen = "127.0.0.1:0"';
  return [...sections, `[model]\nprovider = "openai"\nname = "scripted"\nbase_url = "${baseUrl}"`, listen].join("\n\n");
}
