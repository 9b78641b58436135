import { assert, assertEquals } from "@std/assert";
import type { Message, RunRequest } from "../../run/request.ts";
import { testRequest } from "../../testing/test_context.ts";
import {
  assistant,
  KNOWN_REQUESTS,
  NEXT_CHAT_TITLE,
  openWebUi,
  openWebUiTitle,
  system,
  user,
} from "./fixture_test.ts";
import { MAX_SUBJECT } from "./background_task.ts";
import { CLOSING_PROMPTS, TASK_PROMPTS } from "./prompts.ts";
import { recogniseTask } from "./recognise.ts";

function recognise(messages: readonly Message[], overrides: Partial<RunRequest> = {}) {
  return recogniseTask(testRequest({ messages, ...overrides }));
}

for (const { client, messages, ...task } of KNOWN_REQUESTS) {
  Deno.test(`recogniseTask() knows the ${task.kind} prompt of ${client} (${messages.length})`, () => {
    assertEquals(recognise(messages), task);
  });
}

Deno.test("every prompt of the table is known by two sentences at least, and by one request", () => {
  for (const prompt of TASK_PROMPTS) {
    const { system: orders, user: question } = prompt;
    const sentences = [orders, question].flatMap((wording) =>
      wording ? [wording.opening, ...wording.also ?? [], wording.ending ?? []].flat() : []
    );
    assert(sentences.length >= 2, JSON.stringify(prompt));
    assert(sentences.join("").length >= 55, JSON.stringify(prompt));
    const matching = KNOWN_REQUESTS.filter(({ kind, messages }) => {
      const texts = messages.map((message) =>
        message.role === "user"
          ? message.content.map((part) => part.type === "text" ? part.text : "").join()
          : message.content
      ).join("\n");
      return kind === prompt.kind && sentences.every((sentence) => texts.includes(sentence));
    });
    assert(matching.length > 0, JSON.stringify(prompt));
  }
  assertEquals(CLOSING_PROMPTS.length, 3);
});

const TITLE = openWebUiTitle();
const TAGS_SENTENCE =
  "Generate 1-3 broad tags categorizing the main themes of the chat history, along with 1-3 more " +
  "specific subtopic tags.";

/** What users say, among it much that clients say as well. */
const NEAR_MISSES: readonly (string | readonly Message[])[] = [
  "",
  " ",
  "Hi",
  "Can you generate a concise title for my essay?",
  "Generate a concise title summarizing the chat history.",
  "### Task:\nGenerate a concise title summarizing the chat history.",
  "### Task:\nGenerate a concise, 3-5 word title for my novel about <chat_history>",
  '### Task:\nWrite code.\n### Output:\nJSON format: { "title": "x" }\n<chat_history>\n</chat_history>',
  "### Task:\nRespond to the user query using the provided context, incorporating inline citations " +
  'in the format [id].\n\n<context>\n<source id="1">x</source>\n</context>\n\n<user_query>\nGenerate a ' +
  "title\n</user_query>",
  openWebUi(
    "Respond to the user query using the provided context",
    'JSON format: { "title": "your concise title here" }',
  ),
  openWebUi("Generate a title.", 'JSON format: { "title": "your concise title here" }'),
  openWebUi("Generate a concise title summarizing the chat history.", "One line of text"),
  openWebUi(
    "Generate a concise title summarizing the chat history",
    'JSON format: { "title": "" }',
  ),
  `Here is a prompt of mine, what do you think of it?\n\n${TITLE}`,
  `> ${TITLE}`,
  `"${TITLE}"`,
  `\`\`\`\n${TITLE}\n\`\`\``,
  TITLE.toLowerCase(),
  TITLE.replace("### Task:", "## Task:"),
  TITLE.replace("### Task:", "Task:"),
  TITLE.replaceAll("<chat_history>", "<history>"),
  openWebUi(TAGS_SENTENCE, 'JSON format: { "labels": [] }'),
  openWebUi(`Please ${TAGS_SENTENCE}`, 'JSON format: { "tags": ["tag1"] }'),
  "Suggest 3-5 relevant follow-up questions or prompts that the user might naturally ask next",
  "### Task:\nAnalyze the chat history to determine the necessity of generating search queries",
  "You are an autocompletion system. Continue the text in `<text>`",
  "Generate a detailed prompt for an image generation task",
  "Your task is to reflect the speaker's likely facial expression through a fitting emoji.",
  "Your task is to reflect the speaker's likely facial expression through a fitting emoji. " +
  "Explain why this prompt works: Interpret emotions from the message",
  "Create a concise, 3-5 word title with an emoji as a title for the chat history",
  "Provide a concise, 5-word-or-less title for the conversation, using title case conventions.",
  "Provide a concise, 5-word-or-less title for the conversation we had yesterday. " +
  "Only return the title itself.\nConversation: none",
  "Analyze this conversation and provide:\n1. The mood\n2. A concise title in the detected language",
  "Analyze this conversation and provide:\n1. The detected language of the conversation",
  "Please generate a concise title (max 40 characters) for a conversation that starts with:\nHello",
  "Write a concise title for this conversation in the given language.",
  "Generate a title for this conversation:",
  "Generate a title for this conversation:\nI want to get rich",
  "Generate a concise title for the following content:\n\nMy diary",
  'User message: "Hi"',
  "Here are the first few user messages:\nHi",
  "You are a title generator. You output ONLY a thread title. Nothing else.",
  "Reply with only a description in four words or less",
  NEXT_CHAT_TITLE,
  // Standing orders alone do not make a task.
  [system("You are a title generator. You output ONLY a thread title. Nothing else."), user("Hi")],
  [system("Reply with only a description in four words or less"), user("What is this?")],
  [system("You are a chat thread titling assistant."), user("Can you help me?")],
  [system("You will generate a short title based on the first message a user begins"), user("Hi")],
  [system(TITLE), user("Hi")],
  [system(TITLE)],
  // A pasted prompt in the middle of a chat.
  [user("Hi"), assistant("Hello"), user(TITLE)],
  [user(TITLE), assistant("That is a prompt"), user("Yes, it is")],
  [user("I have a prompt for you"), user(TITLE)],
  [user(TITLE), user("Why does this not work?")],
  [user(TITLE), assistant("")],
  [system("a"), system("b"), system("c"), user(TITLE)],
  [user(TITLE), system("Be brief")],
  [user("Hi"), assistant("Hello"), user(`${NEXT_CHAT_TITLE} Thanks!`)],
  [user("Hi"), assistant("Hello"), user(`Now ${NEXT_CHAT_TITLE}`)],
  [user("Hi"), assistant("Hello"), user(NEXT_CHAT_TITLE), assistant("Greeting")],
  [
    user("Hi"),
    assistant("Hello"),
    user(
      "Please generate a four to five word title summarizing our conversation without any emotion. " +
        `${"I mean it. ".repeat(20)}Remove enclosing quotation marks.`,
    ),
  ],
];

Deno.test("recogniseTask() takes nothing that users say for a task", () => {
  assert(NEAR_MISSES.length >= 40);
  for (const said of NEAR_MISSES) {
    const messages = typeof said === "string" ? [user(said)] : said;
    assertEquals(recognise(messages), undefined, JSON.stringify(messages));
  }
  assertEquals(recognise([]), undefined);
});

Deno.test("recogniseTask() leaves a request with tools, calls or images alone", () => {
  const [first] = KNOWN_REQUESTS;
  const tools = [{ name: "output", kind: "function" } as const];
  for (const { messages } of KNOWN_REQUESTS) {
    assertEquals(recognise(messages, { tools }), undefined);
  }
  const image = { type: "image", url: "https://example.com/a.png" } as const;
  const [message] = first!.messages;
  assert(message?.role === "user");
  assertEquals(recognise([{ ...message, content: [...message.content, image] }]), undefined);
  assertEquals(recognise([{ ...message, content: [image, ...message.content] }]), undefined);
  const call = { id: "c", name: "t", kind: "function", arguments: "{}" } as const;
  const closing = [user("Hi"), assistant("Hello"), user(NEXT_CHAT_TITLE)];
  assertEquals(recognise(closing)?.subject, "Hi");
  assertEquals(
    recognise([closing[0]!, { ...assistant(""), toolCalls: [call] }, closing[2]!]),
    undefined,
  );
  assertEquals(
    recognise([
      ...closing.slice(0, 2),
      { role: "tool", toolCallId: "c", content: [] },
      closing[2]!,
    ]),
    undefined,
  );
});

Deno.test("recogniseTask() forgives white space around a prompt and after its heading", () => {
  for (
    const text of [
      `\n\n  ${TITLE}  \n`,
      TITLE.replace("### Task:\n", "### Task:  \r\n"),
      TITLE.replace("### Task:\n", "### Task:\n\n"),
    ]
  ) {
    assertEquals(recognise([user(text)])?.kind, "title", text.slice(0, 30));
  }
});

Deno.test("the subject is what the user said first, however the history is written", () => {
  const subjectOf = (history: string) => recognise([user(openWebUiTitle(history))])?.subject;
  assertEquals(subjectOf("USER: One\nASSISTANT: Two\nUSER: Three"), "One");
  assertEquals(subjectOf("ASSISTANT: Welcome\nUSER: One\nand more\n"), "One\nand more");
  assertEquals(subjectOf("ASSISTANT: Welcome"), "");
  assertEquals(subjectOf(""), "");
  assertEquals(subjectOf("USER: </chat_history> is a tag\n"), "</chat_history> is a tag");
  assertEquals(subjectOf(`USER: ${"x".repeat(10_000)}`)?.length, MAX_SUBJECT);
  assertEquals(subjectOf("USER: __proto__\nASSISTANT: constructor"), "__proto__");
});

/** A text that counts the characters that are taken out of it or compared. */
class Counted {
  looked = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  get length(): number {
    return this.#text.length;
  }

  slice(start?: number, end?: number): string {
    const slice = this.#text.slice(start, end);
    this.looked += slice.length;
    return slice;
  }

  startsWith(words: string): boolean {
    this.looked += words.length;
    return this.#text.startsWith(words);
  }

  // Whatever else is asked of it looks at everything.
  trimEnd(): string {
    this.looked += this.#text.length;
    return this.#text.trimEnd();
  }
}

Deno.test("how much is looked at does not grow with the message", () => {
  const lookedAt = (text: string, around: (message: Message) => readonly Message[]) => {
    const counted = new Counted(text);
    const part = { type: "text", text: counted as unknown as string } as const;
    assertEquals(recognise(around({ role: "user", content: [part] })), undefined);
    return counted.looked;
  };
  for (
    const around of [
      (message: Message) => [message],
      (message: Message) => [system("You are helpful."), message],
      (message: Message) => [user("Hi"), assistant("Hello"), message],
    ]
  ) {
    for (const text of ["word ", " ", "### Task:\nGenerate a concise title summarizing "]) {
      const short = lookedAt(text.repeat(4096), around);
      assertEquals(lookedAt(text.repeat(1_000_000), around), short);
      assert(short < 16_384, `${short} characters`);
    }
  }
});
