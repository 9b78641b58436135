/**
 * Sandboxes that are ready before anybody needs them: to start one takes as long as many a tool call.
 * @module
 */

/** What a pool has to know of a sandbox. */
export interface Pooled extends AsyncDisposable {
  /** Whether it can be used. */
  readonly alive: boolean;
}

/** What a pool holds, and how. */
export interface SandboxPoolOptions<Item extends Pooled> {
  /** Number of sandboxes that are kept ready. */
  readonly ready: number;
  /** Starts one, unless the signal is aborted before it is ready. */
  readonly start: (signal?: AbortSignal) => Promise<Item>;
}

/** Gives each sandbox to one user only. Keeps some ready while it is open; closed, it starts them anew. */
export class SandboxPool<Item extends Pooled> {
  readonly #options: SandboxPoolOptions<Item>;
  readonly #ready: Promise<Item>[] = [];
  #open = false;
  /** Ends the starts of those that nobody waits for yet. */
  #closed = new AbortController();

  /** Starts nothing yet. */
  constructor(options: SandboxPoolOptions<Item>) {
    this.#options = options;
  }

  /** Begins to keep sandboxes ready. */
  open(): void {
    this.#open = true;
    this.#closed = new AbortController();
    this.#fill();
  }

  /**
   * A sandbox of the caller's own.
   *
   * @throws the signal's reason once it is aborted, and what starting one throws
   */
  async take(signal: AbortSignal): Promise<Item> {
    signal.throwIfAborted();
    try {
      for (let next = this.#ready.shift(); next; next = this.#ready.shift()) {
        const sandbox = await next.catch(() => undefined);
        if (signal.aborted) {
          if (sandbox) await this.#giveBack(sandbox);
          throw signal.reason;
        }
        if (sandbox?.alive) return sandbox;
      }
      return await this.#options.start(signal);
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      // Not before: where none can be started, none would ever be the last.
      this.#fill();
    }
  }

  /** Ends what is ready; what was taken is its user's. */
  async close(): Promise<void> {
    this.#open = false;
    this.#closed.abort(new Error("Pool is closed"));
    const ready = this.#ready.splice(0);
    await Promise.all(ready.map(async (starting) => {
      const sandbox = await starting.catch(() => undefined);
      await sandbox?.[Symbol.asyncDispose]();
    }));
  }

  #fill(): void {
    while (this.#open && this.#ready.length < this.#options.ready) {
      const starting = this.#options.start(this.#closed.signal);
      // Whoever takes it hears of its failure.
      starting.catch(() => {});
      this.#ready.push(starting);
    }
  }

  /** Nothing has run in it yet. */
  async #giveBack(sandbox: Item): Promise<void> {
    if (this.#open && this.#ready.length < this.#options.ready) {
      this.#ready.push(Promise.resolve(sandbox));
    } else await sandbox[Symbol.asyncDispose]();
  }
}
