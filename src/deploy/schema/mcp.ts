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
  headerName,
  headerText,
  list,
  mapping,
  named,
  oneOf,
  text,
  url,
} from "./scalar.ts";

const toolNames = "a list of tool names";

const headerWords = "text, or a mapping with from_header, from_extra or from_auth";

/** A header's value: the same for everybody, or what the client's request says. */
const headerValue = z.union([
  headerText(),
  mapping({
    from_header: headerName().optional().describe(
      "A header of the client's request, never one that carries credentials.",
    ),
    from_extra: form(/^[^.]+(?:\.[^.]+)*$/, "a field, or fields joined by dots").optional()
      .describe(
        'A field of the client\'s request that fakellm gives no meaning to, as "user" or "metadata.tenant".',
      ),
    from_auth: z.literal("name", { error: "name" }).optional().describe(
      "name: that of the caller's key.",
    ),
    optional: flag().optional().describe(
      "Whether requests without it are welcome; the header is then left out. Default false.",
    ),
  }),
], { error: headerWords });

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
  headers: dictionary(headerName(), headerValue, "a mapping from header names to text").optional()
    .describe(
      "Headers of every call (http, sse). Values are kept secret. A mapping takes the value from the client's request: then every caller has a session of its own.",
    ),
  sessions: oneOf(["per_identity", "shared"]).optional().describe(
    "Where headers depend on the request: a session for each combination of values (per_identity, default), or one for all with the headers sent call by call, for servers that look at each request alone (shared).",
  ),
  timeout: duration({ minMs: 1 }).optional().describe(
    "Longest wait for one answer. Default 5m.",
  ),
  start_timeout: duration({ minMs: 1 }).optional().describe(
    "Longest time the server may take to start and greet. Default 30s.",
  ),
  prefix: form(/^[A-Za-z0-9_-]{1,32}$/, "1 to 32 letters, digits, _ or -").optional().describe(
    'Put before each tool\'s name and an underscore, as "search" makes "search_query".',
  ),
  label: text().optional().describe(
    "What clients are told as progress when one of its tools is called (responses_reasoning: custom). Default: nothing.",
  ),
  tools: mapping({
    allow: list(text(), toolNames).optional().describe("Only these tools of the server are used."),
    deny: list(text(), toolNames).optional().describe("These tools of the server are never used."),
    labels: dictionary(text(), text(), "a mapping from tool names to text").optional().describe(
      "Labels of single tools, by the server's names of them, instead of label.",
    ),
  }).optional().describe("Which of the server's tools are used. Default: all."),
  required: flag().optional().describe(
    "Whether models that use this server need it to be up. Default true.",
  ),
});
