/**
 * The program of a guest's process: loads one module and answers runs with what it exports.
 *
 * It is handed to Deno as text, from wherever the host itself was loaded, so that this folder imports
 * nothing of ours but types. A module may meddle with everything in here: it hurts no run but those it
 * answers anyway, and the host believes nothing that is said.
 *
 * @module
 */
import type { HostMessage } from "../guest_messages.ts";
import { type ExportedModel, modelsOf, pick } from "./exported_models.ts";
import { shown, told } from "./failure.ts";
import { ask, onReply } from "./host_services.ts";
import { keepOutput, output } from "./output.ts";
import { GuestRun } from "./runs.ts";

type Message<Type extends HostMessage["type"]> = Extract<HostMessage, { readonly type: Type }>;

const { stdin } = Deno;
// What the host says is for this program alone.
stdin.readable.getReader();
let models: readonly ExportedModel[] = [];
const runs = new Map<number, GuestRun>();

async function start(message: Message<"start">): Promise<void> {
  const { specifier, exportName, backends, mcps } = message;
  // What `HostBackend` and `HostToolset` of the module's own fakellm look for.
  Object.defineProperty(globalThis, Symbol.for("fakellm.host"), { value: { backends, mcps, ask } });
  try {
    models = await modelsOf(pick(await import(specifier), exportName));
    await Promise.all(models.map((model) => model.start()));
    output.send({ type: "ready", protocol: 1, models: models.map(({ shown }) => shown) });
  } catch (error) {
    output.send({ type: "failed", message: reasonOf(error) });
  }
}

function reasonOf(error: unknown): string {
  try {
    return error instanceof Error ? `${shown(error.name)}: ${told(error)}` : shown(error);
  } catch {
    return "it threw what cannot be shown";
  }
}

async function run(message: Message<"run">): Promise<void> {
  const model = models.find(({ shown }) => shown.id === message.model);
  if (!model) {
    const error = { family: "other", name: "Error", message: "No such model" } as const;
    return output.send({ type: "error", run: message.run, error });
  }
  const started = new GuestRun(message);
  runs.set(message.run, started);
  await started.answer(model, message);
  runs.delete(message.run);
}

function take(message: HostMessage): void {
  switch (message.type) {
    case "start":
      return void start(message);
    case "run":
      return void run(message);
    case "credit":
      return runs.get(message.run)?.grant(message.events);
    case "abort":
      return runs.get(message.run)?.abort();
    case "ping":
      return output.send({ type: "pong", ping: message.ping });
    case "reply":
    case "reply-events":
    case "reply-error":
      return onReply(message);
    case "stop":
      return void Promise.allSettled(models.map((model) => model.close())).then(() => Deno.exit(0));
  }
}

keepOutput();
let begun = "";
const decoder = new TextDecoder();
const buffer = new Uint8Array(64 * 1024);
// A stream would do the same, and take its time.
for (;;) {
  const length = await stdin.read(buffer);
  if (length === null) break;
  const chunk = decoder.decode(buffer.subarray(0, length), { stream: true });
  // A message may be long and come in many pieces: each is looked at once.
  if (!chunk.includes("\n")) {
    begun += chunk;
    continue;
  }
  const lines = (begun + chunk).split("\n");
  begun = lines.pop()!;
  for (const line of lines) if (line !== "") take(JSON.parse(line));
}
// Nobody is left to talk to.
Deno.exit(0);
