/**
 * What descriptions are written with.
 * @module
 */
import { formatDuration, formatSize } from "../../run/units.ts";
import type { Writable } from "../yaml_text.ts";

/** What stands where a secret is. */
export const MASK = "***";

/** Keys of a file to what stands there; an undefined one is not written. */
export type Mapping = { readonly [key: string]: Writable | undefined };

/** The same names, every value masked. */
export function masked(values: Readonly<Record<string, unknown>>): Mapping {
  return Object.fromEntries(Object.keys(values).map((name) => [name, MASK]));
}

/** A URL without what may be secret in it: user name, password, query. Anything else as it is. */
export function maskedUrl(text: string): string {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? URL.parse(text) : null;
  if (url === null) return text;
  if (url.username !== "" || url.password !== "") {
    url.username = MASK;
    url.password = "";
  }
  const query = url.search === "" ? "" : `?${MASK}`;
  url.search = "";
  return `${url.href}${query}`;
}

/** `value`, or undefined when there is nothing in it. */
export function filled<Value extends object>(value: Value): Value | undefined {
  return Object.values(value).some((item) => item !== undefined) ? value : undefined;
}

/** A span as the file writes it. */
export function durationOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : formatDuration(ms);
}

/** A number of bytes as the file writes it. */
export function sizeOf(bytes: number | undefined): string | undefined {
  return bytes === undefined ? undefined : formatSize(bytes);
}
