/**
 * The real clock, ids and silence: default seams outside tests.
 * @module
 */
import type { Clock, IdSource, Logger, TurnStore } from "../run/seams.ts";

/** Wall clock and timers of the runtime. */
export const systemClock: Clock = {
  now: () => Date.now(),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const POOL_BYTES = 4096;
const pool = new Uint8Array(POOL_BYTES);
let used = POOL_BYTES;

/** Random ids from the runtime's cryptographic source, drawn in blocks. */
export const systemIds: IdSource = {
  mint(prefix) {
    if (used + 16 > POOL_BYTES) {
      crypto.getRandomValues(pool);
      used = 0;
    }
    let id = prefix;
    for (const end = used + 16; used < end; used++) id += HEX[pool[used]!];
    return id;
  },
};

/** Writes nothing. */
export const silentLogger: Logger = { log() {} };

/** Keeps nothing: for runs outside a server, where no client returns. */
export const noTurns: TurnStore = {
  park: () => Promise.resolve(),
  find: () => Promise.resolve(undefined),
  begin: () => Promise.resolve(undefined),
  settle: () => Promise.resolve(),
};
