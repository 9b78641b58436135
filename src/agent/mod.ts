/**
 * The native Agent: everything a module needs to define one, with no I/O on import.
 * @module
 */
export { DEFAULT_MAX_STEPS, RunBudget } from "../run/budget.ts";
export type { RunBudgetOptions, RunLimits } from "../run/budget.ts";
export { CodeMode } from "../code_mode/code_mode.ts";
export type { CodeModeOptions, CodeTool } from "../code_mode/code_mode.ts";
export type { CallControl, CodeOptions, CodeSession } from "../code_mode/code_session.ts";
export type { SandboxLimits } from "../code_mode/sandbox.ts";
export { ManagedMCP } from "../mcp/managed.ts";
export { MCPToolset } from "../mcp/toolset.ts";
export { ContextValue, EnvSecret } from "../mcp/values.ts";
export { HostBackend } from "../models/host_backend.ts";
export type { ApprovalPrompt } from "../tools/approval.ts";
export { ApprovalRequiredToolset } from "../tools/approval_required.ts";
export { CombinedToolset } from "../tools/combined.ts";
export { ToolContent } from "../tools/content.ts";
export { DynamicToolset } from "../tools/dynamic.ts";
export { ExternalToolset } from "../tools/external.ts";
export { FilteredToolset } from "../tools/filtered.ts";
export { FunctionToolset } from "../tools/function_toolset.ts";
export { ApprovalRequired, ModelRetry, ToolFailed } from "../tools/outcome.ts";
export { ToolCallPolicy } from "../tools/policy.ts";
export { HostToolset } from "../tools/host_toolset.ts";
export { PrefixedToolset } from "../tools/prefixed.ts";
export { PreparedToolset } from "../tools/prepared.ts";
export { RenamedToolset } from "../tools/renamed.ts";
export { SchemaMismatch } from "../tools/schema.ts";
export { tool } from "../tools/tool.ts";
export { WrappedToolset } from "../tools/wrapped.ts";
export { Agent } from "./agent.ts";
export { answerWith } from "./model_answer.ts";
export { nativeOutput, promptedOutput, textOutput, toolOutput } from "./output.ts";

export type { ManagedHttpOptions, ManagedMCPOptions } from "../mcp/managed_options.ts";
export type { ToolErrorPolicy } from "../mcp/remote_call.ts";
export type { ProcessToolCall, RemoteCall } from "../mcp/remote_tools.ts";
export type { ConnectableServer, InProcessServer } from "../mcp/server.ts";
export type { McpServerOptions, MCPToolsetOptions } from "../mcp/toolset_options.ts";
export type { McpValue, McpValues } from "../mcp/values.ts";
export type { FetchLike } from "../mcp/watched_fetch.ts";
export type { ApprovalCheck } from "../tools/approval_required.ts";
export type { StepContext, ToolContext } from "../tools/context.ts";
export type { DynamicToolsetOptions, ToolsetFactory } from "../tools/dynamic.ts";
export type { FunctionToolsetOptions } from "../tools/function_toolset.ts";
export type { HookedToolCall, ToolHooks } from "../tools/hooks.ts";
export type { PolicyScope } from "../tools/policy.ts";
export type { AfterRule, BeforeRule, PolicyCall, ToolArguments } from "../tools/policy_rules.ts";
export type { PrepareTools } from "../tools/preparation.ts";
export type { ParseResult, TypedSchema } from "../tools/schema.ts";
export type {
  RawToolOptions,
  Tool,
  ToolDefinition,
  ToolOptions,
  TypedToolOptions,
} from "../tools/tool.ts";
export type { Toolset } from "../tools/toolset.ts";
export type { ToolsChange } from "../tools/wrapped.ts";
export type { AgentResult, GenerateOptions, GenerateOutputOptions } from "./agent.ts";
export { agentTool } from "./agent_tool.ts";
export type { AgentToolOptions } from "./agent_tool.ts";
export type { AgentHooks, HookedOutput, HookResult, RunOutcome, RunRecovery } from "./hooks.ts";
export type { Instruction } from "./instructions.ts";
export type { AnswerParts, ModelAnswer } from "./model_answer.ts";
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
  AwaitedCall,
  BegunCall,
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
