/**
 * `content` of a message and `output` of a call -> neutral parts.
 * @module
 */
import type { FileInput, ImageInput, InputPart } from "../../run/request.ts";
import { TEXT_SEPARATOR } from "../../run/result.ts";
import { isDataUrl, readBase64, readDataUrl, readImageUrl } from "../inline_data.ts";
import {
  at,
  isGiven,
  isObject,
  missing,
  oneOf,
  type Path,
  readFilled,
  readItems,
  readShape,
  wrongType,
  wrongValue,
} from "../issue.ts";
import { type PartWire, partWire } from "./wire.ts";

type PartTypes = ReadonlySet<PartWire["type"]>;

const USER_PARTS: PartTypes = new Set([
  "input_text",
  "input_image",
  "input_file",
  "input_audio",
]);
const SYSTEM_PARTS: PartTypes = new Set(["input_text"]);
/** Clients that write down what was said without telling who said it use `input_text`. */
const ASSISTANT_PARTS: PartTypes = new Set(["output_text", "refusal", "input_text"]);
/** `output_text` is not in OpenAI's API; tools that are models themselves send it. */
const OUTPUT_PARTS: PartTypes = new Set([
  "input_text",
  "input_image",
  "input_file",
  "output_text",
]);

/**
 * What the user said.
 *
 * @throws {RequestError} naming the offending part
 */
export function decodeUserContent(content: unknown, path: Path): readonly InputPart[] {
  if (typeof content === "string") return [{ type: "text", text: content }];
  return readFilled(checkedParts(content, path), {
    path,
    read: (item, partPath) =>
      decodePart(readPart(item, { path: partPath, allowed: USER_PARTS }), partPath),
  });
}

/**
 * Standing orders: a string, or text parts as one string.
 *
 * @throws {RequestError} naming the offending part
 */
export function decodeSystemContent(content: unknown, path: Path): string {
  if (typeof content === "string") return content;
  const parts = readFilled(checkedParts(content, path), {
    path,
    read: (item, partPath) => readPart(item, { path: partPath, allowed: SYSTEM_PARTS }),
  });
  return joinTexts(parts);
}

/** What an assistant message said. */
export interface AssistantContent {
  readonly text: string;
  readonly refusal: string;
}

/**
 * Content of an assistant message; null, no parts and absent are empty.
 *
 * @throws {RequestError} naming the offending part
 */
export function decodeAssistantContent(content: unknown, path: Path): AssistantContent {
  if (typeof content === "string") return { text: content, refusal: "" };
  if (!isGiven(content)) return { text: "", refusal: "" };
  const parts = readItems(checkedParts(content, path), {
    path,
    read: (item, partPath) => readPart(item, { path: partPath, allowed: ASSISTANT_PARTS }),
  });
  const refusals = parts.flatMap((part) => part.type === "refusal" ? [part.refusal] : []);
  return { text: joinTexts(parts), refusal: refusals.join("") };
}

/**
 * What a call returned: text, parts, or any JSON value, which becomes its text.
 *
 * @throws {RequestError} when it is absent, and naming the offending part
 */
export function decodeCallOutput(output: unknown, path: Path): readonly InputPart[] {
  if (typeof output === "string") return [{ type: "text", text: output }];
  if (!isGiven(output)) throw missing(path);
  if (!Array.isArray(output) || output.length === 0 || !output.every(looksLikePart)) {
    return [{ type: "text", text: JSON.stringify(output) }];
  }
  return readItems(output, {
    path,
    read: (item, partPath) =>
      decodePart(readPart(item, { path: partPath, allowed: OUTPUT_PARTS }), partPath),
  });
}

/** Tools return lists of anything; what means to be a part says so. */
function looksLikePart(item: unknown): boolean {
  return isObject(item) && typeof item.type === "string" &&
    (item.type.startsWith("input_") || item.type === "output_text");
}

function checkedParts(content: unknown, path: Path): unknown {
  if (isGiven(content) && !Array.isArray(content)) {
    throw wrongType(path, { got: content, expected: "a string or an array of parts" });
  }
  return content;
}

function readPart(
  item: unknown,
  { path, allowed }: { readonly path: Path; readonly allowed: PartTypes },
): PartWire {
  const part = readShape(item, { schema: partWire, path });
  if (!allowed.has(part.type)) {
    throw wrongValue(at(path, "type"), { got: part.type, expected: oneOf(allowed) });
  }
  return part;
}

/** Parts are spans of their own, so they stay apart where one string must hold them. */
function joinTexts(parts: readonly PartWire[]): string {
  return parts.flatMap((part) =>
    (part.type === "input_text" || part.type === "output_text") && part.text !== ""
      ? [part.text]
      : []
  ).join(TEXT_SEPARATOR);
}

function decodePart(part: PartWire, path: Path): InputPart {
  switch (part.type) {
    case "input_text":
    case "output_text":
      return { type: "text", text: part.text };
    case "refusal":
      // Only assistants refuse, and what they send is not decoded here.
      throw wrongValue(at(path, "type"), { got: part.type, expected: oneOf(USER_PARTS) });
    case "input_image":
      return decodeImage(part, path);
    case "input_file":
      return decodeFile(part, path);
    case "input_audio": {
      const { data, format } = part.input_audio;
      readBase64(data, at(at(path, "input_audio"), "data"));
      return { type: "audio", data, format };
    }
    default:
      return part satisfies never;
  }
}

type ImageWire = Extract<PartWire, { readonly type: "input_image" }>;

function decodeImage(part: ImageWire, path: Path): ImageInput {
  const { image_url: url, file_id: fileId } = part;
  const detail = part.detail ? { detail: part.detail } : undefined;
  if (typeof fileId === "string") {
    if (typeof url === "string") {
      throw wrongValue(path, { got: part, expected: "either image_url or file_id" });
    }
    return { type: "image", fileId, ...detail };
  }
  const urlPath = at(path, "image_url");
  if (typeof url !== "string") throw missing(urlPath);
  return { type: "image", url: readImageUrl(url, urlPath), ...detail };
}

type FileWire = Extract<PartWire, { readonly type: "input_file" }>;

function decodeFile(part: FileWire, path: Path): FileInput {
  const { file_id: fileId, file_data: fileData, file_url: fileUrl } = part;
  const filename = part.filename ?? undefined;
  const sources = [fileId, fileData, fileUrl].filter((source) => typeof source === "string");
  if (sources.length > 1) {
    throw wrongValue(path, { got: part, expected: "one of file_id, file_data, file_url" });
  }
  if (typeof fileId === "string") return { type: "file", fileId, filename };
  if (typeof fileUrl === "string") {
    return { ...decodeFileUrl(fileUrl, at(path, "file_url")), filename };
  }
  const dataPath = at(path, "file_data");
  if (typeof fileData !== "string") throw missing(dataPath);
  if (!isDataUrl(fileData)) return { type: "file", data: readBase64(fileData, dataPath), filename };
  return { type: "file", ...readDataUrl(fileData, dataPath), filename };
}

function decodeFileUrl(url: string, path: Path): FileInput {
  if (isDataUrl(url)) return { type: "file", ...readDataUrl(url, path) };
  if (!/^https:/i.test(url) || !URL.canParse(url)) {
    throw wrongValue(path, { got: url, expected: "an https: or data: URL" });
  }
  return { type: "file", url };
}
