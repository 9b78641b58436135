/**
 * The program behind a managed MCP server that is talked to over HTTP.
 * @module
 */
import { ChildProcess } from "../isolation/process.ts";
import { Supervisor } from "../isolation/supervisor.ts";
import type { Clock, Logger } from "../run/seams.ts";
import { lines } from "./lines.ts";
import { DEFAULT_URL, type ManagedHttpOptions, PORT_PLACEHOLDER } from "./managed_options.ts";
import { environmentOf } from "./server.ts";
import { resolveValues } from "./values.ts";

/** Pause between two looks whether the program listens, in milliseconds. */
const LOOK_MS = 50;

/** Most bytes of a line of the program's output that are logged. */
const MAX_LINE_BYTES = 2000;

/** A program that runs all the time, and where it serves. */
export class ManagedProgram implements AsyncDisposable {
  /** Where the program serves. */
  readonly url: string;
  readonly #supervisor: Supervisor;
  readonly #clock: Clock;

  /** Chooses a port; nothing is started yet. */
  constructor(
    options: ManagedHttpOptions<never>,
    { clock, logger }: { readonly clock: Clock; readonly logger: () => Logger },
  ) {
    const { id: server, command, args = [], env = {}, cwd, url = DEFAULT_URL, portEnv = "PORT" } =
      options;
    const chosen = [url, ...args].some((text) => text.includes(PORT_PLACEHOLDER));
    const port = chosen ? String(freePort()) : new URL(url).port;
    const filled = (text: string) => text.replaceAll(PORT_PLACEHOLDER, port);
    this.url = filled(url);
    this.#clock = clock;
    this.#supervisor = new Supervisor({
      clock,
      start: async () => {
        const program = await ChildProcess.start({
          command,
          args: args.map(filled),
          env: environmentOf({ ...resolveValues(env, undefined), [portEnv]: port }),
          cwd,
          clock,
        });
        const say = (line: string) => logger().log("debug", "MCP server says", { server, line });
        for (const stream of [program.stdout, program.stderr]) void tell(stream, say);
        return program;
      },
      onEnd: (reason, retryInMs) =>
        logger().log("warn", "MCP server ended", { server, detail: reason, retryInMs }),
    });
  }

  /** How the program last ended; undefined while it runs. */
  get ending(): string | undefined {
    return this.#supervisor.ending;
  }

  /**
   * Starts the program and waits until somebody listens where it serves. Resolves to whether that came
   * to pass in time.
   */
  async listens(signal: AbortSignal): Promise<boolean> {
    await this.#supervisor.start();
    const { hostname, port, protocol } = new URL(this.url);
    const at = {
      hostname: hostname.replace(/^\[|\]$/g, ""),
      port: Number(port || (protocol === "https:" ? 443 : 80)),
    };
    while (!signal.aborted) {
      try {
        (await Deno.connect(at)).close();
        return true;
      } catch (error) {
        if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
      }
      await new Promise<void>((resolve) => this.#clock.schedule(LOOK_MS, resolve));
    }
    return false;
  }

  /** Ends the program. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#supervisor[Symbol.asyncDispose]();
  }
}

async function tell(
  stream: ReadableStream<Uint8Array>,
  say: (line: string) => void,
): Promise<void> {
  for await (const line of lines(stream, { maxBytes: MAX_LINE_BYTES, cut: true })) say(line);
}

/** A port that nobody listens at. Somebody may take it before the program does: then that ends. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
