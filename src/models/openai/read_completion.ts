/**
 * The body of a backend's answer, whole or piece by piece -> model events.
 * @module
 */
import { createParser, type EventSourceMessage, type ParseError } from "eventsource-parser";
import { RunError } from "../../run/error.ts";
import type { ModelEvent } from "../model.ts";
import { BackendFailure, inBandError } from "./backend_error.ts";
import { CompletionDecoder, type CompletionDecoderOptions } from "./decode_completion.ts";
import type { WireCompletion } from "./wire.ts";

/** Longest SSE line taken, in characters; a chunk of a completion is far smaller. */
const MAX_LINE_CHARS = 16 * 1024 * 1024;
/** Characters kept of a senseless body; the log gets the first half, so no secret is cut in two. */
const MAX_SNIPPET_CHARS = 1000;

/** Reads one answer. What was decoded before something throws stays in `events`. */
export class CompletionReader {
  readonly #options: CompletionDecoderOptions;
  readonly #decoder: CompletionDecoder;
  readonly #text = new TextDecoder();
  readonly #parser = createParser({
    onEvent: (event) => this.#event(event),
    onError: (error) => this.#parseError(error),
    maxBufferSize: MAX_LINE_CHARS,
  });
  #snippet = "";
  #complete = false;

  /**
   * A reader for one answer.
   *
   * @param options stay the same for one answer
   */
  constructor(options: CompletionDecoderOptions) {
    this.#options = options;
    this.#decoder = new CompletionDecoder(options);
  }

  /** Decoded events that nobody has taken yet, oldest first. */
  get events(): ModelEvent[] {
    return this.#decoder.events;
  }

  /** What has been decoded besides events. */
  get decoder(): Pick<CompletionDecoder, "finished" | "reasoningField"> {
    return this.#decoder;
  }

  /** Whether the answer is complete, so that the rest of the body does not matter. */
  get complete(): boolean {
    return this.#complete;
  }

  /**
   * Takes the next bytes of a stream of server-sent events.
   *
   * @throws {RunError} when they are no completion or tell a failure
   */
  feed(bytes: Uint8Array): void {
    this.#feed(this.#text.decode(bytes, { stream: true }));
  }

  /**
   * Takes the end of a stream.
   *
   * @throws {RunError} when the answer was not complete
   */
  end(): void {
    // A last event may lack its empty line.
    this.#feed(`${this.#text.decode()}\n\n`);
    if (this.#complete) return;
    if (this.#decoder.chunks === 0) throw this.#nonsense();
    if (!this.#decoder.finished) {
      const { backend } = this.#options;
      throw new RunError("backend-down", `Backend "${backend}" ended its stream within the answer`);
    }
    this.#finish();
  }

  /**
   * Takes a whole body that is one JSON text.
   *
   * @throws {RunError} when it is no completion or tells a failure
   */
  whole(text: string): void {
    const completion = this.#parse(text);
    this.#add(completion, text);
    if (typeof completion.choices?.[0]?.message !== "object") throw this.#nonsense(text);
    this.#finish();
  }

  #feed(text: string): void {
    if (this.#decoder.chunks === 0 && this.#snippet.length < MAX_SNIPPET_CHARS) {
      this.#snippet = (this.#snippet + text).slice(0, MAX_SNIPPET_CHARS);
    }
    this.#parser.feed(text);
  }

  #event({ event, data }: EventSourceMessage): void {
    if (this.#complete) return;
    if (data.startsWith("[DONE]")) {
      if (this.#decoder.chunks === 0) throw this.#nonsense();
      this.#finish();
      return;
    }
    const chunk = this.#parse(data);
    if (event === "error") {
      throw inBandError(this.#options.backend, chunk?.error ?? data, this.#options.redact);
    }
    // Events of other names are a vendor's own, such as pings.
    if (event === undefined || event === "message" || chunk?.choices) this.#add(chunk, data);
  }

  #parseError(error: ParseError): void {
    if (error.type === "max-buffer-size-exceeded") throw this.#nonsense();
  }

  #parse(text: string): WireCompletion {
    try {
      return JSON.parse(text);
    } catch {
      throw this.#nonsense(text);
    }
  }

  #add(chunk: WireCompletion, text: string): void {
    try {
      this.#decoder.add(chunk);
    } catch (error) {
      // Fields of other types than expected make the decoder stumble.
      throw error instanceof RunError ? error : this.#nonsense(text);
    }
  }

  #finish(): void {
    this.#decoder.end();
    this.#complete = true;
  }

  #nonsense(text: string = this.#snippet): RunError {
    const { backend, redact } = this.#options;
    const body = redact(text.slice(0, MAX_SNIPPET_CHARS)).slice(0, MAX_SNIPPET_CHARS / 2);
    return new RunError(
      "backend-down",
      `Backend "${backend}" sent something else than a completion`,
      { cause: new BackendFailure(undefined, body) },
    );
  }
}
