/**
 * `models.ID`: a served name.
 * @module
 */
import { z } from "zod";
import { INTEGRITY_FORM } from "../../module/graph/integrity.ts";
import { modelLimitsSchema } from "./limits.ts";
import {
  decimal,
  dictionary,
  duration,
  flag,
  form,
  list,
  mapping,
  name,
  named,
  oneOf,
  oneOrMore,
  text,
  whole,
} from "./scalar.ts";

const grantWords = "true for all, or a list of texts";

/** A permission of a module: all of a kind, or the listed ones. */
function grant(what: string) {
  return z.union([
    z.literal(true, { error: grantWords }),
    z.array(text(), { error: grantWords }),
  ], { error: grantWords }).optional().describe(`${what} Default: none.`);
}

const permissionsSchema = mapping({
  net: grant('Hosts to connect to, as "api.example.com" or "10.0.0.1:8080".'),
  read: grant("Files and folders to read."),
  write: grant("Files and folders to write."),
  env: grant("Environment variables to read."),
  run: grant("Programs to start."),
  import: grant("Hosts to import code from."),
  sys: grant("System information to read."),
  ffi: grant("Native libraries to load."),
});

const settingsSchema = mapping({
  max_tokens: whole(1).optional().describe("Most tokens of one model call."),
  temperature: decimal(0, 2).optional().describe("Sampling temperature."),
  top_p: decimal(0, 1).optional().describe("Nucleus sampling."),
  stop: z.union([
    text(),
    list(text(), "a text, or a list of 1 to 4 texts").max(4, {
      error: "a text, or a list of 1 to 4 texts",
    }),
  ], { error: "a text, or a list of 1 to 4 texts" }).optional().describe(
    "Sequences that end the answer.",
  ),
  seed: whole(Number.MIN_SAFE_INTEGER).optional().describe("Seed of the sampling."),
  presence_penalty: decimal(-2, 2).optional().describe("Presence penalty."),
  frequency_penalty: decimal(-2, 2).optional().describe("Frequency penalty."),
  reasoning_effort: oneOf(["none", "minimal", "low", "medium", "high", "xhigh", "max"]).optional()
    .describe("How much the model thinks before it answers."),
  extra_body: z.record(z.string(), z.json(), { error: "a mapping" }).optional().describe(
    "Fields put into the backend's request as they are.",
  ),
});

const reasoningModes = "disabled, agent, custom, premade";

const reasoningSchema = z.union([
  z.enum(["disabled", "agent", "custom"]),
  mapping({
    mode: z.enum(["disabled", "agent", "custom", "premade"], { error: reasoningModes }).describe(
      "disabled: no reasoning is sent. agent: the model's own. custom: what workflow code tells. premade: the given texts in a loop while a run is silent.",
    ),
    chunks: list(text(), "a list of texts").optional().describe(
      "The texts of mode premade; a blank line goes between two that bring no white space there.",
    ),
    interval: duration({ minMs: 1 }).optional().describe(
      "Silence before the first text of mode premade and between two of them. Default 2s.",
    ),
  }),
], { error: "disabled, agent, custom, or a mapping with mode, chunks, interval" });

const approvalWords =
  "true for all hidden tools, a list of their names, client, or a mapping with tools, ask, label, text, prompts";

const approvalSchema = z.union([
  z.literal(true, { error: approvalWords }),
  z.literal("client", { error: approvalWords }),
  list(text(), approvalWords),
  mapping({
    tools: list(text(), "a list of tool names").optional().describe(
      "The tools, by the names the model knows them by. Default: all hidden tools.",
    ),
    ask: oneOf(["client", "nobody"]).optional().describe(
      "client: who waits for the answer is asked, over the Responses API. nobody: such calls are denied. Default nobody.",
    ),
    label: text().optional().describe("What is asked, in a few words."),
    text: text().optional().describe("What is asked, in a sentence or two."),
    prompts: dictionary(
      text(),
      mapping({
        label: text().describe("What is asked, in a few words."),
        text: text().describe("What is asked, in a sentence or two."),
      }),
      "a mapping from tool names to mappings with label and text",
    ).optional().describe("Questions of single tools, instead of label and text."),
  }),
], { error: approvalWords });

const taskWords = "agent, rule, or a mapping with backend";

/** The names of MCP servers. */
export function mcpNames() {
  const accepted = "a list of names under mcps";
  return z.union([name(), z.array(name(), { error: accepted })], { error: accepted });
}

/** `models`: by the id that clients put into `model`. */
export const modelsSchema = named("model_id", {
  backend: name("the name of a backend").optional().describe(
    "The backend that answers. Exactly one of backend and module.",
  ),
  backends: oneOrMore(name(), "a list of names under backends").optional().describe(
    "Backends that a module may call, through the server and without seeing a key. Default: none.",
  ),
  module: text("a path or URL of a module").optional().describe(
    'A module that exports an agent or workflow, as "./agent.ts" or "https://example.com/agent.ts#name": a path, or a URL of http, https, jsr, npm or data. It runs in a process of its own with the permissions given here.',
  ),
  description: text().optional().describe("What the model is for; shown to people."),
  instructions: text().optional().describe("Standing orders, put before whatever a client sends."),
  mcps: mcpNames().optional().describe(
    "MCP servers whose tools this model uses, or its module may use, hidden from clients. Default: those of the entrypoint, and none for a module; an empty list is none.",
  ),
  code_mode: flag().optional().describe(
    "Replace the hidden tools by one that runs TypeScript calling them, in a process without permissions. Default false.",
  ),
  settings: settingsSchema.optional().describe(
    "Settings of every model call; what a client asks for comes before them.",
  ),
  limits: modelLimitsSchema.optional().describe("Limits of one run and of all runs together."),
  lifecycle: oneOf(["startup", "lazy", "per_request"]).optional().describe(
    "When the model is built: with the server (default), at first use, or for each request.",
  ),
  dependency_policy: oneOf(["fail", "degrade"]).optional().describe(
    "What a missing dependency does: fail the request (default), or answer with a message that says so.",
  ),
  responses_reasoning: reasoningSchema.optional().describe(
    "Which reasoning clients see, on both APIs. Default disabled.",
  ),
  permissions: permissionsSchema.optional().describe("What the module may do. Default: nothing."),
  integrity: form(INTEGRITY_FORM, 'a hash as "sha256-" and 44 Base64 characters')
    .optional().describe(
      "Hash that the module and everything it imports must have; the log tells it when the module starts.",
    ),
  client_tools: oneOf(["allow", "deny"]).optional().describe(
    "Whether clients may bring their own tools; deny refuses such a request. Default allow.",
  ),
  background_tasks: z.union([
    z.enum(["agent", "rule"]),
    mapping({ backend: name("the name of a backend").describe("The backend that answers them.") }),
  ], { error: taskWords }).optional().describe(
    "What answers the title, tag and follow-up prompts that chat interfaces send by themselves: the model itself (agent, default), a plain rule without any LLM, or a cheaper backend.",
  ),
  on_disconnect: form(
    /^(?:cancel|detach|grace\(\d+(?:\.\d+)?(?:ms|s|m|h)\))$/,
    "cancel, detach, or grace with a duration as grace(30s)",
  ).optional().describe(
    "What a client's leaving does to its run: end it (cancel, default), end it after a while, or let it finish.",
  ),
  approval: approvalSchema.optional().describe(
    "Hidden tools that run only after a person said yes: true for all, a list of names, client for all with the client asked, or a mapping. Whoever is asked sees label and text, never a tool's name or arguments. Default: none.",
  ),
});
