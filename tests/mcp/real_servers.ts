/**
 * MCP servers as processes of the test's own, over each transport.
 * @module
 */
import type { MCPToolsetOptions } from "../../src/mcp/toolset_options.ts";
import { MarkedProcesses, until } from "./processes.ts";

const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** How a server is talked to. */
export type TransportKind = "stdio" | "streamable-http" | "sse";

/** All of them. */
export const TRANSPORTS: readonly TransportKind[] = ["stdio", "streamable-http", "sse"];

/** How a program of `servers/` is started. */
export interface ProgramOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A program of `servers/` as toolsets take it; it finds its packages and nothing else of this machine. */
export function serverProgram(name: string, { args = [], env = {} }: ProgramOptions = {}) {
  const file = new URL(`./servers/${name}.ts`, import.meta.url).pathname;
  const run = ["run", "-A", "--quiet", "--no-check", "--cached-only", "--config", CONFIG, file];
  return {
    command: Deno.execPath(),
    args: [...run, ...args],
    env: { ...inherited("DENO_DIR"), ...env },
  };
}

/** A server that can be killed, started again and stopped in its tracks. */
export interface RealServer extends AsyncDisposable {
  /** How a toolset reaches it. */
  readonly options: Omit<MCPToolsetOptions, "id">;
  /** What clients may not hear of it. */
  readonly secrets: readonly string[];
  /** Ends it as a crash would. */
  kill(): Promise<void>;
  /** Starts it again where it was; it remembers nothing. Over stdio that is up to its toolset. */
  resume(): Promise<void>;
  /** Stops it in its tracks: connections stay open and nothing answers. */
  freeze(): void;
  /** Lets it go on. */
  thaw(): void;
}

/** Starts a program of `servers/` that takes its transport as argument. */
export async function realServer(
  name: string,
  kind: TransportKind,
  options: ProgramOptions = {},
): Promise<RealServer> {
  return kind === "stdio"
    ? new StdioServer(name, options)
    : await HttpServer.start(name, kind, options);
}

/** A server that its toolset starts; found by a mark in its environment. */
class StdioServer implements RealServer {
  readonly options: RealServer["options"];
  readonly secrets: readonly string[] = ["stdio", "deno"];
  readonly #processes = new MarkedProcesses();

  constructor(name: string, { args = [], env = {} }: ProgramOptions) {
    this.options = serverProgram(name, {
      args: ["stdio", ...args],
      env: { ...env, ...this.#processes.env },
    });
  }

  async kill(): Promise<void> {
    const pid = this.#processes.only();
    Deno.kill(pid, "SIGKILL");
    await until("the server is gone", () => !this.#processes.list().includes(pid));
  }

  resume(): Promise<void> {
    return Promise.resolve();
  }

  freeze(): void {
    Deno.kill(this.#processes.only(), "SIGSTOP");
  }

  thaw(): void {
    Deno.kill(this.#processes.only(), "SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#processes.gone();
  }
}

const MODES = { "streamable-http": "streamableHttp", sse: "sse" } as const;
const PATHS = { "streamable-http": "/mcp", sse: "/sse" } as const;

/** Ports that may turn out to be taken before one is given up. */
const ATTEMPTS = 10;

/** A server at a loopback port. */
class HttpServer implements RealServer {
  readonly #name: string;
  readonly #kind: keyof typeof MODES;
  readonly #program: ProgramOptions;
  readonly #port: number = freePort();
  #process: Deno.ChildProcess | undefined;

  private constructor(name: string, kind: keyof typeof MODES, program: ProgramOptions) {
    this.#name = name;
    this.#kind = kind;
    this.#program = program;
  }

  static async start(
    name: string,
    kind: keyof typeof MODES,
    program: ProgramOptions,
  ): Promise<HttpServer> {
    for (let attempt = 1;; attempt++) {
      const server = new HttpServer(name, kind, program);
      try {
        await server.resume();
        return server;
      } catch (error) {
        await server.kill();
        if (attempt === ATTEMPTS) throw error;
      }
    }
  }

  get options(): RealServer["options"] {
    return {
      url: `http://127.0.0.1:${this.#port}${PATHS[this.#kind]}`,
      transport: this.#kind,
    };
  }

  get secrets(): readonly string[] {
    return ["127.0.0.1", `:${this.#port}`, "http://"];
  }

  async resume(): Promise<void> {
    const { command, args, env } = serverProgram(this.#name, {
      args: [MODES[this.#kind], ...this.#program.args ?? []],
      env: this.#program.env,
    });
    const process = this.#process = new Deno.Command(command, {
      args,
      clearEnv: true,
      env: { ...inherited("PATH", "HOME"), ...env, PORT: `${this.#port}` },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    let ended = false;
    void process.status.then(() => ended = true);
    await until(`port ${this.#port} is open`, async () => {
      if (ended) throw new Error(`${this.#name} ended before it listened`);
      try {
        using _connection = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
        return true;
      } catch {
        return false;
      }
    });
  }

  async kill(): Promise<void> {
    const process = this.#process;
    this.#process = undefined;
    try {
      process?.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await process?.status;
  }

  freeze(): void {
    this.#process?.kill("SIGSTOP");
  }

  thaw(): void {
    this.#process?.kill("SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

function inherited(...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = Deno.env.get(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
