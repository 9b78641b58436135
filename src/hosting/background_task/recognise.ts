/**
 * Tells the requests that clients send by themselves from those of their users.
 *
 * A request is one only if no tools come with it, nothing but the prompt and its subject stands in
 * it, and the prompt has several sentences of a known client's. What is looked at of a message has a
 * bound, however long the message is.
 *
 * @module
 */
import type { Message, RunRequest, SystemMessage, UserMessage } from "../../run/request.ts";
import { type BackgroundTask, MAX_SUBJECT } from "./background_task.ts";
import type { TaskPrompt, Wording } from "./prompt.ts";
import { CLOSING_PROMPTS, TASK_PROMPTS } from "./prompts.ts";

/** Characters of a message's beginning in which fixed words are looked for. */
const HEAD = 4096;

/** Characters of its end. */
const TAIL = 256;

/** Most standing orders: the client's own prompt may come after a general one. */
const MAX_SYSTEM_MESSAGES = 2;

/** Most messages of the user: some clients put the subject into messages of its own. */
const MAX_USER_MESSAGES = 3;

/** What `request` is, if a client sent it by itself; undefined for all that users ask. */
export function recogniseTask({ messages, tools }: RunRequest): BackgroundTask | undefined {
  if (tools.length > 0) return undefined;
  return wholeRequest(messages) ?? closingPrompt(messages);
}

/** A message, as far as it is looked at. */
interface Glance {
  /** Its beginning without white space before it. */
  readonly head: string;
  /** All of it, or the last part of it. */
  readonly rest: string;
}

/** The parts of a request that may be a prompt. */
interface Candidate {
  readonly system: SystemMessage | undefined;
  readonly users: readonly UserMessage[];
}

function wholeRequest(messages: readonly Message[]): BackgroundTask | undefined {
  let systems = 0;
  while (systems <= MAX_SYSTEM_MESSAGES && messages[systems]?.role === "system") systems += 1;
  if (systems > MAX_SYSTEM_MESSAGES || messages.length - systems > MAX_USER_MESSAGES) {
    return undefined;
  }
  const users = messages.slice(systems);
  if (!users.every(isUser)) return undefined;
  const system = messages[systems - 1] as SystemMessage | undefined;
  const systemGlance = system && glance(system.content);
  const userGlance = users[0] && glanceAt(users[0]);
  for (const prompt of TASK_PROMPTS) {
    if (prompt.system && !says(systemGlance, prompt.system)) continue;
    if (prompt.user ? !says(userGlance, prompt.user) : users.length > 0) continue;
    if (!prompt.system && !isOneText(users)) continue;
    return {
      kind: prompt.kind,
      format: prompt.format,
      subject: subjectOf(prompt, { system, users }),
    };
  }
  return undefined;
}

function closingPrompt(messages: readonly Message[]): BackgroundTask | undefined {
  const last = messages.at(-1);
  if (last?.role !== "user" || last.content.length !== 1) return undefined;
  const [part] = last.content;
  if (part?.type !== "text") return undefined;
  const { text } = part;
  const known = CLOSING_PROMPTS.some(({ opening, ending, maxLength }) =>
    text.length <= maxLength && text.startsWith(opening) && text.trimEnd().endsWith(ending)
  );
  if (!known || !isPlainConversation(messages)) return undefined;
  const first = messages.find(isUser);
  const subject = first && first !== last ? trimmed(textOf(first).slice(0, HEAD)) : "";
  return { kind: "title", format: "text", subject };
}

function glance(first: string, last = first): Glance {
  const head = first.slice(0, HEAD).trimStart();
  const heading = "### Task:";
  if (!head.startsWith(heading)) return { head, rest: last };
  // Some versions break the line after the heading in their own way.
  return { head: `${heading}\n${head.slice(heading.length).trimStart()}`, rest: last };
}

function glanceAt({ content }: UserMessage): Glance | undefined {
  const first = content[0];
  const last = content.at(-1);
  if (first?.type !== "text") return undefined;
  return glance(first.text, last?.type === "text" ? last.text : "");
}

function says(message: Glance | undefined, { opening, also, ending }: Wording): boolean {
  if (!message?.head.startsWith(opening)) return false;
  if (also && !also.every((words) => message.head.includes(words))) return false;
  return ending === undefined || message.rest.slice(-TAIL).trimEnd().endsWith(ending);
}

/** Whether there is one message of the user, and nothing but text in it. */
function isOneText(users: readonly UserMessage[]): boolean {
  return users.length === 1 && users[0]!.content.every(({ type }) => type === "text");
}

/** Whether the model has said something, and no tool was ever called. */
function isPlainConversation(messages: readonly Message[]): boolean {
  let answered = false;
  for (const message of messages) {
    if (message.role === "tool") return false;
    if (message.role !== "assistant") continue;
    if (message.toolCalls.length > 0) return false;
    answered = true;
  }
  return answered;
}

function isUser(message: Message): message is UserMessage {
  return message.role === "user";
}

function trimmed(text: string): string {
  return text.trimStart().slice(0, MAX_SUBJECT).trimEnd();
}

function textOf({ content }: UserMessage): string {
  return content.flatMap((part) => part.type === "text" ? [part.text] : []).join("\n");
}

const USER_LABEL = /^[ \t]*(?:- |\|\|>)?(?:user|you|human):/im;
const ANY_LABEL = /\n[ \t]*(?:- |\|\|>)?(?:user|you|human|assistant|ai|response|system|tool):/i;

/** What the user said in the conversation that the prompt holds. */
function subjectOf(prompt: TaskPrompt, { system, users }: Candidate): string {
  const { in: place, after = prompt.user?.opening ?? "", before, labelled } = prompt.conversation ??
    {};
  const text = place === "system" ? system?.content ?? "" : users.map(textOf).join("\n");
  const start = text.indexOf(after);
  if (start < 0) return "";
  const end = before === undefined ? -1 : text.lastIndexOf(before);
  const from = start + after.length;
  const conversation = text.slice(from, end >= from ? end : undefined);
  const said = !labelled
    ? conversation.slice(0, HEAD)
    : prompt.kind === "image-prompt"
    ? lastSaid(conversation)
    : firstSaid(conversation.slice(0, HEAD));
  return trimmed(said);
}

function firstSaid(conversation: string): string {
  const label = USER_LABEL.exec(conversation);
  if (!label) return "";
  const said = conversation.slice(label.index + label[0].length);
  const next = ANY_LABEL.exec(said);
  return next ? said.slice(0, next.index) : said;
}

/** Labels in capitals alone, as the one client that wants it writes them. */
function lastSaid(conversation: string): string {
  const label = "\nUSER:";
  const at = conversation.lastIndexOf(label);
  return at < 0 ? "" : firstSaid(conversation.slice(at, at + HEAD));
}
