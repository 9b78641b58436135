/**
 * The language of the deployment file.
 *
 * Texts are read after variables have been expanded. What a schema cannot say (names that must
 * exist, keys that exclude each other) is checked in `cross_rules.ts`.
 *
 * @module
 */
import { z } from "zod";
import { PREFIX_ACCEPTED, PREFIX_PATTERN } from "./overrides.ts";
import { backendsSchema } from "./schema/backend.ts";
import { apiKeysSchema } from "./schema/key.ts";
import { serverLimitsSchema } from "./schema/limits.ts";
import { mcpsSchema } from "./schema/mcp.ts";
import { mcpNames, modelsSchema } from "./schema/model.ts";
import {
  dictionary,
  duration,
  flag,
  form,
  mapping,
  oneOf,
  size,
  text,
  whole,
} from "./schema/scalar.ts";

const origins = 'a list of origins as "https://chat.example.com", or "*" for all';

const entrypointSchema = mapping({
  api_keys: apiKeysSchema.optional().describe("Who may call this entrypoint."),
  mcps: mcpNames().optional().describe(
    "MCP servers used by those models of this entrypoint that have a backend and name none.",
  ),
  models: modelsSchema.describe("The models of this entrypoint."),
});

const REDIS_URL =
  /^rediss?:\/\/(?:[^\s/@]*@)?(?:\[[\da-f:.]+\]|[^\s/?#@:[\]]+)(?::\d{1,5})?(?:\/\d*)?$/i;

const storeSchema = z.union([
  z.enum(["memory", "sqlite", "redis"]),
  mapping({
    type: oneOf(["memory", "sqlite", "redis"]).describe(
      "memory: bounded, lost at the end (default). sqlite: one file. redis: shared by several servers.",
    ),
    path: text("a file").optional().describe(
      "File of sqlite, made where there is none; its folder must exist. Default fakellm.sqlite.",
    ),
    url: form(REDIS_URL, 'a URL as "redis://user:password@host:6379/0", or rediss: for TLS')
      .optional().describe(
        "Address of redis, with user and password where it wants them. Kept secret. Default redis://127.0.0.1:6379.",
      ),
    ttl: duration({ minMs: 1000 }).optional().describe(
      "How long conversations are kept. Default 30 days; a day for open tool calls.",
    ),
    max_size: size().optional().describe(
      "Most bytes of memory (default 64MiB) or sqlite (default unlimited); the oldest records go first.",
    ),
  }),
], { error: "memory, sqlite, redis, or a mapping with type, path, url, ttl, max_size" });

/** The whole file. */
export const deploymentSchema = mapping({
  host: text("a host name or address").optional().describe(
    "Address to listen at. Default 127.0.0.1. Anything but loopback needs keys, or insecure.",
  ),
  port: whole(0, 65_535).optional().describe(
    "Port to listen at; 0 takes a free one. Default 8000.",
  ),
  prefix: form(PREFIX_PATTERN, PREFIX_ACCEPTED).optional().describe(
    "Path of the API. Default /v1.",
  ),
  insecure: flag().optional().describe(
    "Listen beyond loopback although an entrypoint has no keys. Default false.",
  ),
  api_keys: apiKeysSchema.optional().describe(
    "Who may call. Without keys everyone who can connect.",
  ),
  backends: backendsSchema.optional().describe("Upstream LLMs, by name."),
  mcps: mcpsSchema.optional().describe("MCP servers, by name."),
  models: modelsSchema.optional().describe("What clients can choose, by id."),
  entrypoints: dictionary(
    form(PREFIX_PATTERN, PREFIX_ACCEPTED),
    entrypointSchema,
    "a mapping by path",
  ).optional().describe(
    "Several APIs in one server, by path, each with keys and models of its own. Excludes models, prefix and api_keys at the top.",
  ),
  store: storeSchema.optional().describe(
    "Where conversations, counters and keys of repeats are kept.",
  ),
  playground: flag().optional().describe(
    "Whether GET / shows a page to try the models. Default true.",
  ),
  metrics: flag().optional().describe(
    "Whether GET /metrics answers; it needs a key. Default false.",
  ),
  log: oneOf(["pretty", "json"]).optional().describe(
    "Form of the log on standard error. Default pretty.",
  ),
  cors_origins: z.array(
    form(/^(?:\*|https?:\/\/[^\s/?#@]+)$/, 'an origin as "https://chat.example.com", or "*"'),
    { error: origins },
  ).optional().describe("Web pages that may call from a browser. Default: none."),
  shutdown_grace: duration({ minMs: 0 }).optional().describe(
    "How long open runs may go on once the server is told to stop. Default 30s.",
  ),
  limits: serverLimitsSchema.optional().describe("What the server takes at all."),
  workers: whole(1, 64).optional().describe("Processes that serve side by side. Default 1."),
});

/** The file, read and checked, before defaults. */
export type DeploymentFile = z.infer<typeof deploymentSchema>;
