import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One answer of the model. */
export interface Turn {
  readonly say?: string;
  /** Pause before each word, in milliseconds. */
  readonly pauseMs?: number;
  readonly calls?: readonly { readonly name: string; readonly arguments: unknown }[];
}

interface ChatRequest {
  readonly messages: readonly { readonly role: string; readonly content: string | null }[];
  readonly response_format?: { readonly json_schema?: { readonly schema?: { readonly properties?: Record<string, unknown> } } };
}

/** A model behind OpenAI's interface that says what a test wrote, chosen by a word of the prompt. */
export class ScriptedModel {
  readonly #server: Server;
  readonly #scripts = new Map<string, readonly Turn[]>();

  static async start(): Promise<ScriptedModel> {
    const model = new ScriptedModel();
    await new Promise<void>((resolve) => model.#server.listen(0, "127.0.0.1", resolve));
    return model;
  }

  private constructor() {
    this.#server = createServer((request, response) => {
      void (async () => {
        let body = "";
        for await (const chunk of request) body += String(chunk);
        await this.#answer(JSON.parse(body) as ChatRequest, response);
      })();
    });
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1/`;
  }

  /** A run whose prompt has the word does this, turn by turn; the last turn is said again where more are asked for. */
  script(word: string, ...turns: Turn[]): void {
    this.#scripts.set(word, turns);
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: ChatRequest, response: ServerResponse): Promise<void> {
    const turn = this.#turn(request);
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const word of wordsOf(turn.say ?? "", request)) {
      if (turn.pauseMs) await new Promise((resolve) => setTimeout(resolve, turn.pauseMs));
      if (response.destroyed) return;
      response.write(chunk({ delta: { content: word }, finish_reason: null }));
    }
    for (const [index, call] of (turn.calls ?? []).entries()) {
      const tool = { index, id: `call_${index}`, type: "function", function: { name: call.name, arguments: JSON.stringify(call.arguments) } };
      response.write(chunk({ delta: { tool_calls: [tool] }, finish_reason: null }));
    }
    response.write(chunk({ delta: {}, finish_reason: turn.calls ? "tool_calls" : "stop" }, { prompt_tokens: 9, completion_tokens: 9, total_tokens: 18 }));
    response.end("data: [DONE]\n\n");
  }

  #turn(request: ChatRequest): Turn {
    const words = JSON.stringify(request.messages);
    const script = [...this.#scripts].find(([word]) => words.includes(word))?.[1] ?? [{ say: "That is all." }];
    const said = request.messages.filter(({ role }) => role === "assistant").length;
    return script[Math.min(said, script.length - 1)] ?? {};
  }
}

function chunk(choice: object, usage?: object): string {
  return `data: ${JSON.stringify({ object: "chat.completion.chunk", choices: [{ index: 0, ...choice }], usage })}\n\n`;
}

/** Words, or an object with them where the request wants one. */
function wordsOf(text: string, request: ChatRequest): string[] {
  const words = text.split(/(?<= )/);
  const fields = Object.keys(request.response_format?.json_schema?.schema?.properties ?? {});
  if (fields[0] === undefined) return words;
  return [`{${JSON.stringify(fields[0])}: "`, ...words.map((word) => JSON.stringify(word).slice(1, -1)), '"}'];
}
