/**
 * Listening, draining, closing the door.
 * @module
 */
import { SetupError } from "../run/error.ts";
import type { Clock } from "../run/seams.ts";
import type { App } from "./app.ts";
import { within } from "./deadline.ts";
import { isLoopback } from "./loopback.ts";

/** Where and how to listen. */
export interface ServeOptions {
  /** Name or address to listen on. @default "127.0.0.1" */
  readonly host?: string;
  /** 0 takes a free port. @default 8000 */
  readonly port?: number;
  /** Aborting it drains the server. */
  readonly signal?: AbortSignal;
  /** Called once the server listens and the app is started. */
  readonly onListen?: (address: ListenAddress) => void;
}

/** Where a server listens. */
export interface ListenAddress {
  /** The address taken. */
  readonly hostname: string;
  /** The port taken, also when 0 was asked for. */
  readonly port: number;
}

/** A listening server. */
export interface Served extends ListenAddress, AsyncDisposable {
  /** Resolves when the server has stopped and everything is released. */
  readonly finished: Promise<void>;
  /**
   * Accepts nothing more, lets open runs and streams go on for `graceMs`, then aborts them and stops
   * the app. A further call can only shorten the wait; 0 waits for nobody.
   *
   * @param graceMs milliseconds; the app's `shutdownGraceMs` where absent
   */
  drain(graceMs?: number): Promise<void>;
}

/** What a server needs to know of the app behind it. */
export interface ServedApp extends Pick<App, "fetch" | "start" | "stop"> {
  /** Time. */
  readonly clock: Clock;
  /** How long open runs may go on while the server drains. */
  readonly shutdownGraceMs: number;
  /** Takes no further requests. */
  close(): void;
  /** Resolves once no run is open. */
  idle(): Promise<void>;
}

/** How long answers that are made may still be on their way to a reader after the app stopped. */
const FLUSH_MS = 1000;

/** One listening socket with its app. */
export class Server implements Served {
  /** The address taken. */
  readonly hostname: string;
  /** The port taken. */
  readonly port: number;
  /** Resolves when everything is over. */
  readonly finished: Promise<void>;
  readonly #app: ServedApp;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  /** Cuts every connection. */
  readonly #cut: AbortController;
  readonly #over = Promise.withResolvers<void>();
  readonly #expired = Promise.withResolvers<void>();
  #atOnce = false;
  #draining = false;

  /**
   * Listens, then starts the app: while it starts, `/health` answers already.
   *
   * @param options `keyless`: whether some API needs no key; `insecure`: whether that may be reached
   *   from outside; `onOpen`: called where it can
   * @throws {SetupError} when the host is reachable from outside, or the address cannot be taken
   */
  static async listen(
    app: ServedApp,
    options: ServeOptions & {
      readonly keyless: boolean;
      readonly insecure: boolean;
      readonly onOpen: () => void;
    },
  ): Promise<Server> {
    const { host = "127.0.0.1", port = 8000, signal, onListen } = options;
    const open = options.keyless && !isLoopback(host);
    if (open && !options.insecure) {
      throw new SetupError(
        `Cannot listen on "${host}" without a key: anybody who reaches it could use every model; ` +
          "configure keys, listen on 127.0.0.1, or allow it with `insecure`",
      );
    }
    const server = new Server(app, { host, port });
    try {
      await app.start();
    } catch (error) {
      await server.drain(0);
      throw error;
    }
    if (open) options.onOpen();
    onListen?.(server);
    if (signal?.aborted) server.drain();
    else signal?.addEventListener("abort", () => server.drain(), { once: true });
    return server;
  }

  private constructor(app: ServedApp, { host, port }: { host: string; port: number }) {
    this.#app = app;
    this.#cut = new AbortController();
    this.#server = bind(host, port, { app, signal: this.#cut.signal });
    this.hostname = this.#server.addr.hostname;
    this.port = this.#server.addr.port;
    this.finished = this.#over.promise;
  }

  /** Ends the server, giving open runs the app's grace. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.drain();
  }

  /** Accepts nothing more, waits, stops. */
  drain(graceMs: number = this.#app.shutdownGraceMs): Promise<void> {
    if (graceMs <= 0) {
      this.#atOnce = true;
      this.#expired.resolve();
    } else {
      const cancel = this.#app.clock.schedule(graceMs, () => this.#expired.resolve());
      this.finished.then(cancel, cancel);
    }
    if (!this.#draining) {
      this.#draining = true;
      this.#drain().then(this.#over.resolve, this.#over.reject);
    }
    return this.finished;
  }

  async #drain(): Promise<void> {
    this.#app.close();
    const delivered = this.#close();
    await Promise.race([Promise.all([this.#app.idle(), delivered]), this.#expired.promise]);
    // Ends open streams in band. Whoever does not read that in time is left to the end of the process:
    // the runtime cannot cut connections once it has been told to wait for them.
    await this.#app.stop();
    await within(delivered, FLUSH_MS, this.#app.clock);
  }

  /** Closes the door. Resolves when every answer is delivered, or at once when they are cut. */
  #close(): Promise<void> {
    if (!this.#atOnce) return this.#server.shutdown();
    this.#cut.abort();
    return this.#server.finished;
  }
}

function bind(
  hostname: string,
  port: number,
  { app, signal }: { readonly app: ServedApp; readonly signal: AbortSignal },
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ hostname, port, signal, onListen: () => {} }, app.fetch);
  } catch (cause) {
    const reason = cause instanceof Deno.errors.AddrInUse
      ? "something else listens there"
      : cause instanceof Error
      ? cause.message
      : String(cause);
    throw new SetupError(`Cannot listen on ${hostname}:${port}: ${reason}`, { cause });
  }
}
