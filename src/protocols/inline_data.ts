/**
 * URLs and inline data that clients send in content.
 * @module
 */
import { type Path, wrongValue } from "./issue.ts";

/** The pieces of a `data:` URL with base64 data. */
export interface InlineData {
  /** MIME type in lower case without parameters; undefined when the URL has none. */
  readonly mediaType: string | undefined;
  /** Base64, checked. */
  readonly data: string;
}

/** `data:`, a media type, parameters, `;base64,`. Sticky and bounded: the data may be megabytes. */
const HEADER =
  /data:([\w.+-]{1,127}\/[\w.+-]{1,127})?(?:;[\w.+-]{1,127}=[^;,]{0,127}){0,8};base64,/iy;
const FOREIGN_CHARACTER = /[^A-Za-z0-9+/=]/;

/** Whether `url` has the `data:` scheme. */
export function isDataUrl(url: string): boolean {
  return url.slice(0, 5).toLowerCase() === "data:";
}

/**
 * Takes a `data:` URL apart.
 *
 * @throws {RequestError} `invalid-value` when it is malformed or its data are not base64
 */
export function readDataUrl(url: string, path: Path): InlineData {
  HEADER.lastIndex = 0;
  const header = HEADER.exec(url);
  if (!header) {
    throw wrongValue(path, {
      got: url,
      expected: 'a data URL of the form "data:<type>;base64,<data>"',
    });
  }
  const data = readBase64(url.slice(header[0].length), path);
  return { mediaType: header[1]?.toLowerCase(), data };
}

/**
 * Checks base64 with padding, as RFC 4648 §4 has it, without decoding it.
 *
 * @throws {RequestError} `invalid-value` when it is not, or empty
 */
export function readBase64(data: string, path: Path): string {
  const padding = data.indexOf("=");
  const wellFormed = data.length > 0 && data.length % 4 === 0 && !FOREIGN_CHARACTER.test(data) &&
    (padding === -1 || padding === data.length - 1 ||
      (padding === data.length - 2 && data.endsWith("==")));
  if (!wellFormed) throw wrongValue(path, { got: data, expected: "base64 data" });
  return data;
}

/**
 * Checks the URL of an image: `https:`, or `data:` with an image. It is passed on, never fetched.
 *
 * @throws {RequestError} `invalid-value` for every other scheme, type or data
 */
export function readImageUrl(url: string, path: Path): string {
  if (isDataUrl(url)) {
    const { mediaType } = readDataUrl(url, path);
    if (!mediaType?.startsWith("image/")) {
      throw wrongValue(path, { got: url, expected: "image data" });
    }
    return url;
  }
  if (!/^https:/i.test(url) || !URL.canParse(url)) {
    throw wrongValue(path, { got: url, expected: "an https: or data: URL" });
  }
  return url;
}
