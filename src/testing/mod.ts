/**
 * Doubles for tests of agents, workflows and apps: no network, no LLM, no clock.
 * @module
 */
export { ManualClock } from "./manual_clock.ts";
export { FunctionModel, ScriptedModel } from "./scripted_model.ts";
export type { ModelDoubleOptions, ScriptedTurn } from "./scripted_model.ts";
export { SequentialIds } from "./sequential_ids.ts";
export { TestModel } from "./test_model.ts";
export type { TestModelOptions } from "./test_model.ts";
export { eventLine, transcript } from "./transcript.ts";
export type { TranscriptOptions } from "./transcript.ts";

// What the signatures above speak of.
export type {
  Model,
  ModelCallOptions,
  ModelEvent,
  ModelProfile,
  ModelRequest,
} from "../models/model.ts";
export type {
  ApprovalRequest,
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
  ApprovalAnswer,
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
export type { Clock, IdSource, LogFields, Logger, LogLevel } from "../run/seams.ts";
