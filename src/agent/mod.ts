/**
 * The native Agent: everything a module needs to define one, with no I/O on import.
 * @module
 */
export { CombinedToolset } from "../tools/combined.ts";
export { ToolContent } from "../tools/content.ts";
export { ExternalToolset } from "../tools/external.ts";
export { FunctionToolset } from "../tools/function_toolset.ts";
export { ApprovalRequired, ModelRetry, ToolFailed } from "../tools/outcome.ts";
export { PrefixedToolset } from "../tools/prefixed.ts";
export { tool } from "../tools/tool.ts";
export { Agent } from "./agent.ts";
export { DEFAULT_MAX_STEPS } from "./limits.ts";
export { nativeOutput, promptedOutput, textOutput, toolOutput } from "./output.ts";

export type { RunLimits, StepContext, ToolContext } from "../tools/context.ts";
export type { FunctionToolsetOptions } from "../tools/function_toolset.ts";
export type { ParseResult, TypedSchema } from "../tools/schema.ts";
export type {
  RawToolOptions,
  Tool,
  ToolDefinition,
  ToolOptions,
  TypedToolOptions,
} from "../tools/tool.ts";
export type { Toolset } from "../tools/toolset.ts";
export type { AgentResult, GenerateOptions, GenerateOutputOptions } from "./agent.ts";
export type { Instruction } from "./instructions.ts";
export type {
  OutputChoice,
  OutputFunction,
  OutputSpec,
  OutputValidator,
  StructuredOutput,
  StructuredOutputOptions,
  TextOutput,
  ToolOutputOptions,
} from "./output.ts";
export type { AgentOptions, EndStrategy, HistoryProcessor } from "./plan.ts";

// What the signatures above speak of.
export type { SchemaIssue } from "../json_schema/error.ts";
export type {
  Model,
  ModelCallOptions,
  ModelEvent,
  ModelProfile,
  ModelRequest,
} from "../models/model.ts";
export type {
  Finish,
  ReasoningDelta,
  ReasoningEnd,
  ReasoningStart,
  RefusalDelta,
  RefusalEnd,
  RefusalStart,
  RunEvent,
  TextDelta,
  TextEnd,
  TextStart,
  TokenLogprobs,
  ToolCallDelta,
  ToolCallEnd,
  ToolCallStart,
  Trace,
  UsageReport,
} from "../run/event.ts";
export type {
  AssistantMessage,
  AudioInput,
  FileInput,
  ImageInput,
  InputPart,
  JsonSchema,
  Message,
  ModelSettings,
  OutputFormat,
  ReasoningEffort,
  RunRequest,
  SystemMessage,
  TextInput,
  ToolCall,
  ToolChoice,
  ToolKind,
  ToolMessage,
  ToolSpec,
  UserMessage,
} from "../run/request.ts";
export type { FinishReason, Usage } from "../run/result.ts";
export type { RunContext, Runner } from "../run/runner.ts";
export type {
  Clock,
  IdSource,
  LogFields,
  Logger,
  LogLevel,
  ParkedTurn,
  Principal,
  TurnStore,
} from "../run/seams.ts";
export type { StandardConverter, StandardIssue, StandardResult } from "../tools/schema.ts";
