/**
 * The rule that each tool call of the history has exactly one reply, directly after it.
 *
 * Ids are compared within one assistant message only: backends in wide use begin each message's ids
 * with `call_0` again.
 * @module
 */
import { RequestError } from "../../run/error.ts";
import { describeValue, paramOf, type Path, wrongValue } from "../issue.ts";

/** Follows the messages of one request. */
export class ToolPairing {
  /** Calls without a reply -> where the id stands. */
  readonly #open = new Map<string, Path>();
  readonly #answered = new Set<string>();
  #legacy: { readonly name: string; readonly id: string } | undefined;

  /**
   * A call of an assistant message.
   *
   * @throws {RequestError} when the message has a call of this id already
   */
  call(id: string, path: Path): void {
    if (this.#open.has(id)) {
      throw wrongValue(path, { got: id, expected: "an id no other call of the message has" });
    }
    this.#open.set(id, path);
  }

  /** A call in the legacy shape, which has no id of its own. */
  legacyCall(name: string, options: { readonly id: string; readonly path: Path }): void {
    this.call(options.id, options.path);
    this.#legacy = { name, id: options.id };
  }

  /**
   * A reply to the call `id`.
   *
   * @throws {RequestError} when there is no such call, or it has its reply
   */
  reply(id: string, path: Path): void {
    if (!this.#open.delete(id)) {
      throw wrongValue(path, {
        got: id,
        expected: this.#answered.has(id)
          ? "one reply to each call"
          : "the id of a call in the assistant message before",
      });
    }
    this.#answered.add(id);
  }

  /**
   * A reply in the legacy shape.
   *
   * @returns the id of the call it replies to
   * @throws {RequestError} when there is no such call
   */
  legacyReply(name: string, path: Path): string {
    const call = this.#legacy;
    if (call?.name !== name) {
      throw wrongValue(path, {
        got: name,
        expected: "the name of the function called in the message before",
      });
    }
    this.#legacy = undefined;
    this.reply(call.id, path);
    return call.id;
  }

  /**
   * Something else than a reply comes, or the end.
   *
   * @throws {RequestError} when a call has no reply
   */
  close(): void {
    for (const [id, path] of this.#open) {
      const param = paramOf(path);
      throw new RequestError(
        "invalid-value",
        `Cannot read "${param}": call ${describeValue(id)} has no reply, ` +
          "expected one after its message",
        { param },
      );
    }
    this.#answered.clear();
    this.#legacy = undefined;
  }
}
