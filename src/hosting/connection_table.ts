/**
 * Whether the other end of a connection is still there, asked of the operating system.
 *
 * While an answer is made, `Deno.serve` tells that a client left only if the request came in one read,
 * which holds for tiny ones (measured with Deno 2.9.6; a streamed response that has begun is told at
 * once). Linux lists the state of every connection in `/proc/net/tcp`, so there a run stops within a
 * second of its client's leaving. Elsewhere the request's own signal is all there is.
 *
 * @module
 */
import type { Clock } from "../run/seams.ts";

/** The other end of a connection. */
export interface RemoteAddress {
  /** IPv4 or IPv6. */
  readonly hostname: string;
  readonly port: number;
}

const TABLES = ["/proc/net/tcp", "/proc/net/tcp6"] as const;
/** Kernel's number of the state in which both ends are there. */
const ESTABLISHED = "01";
/** Reading a table that changes can skip a row: only one that stays away is taken for gone. */
const MISSES = 2;
const PERIOD_MS = 400;
/** A long table is read less often: reading takes at most this part of the time. */
const MAX_LOAD = 0.02;

/** Watches the connections of clients that wait. One timer for all, none when nobody waits. */
export class ConnectionTable {
  readonly #clock: Clock;
  readonly #read: () => string | undefined;
  readonly #watched = new Map<() => void, { readonly key: string; misses: number }>();
  #cancel: (() => void) | undefined;
  #available: boolean | undefined;

  /**
   * A table nobody has looked into yet.
   *
   * @param read gives the rows, or undefined where there are none to be had
   */
  constructor(clock: Clock, read: () => string | undefined = readTables) {
    this.#clock = clock;
    this.#read = read;
  }

  /** Whether this machine has a table that may be read. */
  get available(): boolean {
    return this.#available ??= this.#read() !== undefined;
  }

  /** Calls `onGone` once when the connection is no longer whole; the returned function stops that. */
  watch(remote: RemoteAddress, onGone: () => void): () => void {
    this.#watched.set(onGone, { key: connectionKey(remote), misses: 0 });
    this.#schedule(PERIOD_MS);
    return () => {
      this.#watched.delete(onGone);
      if (this.#watched.size > 0) return;
      this.#cancel?.();
      this.#cancel = undefined;
    };
  }

  #schedule(delayMs: number): void {
    this.#cancel ??= this.#clock.schedule(delayMs, () => {
      this.#cancel = undefined;
      const begin = this.#clock.now();
      this.#check();
      const tookMs = this.#clock.now() - begin;
      if (this.#watched.size > 0) this.#schedule(Math.max(PERIOD_MS, tookMs / MAX_LOAD));
    });
  }

  #check(): void {
    const rows = this.#read();
    if (rows === undefined) return;
    const whole = connectionStates(rows);
    for (const [onGone, watched] of [...this.#watched]) {
      const state = whole.get(watched.key);
      watched.misses = state === undefined ? watched.misses + 1 : 0;
      // A row that says the other end has closed is believed at once.
      const gone = state === false || watched.misses >= MISSES;
      if (gone && this.#watched.delete(onGone)) onGone();
    }
  }
}

/** The other end of a connection, where there is one with an address: Unix sockets have none. */
export function remoteAddress(address: object | undefined): RemoteAddress | undefined {
  const { hostname, port } = (address ?? {}) as Partial<Record<keyof RemoteAddress, unknown>>;
  return typeof hostname === "string" && typeof port === "number" ? { hostname, port } : undefined;
}

function readTables(): string | undefined {
  try {
    return TABLES.map((path) => Deno.readTextFileSync(path)).join("");
  } catch {
    // Another system, or no permission: then the request's signal has to do.
    return undefined;
  }
}

/** Keys of remote ends to whether a connection with them is whole. Rows: `n: local remote state …`. */
export function connectionStates(rows: string): ReadonlyMap<string, boolean> {
  const states = new Map<string, boolean>();
  for (const [, address, port, state] of rows.matchAll(ROW)) {
    // The last four bytes are the same for IPv4 and for its form mapped into IPv6.
    const key = `${address!.slice(-8)}:${port}`;
    states.set(key, states.get(key) === true || state === ESTABLISHED);
  }
  return states;
}

const ROW = /^ *\d+: [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]+):([0-9A-F]{4}) ([0-9A-F]{2}) /gm;

/** The last four bytes of the address in the kernel's order, and the port. */
export function connectionKey({ hostname, port }: RemoteAddress): string {
  return `${lastBytes(hostname).reverse().map(hex).join("")}:${hex(port >> 8)}${hex(port & 255)}`;
}

function lastBytes(hostname: string): number[] {
  const dotted = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(hostname);
  if (dotted) return dotted.slice(1).map(Number);
  const groups = hostname.replace(/%.*$/, "").split(":").slice(-2);
  return groups.flatMap((group) => {
    const value = parseInt(group || "0", 16);
    return [value >> 8, value & 255];
  });
}

function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, "0");
}
