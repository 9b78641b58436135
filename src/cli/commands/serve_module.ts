/**
 * `fakellm <module>`.
 * @module
 */
import { nearest } from "../../deploy/suggest.ts";
import type { ApiKeyAuth } from "../../hosting/auth/api_key_auth.ts";
import type { AppSource } from "../../hosting/fake_models.ts";
import type { DependencyHealth } from "../../hosting/health.ts";
import type { LineLogger } from "../../hosting/log.ts";
import { SetupError } from "../../run/error.ts";
import type { Command } from "../command.ts";
import { type Flags, readFlags } from "../flags.ts";
import type { Terminal } from "../output.ts";
import {
  SERVER_FLAG_HELP,
  SERVER_SWITCHES,
  SERVER_TEXT_FLAGS,
  serverOverrides,
} from "../settings.ts";

const HELP = `Usage: fakellm MODULE[#EXPORT] [flags]

Serves what a module exports: an agent, a workflow, a FakeModels, a record of those, or a factory of
any. Without EXPORT the default export is taken, else "agent" or "MODELS".

A local module runs with all permissions of this process, unless --sandbox or --grant is given. Code
from elsewhere (a URL of http, https, jsr, npm or data) runs in a process of its own and may do what is
granted, and nothing else.

${SERVER_FLAG_HELP}
  --grant KIND=WHAT  grants a permission, as net=api.example.com; a kind alone grants all of it; kinds
                     are net, read, write, env, run, import, sys, ffi; may be given several times
  --sandbox        run a local module in a process of its own, too
  --integrity HASH what the module and all it imports must hash to, as sha256-...
  --model-name ID  name of the model, where the module exports only one
  --config FILE    keys as {"api_keys": [{"name", "key", "model_id"?}]} (FAKELLM_CONFIG)

FAKELLM_API_KEY is one key for all models, where no file of keys is given.`;

/** Serves a module. */
export const command: Command = {
  help: HELP,
  async run(args, terminal) {
    const flags = readFlags(args, {
      command: "fakellm",
      text: ["config", "model-name", "integrity", ...SERVER_TEXT_FLAGS],
      lists: ["grant"],
      switches: ["sandbox", ...SERVER_SWITCHES],
      maxArguments: 1,
    });
    if (flags.help) {
      terminal.out(HELP);
      return 0;
    }
    const [module] = flags.arguments;
    if (module === undefined) {
      throw new SetupError('Cannot serve without a module; run "fakellm help" to see all commands');
    }
    return await serveModule(module, flags, terminal);
  },
};

async function serveModule(module: string, flags: Flags, terminal: Terminal): Promise<number> {
  const overrides = serverOverrides(flags, terminal.env);
  const { lineLogger } = await import("../../hosting/log.ts");
  const { log = "pretty" } = overrides;
  const logger = lineLogger({ format: log, color: terminal.colour });
  if (await runsInProcess(module, flags)) {
    const { loadModule } = await import("../../module/load.ts");
    const { source } = await loadModule(module, Deno.cwd()).catch((error) => {
      throw withCommandHint(error, module);
    });
    return await serveSource(source as AppSource, { overrides, flags, terminal, logger });
  }
  const { startGuest } = await import("./guest_source.ts");
  await using guest = await startGuest({
    module,
    grants: flags.list("grant"),
    integrity: flags.text("integrity"),
    logger,
  });
  const { source, health } = guest;
  return await serveSource(source, { overrides, flags, terminal, logger, health: [health] });
}

/** Code of the operator's own, which nobody wants to hold to anything. */
async function runsInProcess(module: string, flags: Flags): Promise<boolean> {
  const held = flags.on("sandbox") || flags.list("grant").length > 0 ||
    flags.text("integrity") !== undefined;
  if (held) return false;
  const { isLocal, parseReference } = await import("../../module/reference.ts");
  return isLocal(parseReference(module).specifier, Deno.cwd());
}

interface SourceOptions {
  readonly overrides: ReturnType<typeof serverOverrides>;
  readonly flags: Flags;
  readonly terminal: Terminal;
  readonly logger: LineLogger;
  readonly health?: readonly DependencyHealth[];
}

async function serveSource(
  source: AppSource,
  { overrides, flags, terminal, logger, health }: SourceOptions,
): Promise<number> {
  const [{ createApp }, { serveApp }] = await Promise.all([
    import("../../hosting/app.ts"),
    import("../serve.ts"),
  ]);
  const { host = "127.0.0.1", port = 8000, log = "pretty" } = overrides;
  const app = createApp(source, {
    modelName: flags.text("model-name"),
    prefix: overrides.prefix,
    auth: await keysOf(flags, terminal),
    insecure: overrides.insecure,
    logger,
    health,
  });
  return await serveApp(app, { host, port, log, logger, terminal });
}

/** Keys from a file, else the one key of the environment. */
async function keysOf(flags: Flags, terminal: Terminal): Promise<ApiKeyAuth | undefined> {
  const path = flags.text("config") ?? (terminal.env("FAKELLM_CONFIG") || undefined);
  const key = terminal.env("FAKELLM_API_KEY") || undefined;
  if (path === undefined && key === undefined) return undefined;
  const { ApiKeyAuth } = await import("../../hosting/auth/api_key_auth.ts");
  return path !== undefined
    ? ApiKeyAuth.fromConfig(path)
    : new ApiKeyAuth([{ name: "FAKELLM_API_KEY", key }]);
}

const COMMANDS = ["deploy", "check", "compile", "schema", "demo", "help"];

/** A mistyped command looks like a module that is not there. */
function withCommandHint(error: unknown, module: string): unknown {
  const meant = /^[a-z]+$/.test(module) ? nearest(module, COMMANDS) : undefined;
  if (!(error instanceof SetupError) || meant === undefined) return error;
  return new SetupError(`${error.message} (did you mean the command "${meant}"?)`);
}
