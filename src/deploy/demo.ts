/**
 * The embedded demo: two agents with hidden tools on the rule-based backend. No key, no network, no
 * LLM.
 * @module
 */
import { z } from "zod";
import { Agent } from "../agent/agent.ts";
import { type App, createApp } from "../hosting/app.ts";
import type { ApiKey } from "../hosting/auth/api_key.ts";
import { FakeModels } from "../hosting/fake_models.ts";
import { DemoBackend } from "../models/demo.ts";
import type { Clock, Logger } from "../run/seams.ts";
import { tool } from "../tools/tool.ts";

/** Names of the demo's models. */
export const DEMO_MODELS = ["demo-clock", "demo-dice"] as const;

/** What the demo gets besides its agents. */
export interface DemoOptions {
  readonly logger: Logger;
  readonly clock: Pick<Clock, "now">;
  readonly prefix?: string;
  readonly apiKeys?: readonly ApiKey[];
  readonly insecure?: boolean;
}

/** Pause before each word, so that streaming can be seen. */
const WORD_DELAY_MS = 15;

const DAY_MS = 86_400_000;

/** The demo's app. */
export function demoApp({ clock, ...options }: DemoOptions): App {
  const model = new DemoBackend({ wordDelayMs: WORD_DELAY_MS });
  const [clockId, diceId] = DEMO_MODELS;
  const models = new FakeModels()
    .add(clockId, clockAgent(model, clock), { description: "Knows the time and counts days" })
    .add(diceId, diceAgent(model), { description: "Rolls dice and flips coins" });
  return createApp(models, options);
}

function clockAgent(model: DemoBackend, clock: Pick<Clock, "now">): Agent {
  return new Agent({
    name: DEMO_MODELS[0],
    model,
    instructions: "You know the time. Answer shortly.",
    tools: [
      tool({
        name: "current_time",
        description: "The current time and date, today, now, in a place",
        parameters: z.object({
          place: z.string().default("UTC").describe("City, as Tokyo, or UTC"),
        }),
        execute: ({ place }) => timeIn(place, clock.now()),
      }),
      tool({
        name: "days_until",
        description: "How many days are left until a date",
        parameters: z.object({ text: z.string().describe("Words with a date as 2030-12-31") }),
        execute: ({ text }) => daysUntil(text, clock.now()),
      }),
    ],
  });
}

/** The time in a city, by the IANA time zone that carries its name. */
function timeIn(place: string, nowMs: number): string {
  const city = `/${place.trim().replaceAll(" ", "_")}`.toLowerCase();
  const timeZone = place === "UTC" ? place : Intl.supportedValuesOf("timeZone")
    .find((zone) => zone.toLowerCase().endsWith(city));
  if (timeZone === undefined) return `No time zone is named after ${place}`;
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    dateStyle: "full",
    timeStyle: "short",
  });
  return `${format.format(nowMs)} (${timeZone})`;
}

function daysUntil(text: string, nowMs: number): string {
  const date = /\d{4}-\d{2}-\d{2}/.exec(text)?.[0];
  const time = date === undefined ? NaN : Date.parse(date);
  if (Number.isNaN(time)) return "Name a date as 2030-12-31";
  return `${time / DAY_MS - Math.floor(nowMs / DAY_MS)} days until ${date}`;
}

function diceAgent(model: DemoBackend): Agent {
  return new Agent({
    name: DEMO_MODELS[1],
    model,
    instructions: "You play with chance. Answer shortly.",
    tools: [
      tool({
        name: "roll_dice",
        description: "Roll one or more dice",
        parameters: z.object({
          count: z.int().min(1).max(20).default(2),
          sides: z.int().min(2).max(1000).default(6),
        }),
        execute: ({ count, sides }) =>
          `Rolled ${Array.from({ length: count }, () => below(sides) + 1).join(", ")}`,
      }),
      tool({
        name: "flip_coin",
        description: "Flip a coin: heads or tails",
        execute: () => below(2) === 0 ? "heads" : "tails",
      }),
    ],
  });
}

/** A random whole number from 0 to `limit - 1`. */
function below(limit: number): number {
  return Math.floor(Math.random() * limit);
}
