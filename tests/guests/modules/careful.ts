/**
 * A module whose agent asks the client before it acts, and hands calls of client tools out beside calls
 * of its own.
 * @module
 */
import { Agent } from "../../../src/agent/agent.ts";
import { FunctionModel } from "../../../src/testing/scripted_model.ts";
import { tool } from "../../../src/tools/tool.ts";

const acts: string[] = [];

/** Acts once for each consent. */
export const agent: Agent = new Agent({
  approval: "client",
  tools: [
    tool({
      name: "act",
      description: "Acts",
      requiresApproval: { label: "Do act", text: "May I act?" },
      parameters: { type: "object", properties: {} },
      execute: () => `acted ${acts.push("act")}`,
    }),
  ],
  model: new FunctionModel(({ messages }) => {
    const last = messages.at(-1)!;
    if (last.role !== "tool") return { toolCalls: [{ name: "act" }] };
    const [part] = last.content;
    return `Result: ${part?.type === "text" ? part.text : "none"}`;
  }),
});

/** Calls a hidden tool and one of the client's in the same turn. */
export const mixed: Agent = new Agent({
  tools: [
    tool({
      name: "count",
      description: "Counts its calls",
      parameters: { type: "object", properties: {} },
      execute: () => `counted ${acts.push("count")}`,
    }),
  ],
  model: new FunctionModel(({ messages, tools }) => {
    const results = messages.flatMap((message) => message.role === "tool" ? message.content : [])
      .map((part) => part.type === "text" ? part.text : "");
    if (results.length > 0) return results.join(" and ");
    const theirs = tools.find(({ name }) => name !== "count")!;
    return { toolCalls: [{ name: "count" }, { name: theirs.name }] };
  }),
});
