/**
 * Tells operators what is odd about a server's list of tools, and what has changed in it.
 * @module
 */
import type { Logger } from "../run/seams.ts";
import type { Tool as ListedTool } from "./sdk.ts";

/** What is watched for. */
export interface ToolChangesOptions {
  /** Names the server in logs. */
  readonly name: string;
  /** Names that are to be used; undefined: all. */
  readonly allow: readonly string[] | undefined;
  /** Names that are not to be used. */
  readonly deny: readonly string[];
  /** Where it is told. */
  readonly logger: () => Logger;
}

/** Compares each list with the one before. */
export class ToolChanges {
  readonly #options: ToolChangesOptions;
  /** Each tool in full, by name; undefined before the first list. */
  #before: ReadonlyMap<string, string> | undefined;

  /** Knows no list yet. */
  constructor(options: ToolChangesOptions) {
    this.#options = options;
  }

  /** Takes the next list, and those of it that are used. */
  take(listed: readonly ListedTool[], used: readonly ListedTool[]): void {
    const before = this.#before;
    const now = new Map(used.map((tool) => [tool.name, JSON.stringify(tool)]));
    this.#before = now;
    if (before) this.#tellChanges(before, now);
    else this.#tellUnknown(listed);
  }

  /** A name that is allowed or denied and not there is most likely misspelt. */
  #tellUnknown(listed: readonly ListedTool[]): void {
    const { allow = [], deny, logger, name: server } = this.#options;
    const names = new Set(listed.map((tool) => tool.name));
    const unknown = [...allow, ...deny].filter((name) => !names.has(name));
    if (unknown.length === 0) return;
    const tools = unknown.join(", ");
    logger().log("warn", "MCP server lacks tools that are allowed or denied", { server, tools });
  }

  /** What a tool says of itself steers models: a change is worth a look. */
  #tellChanges(before: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): void {
    const names = (test: (name: string) => boolean, of: ReadonlyMap<string, string>) =>
      [...of.keys()].filter(test).join(", ") || undefined;
    const added = names((name) => !before.has(name), now);
    const removed = names((name) => !now.has(name), before);
    const changed = names((name) => before.has(name) && before.get(name) !== now.get(name), now);
    if ((added ?? removed ?? changed) === undefined) return;
    const { logger, name: server } = this.#options;
    logger().log("warn", "MCP server changed its tools", { server, added, removed, changed });
  }
}
