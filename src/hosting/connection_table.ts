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
const PERIOD_MS = 400;
/** A long table is read less often: reading takes at most this part of the time. */
const MAX_LOAD = 0.02;

/** Watches the connections of clients that wait. One timer for all, none when nobody waits. */
export class ConnectionTable {
  readonly #clock: Clock;
  readonly #read: () => string | undefined;
  readonly #watched = new Map<() => void, string>();
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
    this.#watched.set(onGone, connectionKey(remote));
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
      const begin = performance.now();
      this.#check();
      const tookMs = performance.now() - begin;
      if (this.#watched.size > 0) this.#schedule(Math.max(PERIOD_MS, tookMs / MAX_LOAD));
    });
  }

  #check(): void {
    const rows = this.#read();
    if (rows === undefined) return;
    const whole = establishedKeys(rows);
    for (const [onGone, key] of [...this.#watched]) {
      if (whole.has(key) || !this.#watched.delete(onGone)) continue;
      onGone();
    }
  }
}

function readTables(): string | undefined {
  try {
    return TABLES.map((path) => Deno.readTextFileSync(path)).join("");
  } catch {
    // Another system, or no permission: then the request's signal has to do.
    return undefined;
  }
}

/** Keys of the remote ends of all whole connections. Rows: `n: local remote state …`. */
export function establishedKeys(rows: string): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const [, address, port] of rows.matchAll(ESTABLISHED_ROW)) {
    // The last four bytes tell IPv4 from its form mapped into IPv6 no more than needed: not at all.
    keys.add(`${address!.slice(-8)}:${port}`);
  }
  return keys;
}

const ESTABLISHED_ROW = new RegExp(
  `^ *\\d+: [0-9A-F]+:[0-9A-F]{4} ([0-9A-F]+):([0-9A-F]{4}) ${ESTABLISHED} `,
  "gm",
);

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
