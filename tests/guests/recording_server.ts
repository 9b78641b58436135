/**
 * A server on loopback that knows everything that reached it, on TCP itself.
 * @module
 */

/** What it answers, by path; anything else is 404. */
export type Pages = Readonly<Record<string, () => Response>>;

/** Records whoever reaches it. */
export class RecordingServer implements AsyncDisposable {
  /** Requests, as `GET /path?query`. */
  readonly requests: string[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  /** Listens. */
  constructor(pages: Pages = {}, hostname = "127.0.0.1") {
    this.#server = Deno.serve({ hostname, port: 0, onListen: () => {} }, (request) => {
      const { pathname, search } = new URL(request.url);
      this.requests.push(`${request.method} ${pathname}${search}`);
      return pages[pathname]?.() ?? new Response("Nothing here", { status: 404 });
    });
  }

  /** Where it listens. */
  get port(): number {
    return this.#server.addr.port;
  }

  /** As permissions name it. */
  get host(): string {
    return `${this.#server.addr.hostname}:${this.port}`;
  }

  /** Without a path. */
  get url(): string {
    return `http://${this.host}`;
  }

  /** Stops. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** A page of code. */
export function code(text: string, type = "application/typescript"): () => Response {
  return () => new Response(text, { headers: { "content-type": type } });
}

/** A page that leads elsewhere. */
export function redirect(to: string): () => Response {
  return () => new Response(null, { status: 302, headers: { location: to } });
}
