/**
 * `fakellm compile`.
 * @module
 */
import { RunError, SetupError } from "../../run/error.ts";
import { absolutePath, folderOf } from "../absolute_path.ts";
import type { Command } from "../command.ts";
import { readFlags } from "../flags.ts";
import type { Terminal } from "../output.ts";
import { onStopSignals } from "../signals.ts";

const HELP = `Usage: fakellm compile FILE [flags]

Makes one program that serves a deployment file, on machines with nothing else on them. The file, its
modules and this package go into it. Variables as \${NAME} are read where it runs: secrets stay in the
environment, and a file that holds any itself is refused: keys must be variables, and values of
headers and env, too, save a few that everyone may see, as Content-Type or NODE_ENV.

  --output PATH    what to write (-o; default: the file's name). Ending in .js: a script, for a
                   Deno that is there already; replaces none but an earlier one
  --target TARGET  system to compile for (default: this one): x86_64-unknown-linux-gnu,
                   aarch64-unknown-linux-gnu, x86_64-pc-windows-msvc, aarch64-pc-windows-msvc,
                   x86_64-apple-darwin, aarch64-apple-darwin
  --minify         make it smaller; what goes wrong is told less clearly

The program takes the flags and variables of "fakellm deploy", and "check" to print what is in it. It
may do what the deployment needs and nothing else. Modules and code_mode run in a Deno of their own
there, too: the one that FAKELLM_DENO names, or else on PATH; without one, it refuses to start.
Relative paths, as in permissions, then start at the folder that it is started in.`;

/** Compiles a deployment file. */
export const command: Command = {
  help: HELP,
  async run(args, terminal) {
    const flags = readFlags(args.map((arg) => arg === "-o" ? "--output" : arg), {
      command: "fakellm compile",
      text: ["config", "output", "target"],
      switches: ["minify"],
      maxArguments: 1,
    });
    if (flags.help) {
      terminal.out(HELP);
      return 0;
    }
    const path = flags.arguments[0] ?? flags.text("config");
    if (path === undefined) {
      throw new SetupError('Cannot compile without a file; run "fakellm compile FILE"');
    }
    await compile(path, {
      output: flags.text("output"),
      target: flags.text("target"),
      minify: flags.on("minify"),
      terminal,
    });
    return 0;
  },
};

interface CompileOptions {
  readonly output: string | undefined;
  readonly target: string | undefined;
  readonly minify: boolean;
  readonly terminal: Terminal;
}

async function compile(path: string, options: CompileOptions): Promise<void> {
  const { target, minify, terminal } = options;
  const [
    { denoBuild, TARGETS },
    { expectOutput, markScript },
    { ownPackage },
    { permissionFlagsFor },
    { writeProgram },
  ] = await Promise.all([
    import("../compile/deno_build.ts"),
    import("../compile/output.ts"),
    import("../compile/package.ts"),
    import("../compile/permissions.ts"),
    import("../compile/program.ts"),
  ]);
  if (target !== undefined && !TARGETS.includes(target)) {
    throw new SetupError(`Cannot use "${target}"; accepted: ${TARGETS.join(", ")}`, {
      path: "--target",
    });
  }
  const [
    { requireDeno },
    { tempFolder },
    { bakeDeployment },
    { systemClock },
    { lineLogger },
  ] = await Promise.all([
    import("../../isolation/deno_path.ts"),
    import("../../isolation/temp_folder.ts"),
    import("../../deploy/bake/bake.ts"),
    import("../../context/system.ts"),
    import("../../hosting/log.ts"),
  ]);
  await requireDeno("fakellm compile");
  const name = path.replace(/^.*[\\/]/s, "");
  const output = absolutePath(options.output ?? name.replace(/\.(?:ya?ml|json)$/i, ""));
  const baked = await bakeDeployment(path, terminal.env);
  const from = folderOf(path);
  await expectOutput(output, { file: absolutePath(path), from, modules: baked.modules });
  const { cli, flags } = ownPackage();
  using stopped = stopSignal();
  const { signal } = stopped;
  await using folder = await tempFolder("fakellm-compile-");
  const main = await writeProgram(baked, {
    name,
    from,
    folder: folder.path,
    cli,
    signal,
    clock: systemClock,
    logger: lineLogger({ format: "pretty", color: terminal.colour }),
  });
  const permissions = permissionFlagsFor(baked.deployment);
  await denoBuild({
    main,
    output,
    flags,
    permissions,
    target,
    minify,
    signal,
    tell: (line) => terminal.err(line),
  });
  if (output.endsWith(".js")) await markScript(output);
  terminal.err(nextSteps(output, permissions));
}

/** Aborts when a signal tells this process to stop. */
function stopSignal(): { readonly signal: AbortSignal } & Disposable {
  const signals = onStopSignals();
  const stop = new AbortController();
  const reason = new RunError("run-failed", "Stopped before the program was written");
  void signals.first.then(() => stop.abort(reason));
  return { signal: stop.signal, [Symbol.dispose]: () => signals[Symbol.dispose]() };
}

function nextSteps(output: string, permissions: readonly string[]): string {
  if (output.endsWith(".js")) {
    return `Wrote ${output}. Run it with\n  deno run ${permissions.join(" ")} ${output}`;
  }
  const allowed = permissions.filter((flag) => flag.startsWith("--allow-"));
  return `Wrote ${output}. It may do what ${allowed.join(" ")} allow, and nothing else.`;
}
