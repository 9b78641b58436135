/**
 * MCP over a child process: one JSON message a line.
 *
 * Source: https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#stdio
 *
 * @module
 */
import { ChildProcess, exitReason, type ProcessOptions } from "../isolation/process.ts";
import { McpFailure } from "./failure.ts";
import { ProcessLines } from "../isolation/process_lines.ts";
import { type JSONRPCMessage, JSONRPCMessageSchema, type Transport } from "./sdk.ts";

/** What a stdio server is started with. */
export interface StdioTransportOptions extends ProcessOptions {
  /** Longest message of the server, in bytes; a longer one ends it. */
  readonly maxMessageBytes: number;
  /** Told each line the server writes to standard error, shortened. */
  readonly onErrorLine: (line: string) => void;
}

/** Most bytes of a line of standard error that are passed on. */
const MAX_ERROR_LINE_BYTES = 2000;

/** How long a server that takes no input any more is waited for to end, in milliseconds. */
const END_MS = 200;

/** Runs the server; closing it ends the server and all it started. */
export class StdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport["onmessage"];
  readonly #options: StdioTransportOptions;
  readonly #lines: ProcessLines;
  #process: ChildProcess | undefined;
  #starting: Promise<ChildProcess> | undefined;
  #closing: Promise<void> | undefined;
  #ending: Promise<void> | undefined;
  /** Messages on their way. */
  readonly #sending = new Set<Promise<unknown>>();
  #ended = false;

  /** Starts nothing yet. */
  constructor(options: StdioTransportOptions) {
    this.#options = options;
    this.#lines = new ProcessLines(options.clock);
  }

  /** How the server ended; undefined while it runs. */
  endedBy: string | undefined;

  /**
   * Starts the server.
   *
   * @throws {SetupError} when it cannot be started
   */
  async start(): Promise<void> {
    this.#starting = ChildProcess.start(this.#options);
    const process = this.#process = await this.#starting;
    this.#read(process);
    this.#ending = process.ended.then(async (status) => {
      this.endedBy ??= exitReason(status);
      // What it still said counts: a last answer, why it ended. So does what it never read.
      await Promise.all([this.#lines.end(), ...this.#sending]);
      this.#end();
    });
  }

  /** Sends one message. */
  async send(message: JSONRPCMessage): Promise<void> {
    const process = this.#process;
    if (!process || this.#ended) throw new McpFailure("not-sent", "Server does not run");
    const sending = this.#write(process, message);
    const settled = sending.catch(() => {});
    this.#sending.add(settled);
    try {
      await sending;
    } finally {
      this.#sending.delete(settled);
    }
  }

  async #write(process: ChildProcess, message: JSONRPCMessage): Promise<void> {
    try {
      await process.write(new TextEncoder().encode(`${JSON.stringify(message)}\n`));
    } catch (cause) {
      // Most likely it has ended, and how is about to be known.
      await this.#endOf(process);
      // Half a line is no message.
      throw new McpFailure("not-sent", "Server takes no input any more", { cause });
    }
  }

  /** Ends the server: by its input's end, by SIGTERM, by SIGKILL. */
  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    // It may be starting still.
    const process = await this.#starting?.catch(() => undefined);
    await process?.stop();
    await this.#ending;
    this.#end();
  }

  async #endOf(process: ChildProcess): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.schedule(END_MS, resolve);
    await Promise.race([process.ended, late]);
    cancel();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.onclose?.();
  }

  #read(process: ChildProcess): void {
    const { maxMessageBytes: maxBytes, onErrorLine } = this.#options;
    const { stdout, stderr } = process;
    this.#lines.read(stdout, (line) => this.#take(line), { maxBytes }).catch(async (error) => {
      // Nobody reads it any more, so it must not go on.
      this.endedBy = error instanceof Error ? error.message : String(error);
      this.onerror?.(new Error(this.endedBy));
      await process.kill();
    });
    this.#lines.read(stderr, onErrorLine, { maxBytes: MAX_ERROR_LINE_BYTES, cut: true })
      .catch(() => {});
  }

  #take(line: string): void {
    let message: JSONRPCMessage;
    try {
      message = JSONRPCMessageSchema.parse(JSON.parse(line));
    } catch (cause) {
      // Servers that print to standard output are common enough; what they say there is no message.
      this.onerror?.(new Error("Server wrote what is no message", { cause }));
      return;
    }
    this.onmessage?.(message);
  }
}
