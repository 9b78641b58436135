/**
 * Ids that count.
 * @module
 */
import type { IdSource } from "../run/seams.ts";

/** Mints `prefix1`, `prefix2`, … counting per prefix. */
export class SequentialIds implements IdSource {
  readonly #counts = new Map<string, number>();

  /** The next id of `prefix`. */
  mint(prefix: string): string {
    const count = (this.#counts.get(prefix) ?? 0) + 1;
    this.#counts.set(prefix, count);
    return `${prefix}${count}`;
  }
}
