/**
 * Whatever users say, with parts of clients' prompts in it, is theirs. `FAKELLM_SEED` repeats or changes
 * what they say.
 */
import { assert, assertEquals } from "@std/assert";
import {
  assistant,
  KNOWN_REQUESTS,
  system,
  user,
} from "../../src/hosting/background_task/fixture_test.ts";
import type { TaskPrompt, Wording } from "../../src/hosting/background_task/prompt.ts";
import { CLOSING_PROMPTS, TASK_PROMPTS } from "../../src/hosting/background_task/prompts.ts";
import { recogniseTask } from "../../src/hosting/background_task/recognise.ts";
import type { Message } from "../../src/run/request.ts";
import { testRequest } from "../../src/testing/test_context.ts";
import { Random, SEED } from "../secrecy/random.ts";

const CASES = 3000;

const WORDINGS: readonly Wording[] = TASK_PROMPTS.flatMap(({ system, user }) =>
  [system, user].filter((wording) => wording !== undefined)
);

/** Every sentence by which a prompt is known. */
const SENTENCES: readonly string[] = [...WORDINGS, ...CLOSING_PROMPTS].flatMap(sentencesOf);

const WORDS = [
  "please",
  "title",
  "my",
  "essay",
  "### Task:",
  "<chat_history>",
  "USER:",
  "{",
  "```",
];

function sentencesOf(wording: Wording): readonly string[] {
  return [wording.opening, ...wording.also ?? [], ...wording.ending ? [wording.ending] : []];
}

/** Words and sentences of prompts in any order, without `missing`. */
function chatter(random: Random, missing?: string): string {
  const pieces = random.list(0, 12, () => random.pick(random.chance(0.5) ? SENTENCES : WORDS));
  const text = pieces.join(random.pick([" ", "\n", "\n\n", ""]));
  return missing === undefined ? text : text.split(missing).join("");
}

function textOf(message: Message): string {
  if (message.role !== "user") return message.role === "tool" ? "" : message.content;
  return message.content.map((part) => part.type === "text" ? part.text : "").join("");
}

/** Runs `check` with a new chance each time; a failure names the seed. */
function always(check: (random: Random) => readonly Message[]): void {
  for (let index = 0; index < CASES; index++) {
    const seed = (SEED + index) >>> 0;
    const messages = check(new Random(seed));
    const found = recogniseTask(testRequest({ messages }));
    assertEquals(found, undefined, `FAKELLM_SEED=${seed}\n${JSON.stringify(messages)}`);
  }
}

Deno.test("a message that begins in a user's own words is no task, whatever it goes on with", () => {
  always((random) => {
    const known = random.pick(KNOWN_REQUESTS).messages.map(textOf).join("\n");
    const rest = random.chance(0.5) ? known : chatter(random);
    const orders = random.list(0, 2, () => system(`Note: ${chatter(random)}`));
    return [...orders, user(`${random.pick(["Look: ", "> ", "I wrote\n", "1. "])}${rest}`)];
  });
});

Deno.test("a prompt that lacks one of its sentences is no task, whatever stands in its place", () => {
  const whole = TASK_PROMPTS.filter((prompt): prompt is TaskPrompt & { readonly user: Wording } =>
    prompt.user !== undefined && prompt.system === undefined
  );
  always((random) => {
    const { user: wording } = random.pick(whole);
    const missing = random.pick(sentencesOf(wording).slice(1));
    const present = sentencesOf(wording).filter((sentence) => sentence !== missing);
    // Without the sentence at its end, something else has to come last.
    const text = [
      ...present.map((sentence) => `${sentence}${chatter(random, missing)}`),
      "and so on",
    ]
      .join("\n").split(missing).join("");
    return text.startsWith(wording.opening) ? [user(text)] : [];
  });
});

Deno.test("standing orders that ask for titles make no task of what a user says", () => {
  const both = TASK_PROMPTS.flatMap(({ system, user }) => system && user ? [{ system, user }] : []);
  always((random) => {
    const prompt = random.pick(both);
    const orders = sentencesOf(prompt.system).join("\n");
    return [
      system(orders),
      ...random.list(1, 3, () => user(`Well, ${chatter(random)}`)),
    ];
  });
});

Deno.test("a prompt in the middle of a chat is no task", () => {
  always((random) => {
    const pasted = KNOWN_REQUESTS.filter(({ client }) => !client.startsWith("NextChat"));
    const prompt = random.pick(pasted).messages;
    const turns = () =>
      random.list(1, 2, () => [user(chatter(random)), assistant(chatter(random))]);
    const before = random.chance(0.8) ? turns().flat() : [];
    const after = before.length > 0 && random.chance(0.5) ? [] : turns().flat();
    return [...before, ...prompt, ...after];
  });
});

Deno.test("the same requests as their clients send them are tasks, so that the above can fail", () => {
  const random = new Random(SEED);
  for (let index = 0; index < CASES; index++) {
    const { messages, kind } = random.pick(KNOWN_REQUESTS);
    const last = messages.at(-1)!;
    const space = () => random.pick(["", " ", "\n", "\n\n"]);
    const padded = last.role === "user" && last.content.length === 1 && messages.length < 3
      ? [...messages.slice(0, -1), user(`${space()}${textOf(last)}${space()}`)]
      : messages;
    const found = recogniseTask(testRequest({ messages: padded }));
    assert(found?.kind === kind, `FAKELLM_SEED=${SEED} case ${index} ${JSON.stringify(padded)}`);
  }
});
