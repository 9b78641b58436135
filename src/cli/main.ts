/**
 * Dispatches commands.
 * @module
 */
import { RunError, SetupError } from "../run/error.ts";
import type { Command } from "./command.ts";
import { printProblems, systemTerminal, type Terminal } from "./output.ts";
import { versionLine } from "./version.ts";

const COMMANDS: Readonly<Record<string, () => Promise<{ readonly command: Command }>>> = {
  deploy: () => import("./commands/deploy.ts"),
  check: () => import("./commands/check.ts"),
  compile: () => import("./commands/compile.ts"),
  schema: () => import("./commands/schema.ts"),
  demo: () => import("./commands/demo.ts"),
  help: () => import("./commands/help.ts"),
};

/** Names of all commands but the unnamed one, which serves a module. */
export const COMMAND_NAMES: readonly string[] = Object.keys(COMMANDS);

/** The command of that name, or undefined. */
export async function loadCommand(name: string): Promise<Command | undefined> {
  if (!Object.hasOwn(COMMANDS, name)) return undefined;
  return (await COMMANDS[name]!()).command;
}

/**
 * Runs one command line on this process's output and environment; resolves to the exit code: 0 fine,
 * 1 failed while running, 2 bad usage or configuration.
 */
export function main(args: readonly string[]): Promise<number> {
  return runCommandLine(args, systemTerminal());
}

/** `main` on any terminal. */
export function runCommandLine(args: readonly string[], terminal: Terminal): Promise<number> {
  return runWith(terminal, () => dispatch(args, terminal));
}

/** Tells what went wrong, and makes an exit code of it. */
export async function runWith(terminal: Terminal, run: () => Promise<number>): Promise<number> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof SetupError) {
      printProblems(terminal, error);
      return 2;
    }
    if (error instanceof RunError) {
      terminal.err(error.message);
      return 1;
    }
    if (error instanceof Deno.errors.NotCapable) {
      terminal.err(`Cannot go on without a permission of deno: ${error.message}`);
      return 1;
    }
    terminal.err(error instanceof Error ? error.stack ?? error.message : String(error));
    return 1;
  }
}

async function dispatch(args: readonly string[], terminal: Terminal): Promise<number> {
  const [first, ...rest] = args;
  switch (first) {
    case undefined: {
      const { command } = await import("./commands/help.ts");
      terminal.err(command.help);
      return 2;
    }
    case "-h":
    case "--help":
      return await (await import("./commands/help.ts")).command.run([], terminal);
    case "-V":
    case "--version":
      terminal.out(versionLine());
      return 0;
    default: {
      const command = await loadCommand(first);
      if (command) return await command.run(rest, terminal);
      return await (await import("./commands/serve_module.ts")).command.run(args, terminal);
    }
  }
}
