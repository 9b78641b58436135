/**
 * HTTPS requests to an address chosen beforehand.
 * @module
 */

/** An answer whose body has not been read. */
export interface PinnedAnswer {
  /** HTTP status. */
  readonly status: number;
  /** A header's value; undefined when it is absent. */
  header(name: string): string | undefined;
  /** Reading it to the end or leaving the loop closes the connection. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Closes the connection. */
  close(): void;
}

/** How to send. */
export interface PinnedRequestOptions {
  /** Ends the request and the reading. */
  readonly signal: AbortSignal;
  /** Certificate authority to trust besides the system's, PEM. */
  readonly ca?: string;
}

/**
 * Sends a GET for `url` to `address`. `fetch` would resolve the host again, and a name server could
 * tell it another address than the one that was checked; the certificate is checked for the name.
 */
export async function pinnedRequest(
  url: URL,
  address: string,
  { signal, ca }: PinnedRequestOptions,
): Promise<PinnedAnswer> {
  const { request } = await import("node:https");
  signal.throwIfAborted();
  const entry = { address, family: address.includes(":") ? 6 : 4 };
  return await new Promise((resolve, reject) => {
    const sent = request(url, {
      agent: false,
      headers: { "accept-encoding": "identity", "user-agent": "fakellm" },
      lookup: (_host, options, callback) =>
        options.all ? callback(null, [entry]) : callback(null, entry.address, entry.family),
      ...(ca !== undefined && { ca }),
    });
    const stop = () => sent.destroy(signal.reason instanceof Error ? signal.reason : undefined);
    signal.addEventListener("abort", stop, { once: true });
    sent.on("close", () => signal.removeEventListener("abort", stop));
    sent.on("error", reject);
    sent.on("response", (response) => {
      resolve({
        status: response.statusCode ?? 0,
        header(name) {
          const value = response.headers[name];
          return Array.isArray(value) ? value[0] : value;
        },
        body: response,
        close: () => void sent.destroy(),
      });
    });
    sent.end();
  });
}
