/**
 * What a server's tool returns -> what the model reads.
 * @module
 */
import type { InputPart } from "../run/request.ts";
import { ToolContent } from "../tools/content.ts";
import type { CallToolResult } from "./sdk.ts";

type Block = CallToolResult["content"][number];

/** How much of a result is passed on. */
export interface ResultLimits {
  /** Most characters of text; the rest is cut, and the model is told so. */
  readonly maxChars: number;
}

/** Largest image, sound or file that is passed on, in base64 characters. */
const MAX_FILE_CHARS = 28 * 1024 * 1024;

/**
 * The value of a result. Structured content goes before text that says the same; text that is JSON
 * is parsed; images, audio and files go along as such; a single block stands for itself.
 */
export function toToolValue(result: CallToolResult, { maxChars }: ResultLimits): unknown {
  const { content, structuredContent } = result;
  if (structuredContent && content.every(({ type }) => type === "text")) {
    const value = unwrapped(structuredContent);
    const text = typeof value === "string" ? value : JSON.stringify(value);
    return text.length > maxChars ? shortened(text, maxChars) : value;
  }
  const parts = content.map(toPart);
  if (parts.some((part) => typeof part === "object" && part.file)) {
    return new ToolContent(withTextsCut(parts, maxChars));
  }
  const texts = parts.map(textOf);
  if (isLong(texts, maxChars)) return shortened(texts.join("\n\n"), maxChars);
  const values = parts.map((part) => typeof part === "string" ? parsed(part) : textOf(part));
  return values.length === 1 ? values[0] : values.length === 0 ? "" : values;
}

/** The text of a result that is an error. */
export function errorTextOf(result: CallToolResult, { maxChars }: ResultLimits): string {
  const texts = result.content.flatMap((block) => block.type === "text" ? [block.text] : []);
  const text = texts.join("\n\n").trim();
  if (text !== "") return shortened(text, maxChars);
  return result.structuredContent === undefined
    ? "The tool failed without saying why."
    : shortened(JSON.stringify(result.structuredContent), maxChars);
}

/** A text as it is, or a file; `text` stands for a file that is not passed on. */
type MappedBlock =
  | string
  | { readonly file: InputPart; readonly text?: undefined }
  | { readonly file?: undefined; readonly text: string };

function textOf(part: MappedBlock): string {
  return typeof part === "string" ? part : part.text ?? "";
}

/** The limit holds for all texts together; files have their own. */
function withTextsCut(parts: readonly MappedBlock[], maxChars: number): InputPart[] {
  let left = maxChars;
  return parts.flatMap((part): InputPart[] => {
    if (typeof part === "object" && part.file) return [part.file];
    if (left < 0) return [];
    const text = textOf(part);
    const kept = shortened(text, left);
    left = text.length > left ? -1 : left - text.length;
    return [{ type: "text", text: kept }];
  });
}

function toPart(block: Block): MappedBlock {
  switch (block.type) {
    case "text":
      return block.text;
    case "image":
      return file(
        block,
        (data, mediaType) =>
          /^image\/[\w.+-]+$/.test(mediaType)
            ? { type: "image", url: `data:${mediaType};base64,${data}` }
            : { type: "file", data, mediaType },
      );
    case "audio":
      return file(block, (data, mediaType) => {
        const format = AUDIO_FORMATS.get(mediaType);
        return format ? { type: "audio", data, format } : { type: "file", data, mediaType };
      });
    case "resource": {
      const { resource } = block;
      if ("text" in resource) return { text: resource.text };
      const { blob, mimeType = "application/octet-stream", uri } = resource;
      const filename = /[^/]+$/.exec(uri)?.[0];
      return file(
        { data: blob, mimeType },
        (data, mediaType) => ({ type: "file", data, mediaType, filename }),
      );
    }
    case "resource_link":
      return { text: block.uri };
    default:
      block satisfies never;
      return { text: "" };
  }
}

const AUDIO_FORMATS: ReadonlyMap<string, "wav" | "mp3"> = new Map([
  ["audio/wav", "wav"],
  ["audio/x-wav", "wav"],
  ["audio/wave", "wav"],
  ["audio/mpeg", "mp3"],
  ["audio/mp3", "mp3"],
]);

function file(
  { data, mimeType }: { readonly data: string; readonly mimeType: string },
  make: (data: string, mediaType: string) => InputPart,
): MappedBlock {
  if (data.length > MAX_FILE_CHARS) {
    const megabytes = Math.ceil(data.length * 0.75 / 1024 / 1024);
    return { text: `[${mimeType} of ${megabytes} MB left out: too large]` };
  }
  return { file: make(data, mimeType) };
}

/** Servers wrap what is no object into the only field `result`. */
function unwrapped(structured: Readonly<Record<string, unknown>>): unknown {
  const keys = Object.keys(structured);
  return keys.length === 1 && keys[0] === "result" ? structured.result : structured;
}

function parsed(text: string): unknown {
  if (!/^\s*[{[]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function isLong(texts: readonly string[], maxChars: number): boolean {
  return texts.reduce((sum, text) => sum + text.length, 0) > maxChars;
}

/** The beginning of a text that is too long, and that it is one. */
export function shortened(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  // Half a character is none.
  const end = /[\ud800-\udbff]/.test(text[maxChars - 1] ?? "") ? maxChars - 1 : maxChars;
  return `${text.slice(0, end)}\n[cut here: ${end} of ${text.length} characters]`;
}
