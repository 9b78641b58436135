/**
 * Proves of a model that a hidden tool runs, is of use, and cannot be seen.
 * @module
 */
import { Agent, createApp, FakeModels, liveClient, type Model, tool } from "@x/fakellm";
import { z } from "zod";

/** How one model did. */
export interface SmokeReport {
  readonly model: string;
  /** What is wrong, one line each; empty when all is well. */
  readonly problems: readonly string[];
}

const QUESTION = 'Look up the code of the vault "north" and tell me its digits.';

/**
 * Serves an agent with a hidden tool over each model and asks each, unstreamed and streamed.
 *
 * @param models by the names they are served as
 * @param options `prefix`: path of the API
 */
export async function smokeTest(
  models: Readonly<Record<string, Model>>,
  options: { readonly prefix?: string } = {},
): Promise<readonly SmokeReport[]> {
  const agents = Object.entries(models).map(([name, model]) => ({ name, ...vaultAgent(model) }));
  const served = new FakeModels();
  for (const { name, agent } of agents) served.add(name, agent);
  await using client = liveClient(createApp(served, options));

  const reports: SmokeReport[] = [];
  // One after another: endpoints of one machine rarely like several models at once.
  for (const { name, vault } of agents) {
    const problems: string[] = [];
    for (const stream of [false, true]) {
      const how = stream ? "streamed" : "unstreamed";
      const runsBefore = vault.runs;
      const response = await client.post("chat/completions", {
        model: name,
        messages: [{ role: "user", content: QUESTION }],
        stream,
      });
      const wire = await response.text();
      if (response.status !== 200) {
        problems.push(`${how}: status ${response.status}: ${wire}`);
        continue;
      }
      if (vault.runs === runsBefore) problems.push(`${how}: the hidden tool did not run`);
      const text = stream ? streamedText(wire) : unstreamedText(wire);
      if (!text.includes(vault.code)) problems.push(`${how}: the code is not in "${text}"`);
      for (const trace of vault.traces) {
        if (wire.includes(trace)) problems.push(`${how}: ${trace} can be seen`);
      }
    }
    reports.push({ model: name, problems });
  }
  return reports;
}

/** What the tool knows and what would give it away. */
interface Vault {
  readonly code: string;
  readonly traces: readonly string[];
  runs: number;
}

/** An agent whose tool's names exist nowhere else, so that a single byte of them would be a leak. */
function vaultAgent(model: Model): { readonly agent: Agent; readonly vault: Vault } {
  const name = `read_vault_${randomDigits()}`;
  const parameter = `label_${randomDigits()}`;
  const vault: Vault = { code: randomDigits(), traces: [name, parameter, "tool_calls"], runs: 0 };
  const agent = new Agent({
    model,
    instructions: "You look up codes of vaults with your tool. Tell the digits as they are.",
    tools: [tool({
      name,
      description: "Look up the code of a vault",
      parameters: z.object({ [parameter]: z.string().describe("The vault's label") }),
      execute: () => {
        vault.runs += 1;
        return vault.code;
      },
    })],
  });
  return { agent, vault };
}

/** Eight digits. */
function randomDigits(): string {
  const [number = 0] = crypto.getRandomValues(new Uint32Array(1));
  return String(10_000_000 + number % 90_000_000);
}

/** What is read here of an answer or a chunk of one. */
const Answer = z.object({
  choices: z.array(z.object({
    message: z.object({ content: z.string().nullish() }).optional(),
    delta: z.object({ content: z.string().nullish() }).optional(),
  })),
});

function unstreamedText(wire: string): string {
  return Answer.parse(JSON.parse(wire)).choices[0]?.message?.content ?? "";
}

function streamedText(wire: string): string {
  const events = wire.split("\n\n").filter((event) => event.startsWith("data: {"));
  return events.map((event) =>
    Answer.parse(JSON.parse(event.slice("data: ".length))).choices[0]?.delta?.content ?? ""
  ).join("");
}
