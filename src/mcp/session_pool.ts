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

/** Somebody who wants a session. */
interface Waiter<Item> {
  readonly key: string;
  readonly make: () => Item;
  readonly resolve: (lease: Lease<Item>) => void;
  readonly reject: (error: Error) => void;
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
  /** What is not over yet; it takes room. */
  readonly #closing = new Set<Promise<void>>();
  /** In the order they came. */
  readonly #waiting = new Set<Waiter<Item>>();
  #closed = false;

  /** Holds nothing yet. */
  constructor(options: SessionPoolOptions) {
    this.#options = options;
  }

  /** Number of sessions, without those that are closing. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * The session of `key`, made where there is none; waits where there is no room. Dispose of the lease
   * when it is no longer used.
   */
  async lease(key: string, make: () => Item, signal: AbortSignal): Promise<Lease<Item>> {
    signal.throwIfAborted();
    if (this.#closed) throw closedError();
    const { promise, resolve, reject } = Promise.withResolvers<Lease<Item>>();
    const waiter = { key, make, resolve, reject };
    this.#waiting.add(waiter);
    this.#serve();
    try {
      return await untilAborted(promise, signal);
    } catch (error) {
      this.#waiting.delete(waiter);
      // It may have been served in the same moment.
      promise.then((lease) => lease[Symbol.dispose](), () => {});
      throw error;
    }
  }

  /** Ends every session, used or not. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject } of this.#waiting) reject(closedError());
    this.#waiting.clear();
    for (const entry of [...this.#entries.values()]) this.#drop(entry);
    await Promise.all(this.#closing);
  }

  /** Serves those who wait in order, except that whose session is there needs no room. */
  #serve(): void {
    const { maxSessions } = this.#options;
    /** Keys of those who must wait on, for one session each. */
    const wanted = new Set<string>();
    for (const waiter of this.#waiting) {
      const { key } = waiter;
      const room = wanted.size === 0 && this.#entries.size + this.#closing.size < maxSessions;
      const entry = this.#entries.get(key) ?? (room ? this.#add(waiter) : undefined);
      if (entry) {
        this.#waiting.delete(waiter);
        waiter.resolve(this.#use(entry));
        continue;
      }
      wanted.add(key);
      if (wanted.size > this.#closing.size) this.#dropIdle();
    }
  }

  #add({ key, make }: Waiter<Item>): Entry<Item> {
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
    this.#serve();
  }

  #dropIdle(): void {
    for (const entry of this.#entries.values()) {
      if (entry.users === 0) return this.#drop(entry);
    }
  }

  #drop(entry: Entry<Item>): void {
    entry.cancelIdle?.();
    this.#entries.delete(entry.key);
    const over = () => {
      this.#closing.delete(closed);
      this.#serve();
    };
    const closed = entry.item.close().then(over, over);
    this.#closing.add(closed);
  }
}

function closedError(): Error {
  return new Error("Pool is closed");
}
