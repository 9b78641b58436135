/**
 * `fakellm schema`.
 * @module
 */
import type { Command } from "../command.ts";
import { readFlags } from "../flags.ts";

const HELP = `Usage: fakellm schema

Prints the JSON Schema of the deployment file on standard output. Name it in the file's first line to
have an editor check and complete what you write:

  # yaml-language-server: $schema=./fakellm.schema.json`;

/** Prints the JSON Schema. */
export const command: Command = {
  help: HELP,
  async run(args, terminal) {
    const flags = readFlags(args, { command: "fakellm schema", maxArguments: 0 });
    if (flags.help) {
      terminal.out(HELP);
      return 0;
    }
    const { deploymentJsonSchema } = await import("../../deploy/json_schema.ts");
    terminal.out(JSON.stringify(deploymentJsonSchema(), null, 2));
    return 0;
  },
};
