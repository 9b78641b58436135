/**
 * `mcps.NAME`: an MCP server whose tools models can use.
 * @module
 */
import { z } from "zod";
import {
  anyText,
  dictionary,
  duration,
  flag,
  form,
  headers,
  list,
  mapping,
  named,
  oneOf,
  text,
  url,
} from "./scalar.ts";

const toolNames = "a list of tool names";

/** `mcps`: by name. */
export const mcpsSchema = named("name", {
  transport: oneOf(["stdio", "http", "streamable-http", "sse"]).optional().describe(
    "How to talk to the server. Default: stdio where command is given, http where url is. http is short for streamable-http.",
  ),
  command: text("the program to start").optional().describe("Program to start (stdio)."),
  args: z.array(anyText(), { error: "a list of texts" }).optional().describe(
    "Arguments of the program (stdio).",
  ),
  env: dictionary(
    form(/^[A-Za-z_][A-Za-z0-9_]*$/, "a variable name"),
    anyText(),
    "a mapping from variable names to text",
  ).optional().describe(
    "Environment of the program besides PATH, HOME and the like (stdio). Values are kept secret.",
  ),
  cwd: text("a folder").optional().describe("Folder to start the program in (stdio)."),
  url: url(["http:", "https:"]).optional().describe("Address of the server (http, sse)."),
  headers: headers().optional().describe(
    "Headers of every call (http, sse). Values are kept secret.",
  ),
  timeout: duration({ minMs: 1 }).optional().describe("Longest wait for one answer."),
  prefix: form(/^[A-Za-z0-9_-]{1,32}$/, "1 to 32 letters, digits, _ or -").optional().describe(
    'Put before each tool\'s name and an underscore, as "search" makes "search_query".',
  ),
  tools: mapping({
    allow: list(text(), toolNames).optional().describe("Only these tools of the server are used."),
    deny: list(text(), toolNames).optional().describe("These tools of the server are never used."),
  }).optional().describe("Which of the server's tools are used. Default: all."),
  required: flag().optional().describe(
    "Whether models that use this server need it to be up. Default true.",
  ),
});
