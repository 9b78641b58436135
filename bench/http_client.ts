/**
 * A load generator that costs less than what it measures: raw sockets, one request in flight on
 * each, answers read only as far as needed to find their end.
 * @module
 */

/** What one round measured. */
export interface Round {
  /** Answers per second of wall time. */
  readonly perSecond: number;
  readonly answers: number;
}

/** How to load. */
export interface LoadOptions {
  readonly port: number;
  readonly path: string;
  readonly body: string;
  readonly connections: number;
  /** The round stops sending after this time; never unbounded. */
  readonly durationMs: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Loads `127.0.0.1:port` for `durationMs`. */
export async function load(options: LoadOptions): Promise<Round> {
  const request = encoder.encode(
    `POST ${options.path} HTTP/1.1\r\nHost: 127.0.0.1:${options.port}\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${
        encoder.encode(options.body).length
      }\r\n\r\n` +
      options.body,
  );
  const begin = performance.now();
  const end = begin + options.durationMs;
  const counts = await Promise.all(
    Array.from({ length: options.connections }, () => drive(options.port, request, end)),
  );
  const answers = counts.reduce((sum, count) => sum + count, 0);
  return { answers, perSecond: answers / ((performance.now() - begin) / 1000) };
}

async function drive(port: number, request: Uint8Array<ArrayBuffer>, end: number): Promise<number> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  connection.setNoDelay();
  const buffer = new Uint8Array(64 * 1024);
  let answers = 0;
  while (performance.now() < end) {
    await connection.write(request);
    await readAnswer(connection, buffer);
    answers += 1;
  }
  return answers;
}

async function readAnswer(connection: Deno.Conn, buffer: Uint8Array<ArrayBuffer>): Promise<void> {
  let head = "";
  let headEnd = -1;
  while (headEnd < 0) {
    const count = await connection.read(buffer);
    if (count === null) throw new Error("Connection closed before the answer began");
    head += decoder.decode(buffer.subarray(0, count), { stream: false });
    headEnd = head.indexOf("\r\n\r\n");
  }
  if (!head.startsWith("HTTP/1.1 200")) throw new Error(`Unexpected answer: ${head.slice(0, 300)}`);
  const length = /^content-length: (\d+)/im.exec(head.slice(0, headEnd))?.[1];
  let rest = head.slice(headEnd + 4);
  if (length !== undefined) {
    let missing = Number(length) - encoder.encode(rest).length;
    while (missing > 0) {
      const count = await connection.read(buffer);
      if (count === null) throw new Error("Connection closed within the answer");
      missing -= count;
    }
    return;
  }
  while (!rest.endsWith("\r\n0\r\n\r\n")) {
    const count = await connection.read(buffer);
    if (count === null) throw new Error("Connection closed within the stream");
    // Only the last bytes tell whether the stream is over.
    const tail = buffer.subarray(Math.max(0, count - 16), count);
    rest = (rest + decoder.decode(tail)).slice(-16);
  }
}
