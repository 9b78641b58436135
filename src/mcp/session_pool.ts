/**
 * One session for each identity: bounded, and closed when nobody has used it for a while.
 * @module
 */
import type { Clock } from "../run/seams.ts";
import { untilAborted } from "../run/until_aborted.ts";

/** What a pool holds. */
export interface Pooled {
  /** Ends it. Resolves when nothing is left of it. */
  close(): Promise<void>;
}

/** What a pool is made of. */
export interface SessionPoolOptions {
  /** Most sessions at once, used or not. */
  readonly maxSessions: number;
  /** How long a session that nobody uses stays open, in milliseconds. */
  readonly idleMs: number;
  /** Time. */
  readonly clock: Clock;
}

interface Entry<Item> {
  readonly key: string;
  readonly item: Item;
  users: number;
  cancelIdle: (() => void) | undefined;
}

/** The use of a session until it is disposed of. */
export interface Lease<Item> extends Disposable {
  /** The session. */
  readonly item: Item;
}

/** Sessions by key. What one key opened is never handed to another. */
export class SessionPool<Item extends Pooled> {
  readonly #options: SessionPoolOptions;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry<Item>>();
  readonly #closing = new Set<Promise<void>>();
  /** Those who wait for room, in order. */
  readonly #waiting = new Set<() => void>();
  #closed = false;

  /** Holds nothing yet. */
  constructor(options: SessionPoolOptions) {
    this.#options = options;
  }

  /** Number of sessions. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * The session of `key`, made where there is none; waits where there is no room. Dispose of the lease
   * when it is no longer used.
   */
  async lease(key: string, make: () => Item, signal: AbortSignal): Promise<Lease<Item>> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#closed) throw new Error("Pool is closed");
      const entry = this.#entries.get(key) ?? this.#add(key, make);
      if (entry) return this.#use(entry);
      await this.#room(signal);
    }
  }

  /** Ends every session, used or not. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const entry of [...this.#entries.values()]) this.#drop(entry);
    for (const wake of this.#waiting) wake();
    await Promise.all(this.#closing);
  }

  #add(key: string, make: () => Item): Entry<Item> | undefined {
    if (this.#entries.size >= this.#options.maxSessions) {
      const idle = [...this.#entries.values()].find(({ users }) => users === 0);
      if (!idle) return undefined;
      this.#drop(idle);
    }
    const entry: Entry<Item> = { key, item: make(), users: 0, cancelIdle: undefined };
    this.#entries.set(key, entry);
    return entry;
  }

  #use(entry: Entry<Item>): Lease<Item> {
    entry.users += 1;
    entry.cancelIdle?.();
    // Goes to the end of the order.
    this.#entries.delete(entry.key);
    this.#entries.set(entry.key, entry);
    let left = false;
    return {
      item: entry.item,
      [Symbol.dispose]: () => {
        if (left) return;
        left = true;
        this.#leave(entry);
      },
    };
  }

  #leave(entry: Entry<Item>): void {
    entry.users -= 1;
    if (entry.users > 0 || this.#entries.get(entry.key) !== entry) return;
    const { clock, idleMs } = this.#options;
    entry.cancelIdle = clock.schedule(idleMs, () => this.#drop(entry));
    this.#wake();
  }

  #drop(entry: Entry<Item>): void {
    entry.cancelIdle?.();
    this.#entries.delete(entry.key);
    const closed = entry.item.close().finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
    this.#wake();
  }

  #wake(): void {
    const [first] = this.#waiting;
    first?.();
  }

  async #room(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    try {
      await untilAborted(promise, signal);
    } finally {
      this.#waiting.delete(resolve);
    }
  }
}
