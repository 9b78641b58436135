/**
 * Tries models behind an OpenAI-compatible endpoint, such as a proxy in front of many: does a hidden
 * tool run with each of them, and does it stay hidden? Exits with 1 when one fails.
 */
import type { Model } from "@x/fakellm";
import { parseArgs } from "@std/cli/parse-args";
import { environment, modelFromEnv } from "../model_from_env.ts";
import { smokeTest } from "./smoke.ts";

const HELP = `Usage: main.ts [--proxy-model-names a,b] [--prefix /v1]

  --proxy-model-names  models of LLM_ENDPOINT to try (LLM_MODEL)
  --prefix             path the agents are served under (/v1)`;

/** Runs one command line; resolves to the exit code. */
export async function main(
  args: readonly string[],
  print: (line: string) => void,
): Promise<number> {
  const unknown: string[] = [];
  const flags = parseArgs([...args], {
    string: ["proxy-model-names", "prefix"],
    boolean: ["help"],
    unknown: (arg) => void unknown.push(arg),
  });
  if (flags.help || unknown.length > 0) {
    print(HELP);
    return flags.help ? 0 : 2;
  }
  const listed: string = flags["proxy-model-names"] || environment().LLM_MODEL || "demo";
  const names = listed.split(",").map((name) => name.trim()).filter((name) => name !== "");
  const models: Record<string, Model> = {};
  for (const name of names) models[name] = modelFromEnv(name);

  const reports = await smokeTest(models, { prefix: flags.prefix || "/v1" });
  for (const { model, problems } of reports) {
    print(problems.length === 0 ? `PASS ${model}` : `FAIL ${model}`);
    for (const problem of problems) print(`     ${problem}`);
  }
  return reports.every(({ problems }) => problems.length === 0) ? 0 : 1;
}

if (import.meta.main) {
  // deno-lint-ignore no-console -- this program's output
  Deno.exit(await main(Deno.args, (line) => console.log(line)));
}
