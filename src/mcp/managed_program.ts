/**
 * The program behind a managed MCP server that is talked to over HTTP.
 * @module
 */
import { ChildProcess } from "../isolation/process.ts";
import { Supervisor } from "../isolation/supervisor.ts";
import { SetupError } from "../run/error.ts";
import type { Clock, Logger } from "../run/seams.ts";
import { DEFAULT_URL, type ManagedHttpOptions, PORT_PLACEHOLDER } from "./managed_options.ts";
import { ProcessLines } from "../isolation/process_lines.ts";
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
  /** Why it could not be started the first time, where trying again would not help. */
  #unstartable: SetupError | undefined;
  /** Resolves when all it said has been told. */
  #told: Promise<void> | undefined;

  /** Chooses a port; nothing is started yet. */
  constructor(
    options: ManagedHttpOptions<never>,
    { clock, logger }: { readonly clock: Clock; readonly logger: () => Logger },
  ) {
    const { id: server, url = DEFAULT_URL, args = [] } = options;
    const chosen = [url, ...args].some((text) => text.includes(PORT_PLACEHOLDER));
    const port = chosen ? String(freePort()) : String(addressOf(url).port);
    this.url = url.replaceAll(PORT_PLACEHOLDER, port);
    this.#clock = clock;
    const tellLine = (line: string) => logger().log("debug", "MCP server says", { server, line });
    let started = false;
    this.#supervisor = new Supervisor({
      clock,
      start: async () => {
        try {
          const program = await startProgram(options, { clock, port });
          started = true;
          this.#told = told(program, { clock, tell: tellLine });
          return program;
        } catch (error) {
          if (error instanceof SetupError && !started) this.#unstartable = error;
          throw error;
        }
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
   *
   * @throws {SetupError} when it can never be started as configured
   */
  async listens(signal: AbortSignal): Promise<boolean> {
    await this.#supervisor.start();
    if (this.#unstartable) throw this.#unstartable;
    const at = addressOf(this.url);
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
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#supervisor[Symbol.asyncDispose]();
    await this.#told;
  }
}

async function startProgram(
  { command, args = [], env = {}, cwd, portEnv = "PORT" }: ManagedHttpOptions<never>,
  { clock, port }: { readonly clock: Clock; readonly port: string },
): Promise<ChildProcess> {
  return await ChildProcess.start({
    command,
    args: args.map((arg) => arg.replaceAll(PORT_PLACEHOLDER, port)),
    env: environmentOf({ ...resolveValues(env, undefined), [portEnv]: port }),
    cwd,
    clock,
  });
}

/** Tells what a program says, until it has ended. */
async function told(
  program: ChildProcess,
  { clock, tell }: { readonly clock: Clock; readonly tell: (line: string) => void },
): Promise<void> {
  const said = new ProcessLines(clock);
  for (const stream of [program.stdout, program.stderr]) {
    void said.read(stream, tell, { maxBytes: MAX_LINE_BYTES, cut: true }).catch(() => {});
  }
  await program.ended;
  await said.end();
}

/** Where a URL leads to. */
function addressOf(url: string): { readonly hostname: string; readonly port: number } {
  const { hostname, port, protocol } = new URL(url);
  return {
    hostname: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port || (protocol === "https:" ? 443 : 80)),
  };
}

/** A port that nobody listens at. Somebody may take it before the program does: then that ends. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
