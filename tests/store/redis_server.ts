/**
 * A Redis server of the test's own.
 * @module
 */

/** Whether this machine has no `redis-server`; tests that need one are skipped then, and say so. */
export const redisServerMissing: boolean = !await exists("redis-server");

if (redisServerMissing) {
  const notice = "Skipping tests of redis: this machine has no redis-server\n";
  await Deno.stderr.write(new TextEncoder().encode(notice));
}

/** Ports that may turn out to be taken before one is given up. */
const ATTEMPTS = 10;

/** A server at a loopback port, with a folder of its own and no disk but that. */
export class RedisServer implements AsyncDisposable {
  readonly #port: number;
  readonly #folder: string;
  readonly #args: readonly string[];
  #process: Deno.ChildProcess | undefined;
  #output: Promise<void> | undefined;

  private constructor(port: number, folder: string, args: readonly string[]) {
    this.#port = port;
    this.#folder = folder;
    this.#args = args;
  }

  /** Starts a server on a free port. */
  static async start(...args: readonly string[]): Promise<RedisServer> {
    const folder = await Deno.makeTempDir();
    for (let attempt = 1;; attempt++) {
      const server = new RedisServer(freePort(), folder, args);
      try {
        await server.resume();
        return server;
      } catch (error) {
        if (attempt === ATTEMPTS) throw error;
      }
    }
  }

  /** Where it listens. */
  get url(): string {
    return `redis://127.0.0.1:${this.#port}`;
  }

  /** Starts it again on its port, with what it kept on disk. */
  async resume(): Promise<void> {
    const process = new Deno.Command("redis-server", {
      args: [
        ...["--port", `${this.#port}`, "--bind", "127.0.0.1", "--dir", this.#folder],
        ...["--save", "", "--appendonly", "yes", ...this.#args],
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes("Ready to accept connections")) {
      const { done, value } = await reader.read();
      if (done) throw new Error(`redis-server ended: ${text}`);
      text += value;
    }
    this.#process = process;
    this.#output = (async () => {
      while (!(await reader.read()).done);
    })();
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    const process = this.#process;
    if (!process) return;
    this.#process = undefined;
    process.kill("SIGKILL");
    await process.status;
    await this.#output;
  }

  /** Stops it in its tracks: connections stay open and nothing answers. */
  freeze(): void {
    this.#process?.kill("SIGSTOP");
  }

  /** Ends it and removes its folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

async function exists(command: string): Promise<boolean> {
  try {
    return (await new Deno.Command(command, { args: ["--version"] }).output()).success;
  } catch {
    return false;
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
