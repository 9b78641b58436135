/**
 * What host and guest say to each other: lines of JSON, one message each.
 *
 * The host speaks first, with `start`, and the guest answers `ready` or `failed`. Then runs go on side
 * by side, each under a number of the host's. A guest sends no more events than the host has asked
 * for. While a run goes on, its guest may call services of the host, each call under a number of the
 * guest's, counted up from 1. Whatever a guest says, it was asked for; what was not ends it. Nothing of
 * it is believed: `guest_check.ts` reads it.
 *
 * Types alone: the guest's program has to do without anything that is not its own.
 *
 * @module
 */
import type { ModelEvent, ModelProfile, ModelRequest } from "../models/model.ts";
import type { ErrorCode } from "../run/error.ts";
import type { ReasoningStart, RunEvent } from "../run/event.ts";
import type { InputPart, Message, RunRequest } from "../run/request.ts";
import type { LogLevel, ParkedTurn } from "../run/seams.ts";
import type { ToolDefinition } from "../tools/tool.ts";

/** Grows with every change that the other side would misunderstand. */
export type GuestProtocolVersion = 1;

/** What a run is given, as far as it can be written down and concerns the guest. */
export interface GuestContext {
  readonly runId: string;
  readonly modelId: string;
  /** The caller's name; its tenant stays with the host. */
  readonly callerName: string | undefined;
  /** Without credentials. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly reasoning: ReasoningStart["source"] | undefined;
}

/** What the host says. */
export type HostMessage =
  | {
    readonly type: "start";
    readonly protocol: GuestProtocolVersion;
    /** Absolute. */
    readonly specifier: string;
    readonly exportName: string | undefined;
    /** Backends that the guest may call, by name. */
    readonly backends: Readonly<Record<string, ModelProfile>>;
    /** MCP servers that the guest may use. */
    readonly mcps: readonly string[];
  }
  | {
    readonly type: "run";
    readonly run: number;
    /** Undefined: the only one. */
    readonly model: string | undefined;
    readonly request: RunRequest;
    readonly context: GuestContext;
    /** Number of events that may be sent before more are asked for. */
    readonly credit: number;
  }
  | { readonly type: "credit"; readonly run: number; readonly events: number }
  | { readonly type: "abort"; readonly run: number }
  | { readonly type: "ping"; readonly ping: number }
  /** Parts of an answer to a call; more follow, as long as the guest takes them. */
  | { readonly type: "reply-events"; readonly call: number; readonly events: readonly ModelEvent[] }
  /** The end of an answer. */
  | { readonly type: "reply"; readonly call: number; readonly value?: unknown }
  | { readonly type: "reply-error"; readonly call: number; readonly error: GuestFailure }
  | { readonly type: "stop" };

/** Why something failed, by the family of the error. */
export type GuestFailure =
  | {
    readonly family: "request";
    readonly code: ErrorCode;
    readonly message: string;
    readonly param: string | null;
  }
  | { readonly family: "http"; readonly status: number; readonly message: string }
  | {
    readonly family: "run";
    readonly code: ErrorCode;
    readonly message: string;
    /** When trying again may help, in milliseconds from then. */
    readonly retryAfterMs?: number;
    readonly retryable?: boolean;
  }
  /** A tool's failure, for the model that called it. */
  | { readonly family: "tool"; readonly retry: boolean; readonly message: string }
  /** Anything else; for the log. */
  | { readonly family: "other"; readonly name: string; readonly message: string };

/** What a guest can ask its host for. */
export type ServiceRequest =
  | { readonly service: "model"; readonly backend: string; readonly request: ModelRequest }
  | { readonly service: "tools"; readonly mcp: string }
  | {
    readonly service: "tool-call";
    readonly mcp: string;
    readonly tool: string;
    readonly arguments: Readonly<Record<string, unknown>>;
  }
  | { readonly service: "turn-park"; readonly turn: ParkedTurn }
  | { readonly service: "turn-find"; readonly id: string }
  | { readonly service: "turn-begin"; readonly id: string; readonly refused?: readonly Message[] }
  | { readonly service: "turn-settle"; readonly id: string; readonly messages: readonly Message[] };

/** What a tool of an MCP server came to. */
export type ToolValue =
  | { readonly type: "value"; readonly value: unknown }
  | { readonly type: "content"; readonly parts: readonly InputPart[] };

/** What a service answers. */
export interface ServiceReplies {
  /** After its events. */
  readonly "model": undefined;
  readonly "tools": readonly ToolDefinition[];
  readonly "tool-call": ToolValue;
  readonly "turn-park": undefined;
  readonly "turn-find": ParkedTurn | undefined;
  readonly "turn-begin": unknown;
  readonly "turn-settle": undefined;
}

/** A model that a module exports, with what its author set for the host to do. */
export interface GuestModel {
  /** Undefined: the module exports one that is in no record and no `FakeModels`. */
  readonly id: string | undefined;
  /** What a lone one calls itself. */
  readonly name?: string;
  readonly description?: string;
  readonly dependencyPolicy?: "fail" | "degrade";
  readonly degradedMessage?: string;
  readonly backgroundTasks?: "agent" | "rule";
  readonly responsesReasoning?: {
    readonly mode: "disabled" | "agent" | "custom" | "premade";
    readonly chunks?: readonly string[];
    readonly intervalMs?: number;
  };
}

/** What a guest says. */
export type GuestMessage =
  | {
    readonly type: "ready";
    readonly protocol: GuestProtocolVersion;
    readonly models: readonly GuestModel[];
  }
  /** The module cannot be served; nothing follows. */
  | { readonly type: "failed"; readonly message: string }
  /** A text alone stands for a `text-delta` of it. */
  | {
    readonly type: "events";
    readonly run: number;
    readonly events: readonly (RunEvent | string)[];
  }
  | { readonly type: "done"; readonly run: number }
  | { readonly type: "error"; readonly run: number; readonly error: GuestFailure }
  | { readonly type: "pong"; readonly ping: number }
  | {
    readonly type: "call";
    readonly call: number;
    readonly run: number;
    readonly request: ServiceRequest;
  }
  /** So many of the events of an answer have been taken up. */
  | { readonly type: "taken"; readonly call: number; readonly events: number }
  | { readonly type: "cancel"; readonly call: number }
  | { readonly type: "log"; readonly level: LogLevel; readonly message: string };
