/**
 * Input parts -> content parts of a chat completion request.
 * @module
 */
import type OpenAI from "openai";
import { RequestError } from "../../run/error.ts";
import type { FileInput, ImageInput, InputPart } from "../../run/request.ts";
import type { ModelProfile } from "../model.ts";
import { type AttachedFile, fileText, fileType, inlineFile } from "./attached_file.ts";

type ContentPart = OpenAI.Chat.ChatCompletionContentPart;

/** What a file or image URL turned out to hold. */
export interface FetchedPart {
  /** Base64. */
  readonly data: string;
  /** MIME type without parameters; undefined when the server did not say. */
  readonly mediaType: string | undefined;
}

/** What encoding content depends on. */
export interface ContentOptions {
  /** What the backend can take. */
  readonly profile: ModelProfile;
  /** Bytes of parts whose URL was fetched beforehand. */
  readonly fetched: ReadonlyMap<InputPart, FetchedPart>;
}

/**
 * The parts of one message; text alone is a string, which every backend takes.
 *
 * @throws {RequestError} `unsupported-value` when the backend cannot take a part
 */
export function encodeContent(
  parts: readonly InputPart[],
  options: ContentOptions,
): string | ContentPart[] {
  const [first] = parts;
  if (first === undefined) return "";
  if (parts.length === 1 && first.type === "text") return first.text;
  return parts.map((part, index) => encodePart(part, index + 1, options));
}

function encodePart(part: InputPart, position: number, options: ContentOptions): ContentPart {
  switch (part.type) {
    case "text":
      return { type: "text", text: part.text };
    case "image":
      return encodeImage(part, options);
    case "file":
      return encodeFile(part, position, options);
    case "audio":
      if (!options.profile.audioInput) throw refused("audio input");
      return { type: "input_audio", "input_audio": { data: part.data, format: part.format } };
    default:
      part satisfies never;
      throw refused("an unknown kind of content");
  }
}

function encodeImage(part: ImageInput, { profile, fetched }: ContentOptions): ContentPart {
  const bytes = fetched.get(part);
  const url = bytes ? dataUrl(bytes.mediaType ?? fileType(attached(bytes)), bytes.data) : part.url;
  if (url !== undefined) {
    // The package's type lags behind the API, which knows "original" too.
    const detail = part.detail as "auto" | "low" | "high" | undefined;
    return { type: "image_url", "image_url": { url, ...(detail && { detail }) } };
  }
  if (part.fileId === undefined || !profile.fetchUrls) throw refused("images by file id");
  return { type: "file", file: { "file_id": part.fileId } };
}

function encodeFile(part: FileInput, position: number, options: ContentOptions): ContentPart {
  if (part.fileId !== undefined) return { type: "file", file: { "file_id": part.fileId } };
  const bytes = options.fetched.get(part);
  const data = bytes?.data ?? part.data;
  if (data === undefined) throw refused("files by URL");
  const declared = bytes ? bytes.mediaType : part.mediaType;
  const mediaType = declared?.split(";")[0]?.trim().toLowerCase() || undefined;
  const file: AttachedFile = { data, mediaType, filename: part.filename };
  const text = fileText(file);
  if (text !== undefined) return { type: "text", text: inlineFile(text, file, position) };
  const type = fileType(file);
  if (type.startsWith("image/")) {
    return { type: "image_url", "image_url": { url: dataUrl(type, data) } };
  }
  const format = type === "audio/wav" || type === "audio/x-wav"
    ? "wav"
    : type === "audio/mpeg" || type === "audio/mp3"
    ? "mp3"
    : undefined;
  if (format && options.profile.audioInput) {
    return { type: "input_audio", "input_audio": { data, format } };
  }
  const filename = part.filename ?? (type === "application/pdf" ? "file.pdf" : "file");
  return { type: "file", file: { filename, "file_data": dataUrl(type, data) } };
}

function attached({ data, mediaType }: FetchedPart): AttachedFile {
  return { data, mediaType, filename: undefined };
}

function dataUrl(mediaType: string, base64: string): string {
  return `data:${mediaType};base64,${base64}`;
}

function refused(what: string): RequestError {
  return new RequestError("unsupported-value", `This model does not take ${what}`);
}
