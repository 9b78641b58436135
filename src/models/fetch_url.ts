/**
 * Fetching URLs that strangers name, without lending them our place in the network.
 * @module
 */
import { RequestError } from "../run/error.ts";
import { type PinnedAnswer, pinnedRequest } from "./pinned_request.ts";
import { isPublicAddress } from "./public_address.ts";

/** How a URL may be fetched. */
export interface FetchUrlOptions {
  /** Ends the fetch with its reason. */
  readonly signal: AbortSignal;
  /** Most bytes taken. @default 20 MiB */
  readonly maxBytes?: number;
  /** Longest duration of the whole fetch. @default 30000 */
  readonly timeoutMs?: number;
  /** All addresses of a host name. @default the system's resolver */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
  /** Sends one request to an address that was found public. @default `pinnedRequest` */
  readonly send?: (
    url: URL,
    address: string,
    options: { readonly signal: AbortSignal },
  ) => Promise<PinnedAnswer>;
}

/** What a URL held. */
export interface FetchedUrl {
  /** The whole body. */
  readonly bytes: Uint8Array;
  /** MIME type without parameters, in lower case; undefined when the server did not say. */
  readonly mediaType: string | undefined;
}

/** Most bytes fetched of one URL unless told otherwise: 20 MiB. */
export const MAX_FETCH_BYTES: number = 20 * 1024 * 1024;

const TIMEOUT_MS = 30_000;
const MAX_REDIRECTS = 3;

/**
 * Fetches a file. Only `https:` URLs of hosts all of whose addresses are public are asked, and after
 * a redirect the same holds again; the connection goes to an address that was checked.
 *
 * @throws {RequestError} `invalid-value` when the URL may not be fetched, cannot be or is too large
 * @throws the signal's reason when it is aborted
 */
export async function fetchUrl(text: string, options: FetchUrlOptions): Promise<FetchedUrl> {
  const { signal, timeoutMs = TIMEOUT_MS } = options;
  signal.throwIfAborted();
  const stop = new AbortController();
  const onAbort = () => stop.abort(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(() => stop.abort(refused(text, "it took too long")), timeoutMs);
  try {
    return await untilAborted(follow(text, { ...options, signal: stop.signal }), stop.signal);
  } catch (error) {
    stop.signal.throwIfAborted();
    if (error instanceof RequestError) throw error;
    // One sentence for every failure: the differences would tell a stranger of our network.
    throw refused(text, "no public server answered");
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    stop.abort();
  }
}

async function follow(text: string, options: FetchUrlOptions): Promise<FetchedUrl> {
  const { signal, resolve = systemResolve, send = pinnedRequest } = options;
  let next = text;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const url = URL.parse(next);
    if (url?.protocol !== "https:" || url.username !== "" || url.password !== "") {
      throw refused(text, "only https: URLs without credentials are fetched");
    }
    const address = await publicAddress(url.hostname, resolve);
    if (address === undefined) throw refused(text, "no public server answered");
    const answer = await send(url, address, { signal });
    try {
      const location = answer.header("location");
      if (answer.status >= 300 && answer.status < 400 && location !== undefined) {
        const target = URL.parse(location, url.href);
        if (!target) throw refused(text, "it redirects to no URL");
        next = target.href;
        continue;
      }
      return await readAnswer(text, answer, options.maxBytes ?? MAX_FETCH_BYTES);
    } finally {
      answer.close();
    }
  }
  throw refused(text, `it redirects more than ${MAX_REDIRECTS} times`);
}

async function readAnswer(
  text: string,
  answer: PinnedAnswer,
  maxBytes: number,
): Promise<FetchedUrl> {
  if (answer.status !== 200) throw refused(text, `its server answered HTTP ${answer.status}`);
  if ((answer.header("content-encoding") ?? "identity") !== "identity") {
    throw refused(text, "its server sent it compressed");
  }
  const tooLarge = () => refused(text, `it is larger than ${maxBytes} bytes`);
  if (Number(answer.header("content-length")) > maxBytes) throw tooLarge();
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const piece of answer.body) {
    length += piece.byteLength;
    if (length > maxBytes) throw tooLarge();
    pieces.push(new Uint8Array(piece));
  }
  return {
    bytes: new Uint8Array(await new Blob(pieces).arrayBuffer()),
    mediaType: answer.header("content-type")?.split(";")[0]?.trim().toLowerCase() || undefined,
  };
}

/** An address of a host, provided that all of them are public. */
async function publicAddress(
  hostname: string,
  resolve: (host: string) => Promise<readonly string[]>,
): Promise<string | undefined> {
  // The URL parser has turned every way of writing an IPv4 address into the dotted one.
  const literal = hostname.startsWith("[")
    ? hostname.slice(1, -1)
    : /^[\d.]+$/.test(hostname)
    ? hostname
    : undefined;
  const addresses = literal === undefined ? await resolve(hostname) : [literal];
  return addresses.every(isPublicAddress) ? addresses[0] : undefined;
}

async function systemResolve(host: string): Promise<readonly string[]> {
  const { lookup } = await import("node:dns/promises");
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

/** Neither the resolver nor a silent server heeds a signal. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    promise.then(resolve, reject);
  });
}

function refused(url: string, why: string): RequestError {
  const shown = url.length > 200 ? `${url.slice(0, 200)}…` : url;
  return new RequestError("invalid-value", `Cannot fetch "${shown}": ${why}`);
}
