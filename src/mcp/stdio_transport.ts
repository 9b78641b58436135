/**
 * MCP over a child process: one JSON message a line.
 *
 * Source: https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#stdio
 *
 * @module
 */
import { ChildProcess, exitReason, type ProcessOptions } from "../isolation/process.ts";
import { McpFailure } from "./failure.ts";
import { lines } from "./lines.ts";
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

/** Runs the server; closing it ends the server and all it started. */
export class StdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: Transport["onmessage"];
  readonly #options: StdioTransportOptions;
  #process: ChildProcess | undefined;
  #starting: Promise<ChildProcess> | undefined;
  #closing: Promise<void> | undefined;
  #ended = false;

  /** Starts nothing yet. */
  constructor(options: StdioTransportOptions) {
    this.#options = options;
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
    const reading = this.#read(process);
    const telling = this.#tell(process);
    void process.ended.then(async (status) => {
      this.endedBy ??= exitReason(status);
      // What it still said counts: a last answer, why it ended.
      await Promise.all([reading, telling]);
      this.#end();
    });
  }

  /** Sends one message. */
  async send(message: JSONRPCMessage): Promise<void> {
    if (!this.#process || this.#ended) throw new McpFailure("not-sent", "Server does not run");
    try {
      await this.#process.write(new TextEncoder().encode(`${JSON.stringify(message)}\n`));
    } catch (cause) {
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
    this.#end();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.onclose?.();
  }

  async #read(process: ChildProcess): Promise<void> {
    const { maxMessageBytes: maxBytes } = this.#options;
    try {
      for await (const line of lines(process.stdout, { maxBytes })) this.#take(line);
    } catch (error) {
      // Nobody reads it any more, so it must not go on.
      this.endedBy = error instanceof Error ? error.message : String(error);
      this.onerror?.(new Error(this.endedBy));
      await process.kill();
    }
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

  async #tell(process: ChildProcess): Promise<void> {
    for await (const line of lines(process.stderr, { maxBytes: MAX_ERROR_LINE_BYTES, cut: true })) {
      this.#options.onErrorLine(line);
    }
  }
}
