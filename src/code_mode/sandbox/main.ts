/**
 * The program of a sandbox: runs code, one piece after the other, in one scope.
 *
 * Handed to Deno as text, like a guest's: it imports nothing of ours but types. What it evaluates may
 * meddle with everything in here.
 *
 * @module
 */
import { Session } from "node:inspector";
import { stripTypeScriptTypes } from "node:module";
import type { FromSandbox, ToSandbox } from "../sandbox_messages.ts";

const session = new Session();
session.connect();
// The inspector was all it was for.
await Deno.permissions.revoke({ name: "sys" });

const stdout = Deno.stdout.writable.getWriter();
const input = Deno.stdin.readable;
const encoder = new TextEncoder();
const { stringify, parse } = JSON;

let sending: Promise<unknown> = Promise.resolve();

function send(message: FromSandbox): void {
  const bytes = encoder.encode(`${stringify(message)}\n`);
  sending = sending.then(() => stdout.write(bytes));
}

// ---- What code prints

let printed = "";
let maxOutputChars = 0;

function print(...values: readonly unknown[]): void {
  const texts = values.map((value) => typeof value === "string" ? value : Deno.inspect(value));
  if (printed.length < maxOutputChars) printed += `${texts.join(" ")}\n`;
}

for (const name of ["log", "info", "debug", "dir", "table", "trace", "warn", "error"] as const) {
  // deno-lint-ignore no-console -- what code prints is part of its result.
  console[name] = print;
}
Object.defineProperty(Deno, "stdout", { value: Deno.stderr });

// ---- What code calls

const calls = new Map<number, PromiseWithResolvers<unknown>>();
let callCount = 0;

function declare(name: string): void {
  const call = (args: unknown = {}) => {
    const number = ++callCount;
    const waiting = Promise.withResolvers<unknown>();
    calls.set(number, waiting);
    send({ type: "call", call: number, name, args });
    return waiting.promise;
  };
  Object.defineProperty(globalThis, name, { value: call, configurable: true, writable: true });
}

function settle(message: Extract<ToSandbox, { readonly call: number }>): void {
  const waiting = calls.get(message.call);
  calls.delete(message.call);
  if (message.type === "result") return waiting?.resolve(message.value);
  const error = new Error(message.message);
  error.name = message.name;
  waiting?.reject(error);
}

// ---- Code

interface Evaluated {
  readonly result: {
    readonly objectId?: string;
    readonly value?: unknown;
    readonly description?: string;
  };
  readonly exceptionDetails?: unknown;
}

function post(method: string, params: object): Promise<Evaluated> {
  return new Promise((resolve, reject) => {
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
  const value = await this;
  if (value === undefined) return undefined;
  try {
    const text = JSON.stringify(value, (key, item) => typeof item === "bigint" ? String(item)
      : item instanceof Map ? Object.fromEntries(item) : item instanceof Set ? [...item] : item);
    return text === undefined ? { text: String(value) } : { json: text };
  } catch {
    return { text: Deno.inspect(value) };
  }
}`;

async function evaluate(code: string): Promise<FromSandbox> {
  printed = "";
  let script: string;
  try {
    script = stripTypeScriptTypes(code, { mode: "transform" } as never);
  } catch (error) {
    return failure("syntax", error instanceof Error ? error.message : String(error));
  }
  const evaluated = await post("Runtime.evaluate", {
    expression: script,
    replMode: true,
    awaitPromise: true,
    returnByValue: false,
  });
  if (evaluated.exceptionDetails) return thrown(evaluated);
  const { objectId, value, description } = evaluated.result;
  if (objectId === undefined) return done(value === undefined ? description : value);
  const plain = await post("Runtime.callFunctionOn", {
    objectId,
    functionDeclaration: PLAIN,
    awaitPromise: true,
    returnByValue: true,
  });
  if (plain.exceptionDetails) return thrown(plain);
  const written = plain.result.value as
    | { readonly json?: string; readonly text?: string }
    | undefined;
  return done(written?.json === undefined ? written?.text : parse(written.json));
}

function done(value: unknown): FromSandbox {
  return { type: "value", value, output: printed.slice(0, maxOutputChars) };
}

function failure(kind: "syntax" | "runtime", message: string): FromSandbox {
  return { type: "failure", kind, message, output: printed.slice(0, maxOutputChars) };
}

/** What was thrown and where in the code, without the way through this program. */
function thrown({ result }: Evaluated): FromSandbox {
  const lines = String(result.description ?? result.value ?? "Unknown error").split("\n");
  const own = lines.filter((line) => !/^ {4}at /.test(line) || line.includes("<anonymous>:"));
  const [first = ""] = own;
  if (first.startsWith("SyntaxError")) return failure("syntax", first);
  return failure("runtime", own.join("\n"));
}

async function run(message: Extract<ToSandbox, { readonly type: "evaluate" }>): Promise<void> {
  maxOutputChars = message.maxOutputChars;
  send(await evaluate(message.code).catch((error) => failure("runtime", String(error))));
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

addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  print(`Unhandled rejection: ${event.reason}`);
});

send({ type: "ready" });
let rest = "";
for await (const chunk of input.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + chunk).split("\n");
  rest = lines.pop()!;
  for (const line of lines) if (line !== "") take(parse(line));
}
Deno.exit(0);
