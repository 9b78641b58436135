/**
 * The command line as a process of its own.
 * @module
 */

const CLI = new URL("../../cli.ts", import.meta.url).href;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
const PROGRAM = ["--cached-only", "--config", CONFIG, CLI];

/** What a process of the command line gets. */
export interface SpawnOptions {
  /** Variables besides those of this process that fakellm does not read. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** How deno is told what to run. @default this checkout's `cli.ts` with its configuration */
  readonly program?: readonly string[];
  /** Flags of what deno lets it do. @default all */
  readonly permissions?: readonly string[];
}

/** How a process ended. */
export interface Ended {
  readonly code: number;
  /** The signal that ended it, where one did. */
  readonly signal: Deno.Signal | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Waiter {
  readonly pattern: RegExp;
  readonly resolve: (match: RegExpMatchArray) => void;
  readonly reject: (error: Error) => void;
}

/** A running command line; disposing kills it. */
export class SpawnedCli implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #waiters = new Set<Waiter>();
  readonly #ended: Promise<Ended>;
  #stderr = "";

  /** Starts `fakellm` with `args`; nothing of this process's `FAKELLM_*` variables reaches it. */
  constructor(args: readonly string[], options: SpawnOptions = {}) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        ...options.permissions ?? ["-A"],
        "--no-check",
        ...options.program ?? PROGRAM,
        ...args,
      ],
      clearEnv: true,
      env: { ...inherited(), NO_COLOR: "1", ...options.env },
      cwd: options.cwd,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#ended = this.#watch();
  }

  /** What standard error has shown so far. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Settles with the first match of `pattern` in standard error; fails when the process ends. */
  seen(pattern: RegExp): Promise<RegExpMatchArray> {
    const match = this.#stderr.match(pattern);
    if (match) return Promise.resolve(match);
    return new Promise((resolve, reject) => this.#waiters.add({ pattern, resolve, reject }));
  }

  /** The base URL of the listening line; `prefix` picks one of several. */
  async baseUrl(prefix = "/v1"): Promise<string> {
    const [, url = ""] = await this.seen(new RegExp(`Listening on (http://\\S+${prefix})\n`));
    return url;
  }

  /** Sends a signal. */
  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Settles when the process has ended. */
  ended(): Promise<Ended> {
    return this.#ended;
  }

  /** Kills the process if it still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#ended;
  }

  async #watch(): Promise<Ended> {
    const decoder = new TextDecoderStream();
    const reading = (async () => {
      for await (const text of this.#child.stderr.pipeThrough(decoder)) this.#take(text);
    })();
    const stdout = await new Response(this.#child.stdout).text();
    await reading;
    const { code, signal } = await this.#child.status;
    for (const { pattern, reject } of this.#waiters) {
      reject(new Error(`Process ended with ${code} before ${pattern} was seen:\n${this.#stderr}`));
    }
    return { code, signal, stdout, stderr: this.#stderr };
  }

  #take(text: string): void {
    this.#stderr += text;
    for (const waiter of this.#waiters) {
      const match = this.#stderr.match(waiter.pattern);
      if (!match) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(match);
    }
  }
}

/** What deno needs to find its cache and its registry, and nothing that fakellm reads. */
function inherited(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([name]) => !/^(?:FAKELLM|LLM|OPENAI)_/.test(name)),
  );
}

/** Runs a command line to its end. */
export async function runCli(args: readonly string[], options?: SpawnOptions): Promise<Ended> {
  await using cli = new SpawnedCli(args, options);
  return await cli.ended();
}

/** A folder for one test; disposing removes it. */
export interface TestFolder extends AsyncDisposable {
  readonly path: string;
  /** Writes a file; resolves to its path. */
  write(name: string, text: string): Promise<string>;
  /** Names of all that is in it, sorted. */
  names(): Promise<string[]>;
}

/** Makes a folder for one test. */
export async function testFolder(): Promise<TestFolder> {
  const path = await Deno.makeTempDir();
  return {
    path,
    async write(name, text) {
      await Deno.writeTextFile(`${path}/${name}`, text);
      return `${path}/${name}`;
    },
    names: async () => (await Array.fromAsync(Deno.readDir(path), ({ name }) => name)).sort(),
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

/** A chat request of one user message. */
export function chat(
  model: string,
  options: { readonly key?: string; readonly stream?: boolean } = {},
): RequestInit {
  const { key, stream = false } = options;
  return {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...key === undefined ? {} : { authorization: `Bearer ${key}` },
    },
    body: JSON.stringify({ model, stream, messages: [{ role: "user", content: "Hello" }] }),
  };
}
