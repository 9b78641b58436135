/**
 * Durations and sizes as people write them: `30s`, `64MiB`.
 * @module
 */

/** What a duration looks like. */
export const DURATION_PATTERN = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** What a size looks like. */
export const SIZE_PATTERN = /^(\d+(?:\.\d+)?)(B|KB|MB|GB|KiB|MiB|GiB)$/;

const MILLISECONDS: Readonly<Record<string, number>> = {
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
};

const BYTES: Readonly<Record<string, number>> = {
  GiB: 2 ** 30,
  GB: 1e9,
  MiB: 2 ** 20,
  MB: 1e6,
  KiB: 2 ** 10,
  KB: 1000,
  B: 1,
};

/**
 * The milliseconds of `text`, or undefined when it is no duration.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(parseDuration("1.5s"), 1500);
 * ```
 */
export function parseDuration(text: string): number | undefined {
  return parse(text, DURATION_PATTERN, MILLISECONDS);
}

/** The bytes of `text`, or undefined when it is no size. */
export function parseSize(text: string): number | undefined {
  return parse(text, SIZE_PATTERN, BYTES);
}

/** The shortest way to write a whole number of milliseconds, as `30s`. */
export function formatDuration(ms: number): string {
  return format(ms, MILLISECONDS, "ms");
}

/** The shortest way to write a whole number of bytes, as `64MiB`. */
export function formatSize(bytes: number): string {
  return format(bytes, BYTES, "B");
}

function parse(
  text: string,
  pattern: RegExp,
  units: Readonly<Record<string, number>>,
): number | undefined {
  const match = pattern.exec(text);
  const factor = match?.[2] === undefined ? undefined : units[match[2]];
  return match && factor !== undefined ? Math.round(Number(match[1]) * factor) : undefined;
}

function format(value: number, units: Readonly<Record<string, number>>, smallest: string): string {
  const exact = Object.entries(units)
    .filter(([, factor]) => value % factor === 0)
    .map(([unit, factor]) => `${value / factor}${unit}`)
    .sort((a, b) => a.length - b.length)[0];
  return value === 0 ? `0${smallest === "ms" ? "s" : "B"}` : exact ?? `${value}${smallest}`;
}
