/**
 * From a request's bytes to a JSON value, within walls.
 * @module
 */
import { RequestError } from "../run/error.ts";
import { isNestedDeeperThan } from "./nesting.ts";

/** Walls around a body. */
export interface BodyLimits {
  /** Most bytes. */
  readonly maxBodyBytes: number;
  /** Most levels of lists and objects within each other. */
  readonly maxNesting: number;
}

/** Most bytes of a body unless told otherwise: 32 MiB. */
export const MAX_BODY_BYTES: number = 32 * 1024 * 1024;

/** Most levels of nesting unless told otherwise; deep enough for any tool's schema. */
export const MAX_NESTING = 100;

// `Request.json()` would turn bytes that are not UTF-8 into replacement characters.
const decoder = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads the JSON body of a request.
 *
 * @throws {RequestError} `unsupported-media-type`, `body-too-large` or `malformed-request`
 */
export async function readJsonBody(request: Request, limits: BodyLimits): Promise<unknown> {
  checkMediaType(request.headers);
  const { maxBodyBytes, maxNesting } = limits;
  const announced = request.headers.get("content-length");
  if (announced !== null && Number(announced) > maxBodyBytes) throw tooLarge(maxBodyBytes);
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    // A server cuts the body at the announced length, so it can be taken in one piece.
    bytes = announced === null
      ? await readCounted(request.body, maxBodyBytes)
      : await request.bytes();
  } catch (cause) {
    if (cause instanceof RequestError) throw cause;
    // The client left or broke the transfer; there is hardly anybody to read this.
    throw new RequestError("malformed-request", "Cannot read the request body to its end", {
      cause,
    });
  }
  if (bytes.byteLength > maxBodyBytes) throw tooLarge(maxBodyBytes);
  return parse(bytes, maxNesting);
}

function parse(bytes: Uint8Array<ArrayBuffer>, maxNesting: number): unknown {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw malformed("it is not valid UTF-8");
  }
  if (isNestedDeeperThan(text, maxNesting)) {
    throw malformed(`it is nested deeper than ${maxNesting} levels`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw malformed(text === "" ? "it is empty" : "it is not valid JSON");
  }
}

/**
 * Anything but JSON is refused: a web page may send `text/plain` to any server without asking, and
 * so could make a visitor's browser run an agent.
 */
function checkMediaType(headers: Headers): void {
  const type = headers.get("content-type");
  if (type !== "application/json" && !isJsonType(type)) {
    throw new RequestError(
      "unsupported-media-type",
      `Send the body with the header \`Content-Type: application/json\`, got ${
        type === null ? "none" : JSON.stringify(type.slice(0, 100))
      }`,
    );
  }
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding.trim().toLowerCase() !== "identity") {
    throw new RequestError(
      "unsupported-media-type",
      "Send the body uncompressed: `Content-Encoding` is not supported",
    );
  }
}

function isJsonType(type: string | null): boolean {
  if (type === null) return false;
  const end = type.indexOf(";");
  return (end < 0 ? type : type.slice(0, end)).trim().toLowerCase() === "application/json";
}

async function readCounted(
  body: ReadableStream<Uint8Array<ArrayBuffer>> | null,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    // Leaving the loop cancels the body.
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  if (chunks.length === 1) return chunks[0]!;
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return whole;
}

function tooLarge(maxBytes: number): RequestError {
  return new RequestError(
    "body-too-large",
    `Shorten the request: its body may have at most ${maxBytes} bytes`,
  );
}

function malformed(what: string): RequestError {
  return new RequestError("malformed-request", `Cannot read the request body: ${what}`);
}
