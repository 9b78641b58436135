/**
 * Sandboxes that are ready before anybody needs them: to start one takes as long as many a tool call.
 * @module
 */
import { Sandbox, type SandboxOptions } from "./sandbox.ts";

/** What a pool holds. */
export interface SandboxPoolOptions extends SandboxOptions {
  /** Number of sandboxes that are kept ready. */
  readonly ready: number;
}

/** Gives each sandbox to one user only. Keeps some ready while it is open; closed, it starts them anew. */
export class SandboxPool {
  readonly #options: SandboxPoolOptions;
  readonly #ready: Promise<Sandbox>[] = [];
  #open = false;

  /** Starts nothing yet. */
  constructor(options: SandboxPoolOptions) {
    this.#options = options;
  }

  /** Begins to keep sandboxes ready. */
  open(): void {
    this.#open = true;
    this.#fill();
  }

  #fill(): void {
    while (this.#open && this.#ready.length < this.#options.ready) {
      const starting = Sandbox.start(this.#options);
      // Whoever takes it hears of its failure.
      starting.catch(() => {});
      this.#ready.push(starting);
    }
  }

  /**
   * A sandbox of the caller's own.
   *
   * @throws as `Sandbox.start` does
   */
  async take(): Promise<Sandbox> {
    for (let next = this.#ready.shift(); next; next = this.#ready.shift()) {
      const sandbox = await next.catch(() => undefined);
      this.#fill();
      if (sandbox?.alive) return sandbox;
    }
    const sandbox = await Sandbox.start(this.#options);
    this.#fill();
    return sandbox;
  }

  /** Ends what is ready; what was taken is its user's. */
  async close(): Promise<void> {
    this.#open = false;
    const ready = this.#ready.splice(0);
    await Promise.all(ready.map(async (starting) => {
      const sandbox = await starting.catch(() => undefined);
      await sandbox?.[Symbol.asyncDispose]();
    }));
  }
}
