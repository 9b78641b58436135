/**
 * How long records may be kept.
 * @module
 */

/** A hundred years: what no end comes to, and what every backend can add to a date. */
const MAX_TTL_MS = 100 * 365 * 24 * 60 * 60 * 1000;

/** Whole milliseconds from 0 to a hundred years; 0 keeps nothing. */
export function wholeTtlMs(ttlMs: number): number {
  return Math.min(Math.max(Math.ceil(ttlMs), 0), MAX_TTL_MS) || 0;
}
