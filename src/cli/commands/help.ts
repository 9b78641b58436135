/**
 * `fakellm help [command]`.
 * @module
 */
import { SetupError } from "../../run/error.ts";
import type { Command } from "../command.ts";
import { nearest } from "../../deploy/suggest.ts";

const HELP = `fakellm makes an agent look like a model for every OpenAI client.

Usage:
  fakellm <module>[#export]    serve what a module exports
  fakellm deploy FILE          serve a deployment file
  fakellm check FILE           print every problem of a deployment file, or what it comes to
  fakellm compile FILE         make one program that serves a deployment file
  fakellm schema               print the JSON Schema of the deployment file
  fakellm demo                 serve two demo agents; needs no key, no network and no LLM
  fakellm help [COMMAND]       this text, or that of a command ("module" for the first)

  -h, --help                   the same, after any command
  -V, --version                print the version

Exit codes: 0 fine, 1 failed while running, 2 bad usage or configuration.`;

/** Prints help. */
export const command: Command = {
  help: HELP,
  async run(args, terminal) {
    const name = args.find((arg) => !arg.startsWith("-"));
    if (name === undefined) {
      terminal.out(HELP);
      return 0;
    }
    const { COMMAND_NAMES, loadCommand } = await import("../main.ts");
    const found = name === "module"
      ? (await import("./serve_module.ts")).command
      : await loadCommand(name);
    if (!found) {
      const meant = nearest(name, COMMAND_NAMES);
      const hint = meant === undefined ? "" : ` (did you mean "${meant}"?)`;
      throw new SetupError(
        `Unknown command "${name}"${hint}; accepted: module, ${COMMAND_NAMES.join(", ")}`,
      );
    }
    terminal.out(found.help);
    return 0;
  },
};
