/**
 * A server of code on loopback whose answers never end.
 * @module
 */

/** Begins to answer, and never ends. */
export class EndlessServer implements AsyncDisposable {
  /** Settles once somebody waits for an answer. */
  readonly asked: Promise<void>;
  /** Settles once somebody waits no more. */
  readonly left: Promise<void>;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  /** Listens. */
  constructor() {
    const asked = Promise.withResolvers<void>();
    const left = Promise.withResolvers<void>();
    [this.asked, this.left] = [asked.promise, left.promise];
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
      const body = new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode("export default 1;\n"));
          asked.resolve();
        },
        cancel: () => left.resolve(),
      });
      return new Response(body, { headers: { "content-type": "text/javascript" } });
    });
  }

  /** Without a path. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Stops, once nobody waits. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
