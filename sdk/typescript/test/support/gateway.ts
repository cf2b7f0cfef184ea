import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer, type WebSocket } from "ws";
import { decodeCbor, decodeMsgpack, encodeCbor, encodeMsgpack } from "../../dist/index.js";

/** What a client of this server said. */
export type Said = Record<string, unknown> & { id: string; type: string };

/** One socket of a scripted server, in whichever codec its client chose. */
export class Peer {
  readonly socket: WebSocket;
  readonly token: string | undefined;
  readonly sessionToken: string | undefined;
  readonly after: number;
  readonly query: URLSearchParams;
  readonly said: Said[] = [];
  #heard: (message: Said) => void = () => {};

  constructor(socket: WebSocket, request: IncomingMessage) {
    this.socket = socket;
    const offered = (request.headers["sec-websocket-protocol"] ?? "").split(/, */);
    this.token = offered.find((name) => name.startsWith("sba.bearer."))?.slice(11);
    this.sessionToken = offered.find((name) => name.startsWith("sba.session."))?.slice(12);
    this.query = new URL(request.url ?? "/", "http://x").searchParams;
    this.after = Number(this.query.get("after") ?? 0);
    socket.on("message", (data: Buffer, binary) => {
      const message = (binary ? this.#decode(data) : JSON.parse(data.toString())) as Said;
      this.said.push(message);
      this.#heard(message);
    });
    socket.on("error", () => {});
  }

  onMessage(heard: (message: Said) => void): void {
    this.#heard = heard;
  }

  send(message: object): void {
    const { protocol } = this.socket;
    if (protocol === "sba.v1.msgpack") this.socket.send(encodeMsgpack(message));
    else if (protocol === "sba.v1.cbor") this.socket.send(encodeCbor(message));
    else this.socket.send(JSON.stringify(message));
  }

  close(code: number, reason = ""): void {
    this.socket.close(code, reason);
  }

  /** Ends as a network does: without a word. */
  cut(): void {
    this.socket.terminate();
  }

  #decode(data: Buffer): unknown {
    const bytes = new Uint8Array(data);
    return this.socket.protocol === "sba.v1.cbor" ? decodeCbor(bytes) : decodeMsgpack(bytes);
  }
}

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void;

/** A server that does what a test says, however wrong that is. */
export class ScriptedGateway {
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => chosen([...offered], this.codecs) });
  readonly #open = new Set<Duplex>();
  /** The subprotocols that it knows. */
  codecs = ["sba.v1.json", "sba.v1.msgpack", "sba.v1.cbor"];
  /** Called for each WebSocket. */
  onSocket: (peer: Peer) => void = (peer) => peer.close(1011);
  /** Answers an upgrade with a status instead, if it gives one. */
  refuse: (request: IncomingMessage) => number | undefined = () => undefined;
  onRequest: Handler = (_request, response) => response.writeHead(404).end();
  readonly requests: string[] = [];
  sockets = 0;

  static async start(): Promise<ScriptedGateway> {
    const gateway = new ScriptedGateway();
    await new Promise<void>((resolve) => gateway.#server.listen(0, "127.0.0.1", resolve));
    return gateway;
  }

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.on("connection", (socket) => {
      this.#open.add(socket);
      socket.on("close", () => this.#open.delete(socket));
    });
    this.#server.on("upgrade", (request, socket, head) => {
      const status = this.refuse(request);
      if (status !== undefined) return void socket.end(`HTTP/1.1 ${status} No\r\nconnection: close\r\n\r\n`);
      this.#sockets.handleUpgrade(request, socket, head, (opened) => {
        this.sockets += 1;
        this.onSocket(new Peer(opened, request));
      });
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    this.requests.push(`${request.method} ${request.url}`);
    this.onRequest(request, response, body);
  }
}

function chosen(offered: string[], known: readonly string[]): string | false {
  return offered.find((name) => known.includes(name)) ?? false;
}

/** Answers with JSON. */
export function answer(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

export function refusal(response: ServerResponse, status: number, code: string, headers: Record<string, string> = {}): void {
  answer(response, status, { error: { code, message: `because ${code}`, request_id: "request-1" } }, headers);
}
