/**
 * What a broken deployment file is and what must be said of it.
 * @module
 */

/** In every value that must never be shown. */
export const CANARY = "c4n4ry";

/** One broken file. */
export interface BrokenCase {
  readonly name: string;
  readonly file: string | Uint8Array<ArrayBuffer>;
  readonly env?: Readonly<Record<string, string>>;
  /** Flags of `deploy`. */
  readonly flags?: readonly string[];
  /**
   * Every line on standard error up to `; accepted: `, in order. `FILE` stands for the path of the
   * file. A pattern leaves the words to the YAML parser.
   */
  readonly lines: readonly (string | RegExp)[];
}

/** A backend and a model, so that a case shows nothing but what is wrong. */
export const GOOD = `
backends:
  main: {type: demo}
models:
  alpha: {backend: main}
`;
