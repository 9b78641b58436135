/**
 * What flags and variables say over a deployment file.
 * @module
 */

/** What flags and variables say; each wins over the file. */
export interface Overrides {
  readonly host?: string;
  readonly port?: number;
  /** Starts with a slash. */
  readonly prefix?: string;
  readonly insecure?: boolean;
  readonly log?: "pretty" | "json";
  /** One shared key for every entrypoint without keys. Secret. */
  readonly apiKey?: string;
}

/** What the path of an API looks like. */
export const PREFIX_PATTERN = /^(?:\/[A-Za-z0-9._~-]+)+\/?$/;

/** What is accepted as the path of an API. */
export const PREFIX_ACCEPTED = 'a path that starts with "/", as "/v1"';

/** What a key looks like: it must fit into a header as it is. */
export const KEY_PATTERN = /^[\x21-\x7e]+$/;

/** What is accepted as a key. */
export const KEY_ACCEPTED = "printable ASCII characters without blanks";
