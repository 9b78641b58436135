/**
 * The program of a sandbox: runs code, one piece after the other, in one scope.
 *
 * Handed to Deno as text, like a guest's: it imports nothing of ours but its own files and types. What it
 * evaluates may meddle with everything in here; nothing depends on that it does not.
 *
 * @module
 */
import { Session } from "node:inspector";
import type { FromSandbox, ToSandbox } from "../sandbox_messages.ts";
import { limits, takePrinted } from "./printed.ts";
import { type Script, type Strip, toScript } from "./script.ts";
import { FRAME, scripts, splitStack } from "./stack.ts";

const session = new Session();
session.connect();
// The inspector was all it was for.
await Deno.permissions.revoke({ name: "sys" });
// Deno checks permissions below these; code has no business with them all the same.
Reflect.deleteProperty(Deno, (Deno as unknown as { readonly internal: symbol }).internal);

const { stdout, stdin } = Deno;
const { stringify, parse } = JSON;
const encoder = new TextEncoder();

/** Resolves when what is due has been done; a timer would take longer. */
const turn = (() => {
  const { port1, port2 } = new MessageChannel();
  const { postMessage } = port2;
  const waiting: (() => void)[] = [];
  port1.onmessage = () => waiting.shift()?.();
  return () =>
    new Promise<void>((resolve) => {
      waiting.push(resolve);
      postMessage.call(port2, 0);
    });
})();

function send(message: FromSandbox): void {
  // Without a prototype that code could give a `toJSON`.
  let bytes = encoder.encode(`${stringify({ __proto__: null, ...message })}\n`);
  while (bytes.length > 0) bytes = bytes.subarray(stdout.writeSync(bytes));
}

// What is written there by itself would break the form.
Object.defineProperty(Deno, "stdout", { value: Deno.stderr });

// ---- What code calls

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  /** Where the call was made. */
  readonly place: Error;
}

const calls = new Map<number, Waiting>();
let callCount = 0;

function declare(name: string): void {
  const call = (args: unknown = {}) => {
    const number = ++callCount;
    send({ type: "call", call: number, name, args });
    const place = new Error();
    return new Promise((resolve, reject) => calls.set(number, { resolve, reject, place }));
  };
  Object.defineProperty(globalThis, name, { value: call, configurable: true, writable: true });
}

function settle(message: Extract<ToSandbox, { readonly call: number }>): void {
  const waiting = calls.get(message.call);
  calls.delete(message.call);
  if (!waiting) return;
  if (message.type === "result") return waiting.resolve(message.value);
  const error = new Error(message.message);
  error.name = "ToolError";
  error.stack = `ToolError: ${message.message}${splitStack(waiting.place.stack ?? "")[1]}`;
  waiting.reject(error);
}

// ---- Code

/** What code came to, but for what it printed. */
type Outcome =
  | { readonly type: "value"; readonly value: unknown }
  | { readonly type: "failure"; readonly kind: "syntax" | "runtime"; readonly message: string };

interface Evaluated {
  readonly result: {
    readonly objectId?: string;
    readonly value?: unknown;
    readonly unserializableValue?: string;
    readonly description?: string;
    readonly subtype?: string;
  };
  readonly exceptionDetails?: { readonly lineNumber: number; readonly columnNumber: number };
}

/**
 * Asks the inspector, from where nothing else is under way: Deno falls over when it is asked from within
 * its own work, as at the end of an import or of an answer of the inspector's.
 */
async function post(method: string, params: object): Promise<Evaluated> {
  await turn();
  return await new Promise((resolve, reject) => {
    session.post(
      method,
      params,
      (error: Error | null, result?: object) =>
        error ? reject(error) : resolve(result as Evaluated),
    );
  });
}

/** Called on what code came to: waits for promises, and writes it down as far as it can be. */
const PLAIN = `async function () {
  "use strict";
  const value = await this;
  const plain = (key, item) =>
    typeof item === "bigint" ? String(item)
      : item instanceof Map
      ? [...item.keys()].every((key) => typeof key === "string") ? Object.fromEntries(item) : [...item]
      : item instanceof Set || ArrayBuffer.isView(item) && !(item instanceof DataView) ? [...item]
      : item instanceof Error ? item.name + ": " + item.message
      : item instanceof RegExp ? String(item)
      : item;
  if (value === undefined) return {};
  try {
    const json = JSON.stringify(value, plain);
    return json === undefined ? { text: String(value) } : { json };
  } catch {
    return { text: Deno.inspect(value) };
  }
}`;

/** Called on what code threw that is no error. */
const INSPECTED = `function () { "use strict"; return "Thrown: " + Deno.inspect(this) }`;

/** What makes TypeScript JavaScript, once it is there. */
let stripping: Promise<Strip> | undefined;
let pieces = 0;

async function loadStrip(): Promise<Strip> {
  const { stripTypeScriptTypes } = await import("node:module");
  return stripTypeScriptTypes as Strip;
}

async function evaluate(code: string, name: string): Promise<Outcome> {
  const strip = await (stripping ??= loadStrip());
  let script: Script;
  try {
    script = toScript(code, strip);
  } catch (error) {
    const { message } = error as Error;
    return failure("syntax", message.replaceAll("file:///stripTypeScriptTypes.ts", name));
  }
  scripts.set(name, script);
  const evaluated = await post("Runtime.evaluate", {
    expression: `${script.text}\n//# sourceURL=${name}`,
    replMode: true,
    awaitPromise: true,
    returnByValue: false,
  });
  if (evaluated.exceptionDetails) return await thrown(evaluated, name);
  const { objectId, value, unserializableValue } = evaluated.result;
  if (objectId === undefined) {
    const text = unserializableValue === "-0" ? 0 : unserializableValue?.replace(/n$/, "") ?? value;
    return typeof text === "string" && text.length > limits.maxChars
      ? tooLong(text.length)
      : done(text);
  }
  const plain = await post("Runtime.callFunctionOn", {
    objectId,
    functionDeclaration: PLAIN,
    awaitPromise: true,
    returnByValue: true,
  });
  if (plain.exceptionDetails) return await thrown(plain, name);
  const { json, text } = plain.result.value as { readonly json?: string; readonly text?: string };
  const { length } = json ?? text ?? "";
  if (length > limits.maxChars) return tooLong(length);
  return done(json === undefined ? text : parse(json));
}

function done(value: unknown): Outcome {
  return { type: "value", value };
}

function failure(kind: "syntax" | "runtime", message: string): Outcome {
  return { type: "failure", kind, message: message.slice(0, limits.maxChars) };
}

function tooLong(chars: number): Outcome {
  return failure(
    "runtime",
    `Result has ${chars} characters, at most ${limits.maxChars} are allowed: return less of it`,
  );
}

/** What was thrown and where in the code, without the way through this program. */
async function thrown({ result, exceptionDetails }: Evaluated, name: string): Promise<Outcome> {
  const { objectId, value, unserializableValue, description = "", subtype } = result;
  if (subtype !== "error") {
    if (objectId === undefined) {
      return failure("runtime", `Thrown: ${unserializableValue ?? value}`);
    }
    const inspected = await post("Runtime.callFunctionOn", {
      objectId,
      functionDeclaration: INSPECTED,
      returnByValue: true,
    });
    return failure("runtime", String(inspected.result.value));
  }
  const [message, frames] = splitStack(description);
  if (!message.startsWith("SyntaxError") || frames !== "") return failure("runtime", description);
  const { lineNumber, columnNumber } = exceptionDetails!;
  const line = scripts.get(name)!.lineOf(lineNumber + 1);
  const place = `\n${FRAME}${name}:${line}:${columnNumber + 1}`;
  return failure("syntax", `${message}${place}${hintFor(message)}`);
}

/** What a model cannot know of names between scripts. */
function hintFor(message: string): string {
  return message.endsWith("has already been declared")
    ? "\nWhere an earlier piece declared it: a function or var cannot become a const, let or class, " +
      "nor the other way round. Choose another name, assign to it, or set restart"
    : "";
}

async function run(message: Extract<ToSandbox, { readonly type: "evaluate" }>): Promise<void> {
  limits.maxChars = message.maxOutputChars;
  await warm;
  const outcome = await evaluate(message.code, `code_${++pieces}.ts`).catch((error) =>
    failure("runtime", String(error))
  );
  // Rejections that nobody handles are told a little later.
  await turn();
  send({ ...outcome, output: takePrinted() });
}

function take(message: ToSandbox): void {
  switch (message.type) {
    case "functions":
      return message.names.forEach(declare);
    case "evaluate":
      return void run(message);
    case "result":
    case "error":
      return settle(message);
  }
}

send({ type: "ready" });
// It takes as long as everything before; nobody has to wait for it who has no code yet.
stripping = loadStrip();
// Whatever is done for the first time takes longer.
const warm = evaluate("({})", "code_0.ts").catch(() => {});
const decoder = new TextDecoder();
const buffer = new Uint8Array(64 * 1024);
let rest = "";
for (let read = await stdin.read(buffer); read !== null; read = await stdin.read(buffer)) {
  const text = decoder.decode(buffer.subarray(0, read), { stream: true });
  const lines = text.split("\n");
  lines[0] = rest + lines[0];
  rest = lines.pop()!;
  for (const line of lines) take(parse(line));
}
Deno.exit(0);
