/**
 * Rules of client tools that hold whatever wire format they came in.
 * @module
 */
import { RequestError } from "../run/error.ts";
import type { ToolChoice, ToolKind, ToolSpec } from "../run/request.ts";
import { describeValue, type Path, wrongValue } from "./issue.ts";

/** Names a client may give its tools. */
export const TOOL_NAME: RegExp = /^[a-zA-Z0-9_-]{1,64}$/;

/** `TOOL_NAME` in words. */
export const TOOL_NAME_RULE = "1 to 64 letters, digits, underscores or hyphens";

/** The tools of one request, by name. */
export class ClientTools {
  readonly #specs = new Map<string, ToolSpec>();

  /**
   * Adds a tool.
   *
   * @param namePath where its name stands
   * @throws {RequestError} `invalid-value` when the name is taken
   */
  add(spec: ToolSpec, namePath: Path): void {
    if (this.#specs.has(spec.name)) {
      throw wrongValue(namePath, {
        got: spec.name,
        expected: "a name no other tool of the request has",
      });
    }
    this.#specs.set(spec.name, spec);
  }

  /** All tools in the order they were added. */
  get specs(): readonly ToolSpec[] {
    return this.#specs.size === 0 ? NO_TOOLS : [...this.#specs.values()];
  }

  /**
   * The name of a tool that a choice refers to.
   *
   * @param param the field the choice came in, as `tool_choice`
   * @throws {RequestError} `invalid-value` when no tool of that kind has it
   */
  named(name: string, kind: ToolKind, { param }: { readonly param: string }): string {
    if (this.#specs.get(name)?.kind !== kind) {
      throw new RequestError(
        "invalid-value",
        `Cannot choose tool ${describeValue(name)}: no ${kind} tool of the request has that name`,
        { param },
      );
    }
    return name;
  }

  /**
   * Lets a choice through that can be kept.
   *
   * @throws {RequestError} `invalid-value` when a call is required and there is nothing to call
   */
  checked(choice: ToolChoice, { param }: { readonly param: string }): ToolChoice {
    if (choice.type === "required" && this.#specs.size === 0) {
      throw new RequestError(
        "invalid-value",
        "Cannot require a tool call: the request has no tools",
        { param },
      );
    }
    return choice;
  }
}

const NO_TOOLS: readonly ToolSpec[] = Object.freeze([]);
