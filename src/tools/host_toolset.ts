/**
 * An MCP server of the deployment, for modules that run as guests.
 * @module
 */
import { RequestError, SetupError } from "../run/error.ts";
import { askHost, hostBridge } from "../run/host_bridge.ts";
import type { InputPart } from "../run/request.ts";
import { ToolContent } from "./content.ts";
import type { StepContext } from "./context.ts";
import { ModelRetry, ToolFailed } from "./outcome.ts";
import type { Tool, ToolDefinition } from "./tool.ts";
import type { Toolset } from "./toolset.ts";

/** What a tool of the host came to. */
type ToolValue =
  | { readonly type: "value"; readonly value?: unknown }
  | { readonly type: "content"; readonly parts: readonly InputPart[] };

/**
 * The tools of an MCP server that the host of this module talks to: the module needs no network, starts
 * no program and sees no key. Which servers there are, the deployment says (`models.ID.mcps`). Each
 * call is made under the identity of whoever asked, and counts for the limits of the run.
 *
 * ```ts ignore
 * import { Agent, HostBackend, HostToolset } from "@x/fakellm/agent";
 *
 * export const agent = new Agent({
 *   model: new HostBackend("main"),
 *   toolsets: [new HostToolset("files")],
 * });
 * ```
 */
export class HostToolset<Deps = unknown> implements Toolset<Deps> {
  /** The deployment's name of the server. */
  readonly id: string;
  /** Retries of its tools. */
  readonly retries: number | undefined;

  /**
   * Names an MCP server.
   *
   * @param options `retries`: of its tools, by default the agent's
   * @throws {SetupError} where this code does not run as a guest, or may not use the server
   */
  constructor(name: string, options: { readonly retries?: number } = {}) {
    const { mcps } = hostBridge(`MCP server "${name}" of the host`);
    if (!mcps.includes(name)) {
      const known = mcps.map((key) => `"${key}"`).join(", ") || "none";
      throw new SetupError(`Cannot use MCP server "${name}" of the host; granted are ${known}`);
    }
    this.id = name;
    this.retries = options.retries;
  }

  /** The server's tools, as the host knows them. */
  async tools({ signal }: StepContext<Deps>): Promise<readonly Tool<Deps>[]> {
    const definitions = await askHost({ service: "tools", mcp: this.id }, { signal });
    return (definitions as readonly ToolDefinition[]).map((definition) => this.#tool(definition));
  }

  #tool(definition: ToolDefinition): Tool<Deps> {
    return {
      name: definition.name,
      definition,
      // The host checks them.
      parse: (value) => ({ ok: true, value }),
      execute: async (args, { signal }) => {
        const request = {
          service: "tool-call",
          mcp: this.id,
          tool: definition.name,
          arguments: args,
        };
        const result = await askHost(request, { signal }).catch(tellModel) as ToolValue;
        return result.type === "content" ? new ToolContent(result.parts) : result.value;
      },
    };
  }
}

/** What a tool tells its model, and what the host finds wrong with arguments, is the model's to mend. */
function tellModel(error: unknown): never {
  if (error instanceof RequestError) throw new ModelRetry(error.message);
  const { family, retry, message } = error as Error & Readonly<Record<string, unknown>>;
  if (family !== "tool") throw error;
  throw retry ? new ModelRetry(message) : new ToolFailed(message);
}
