import { createReadStream, existsSync } from "node:fs";
import { createServer, request as ask, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

/** What the console is served with: nothing from elsewhere, nothing inline, and no text made into elements. */
export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; " +
  "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
};

/** Serves the console's files and passes the API on to a gateway, as a gateway does it itself; and can play a bad network. */
export class Site {
  readonly #gateway: URL;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** WebSockets that were passed on. */
  watchers = 0;
  /** Whether WebSockets get through; there are proxies that let none. */
  webSockets = true;
  #down = false;

  static async start(gateway: string): Promise<Site> {
    const site = new Site(new URL(gateway));
    await new Promise<void>((resolve) => site.#server.listen(0, "127.0.0.1", resolve));
    return site;
  }

  private constructor(gateway: URL) {
    this.#gateway = gateway;
    this.#server = createServer((request, response) => this.#answer(request, response));
    this.#server.on("connection", (socket) => this.#keep(socket));
    this.#server.on("upgrade", (request, socket: Socket, head) => this.#upgrade(request, socket, head));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Cuts everything that is open, and lets nothing through until it is healed. */
  cut(): void {
    this.#down = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  heal(): void {
    this.#down = false;
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => {});
    if (this.#down) socket.destroy();
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = new URL(request.url ?? "/", "http://x").pathname;
    if (path.startsWith("/api/")) return this.#pass(request, response);
    const file = path.startsWith("/sdk/") ? join(ROOT, "sdk/typescript/dist", normalize(path.slice(4))) : join(ROOT, "console", normalize(path === "/" ? "/index.html" : path));
    if (!existsSync(file)) return void response.writeHead(404).end();
    response.writeHead(200, {
      "content-type": TYPES[extname(file)] ?? "application/octet-stream", "content-security-policy": POLICY,
      "x-content-type-options": "nosniff", "referrer-policy": "no-referrer", "cross-origin-opener-policy": "same-origin",
    });
    createReadStream(file).pipe(response);
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const { hostname, port } = this.#gateway;
    const passed = ask({ hostname, port, path: request.url, method: request.method, headers: { ...request.headers, host: this.#gateway.host } }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    passed.on("error", () => response.destroy());
    response.on("close", () => passed.destroy());
    request.pipe(passed);
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    if (!this.webSockets) return void socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    const { hostname, port, host, origin } = this.#gateway;
    const upstream = connect(Number(port), hostname);
    this.#keep(upstream);
    const headers = { ...request.headers, host, ...(request.headers.origin && { origin }) };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}`);
    upstream.write(`${request.method} ${request.url} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
    upstream.write(head);
    this.watchers += 1;
    socket.on("close", () => upstream.destroy());
    upstream.on("close", () => socket.destroy());
    upstream.pipe(socket).pipe(upstream);
  }
}
