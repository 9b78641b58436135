/**
 * `fakellm demo`.
 * @module
 */
import type { Command } from "../command.ts";
import { readFlags } from "../flags.ts";
import {
  SERVER_FLAG_HELP,
  SERVER_SWITCHES,
  SERVER_TEXT_FLAGS,
  serverOverrides,
} from "../settings.ts";

const HELP = `Usage: fakellm demo [flags]

Serves two agents that answer by fixed rules and use hidden tools, and prints what to type next.
Needs no key, no network and no LLM.

${SERVER_FLAG_HELP}`;

/** Serves the embedded demo. */
export const command: Command = {
  help: HELP,
  async run(args, terminal) {
    const flags = readFlags(args, {
      command: "fakellm demo",
      text: SERVER_TEXT_FLAGS,
      switches: SERVER_SWITCHES,
      maxArguments: 0,
    });
    if (flags.help) {
      terminal.out(HELP);
      return 0;
    }
    const overrides = serverOverrides(flags, terminal.env);
    const [{ demoApp }, { serveApp }, { lineLogger }, { systemClock }] = await Promise.all([
      import("../../deploy/demo.ts"),
      import("../serve.ts"),
      import("../../hosting/log.ts"),
      import("../../context/system.ts"),
    ]);
    const { host = "127.0.0.1", port = 8000, prefix, insecure = false, log = "pretty", apiKey } =
      overrides;
    const logger = lineLogger({ format: log, color: terminal.colour });
    const app = demoApp({
      logger,
      clock: systemClock,
      prefix,
      insecure,
      apiKeys: apiKey === undefined ? undefined : [{ name: "FAKELLM_API_KEY", key: apiKey }],
    });
    return await serveApp(app, {
      host,
      port,
      logger,
      log,
      terminal,
      nextSteps: (baseUrl) => nextSteps(baseUrl, apiKey !== undefined),
    });
  },
};

/** What to type next. */
export function nextSteps(baseUrl: string, keyed: boolean): string {
  const header = keyed ? ' -H "Authorization: Bearer $FAKELLM_API_KEY"' : "";
  const python = keyed ? 'os.environ["FAKELLM_API_KEY"]' : '"unused"';
  const script = keyed ? 'process.env["FAKELLM_API_KEY"]' : '"unused"';
  return `
Two demo agents answer at ${baseUrl}. They follow fixed rules; there is no LLM.
Their tools run inside: no client ever sees them.

List the models:
  curl ${baseUrl}/models${header}

Ask one, streamed:
  curl -N ${baseUrl}/chat/completions${header} -H "Content-Type: application/json" \\
    -d '{"model": "demo-clock", "stream": true, "messages": [{"role": "user", "content": "What time is it?"}]}'

Python (pip install openai):
  ${keyed ? "import os\n  " : ""}from openai import OpenAI
  client = OpenAI(base_url="${baseUrl}", api_key=${python})
  answer = client.chat.completions.create(
      model="demo-dice", messages=[{"role": "user", "content": "Roll two dice"}])
  print(answer.choices[0].message.content)

JavaScript (npm install openai):
  import OpenAI from "openai";
  const client = new OpenAI({ baseURL: "${baseUrl}", apiKey: ${script} });
  const answer = await client.chat.completions.create({
    model: "demo-dice", messages: [{ role: "user", content: "Flip a coin" }] });
  console.log(answer.choices[0].message.content);

In a chat interface: base URL ${baseUrl}, models demo-clock and demo-dice.
Serve your own agents with "fakellm deploy FILE"; "fakellm schema" describes the file.
Stop with Ctrl+C.`;
}
