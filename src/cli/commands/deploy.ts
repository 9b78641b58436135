/**
 * `fakellm deploy`.
 * @module
 */
import { SetupError } from "../../run/error.ts";
import { folderOf } from "../absolute_path.ts";
import type { Command } from "../command.ts";
import { readFlags } from "../flags.ts";
import type { Terminal } from "../output.ts";
import {
  SERVER_FLAG_HELP,
  SERVER_SWITCHES,
  SERVER_TEXT_FLAGS,
  serverOverrides,
} from "../settings.ts";

const HELP = `Usage: fakellm deploy FILE [flags]
       fakellm deploy --config FILE [flags]

Serves a deployment file (YAML or JSON; "fakellm schema" describes it).

${SERVER_FLAG_HELP}

FAKELLM_API_KEY protects every entrypoint without keys of its own. A flag wins over a variable, a
variable over the file. SIGTERM and SIGINT let open runs finish; a second one ends at once.`;

/** Serves a deployment file. */
export const command: Command = {
  help: HELP,
  async run(args, terminal) {
    const flags = readFlags(args, {
      command: "fakellm deploy",
      text: ["config", ...SERVER_TEXT_FLAGS],
      switches: SERVER_SWITCHES,
      maxArguments: 1,
    });
    if (flags.help) {
      terminal.out(HELP);
      return 0;
    }
    const [argument] = flags.arguments;
    const config = flags.text("config");
    if (argument !== undefined && config !== undefined) {
      throw new SetupError(`Cannot deploy both "${argument}" and "${config}"; give one file`);
    }
    const path = argument ?? config;
    if (path === undefined) {
      throw new SetupError('Cannot deploy without a file; run "fakellm deploy FILE"');
    }
    const overrides = serverOverrides(flags, terminal.env);
    return await deploy(path, { overrides, terminal });
  },
};

interface DeployOptions {
  readonly overrides: ReturnType<typeof serverOverrides>;
  readonly terminal: Terminal;
}

async function deploy(path: string, { overrides, terminal }: DeployOptions): Promise<number> {
  const { readDeployment } = await import("../../deploy/read.ts");
  const { deployment } = await readDeployment(path, { environment: terminal.env, overrides });
  const [{ assemble }, { serveApp }, { lineLogger }] = await Promise.all([
    import("../../deploy/assemble.ts"),
    import("../serve.ts"),
    import("../../hosting/log.ts"),
  ]);
  const { host, port, log } = deployment;
  const logger = lineLogger({ format: log, color: terminal.colour });
  // Modules lie beside the file that names them.
  const app = await assemble(deployment, { logger, folder: folderOf(path) });
  return await serveApp(app, { host, port, log, logger, terminal });
}
