import { assertEquals, assertThrows } from "@std/assert";
import { RequestError, type RequestErrorCode } from "../../run/error.ts";
import type { RunEvent } from "../../run/event.ts";
import { Fold } from "../../run/fold.ts";
import type { ApprovalAnswer, Message } from "../../run/request.ts";
import type { StoredHistory, StoredItem } from "../stateful.ts";
import { isOwnApproval } from "./items.ts";
import { responses } from "./mod.ts";

type Item = Readonly<Record<string, unknown>>;

/** Ids of questions, as they are minted here. */
const [A, B, C] = ["a", "b", "c"].map((digit) => `mcpr_${digit.repeat(32)}`) as [
  string,
  string,
  string,
];
const USER = { role: "user", content: "Hi" };
const WORDS = { role: "assistant", content: "Well" };
const CALL = { type: "function_call", "call_id": "call_1", name: "weather", arguments: "{}" };
const OUTPUT = { type: "function_call_output", "call_id": "call_1", output: "18" };

function ask(id: unknown, more: Item = {}): Item {
  return {
    type: "mcp_approval_request",
    id,
    "server_label": "alpha",
    name: "Change a file",
    arguments: '{"text":"May I?"}',
    ...more,
  };
}

function say(id: unknown, more: Item = {}): Item {
  return { type: "mcp_approval_response", "approval_request_id": id, approve: true, ...more };
}

function decoded(
  input: unknown,
  { stored, ...fields }: { readonly stored?: StoredHistory; readonly [field: string]: unknown } =
    {},
) {
  return responses.decode({ model: "alpha", input, ...fields }, stored);
}

/** The conversation, a line a message; and the answers. */
function read(input: unknown, options: Parameters<typeof decoded>[1] = {}): readonly string[] {
  const { messages, approvals } = decoded(input, options).request;
  const line = (message: Message) => {
    if (message.role !== "assistant") return message.role;
    const { content, toolCalls, approvalIds = [] } = message;
    const calls = toolCalls.map(({ id }) => id);
    const asked = approvalIds.map((id) => id.slice(0, "mcpr_a".length));
    return ["assistant", content, ...calls, ...asked].filter((word) => word !== "").join(" ");
  };
  const answer = ({ id, approve }: ApprovalAnswer) =>
    `${approve ? "yes" : "no"} ${id.slice(0, "mcpr_a".length)}`;
  return [...messages.map(line), ...(approvals ?? []).map(answer)];
}

function refusal(input: unknown): readonly [RequestErrorCode, string | null, string] {
  const { code, param, message } = assertThrows(() => decoded(input), RequestError);
  return [code, param, message];
}

function kept(item: Item): StoredItem {
  return { id: String(item.id), json: JSON.stringify(item) };
}

Deno.test("decode() reads a question and its answer, of which only the answer's words count", () => {
  const { messages, approvals } = decoded([
    USER,
    ask(A, { name: "transfer", arguments: '{"amount":1000000}', "server_label": "bank" }),
    say(A),
  ]).request;
  assertEquals(messages, [
    { role: "user", content: [{ type: "text", text: "Hi" }] },
    { role: "assistant", content: "", toolCalls: [], approvalIds: [A] },
  ]);
  assertEquals(approvals, [{ id: A, approve: true }]);
});

Deno.test("decode() reads a refusal with its reason, null and empty as none to tell", () => {
  const approvalsOf = (more: Item) => decoded([ask(A), say(A, more)]).request.approvals;
  const no = { id: A, approve: false };
  assertEquals(approvalsOf({ approve: false }), [no]);
  assertEquals(approvalsOf({ approve: false, reason: null }), [no]);
  assertEquals(approvalsOf({ approve: false, reason: "Too dear" }), [{
    ...no,
    reason: "Too dear",
  }]);
  assertEquals(approvalsOf({ approve: true, id: "mcpa_1" }), [{ id: A, approve: true }]);
});

Deno.test("every request of the Responses API can be asked for consent", () => {
  assertEquals(decoded("Hi").request.approvals, []);
  assertEquals(decoded([USER]).request.approvals, []);
});

Deno.test("decode() puts questions into the turn of the words and calls before them", () => {
  assertEquals(read([USER, WORDS, ask(A), say(A)]), [
    ...["user", "assistant Well mcpr_a", "yes mcpr_a"],
  ]);
  assertEquals(read([USER, WORDS, CALL, ask(A), OUTPUT, say(A)]), [
    ...["user", "assistant Well call_1 mcpr_a", "tool", "yes mcpr_a"],
  ]);
  assertEquals(read([USER, CALL, ask(A), ask(B), say(B), OUTPUT, say(A, { approve: false })]), [
    ...["user", "assistant call_1 mcpr_a mcpr_b", "tool", "yes mcpr_b", "no mcpr_a"],
  ]);
});

Deno.test("decode() begins a new turn after an answer, and after words", () => {
  assertEquals(read([USER, ask(A), say(A), ask(B), say(B)]), [
    ...["user", "assistant mcpr_a", "assistant mcpr_b", "yes mcpr_a", "yes mcpr_b"],
  ]);
  assertEquals(read([USER, ask(A), say(A), WORDS, USER]), [
    ...["user", "assistant mcpr_a", "assistant Well", "user", "yes mcpr_a"],
  ]);
  assertEquals(read([USER, ask(A), WORDS]), ["user", "assistant mcpr_a", "assistant Well"]);
  assertEquals(read([USER, ask(A), CALL, OUTPUT, say(A)]), [
    ...["user", "assistant mcpr_a", "assistant call_1", "tool", "assistant mcpr_a", "yes mcpr_a"],
  ]);
  // What answers the calls of a turn ends it as well: the next question is another response's.
  assertEquals(read([USER, CALL, ask(A), OUTPUT, ask(B), say(B)]), [
    ...["user", "assistant call_1 mcpr_a", "tool", "assistant mcpr_b", "yes mcpr_b"],
  ]);
});

Deno.test("decode() repeats a question whose answer came after the assistant had gone on", () => {
  assertEquals(read([USER, ask(A), ask(B), say(A), WORDS, say(B)]), [
    ...["user", "assistant mcpr_a mcpr_b", "assistant Well", "assistant mcpr_b"],
    ...["yes mcpr_a", "yes mcpr_b"],
  ]);
  assertEquals(read([USER, ask(A), ask(B), ask(C), WORDS, say(C), say(A), WORDS, say(B), USER]), [
    ...["user", "assistant mcpr_a mcpr_b mcpr_c", "assistant Well", "assistant mcpr_c mcpr_a"],
    ...["assistant Well", "assistant mcpr_b", "user", "yes mcpr_c", "yes mcpr_a", "yes mcpr_b"],
  ]);
  // Beside the answer to an older question, one to the last question is not late.
  assertEquals(read([USER, ask(A), USER, ask(B), say(A), say(B)]), [
    ...["user", "assistant mcpr_a", "user", "assistant mcpr_b", "assistant mcpr_a"],
    ...["yes mcpr_a", "yes mcpr_b"],
  ]);
  // The user alone does not make it late.
  assertEquals(read([USER, ask(A), USER, say(A)]), [
    ...["user", "assistant mcpr_a", "user", "yes mcpr_a"],
  ]);
});

Deno.test("decode() takes an answer without its question, which some clients leave out", () => {
  assertEquals(read([USER, WORDS, say(A)]), ["user", "assistant Well mcpr_a", "yes mcpr_a"]);
  assertEquals(read([USER, WORDS, say(A), say(B), USER]), [
    ...["user", "assistant Well mcpr_a", "assistant mcpr_b", "user", "yes mcpr_a", "yes mcpr_b"],
  ]);
  assertEquals(read([USER, CALL, OUTPUT, say(A)]), [
    ...["user", "assistant call_1", "tool", "assistant mcpr_a", "yes mcpr_a"],
  ]);
  assertEquals(read([USER, say(A), WORDS, say(B)]), [
    ...["user", "assistant mcpr_a", "assistant Well mcpr_b", "yes mcpr_a", "yes mcpr_b"],
  ]);
});

Deno.test("decode() finds questions by what was kept: the response before, or a reference", () => {
  const question = kept(ask(A));
  const previous = [kept({ id: "msg_1", type: "message", ...USER }), question];
  const stored = { previous, items: new Map([[A, question]]) };
  assertEquals(read([say(A)], { stored, "previous_response_id": "resp_1" }), [
    ...["user", "assistant mcpr_a", "yes mcpr_a"],
  ]);
  assertEquals(read([USER, { type: "item_reference", id: A }, say(A)], { stored }), [
    ...["user", "assistant mcpr_a", "yes mcpr_a"],
  ]);
  const unknown = [USER, { type: "item_reference", id: B }, say(B)];
  assertEquals(refusal(unknown).slice(0, 2), ["item-not-found", "input"]);
});

Deno.test("decode() refuses answers that do not fit their questions", () => {
  const path = (index: number) => `input[${index}].approval_request_id`;
  assertEquals(refusal([say(A), ask(A)])[1], "input[1].id");
  assertEquals(refusal([say(A), say(A)])[1], path(1));
  assertEquals(refusal([ask(A), say(A), say(A)]), [
    "invalid-value",
    path(2),
    `Cannot read "${path(2)}": got "${A}", expected one response to each mcp_approval_request`,
  ]);
  assertEquals(refusal([ask(A), say(A), ask(A)]), [
    "invalid-value",
    "input[2].id",
    `Cannot read "input[2].id": got "${A}", expected an id no other approval request has`,
  ]);
  assertEquals(refusal([ask(A), say(A, { approve: "yes" })]).slice(0, 2), [
    "invalid-type",
    "input[1].approve",
  ]);
  assertEquals(refusal([ask(A), say(A, { approve: undefined })]).slice(0, 2), [
    "missing-parameter",
    "input[1].approve",
  ]);
  assertEquals(refusal([ask(A), say(undefined)])[1], path(1));
  assertEquals(refusal([ask(A), say(7)]).slice(0, 2), ["invalid-type", path(1)]);
  assertEquals(refusal([ask(7)]).slice(0, 2), ["invalid-type", "input[0].id"]);
  assertEquals(refusal([ask(A), say(A, { reason: 7 })]).slice(0, 2), [
    "invalid-type",
    "input[1].reason",
  ]);
});

Deno.test("decode() leaves out questions of other services, and the answers to them", () => {
  const foreign = ["mcpr_1", `mcpr_${"a".repeat(48)}`, `mcpr_${"A".repeat(32)}`, "", "constructor"];
  for (const id of [...foreign, null, undefined]) {
    const input = [USER, ask(id), ...(id ? [say(id), say(id)] : [])];
    assertEquals(read(input), ["user"], String(id));
  }
  for (const id of foreign) assertEquals(isOwnApproval(id), false);
  assertEquals(isOwnApproval(A), true);
  assertEquals(isOwnApproval(`${A}\n`), false);
});

const QUESTION = { type: "approval-request", id: A, label: 'Change "a" file', text: "May\nI?" };
const EVENTS = [
  { type: "text-start" },
  { type: "text-delta", text: "Let me." },
  { type: "text-end", phase: "interim" },
  { type: "tool-call-start", id: "call_1", name: "weather", kind: "function" },
  { type: "tool-call-delta", arguments: "{}" },
  { type: "tool-call-end" },
  QUESTION,
  { ...QUESTION, id: B },
  { type: "finish", reason: "tool-calls" },
] as RunEvent[];
const ENVELOPE = { id: `resp_${"0".repeat(32)}`, createdAtS: 0 };

function encoded(events: readonly RunEvent[], body: Item = {}) {
  const exchange = responses.decode({ model: "alpha", input: "Hi", ...body }, undefined);
  const frames: string[] = [];
  const encoder = exchange.streamEncoder(ENVELOPE);
  const fold = new Fold();
  encoder.open((frame) => frames.push(frame));
  for (const event of events) {
    encoder.event(event, (frame) => frames.push(frame));
    fold.add(event);
  }
  return { frames, streamed: encoder.response(), whole: exchange.answer(fold.result(), ENVELOPE) };
}

Deno.test("a question is an item with the operator's words, streamed or not", () => {
  const { frames, streamed, whole } = encoded(EVENTS);
  assertEquals(streamed, whole);
  const { output, status } = JSON.parse(whole.json);
  assertEquals(status, "completed");
  assertEquals(output.map(({ type }: Item) => type), [
    ...["message", "function_call", "mcp_approval_request", "mcp_approval_request"],
  ]);
  assertEquals(output[2], {
    id: A,
    type: "mcp_approval_request",
    "server_label": "alpha",
    name: 'Change "a" file',
    arguments: '{"text":"May\\nI?"}',
  });
  assertEquals(whole.items.map(({ id }) => id).slice(2), [A, B]);
  const events = frames.flatMap((frame) => {
    const data = frame.slice(frame.indexOf("data: ") + 6);
    return data.startsWith("{") ? [JSON.parse(data)] : [];
  });
  assertEquals(events.map((event) => event.sequence_number), events.map((_, index) => index));
  const items = events.filter((event) => event.item?.id === A);
  assertEquals(items.map(({ type, output_index, item }) => [type, output_index, item]), [
    ["response.output_item.added", 2, output[2]],
    ["response.output_item.done", 2, output[2]],
  ]);
});

Deno.test("a question can be all there is to an answer, and stays in one that is cut or fails", () => {
  const only = [QUESTION, { type: "finish", reason: "tool-calls" }] as RunEvent[];
  const { streamed, whole } = encoded(only);
  assertEquals(streamed, whole);
  assertEquals(JSON.parse(whole.json).output.length, 1);
  const cut = encoded([...EVENTS.slice(0, -1), { type: "finish", reason: "length" }]);
  assertEquals(cut.streamed, cut.whole);
  const { status, output } = JSON.parse(cut.whole.json);
  assertEquals([status, output.length, output[1].status], ["incomplete", 4, "completed"]);
});

Deno.test("questions and answers that are sent again are kept under ids of their own", () => {
  const exchange = decoded([USER, ask(A), say(A), say("mcpr_1", { id: "mcpa_mine" })]);
  const items = exchange.inputItems(ENVELOPE);
  assertEquals(items.map(({ id }) => id), [
    `msg_${"0".repeat(32)}i0`,
    A,
    `mcpa_${"0".repeat(32)}i2`,
    "mcpa_mine",
  ]);
});
