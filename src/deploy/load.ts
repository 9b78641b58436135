/**
 * Reads a deployment file from disk and parses it: YAML, or JSON, which is YAML too.
 * @module
 */
import { parse } from "@std/yaml/parse";
import { SetupError } from "../run/error.ts";
import type { Tree } from "./tree.ts";

/** Largest file that is read. */
export const MAX_FILE_BYTES = 1024 * 1024;

/**
 * The text of the file at `path`.
 *
 * @throws {SetupError} when it cannot be read, is too large, or no text
 */
export async function loadText(path: string): Promise<string> {
  return decode(await readBounded(path), path);
}

/**
 * The parsed file at `path`.
 *
 * @throws {SetupError} when it cannot be read, is too large, no text, or no YAML
 */
export async function loadFile(path: string): Promise<Tree> {
  return parseText(await loadText(path), path);
}

async function readBounded(path: string): Promise<Uint8Array> {
  try {
    using file = await Deno.open(path, { read: true });
    const info = await file.stat();
    if (info.isDirectory) throw fileError(path, "Is a folder; accepted: a YAML or JSON file");
    // One byte more than allowed tells a file that is too large, also where `size` says nothing.
    const bytes = new Uint8Array(MAX_FILE_BYTES + 1);
    let length = 0;
    while (length < bytes.length) {
      const count = await file.read(bytes.subarray(length));
      if (count === null) return bytes.subarray(0, length);
      length += count;
    }
  } catch (cause) {
    if (cause instanceof SetupError) throw cause;
    throw fileError(path, `Cannot be read (${reasonOf(cause)}); accepted: a readable file`, cause);
  }
  throw fileError(path, `Larger than ${MAX_FILE_BYTES / 1024} KiB; accepted: a smaller file`);
}

function reasonOf(cause: unknown): string {
  if (cause instanceof Deno.errors.NotFound) return "no such file";
  if (cause instanceof Deno.errors.IsADirectory) return "it is a folder";
  if (cause instanceof Deno.errors.PermissionDenied) return "permission denied by the system";
  if (cause instanceof Deno.errors.NotCapable) return "run without --allow-read for it";
  return cause instanceof Error ? cause.name : "unknown reason";
}

function decode(bytes: Uint8Array, path: string): string {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw fileError(path, "Is no UTF-8 text; accepted: a YAML or JSON file in UTF-8", cause);
  }
  if (BINARY.test(text)) {
    throw fileError(path, "Is binary; accepted: a YAML or JSON file in UTF-8");
  }
  return text;
}

/** Control characters that no text file has. */
const BINARY = /(?![\t\n\r\u0085])\p{Cc}/u;

/**
 * The tree that `text` stands for.
 *
 * @throws {SetupError} naming line and column of what is no YAML
 */
export function parseText(text: string, path: string): Tree {
  const second = secondDocument(text);
  if (second !== undefined) {
    throw fileError(`${path}:${second}`, "Second document; accepted: one document");
  }
  let tree: unknown;
  try {
    tree = parse(text, { schema: "core" });
  } catch (cause) {
    throw syntaxError(path, cause);
  }
  if (tree === null || tree === undefined) {
    throw fileError(path, "Empty; accepted: a mapping with models or entrypoints");
  }
  if (typeof tree !== "object" || Array.isArray(tree)) {
    const kind = Array.isArray(tree) ? "a list" : "a single value";
    throw fileError(path, `Holds ${kind}; accepted: a mapping with models or entrypoints`);
  }
  return tree as Tree;
}

/** The line of a second document's marker. No scalar can hold such a line, so looking suffices. */
function secondDocument(text: string): number | undefined {
  let content = false;
  let ended = false;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (/^---(?:\s|$)/.test(line)) {
      if (content) return index + 1;
      content = true;
    } else if (/^\.\.\.(?:\s|$)/.test(line)) {
      ended = true;
    } else if (ended && !/^\s*(?:#.*)?$/.test(line)) {
      return index + 1;
    } else if (!/^(?:\s*(?:#.*)?|%.*)$/.test(line)) {
      content = true;
    }
  }
  return undefined;
}

const POSITION = /(?: at line|\()?\s*(?:line )?(\d+)(?:, column |:)(\d+)/;

/**
 * Only position and the parser's fixed words are kept: its messages quote the source, where keys and
 * passwords stand.
 */
function syntaxError(path: string, cause: unknown): SetupError {
  const message = cause instanceof Error ? cause.message : "";
  const first = message.split("\n", 1)[0]!;
  const position = POSITION.exec(first);
  const place = position ? `${path}:${position[1]}:${position[2]}` : path;
  const words = (position ? first.slice(0, position.index) : first)
    .replace(/:.*$/s, "")
    .replace(/["'](?=quote)/, "")
    .replaceAll(/["'`].*?(?:["'`]|$)/g, "quoted text")
    .replace(/[\s,(]+$/, "");
  const wrong = /call stack/i.test(words) ? "Nested too deep" : words || "Is malformed";
  return fileError(place, `${wrong}; accepted: YAML 1.2 or JSON`, cause);
}

function fileError(path: string, message: string, cause?: unknown): SetupError {
  return new SetupError(message, { path, cause });
}
