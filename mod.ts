/**
 * Make an agent look like a model: serve agents with hidden tools to any OpenAI client.
 *
 * @example
 * ```ts
 * import { Agent, createApp, DemoBackend, liveClient, tool } from "@x/fakellm";
 * import { z } from "zod";
 *
 * const stock = tool({
 *   name: "stock_level",
 *   description: "How many pieces of an article are in the warehouse",
 *   parameters: z.object({ article: z.string() }),
 *   execute: ({ article }) => `42 pieces of ${article}`,
 * });
 * const agent = new Agent({ model: new DemoBackend(), tools: [stock] });
 *
 * // `await createApp(agent).serve()` listens at http://127.0.0.1:8000/v1; this needs no port.
 * await using client = liveClient(createApp(agent, { modelName: "warehouse" }));
 * const openai = await client.openai();
 * const answer = await openai.chat.completions.create({
 *   model: "warehouse",
 *   messages: [{ role: "user", content: 'How many pieces of "bolts" are in stock?' }],
 * });
 * if (!answer.choices[0]?.message.content?.includes("42 pieces of bolts")) throw new Error("No");
 * ```
 *
 * @module
 */

// Serving.
export { createApp } from "./src/hosting/app.ts";
export type { App, AppOptions, ConnectionInfo } from "./src/hosting/app.ts";
export { createBotApp } from "./src/hosting/bot_app.ts";
export type { BotAppOptions } from "./src/hosting/bot_app.ts";
export { isDependencyError } from "./src/hosting/dependency_error.ts";
export { DependencyErrorPolicy } from "./src/hosting/dependency_error_policy.ts";
export type { DependencyErrorPolicyOptions } from "./src/hosting/dependency_error_policy.ts";
export type {
  Entrypoint,
  HostLimits,
  RequestContextFactory,
  SharedOptions,
} from "./src/hosting/entrypoint.ts";
export { FakeModels } from "./src/hosting/fake_models.ts";
export type {
  AppSource,
  DependencyPolicy,
  FakeModel,
  FakeModelOptions,
  Lifecycle,
  ModelSource,
  RunnerFactory,
} from "./src/hosting/fake_models.ts";
export { DependencyHealth } from "./src/hosting/health.ts";
export type { CheckOutcome, DependencyHealthOptions, HealthCheck } from "./src/hosting/health.ts";
export type { ManagedServer } from "./src/hosting/managed_servers.ts";
export { memoryStore, redisStore, sqliteStore } from "./src/hosting/store/stores.ts";
export type {
  MemoryStoreOptions,
  RedisStoreOptions,
  SqliteStoreOptions,
  StoreOptions,
} from "./src/hosting/store/stores.ts";
export type { RecordKind, RecordStore, StoredRecord } from "./src/hosting/store/record_store.ts";
export { LiveClient, liveClient } from "./src/hosting/live_client.ts";
export type {
  LiveClientOptions,
  OpenAIClient,
  OpenAIClientOptions,
} from "./src/hosting/live_client.ts";
export { lineLogger } from "./src/hosting/log.ts";
export type { LineLogger, LineLoggerOptions } from "./src/hosting/log.ts";
export type { ReasoningConfig, ResponsesReasoningConfig } from "./src/hosting/reasoning.ts";
export type { ListenAddress, Served, ServeOptions } from "./src/hosting/server.ts";
export { ApiKeyAuth } from "./src/hosting/auth/api_key_auth.ts";
export type { KeyRecord } from "./src/hosting/auth/api_key_auth.ts";
export type { ApiKey, AuthHook, AuthResult } from "./src/hosting/auth/api_key.ts";
export { RequestContext } from "./src/context/request_context.ts";
export { ContextPipeline } from "./src/context/pipeline.ts";
export type {
  FieldInput,
  FieldValue,
  LastPart,
  ResolveOptions,
  SourceOptions,
} from "./src/context/pipeline.ts";
export type {
  DepsConverter,
  DepsIssue,
  DepsResult,
  DepsSchema,
} from "./src/context/deps_schema.ts";

// Agents and their tools.
export { Agent } from "./src/agent/agent.ts";
export type { AgentResult, GenerateOptions, GenerateOutputOptions } from "./src/agent/agent.ts";
export { agentTool } from "./src/agent/agent_tool.ts";
export type { AgentToolOptions } from "./src/agent/agent_tool.ts";
export type {
  AgentHooks,
  HookedOutput,
  HookResult,
  RunOutcome,
  RunRecovery,
} from "./src/agent/hooks.ts";
export type { Instruction } from "./src/agent/instructions.ts";
export { answerWith } from "./src/agent/model_answer.ts";
export type { AnswerParts, ModelAnswer } from "./src/agent/model_answer.ts";
export { nativeOutput, promptedOutput, textOutput, toolOutput } from "./src/agent/output.ts";
export type {
  OutputChoice,
  OutputFunction,
  OutputSpec,
  OutputValidator,
  StructuredOutput,
  StructuredOutputOptions,
  TextOutput,
  ToolOutputOptions,
} from "./src/agent/output.ts";
export type { AgentOptions, EndStrategy, HistoryProcessor } from "./src/agent/plan.ts";
export type { ApprovalPrompt } from "./src/tools/approval.ts";
export { ApprovalRequiredToolset } from "./src/tools/approval_required.ts";
export type { ApprovalCheck } from "./src/tools/approval_required.ts";
export { CombinedToolset } from "./src/tools/combined.ts";
export type { OwnedTool } from "./src/tools/combined.ts";
export { ToolContent } from "./src/tools/content.ts";
export type { StepContext, ToolContext } from "./src/tools/context.ts";
export { DynamicToolset } from "./src/tools/dynamic.ts";
export type { DynamicToolsetOptions, ToolsetFactory } from "./src/tools/dynamic.ts";
export { ExternalToolset } from "./src/tools/external.ts";
export { FilteredToolset } from "./src/tools/filtered.ts";
export { FunctionToolset } from "./src/tools/function_toolset.ts";
export type { FunctionToolsetOptions } from "./src/tools/function_toolset.ts";
export type { HookedToolCall, ToolHooks } from "./src/tools/hooks.ts";
export { ApprovalRequired, ModelRetry, ToolFailed } from "./src/tools/outcome.ts";
export { ToolCallPolicy } from "./src/tools/policy.ts";
export type { PolicyScope } from "./src/tools/policy.ts";
export type { AfterRule, BeforeRule, PolicyCall, ToolArguments } from "./src/tools/policy_rules.ts";
export { HostToolset } from "./src/tools/host_toolset.ts";
export { PrefixedToolset } from "./src/tools/prefixed.ts";
export type { PrepareTools } from "./src/tools/preparation.ts";
export { PreparedToolset } from "./src/tools/prepared.ts";
export { RenamedToolset } from "./src/tools/renamed.ts";
export { SchemaMismatch } from "./src/tools/schema.ts";
export type {
  ParseResult,
  StandardConverter,
  StandardIssue,
  StandardResult,
  TypedSchema,
} from "./src/tools/schema.ts";
export type { SchemaIssue } from "./src/json_schema/error.ts";
export { tool } from "./src/tools/tool.ts";
export type {
  RawToolOptions,
  Tool,
  ToolDefinition,
  ToolOptions,
  TypedToolOptions,
} from "./src/tools/tool.ts";
export type { Toolset } from "./src/tools/toolset.ts";
export { WrappedToolset } from "./src/tools/wrapped.ts";
export type { ToolsChange } from "./src/tools/wrapped.ts";

// Code mode.
export { CodeMode } from "./src/code_mode/code_mode.ts";
export type { CodeModeOptions, CodeTool } from "./src/code_mode/code_mode.ts";
export type { CallControl, CodeOptions, CodeSession } from "./src/code_mode/code_session.ts";
export type { SandboxLimits } from "./src/code_mode/sandbox.ts";

// Modules of others.
export type { GrantKind } from "./src/isolation/grant.ts";
export { Guest } from "./src/module/guest.ts";
export type { GuestOptions, Permissions } from "./src/module/guest.ts";

// MCP servers.
export { ManagedMCP } from "./src/mcp/managed.ts";
export type { ManagedHttpOptions, ManagedMCPOptions } from "./src/mcp/managed_options.ts";
export type { ToolErrorPolicy } from "./src/mcp/remote_call.ts";
export type { ProcessToolCall, RemoteCall } from "./src/mcp/remote_tools.ts";
export type { ConnectableServer, InProcessServer } from "./src/mcp/server.ts";
export { MCPToolset } from "./src/mcp/toolset.ts";
export type { McpServerOptions, MCPToolsetOptions } from "./src/mcp/toolset_options.ts";
export { ContextValue, EnvSecret } from "./src/mcp/values.ts";
export type { McpValue, McpValues } from "./src/mcp/values.ts";
export type { FetchLike } from "./src/mcp/watched_fetch.ts";

// Workflows.
export type {
  InnerResults,
  InnerRun,
  RunAllOptions,
  SettledResults,
} from "./src/workflow/fan_out.ts";
export type { InnerResult, InnerRunOptions } from "./src/workflow/inner_run.ts";
export type { WorkflowReasoning } from "./src/workflow/reasoning.ts";
export { WorkflowRequest } from "./src/workflow/request.ts";
export { WorkflowResponse, WorkflowToolCall } from "./src/workflow/response.ts";
export type {
  WorkflowAnswer,
  WorkflowContent,
  WorkflowResponseFields,
  WorkflowToolCallFields,
} from "./src/workflow/response.ts";
export { Route } from "./src/workflow/route.ts";
export type { RouteFactory, RouteOptions } from "./src/workflow/route.ts";
export { RouterWorkflow } from "./src/workflow/router.ts";
export type { RouterOptions } from "./src/workflow/router.ts";
export type { WorkflowSpan } from "./src/workflow/span.ts";
export { AgenticWorkflow } from "./src/workflow/workflow.ts";
export type { WorkflowDefinition, WorkflowFunction } from "./src/workflow/workflow.ts";

// Backends.
export { HostBackend } from "./src/models/host_backend.ts";
export { DemoBackend } from "./src/models/demo.ts";
export type { DemoBackendOptions } from "./src/models/demo.ts";
export { FallbackBackend } from "./src/models/fallback.ts";
export type { FallbackBackendOptions } from "./src/models/fallback.ts";
export { OpenAICompatibleBackend } from "./src/models/openai_compatible.ts";
export type {
  BackendVariables,
  OpenAICompatibleBackendOptions,
} from "./src/models/openai_compatible.ts";
export type { Fetch } from "./src/models/openai/backend_fetch.ts";
export type {
  Model,
  ModelCallOptions,
  ModelEvent,
  ModelProfile,
  ModelRequest,
} from "./src/models/model.ts";

// The vocabulary all of these share: for Runners, models and stores of one's own.
export { DEFAULT_MAX_STEPS, RunBudget } from "./src/run/budget.ts";
export type { RunBudgetOptions, RunLimits } from "./src/run/budget.ts";
export { HttpError, RequestError, RunError, SetupError } from "./src/run/error.ts";
export type { RequestErrorCode, RunErrorCode, SetupProblem } from "./src/run/error.ts";
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
} from "./src/run/event.ts";
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
} from "./src/run/request.ts";
export type { FinishReason, ResultPart, RunResult, Usage } from "./src/run/result.ts";
export type { RunContext, Runner } from "./src/run/runner.ts";
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
} from "./src/run/seams.ts";

if (import.meta.main) {
  const { main } = await import("./cli.ts");
  Deno.exit(await main(Deno.args));
}
