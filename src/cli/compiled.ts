/**
 * What a program does that `fakellm compile` made.
 * @module
 */
import type { ReadDeployment } from "../deploy/read.ts";
import { readFlags } from "./flags.ts";
import { runWith } from "./main.ts";
import { systemTerminal, type Terminal } from "./output.ts";
import {
  SERVER_FLAG_HELP,
  SERVER_SWITCHES,
  SERVER_TEXT_FLAGS,
  serverOverrides,
} from "./settings.ts";
import { versionLine } from "./version.ts";

/** What was compiled in. */
export interface CompiledDeployment {
  /** Name of its file. */
  readonly name: string;
  /** Text of its file, with its variables. */
  readonly deployment: string;
  /** Code of modules, by their specifiers in the file. */
  readonly modules: Readonly<Record<string, string>>;
}

/** Runs a command line of such a program; resolves to the exit code, as `main` does. */
export function serveCompiled(
  args: readonly string[],
  compiled: CompiledDeployment,
): Promise<number> {
  const terminal = systemTerminal();
  return runWith(terminal, () => dispatch(args, compiled, terminal));
}

async function dispatch(
  args: readonly string[],
  compiled: CompiledDeployment,
  terminal: Terminal,
): Promise<number> {
  if (args[0] === "--version" || args[0] === "-V") {
    terminal.out(versionLine());
    return 0;
  }
  const flags = readFlags(args, {
    command: "--help",
    text: SERVER_TEXT_FLAGS,
    switches: SERVER_SWITCHES,
    maxArguments: args[0] === "check" ? 1 : 0,
  });
  if (flags.help) {
    terminal.out(helpOf(compiled));
    return 0;
  }
  const { readDeploymentText } = await import("../deploy/read.ts");
  const read = await readDeploymentText(compiled.deployment, compiled.name, {
    environment: terminal.env,
    overrides: serverOverrides(flags, terminal.env),
  });
  if (flags.arguments[0] === "check") {
    const { checkReport } = await import("../deploy/check.ts");
    terminal.out(checkReport(read));
    return 0;
  }
  return await serve(read, compiled, terminal);
}

async function serve(
  { deployment }: ReadDeployment,
  { modules }: CompiledDeployment,
  terminal: Terminal,
): Promise<number> {
  const [{ assemble }, { serveApp }, { lineLogger }] = await Promise.all([
    import("../deploy/assemble.ts"),
    import("./serve.ts"),
    import("../hosting/log.ts"),
  ]);
  const { host, port, log } = deployment;
  const logger = lineLogger({ format: log, color: terminal.colour });
  const code = new Map(Object.entries(modules));
  const app = await assemble(deployment, {
    logger,
    code,
    // Where nothing is relative to it, it may not be asked for either.
    folder: code.size > 0 ? Deno.cwd() : "/",
  });
  return await serveApp(app, { host, port, log, logger, terminal });
}

function helpOf({ name }: CompiledDeployment): string {
  return `Serves ${name}, which was compiled in by fakellm.

Without arguments it serves; with "check" it prints what the file comes to, secrets masked.

${SERVER_FLAG_HELP}

FAKELLM_API_KEY protects every entrypoint without keys of its own. FAKELLM_DENO names the Deno that
modules and code_mode run in (default: the one on PATH).`;
}
