/**
 * The prompts of all known clients: their fixed words, as few as tell them from what users say, and
 * where the conversation stands in them. A prompt is known by at least two sentences of its own.
 * @module
 */
import { IN_CHAT_HISTORY, OPEN_WEBUI } from "./open_webui_prompts.ts";
import type { ClosingPrompt, TaskPrompt } from "./prompt.ts";

/** LibreChat: `src/utils/title.ts` of its agents; before that `api/app/clients/` of its own. */
const LIBRE_CHAT: readonly TaskPrompt[] = [
  {
    kind: "title",
    format: "text",
    user: {
      opening: "Provide a concise, 5-word-or-less title for the conversation, using title case",
      also: ["Only return the title itself.", "\nConversation:"],
    },
    conversation: { after: "\nConversation:", labelled: true },
  },
  {
    kind: "title",
    format: "json",
    user: {
      opening:
        "Analyze this conversation and provide:\n1. The detected language of the conversation",
      also: ["\n2. A concise title in the detected language (5 words or less,"],
    },
    conversation: { after: "no punctuation or quotation)", labelled: true },
  },
  {
    kind: "title",
    format: "text",
    user: {
      opening:
        "Please generate a concise title (max 40 characters) for a conversation that starts with:",
      also: ["\nUser: "],
      ending: "\nTitle:",
    },
    conversation: { labelled: true },
  },
  {
    kind: "title",
    format: "text",
    user: {
      opening: "Write a concise title for this conversation in the detected language.",
      also: ["Title in 5 Words or Less. No Punctuation or Quotation."],
    },
    conversation: { after: "No Punctuation or Quotation.", labelled: true },
  },
  {
    kind: "title",
    format: "text",
    system: {
      opening: "Write a concise title for this conversation in the given language.",
      also: ["Title in 5 Words or Less. No Punctuation or Quotation."],
    },
    user: { opening: "Language: " },
    conversation: { in: "system", after: "written in the given Language.", labelled: true },
  },
  ...(["system", "user"] as const).map((role): TaskPrompt => ({
    kind: "title",
    format: "text",
    [role]: {
      opening:
        "Detect user language and write in the same language an extremely concise title for this",
      also: ["Title in 5 Words or Less. No Punctuation or Quotation."],
      ending: "||>Title:",
    },
    conversation: {
      in: role === "system" ? role : undefined,
      after: "in User Language only.",
      before: "||>Title:",
      labelled: true,
    },
  })),
];

/** LobeHub, `packages/prompts/src/chains/summaryTitle.ts`. */
const LOBE_HUB: readonly TaskPrompt[] = [
  {
    kind: "title",
    format: "json",
    system: {
      opening: "### Task:\nGenerate a concise title summarizing the chat history.",
      also: ['{ "title": "your concise title here" }'],
    },
    user: { opening: "### Chat History:\n<chat_history>" },
    conversation: IN_CHAT_HISTORY,
  },
  {
    kind: "title",
    format: "json",
    system: {
      opening:
        "You are a professional conversation summarizer. Generate a concise title that captures",
      also: ["Return one JSON object"],
    },
    user: { opening: "<task>\nGenerate a concise title that captures the essence" },
    conversation: { after: "<user>", before: "</user>" },
  },
];

/** Goose: `crates/goose/src/prompts/session_name.md`, `crates/goose/src/providers/`. */
const GOOSE: readonly TaskPrompt[] = [
  {
    kind: "title",
    format: "text",
    system: {
      opening: "Generate a short title (four words or less)",
      also: ["Reply with only the title, nothing else. Do not show your reasoning."],
    },
    user: { opening: "---BEGIN ", ending: "Generate a short title for the above messages." },
    conversation: { after: "---BEGIN USER MESSAGES---", before: "---END USER MESSAGES---" },
  },
  ...[
    "Reply with only a description in four words or less",
    "You are a title generator. Output only the requested title of 4 words or less",
  ].flatMap((opening): readonly TaskPrompt[] => {
    const ending = "reply *ONLY* with the description";
    const question =
      "Based on the conversation so far, provide a concise description of this session";
    const prompt = { kind: "title", format: "text", system: { opening } } as const;
    return [
      {
        ...prompt,
        user: { opening: "Here are the first few user messages:", ending },
        conversation: { before: question },
      },
      { ...prompt, user: { opening: question, ending }, conversation: { after: ending } },
    ];
  }),
];

const OTHERS: readonly TaskPrompt[] = [
  // opencode, `packages/opencode/src/agent/prompt/title.txt` and `src/session/prompt.ts`.
  {
    kind: "title",
    format: "text",
    system: { opening: "You are a title generator. You output ONLY a thread title." },
    user: { opening: "Generate a title for this conversation:" },
  },
  // Crush, `internal/agent/templates/title.md` and `internal/agent/agent.go`.
  {
    kind: "title",
    format: "text",
    system: { opening: "You will generate a short title based on the first message a user begins" },
    user: { opening: "Generate a concise title for the following content:", ending: "</think>" },
    conversation: { before: "<think>" },
  },
  // Chat UI of Hugging Face, `src/lib/server/textGeneration/title.ts`.
  {
    kind: "title",
    format: "text",
    system: {
      opening: "You are a chat thread titling assistant.",
      also: ["names the topic of the user's first message."],
    },
    user: { opening: 'User message: "' },
  },
  // big-AGI, `src/modules/aifn/autotitle/autoTitle.ts`.
  {
    kind: "title",
    format: "text",
    system: { opening: "You are an AI conversation titles assistant who specializes in creating" },
    user: {
      opening:
        "Analyze the given short conversation (every line is truncated) and extract a concise",
    },
    conversation: { after: "```\n", before: "```", labelled: true },
  },
];

/** Every known prompt that is a whole request. */
export const TASK_PROMPTS: readonly TaskPrompt[] = [
  ...OPEN_WEBUI,
  ...LIBRE_CHAT,
  ...LOBE_HUB,
  ...GOOSE,
  ...OTHERS,
];

/** NextChat, `app/locales/`: English, simplified and traditional Chinese. */
export const CLOSING_PROMPTS: readonly ClosingPrompt[] = [
  {
    opening: "Please generate a four to five word title summarizing our conversation without any",
    ending: "Remove enclosing quotation marks.",
    maxLength: 240,
  },
  {
    opening: "使用四到五个字直接返回这句话的简要主题",
    ending: "请直接返回“闲聊”",
    maxLength: 80,
  },
  {
    opening: "Use the language used by the user (e.g. en for english conversation, zh-hant for",
    ending: "grasp the essence of the conversation in first sight.",
    maxLength: 460,
  },
];
