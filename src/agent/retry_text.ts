/**
 * What models are told when they must try again.
 * @module
 */
import type { SchemaIssue } from "../json_schema/error.ts";

const FIX = "Fix the errors and try again.";

/** Result of a call that goes wrong in a way the model can mend. */
export function toolRetryText(message: string): string {
  return `${message}\n\n${FIX}`;
}

/** User message after an answer that cannot be taken. */
export function feedbackText(message: string): string {
  return `Validation feedback:\n${message}\n\n${FIX}`;
}

/** Findings of a schema. */
export function issuesText(issues: readonly SchemaIssue[]): string {
  const plural = issues.length === 1 ? "" : "s";
  const list = JSON.stringify(issues, null, 2);
  return `${issues.length} validation error${plural}:\n\`\`\`json\n${list}\n\`\`\``;
}

/** Answer to a call of a tool that is not offered. */
export function unknownToolText(name: string, available: readonly string[]): string {
  const list = available.length === 0
    ? "No tools available."
    : `Available tools: ${quoteNames(available)}`;
  return `Unknown tool name: '${name}'. ${list}`;
}

/** Answer to a call that took too long. */
export function timeoutText(timeoutMs: number): string {
  return `Timed out after ${timeoutMs / 1000} seconds.`;
}

/** Asks for one of these calls. */
export function callRequiredText(names: readonly string[]): string {
  return names.length === 1
    ? `Please call the tool ${quoteNames(names)}.`
    : `Please call one of these tools: ${quoteNames(names)}.`;
}

/** Result of a call that the client did not consent to. */
export function deniedText(reason: string | undefined): string {
  return reason ? `${DENIED_TEXT} Reason: ${reason}` : DENIED_TEXT;
}

/** Result of a tool that failed for good. */
export function toolFailedText(message: string): string {
  return JSON.stringify({ error: message });
}

/** Result of a call that nobody consented to. */
export const DENIED_TEXT = "The tool call was denied.";
/** Result of a call that nobody could be asked about. */
export const NOBODY_TO_ASK_TEXT =
  "The tool call was denied: it needs the consent of a person, and nobody can be asked here.";
/** Result of a call that the client was asked about and has not answered. */
export const UNANSWERED_TEXT =
  "The tool call has not run: it waits for the consent of a person, who has not answered yet.";
/** Result of a call with consent that came to its end before its turn. */
export const NOT_RUN_TEXT = "The tool call was not run.";
/** Result of a call with consent to a tool that is not there any more. */
export const GONE_TOOL_TEXT = "The tool is not available any more.";
/** Result of a call that was begun once and must not be begun again. */
export const UNKNOWN_RESULT_TEXT =
  "The tool call was begun before, and how it ended is not known. It is not repeated.";
/** Result of the output tool call that ended the run. */
export const FINAL_RESULT_TEXT = "Final result processed.";
/** Result of a call beyond what the client allows: it is not run, and there is no use in another. */
export const TOOL_LIMIT_TEXT = "Tool call limit reached: answer with what you have.";

/** Result of calls beside the one that ended the run. */
export const NOT_EXECUTED_TEXT = "Tool not executed - a final result was already processed.";
/** Result of calls in an answer that a hook refused. */
export const REFUSED_CALL_TEXT = "Tool not executed - the answer it is part of was refused.";
/** Result of an output tool call that would have ended the run, had its neighbours gone well. */
export const CANCELLED_RESULT_TEXT =
  "Final result not used - another tool call of the same turn must be repeated first.";
/** Result of a call that was never answered. */
export const INTERRUPTED_TEXT = "The tool call was interrupted before a result was produced.";
/** Feedback on an answer without content. */
export const EMPTY_ANSWER_TEXT = "Please return text or call a tool.";
/** Feedback on text where only an output tool call ends the run. */
export const OUTPUT_TOOL_REQUIRED_TEXT = "Please include your response in a tool call.";

function quoteNames(names: readonly string[]): string {
  return names.map((name) => `'${name}'`).join(", ");
}
