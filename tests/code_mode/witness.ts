/**
 * A server on loopback that knows whoever reached it, before a word is said.
 * @module
 */

/** Counts connections, and reads what they bring. */
export class Witness implements AsyncDisposable {
  /** What each connection brought first. */
  readonly heard: string[] = [];
  readonly #listener: Deno.TcpListener;
  readonly #listening: Promise<void>;

  /** Listens. */
  constructor() {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#listening = this.#listen();
  }

  /** Where it listens. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** Stops. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#listening;
  }

  async #listen(): Promise<void> {
    for await (const connection of this.#listener) {
      const buffer = new Uint8Array(1024);
      const length = await connection.read(buffer) ?? 0;
      this.heard.push(new TextDecoder().decode(buffer.subarray(0, length)));
      connection.close();
    }
  }
}
