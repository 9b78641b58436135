/**
 * `fakellm check`.
 * @module
 */
import type { Command } from "../command.ts";
import { readFlags } from "../flags.ts";
import { serverOverrides } from "../settings.ts";
import { SetupError } from "../../run/error.ts";

const HELP = `Usage: fakellm check FILE
       fakellm check --config FILE

Reads a deployment file as "fakellm deploy" would, without starting anything. Prints every problem,
one a line, and ends with exit code 2; or prints what the file comes to, with all defaults, secrets
masked, and the sheet of what each model can reach.`;

/** Checks a deployment file. */
export const command: Command = {
  help: HELP,
  async run(args, terminal) {
    const flags = readFlags(args, {
      command: "fakellm check",
      text: ["config"],
      maxArguments: 1,
    });
    if (flags.help) {
      terminal.out(HELP);
      return 0;
    }
    const path = flags.arguments[0] ?? flags.text("config");
    if (path === undefined) {
      throw new SetupError('Cannot check without a file; run "fakellm check FILE"');
    }
    const [{ checkReport }, { readDeployment }] = await Promise.all([
      import("../../deploy/check.ts"),
      import("../../deploy/read.ts"),
    ]);
    const overrides = serverOverrides(flags, terminal.env);
    terminal.out(checkReport(await readDeployment(path, { environment: terminal.env, overrides })));
    return 0;
  },
};
