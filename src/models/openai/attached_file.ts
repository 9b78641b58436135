/**
 * What an inline file is, and how it looks to a model that reads text.
 * @module
 */
import { RequestError } from "../../run/error.ts";

/** A file whose bytes are here. */
export interface AttachedFile {
  /** Base64. */
  readonly data: string;
  /** MIME type without parameters; undefined when the sender did not say. */
  readonly mediaType: string | undefined;
  /** As the sender named it. */
  readonly filename: string | undefined;
}

const TEXT_TYPES = new Set([
  "application/json",
  "application/ld+json",
  "application/x-ndjson",
  "application/jsonl",
  "application/xml",
  "application/yaml",
  "application/x-yaml",
  "application/toml",
  "application/sql",
  "application/graphql",
  "application/javascript",
  "application/typescript",
  "application/x-sh",
  "application/x-httpd-php",
]);

/** Whether files of a MIME type are text by definition. */
export function isTextType(mediaType: string): boolean {
  return mediaType.startsWith("text/") || TEXT_TYPES.has(mediaType) ||
    mediaType.endsWith("+json") || mediaType.endsWith("+xml") || mediaType.endsWith("+yaml");
}

/** First bytes by which documents without a type are told. */
const SIGNATURES: readonly (readonly [string, string])[] = [
  ["%PDF-", "application/pdf"],
  ["\x89PNG\r\n\x1a\n", "image/png"],
  ["\xff\xd8\xff", "image/jpeg"],
  ["GIF8", "image/gif"],
];

const strictText = new TextDecoder("utf-8", { fatal: true });

/**
 * The text of a file that is text, or undefined. A file without a type is text when its bytes are
 * UTF-8 without control characters of binary formats.
 *
 * @throws {RequestError} `invalid-value` when the data is no base64
 */
export function fileText(file: AttachedFile): string | undefined {
  if (file.mediaType !== undefined && !isTextType(file.mediaType)) return undefined;
  const bytes = decodeBase64(file.data);
  if (file.mediaType !== undefined) return new TextDecoder().decode(bytes);
  try {
    const text = strictText.decode(bytes);
    return text.includes("\0") || text.startsWith("%PDF-") ? undefined : text;
  } catch {
    return undefined;
  }
}

/** The MIME type of a file that is not text. */
export function fileType(file: AttachedFile): string {
  if (file.mediaType !== undefined) return file.mediaType;
  // 16 characters of base64 hold the 12 bytes the longest signature needs; the rest may be spaces.
  const start = file.data.slice(0, 64).replace(/\s+/g, "").slice(0, 16);
  const head = String.fromCharCode(...decodeBase64(start));
  return SIGNATURES.find(([signature]) => head.startsWith(signature))?.[1] ??
    "application/octet-stream";
}

/** Text of a file between lines that say where it begins and ends. */
export function inlineFile(text: string, file: AttachedFile, position: number): string {
  const id = label(file.filename ?? `file-${position}`);
  const type = label(file.mediaType ?? "text/plain");
  const end = text.endsWith("\n") ? "" : "\n";
  return `-----BEGIN FILE id="${id}" type="${type}"-----\n${text}${end}-----END FILE id="${id}"-----`;
}

/** A name as it can stand between quotes on one line. */
function label(name: string): string {
  // deno-lint-ignore no-control-regex -- control characters are what must not get through.
  return name.replace(/["\u0000-\u001f\u007f]/g, "_").slice(0, 200);
}

function decodeBase64(data: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(data);
  } catch {
    try {
      return Uint8Array.fromBase64(data, { alphabet: "base64url" });
    } catch {
      throw new RequestError("invalid-value", "Cannot read a file: its data is not base64");
    }
  }
}
