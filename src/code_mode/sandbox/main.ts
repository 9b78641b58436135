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
import { limits } from "./limits.ts";
import { takePrinted } from "./printed.ts";
import { toJson, writeDown } from "./written.ts";
import { type Script, type Strip, toScript } from "./script.ts";
import { FRAME, scripts, splitStack } from "./stack.ts";

// Before functions take their names.
const { Promise, Error, Object, Reflect, String } = globalThis;

const session = new Session();
session.connect();
// The inspector was all it was for.
await Deno.permissions.revoke({ name: "sys" });
// Deno checks permissions below these; code has no business with them all the same.
Reflect.deleteProperty(Deno, (Deno as unknown as { readonly internal: symbol }).internal);
// It would lead to drivers.
Reflect.deleteProperty(Object.getPrototypeOf(navigator), "gpu");

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
  sendLine(stringify({ __proto__: null, ...message }));
}

function sendLine(line: string): void {
  let bytes = encoder.encode(`${line}\n`);
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

/** Names of functions. */
const declared = new Set<string>();

function declare(name: string): void {
  declared.add(name);
  const begin = stringify({ type: "call", name }).slice(0, -1);
  const call = (args: unknown = {}) => {
    const place = new Error();
    return new Promise((resolve, reject) => {
      const sendArgs = (json: string | undefined) => {
        const number = ++callCount;
        sendLine(`${begin},"call":${number}${json === undefined ? "" : `,"args":${json}`}}`);
        calls.set(number, { resolve, reject, place });
      };
      // What has no promise in it is sent at once.
      const json = toJson(args);
      if (json instanceof Promise) json.then(sendArgs).catch(reject);
      else sendArgs(json);
    });
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

/** Called on what code came to, with `writeDown`. */
const PLAIN = `function (writeDown) { "use strict"; return writeDown(this) }`;

/** The inspector's name for `writeDown`, which code has no way to. */
let writing: Promise<string> | undefined;

async function lendWriteDown(): Promise<string> {
  Object.assign(globalThis, { writeDown });
  const { result } = await post("Runtime.evaluate", { expression: "writeDown" });
  Reflect.deleteProperty(globalThis, "writeDown");
  return result.objectId!;
}

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
  const taken = script.names.find((name) => declared.has(name));
  if (taken !== undefined) {
    return failure("syntax", `"${taken}" is one of the functions: choose another name`);
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
    arguments: [{ objectId: await (writing ??= lendWriteDown()) }],
    awaitPromise: true,
    returnByValue: false,
  });
  if (plain.exceptionDetails) return await thrown(plain, name);
  const json = plain.result.value as string | undefined;
  if (json === undefined) return done(undefined);
  return json.length > limits.maxChars ? tooLong(json.length) : done(parse(json));
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
