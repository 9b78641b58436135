/**
 * `content` of a message -> neutral parts.
 * @module
 */
import type { FileInput, InputPart } from "../../run/request.ts";
import { TEXT_SEPARATOR } from "../../run/result.ts";
import { isDataUrl, readBase64, readDataUrl, readImageUrl } from "../inline_data.ts";
import {
  at,
  isGiven,
  missing,
  oneOf,
  type Path,
  readFilled,
  readShape,
  wrongType,
  wrongValue,
} from "../issue.ts";
import { type PartWire, partWire } from "./wire.ts";

/** Types of parts, by who may send them. */
export const USER_PARTS: ReadonlySet<PartWire["type"]> = new Set([
  "text",
  "image_url",
  "input_audio",
  "file",
]);
/** Images are not in OpenAI's API, yet tools that take screenshots send them. */
export const TOOL_PARTS: ReadonlySet<PartWire["type"]> = new Set(["text", "image_url"]);
const SYSTEM_PARTS: ReadonlySet<PartWire["type"]> = new Set(["text"]);
const ASSISTANT_PARTS: ReadonlySet<PartWire["type"]> = new Set(["text", "refusal"]);

/**
 * Content that may be more than text.
 *
 * @param allowed types of parts that may come here
 * @throws {RequestError} naming the offending part
 */
export function decodeContent(
  content: unknown,
  path: Path,
  { allowed }: { readonly allowed: ReadonlySet<PartWire["type"]> },
): readonly InputPart[] {
  if (typeof content === "string") return [{ type: "text", text: content }];
  return readParts(content, path, { allowed, decode: decodePart });
}

/**
 * Standing orders: a string, or text parts as one string.
 *
 * @throws {RequestError} naming the offending part
 */
export function decodeSystemContent(content: unknown, path: Path): string {
  if (typeof content === "string") return content;
  return joinTexts(readParts(content, path, { allowed: SYSTEM_PARTS, decode: asRead }));
}

/** What an assistant message said. */
export interface AssistantContent {
  /** Visible text; may be empty. */
  readonly content: string;
  /** Why it would not answer. */
  readonly refusal: string | undefined;
}

/**
 * Content of an assistant message; null, no parts and absent are empty.
 *
 * @throws {RequestError} naming the offending part
 */
export function decodeAssistantContent(content: unknown, path: Path): AssistantContent {
  if (typeof content === "string") return { content, refusal: undefined };
  if (!isGiven(content) || (Array.isArray(content) && content.length === 0)) {
    return { content: "", refusal: undefined };
  }
  const parts = readParts(content, path, { allowed: ASSISTANT_PARTS, decode: asRead });
  const refusals = parts.flatMap((part) => part.type === "refusal" ? [part.refusal] : []);
  return {
    content: joinTexts(parts),
    refusal: refusals.length > 0 ? refusals.join("") : undefined,
  };
}

/** Parts are spans of their own, so they stay apart where one string must hold them. */
function joinTexts(parts: readonly PartWire[]): string {
  const texts = parts.flatMap((part) =>
    part.type === "text" && part.text !== "" ? [part.text] : []
  );
  return texts.join(TEXT_SEPARATOR);
}

function asRead(part: PartWire): PartWire {
  return part;
}

function readParts<T>(
  content: unknown,
  path: Path,
  { allowed, decode }: {
    readonly allowed: ReadonlySet<PartWire["type"]>;
    readonly decode: (part: PartWire, path: Path) => T;
  },
): T[] {
  const contentPath = at(path, "content");
  if (isGiven(content) && !Array.isArray(content)) {
    throw wrongType(contentPath, { got: content, expected: "a string or an array of parts" });
  }
  return readFilled(content, {
    path: contentPath,
    read: (item, partPath) => {
      const part = readShape(item, { schema: partWire, path: partPath });
      if (!allowed.has(part.type)) {
        throw wrongValue(at(partPath, "type"), { got: part.type, expected: oneOf(allowed) });
      }
      return decode(part, partPath);
    },
  });
}

function decodePart(part: PartWire, path: Path): InputPart {
  switch (part.type) {
    case "text":
      return { type: "text", text: part.text };
    case "refusal":
      // Only assistants refuse, and what they send is not decoded here.
      throw wrongValue(at(path, "type"), { got: part.type, expected: oneOf(USER_PARTS) });
    case "image_url": {
      const { url, detail } = part.image_url;
      readImageUrl(url, at(at(path, "image_url"), "url"));
      return detail ? { type: "image", url, detail } : { type: "image", url };
    }
    case "input_audio": {
      const { data, format } = part.input_audio;
      readBase64(data, at(at(path, "input_audio"), "data"));
      return { type: "audio", data, format };
    }
    case "file":
      return decodeFile(part.file, at(path, "file"));
    default:
      return part satisfies never;
  }
}

function decodeFile(
  file: Extract<PartWire, { readonly type: "file" }>["file"],
  path: Path,
): FileInput {
  const { file_id: fileId, file_data: fileData } = file;
  const filename = file.filename ?? undefined;
  if (typeof fileId === "string") {
    if (typeof fileData === "string") {
      throw wrongValue(path, { got: file, expected: "either file_id or file_data" });
    }
    return { type: "file", fileId, filename };
  }
  const dataPath = at(path, "file_data");
  if (typeof fileData !== "string") throw missing(dataPath);
  if (!isDataUrl(fileData)) return { type: "file", data: readBase64(fileData, dataPath), filename };
  return { type: "file", ...readDataUrl(fileData, dataPath), filename };
}
