/**
 * Runs Deno on this project's files, away from what the developer has set up.
 * @module
 */

/** How a process ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const ROOT = new URL("../", import.meta.url);

/**
 * Runs `deno` to its end, with this project's configuration and without `LLM_*` and `FAKELLM_*`
 * variables but those given.
 *
 * @param args subcommand, then the rest; paths of TypeScript files start at the project's root
 * @param options `cwd`: a folder of the test's own, so that no developer's `.env` is found
 */
export async function runDeno(
  [subcommand = "", ...args]: readonly string[],
  options: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<Ended> {
  const inherited = Object.entries(Deno.env.toObject())
    .filter(([name]) => !/^(?:LLM|FAKELLM)_/.test(name));
  const config = new URL("deno.json", ROOT).pathname;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [subcommand, "--no-check", "--cached-only", "--config", config].concat(
      args.map((arg) => arg.endsWith(".ts") ? new URL(arg, ROOT).pathname : arg),
    ),
    cwd: options.cwd,
    clearEnv: true,
    env: { ...Object.fromEntries(inherited), ...options.env, NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
