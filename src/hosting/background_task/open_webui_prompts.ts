/**
 * The prompts of Open WebUI.
 * @module
 */
import type { Embedding, TaskPrompt } from "./prompt.ts";

const CHAT_HISTORY = "<chat_history>";

/** Between the tags of a history, each message after the role of its author. */
export const IN_CHAT_HISTORY: Embedding = {
  after: CHAT_HISTORY,
  before: "</chat_history>",
  labelled: true,
};

/** Open WebUI, `backend/open_webui/config.py`, versions 0.3 to 0.11. */
export const OPEN_WEBUI: readonly TaskPrompt[] = [
  ...[
    "### Task:\nGenerate a concise title summarizing the chat history.",
    "### Task:\nGenerate a concise, 3-5 word title",
  ].map((opening): TaskPrompt => ({
    kind: "title",
    format: "json",
    user: { opening, also: ['JSON format: { "title":', CHAT_HISTORY] },
    conversation: IN_CHAT_HISTORY,
  })),
  {
    kind: "title",
    format: "text",
    user: {
      opening: "Create a concise, 3-5 word title with an emoji as a title for the chat history",
      also: ["RESPOND ONLY WITH THE TITLE TEXT.", CHAT_HISTORY],
    },
    conversation: IN_CHAT_HISTORY,
  },
  {
    kind: "title",
    format: "text",
    user: {
      opening: "Create a concise, 3-5 word title with an emoji as a title for the prompt",
      also: ["RESPOND ONLY WITH THE TITLE TEXT."],
    },
    conversation: { after: "\nPrompt:" },
  },
  {
    kind: "tags",
    format: "json",
    user: {
      opening:
        "### Task:\nGenerate 1-3 broad tags categorizing the main themes of the chat history",
      also: ['JSON format: { "tags":', CHAT_HISTORY],
    },
    conversation: IN_CHAT_HISTORY,
  },
  {
    kind: "follow-ups",
    format: "json",
    user: {
      opening: "### Task:\nSuggest 3-5 relevant follow-up questions or prompts that the user might",
      also: ['JSON format: { "follow_ups":', CHAT_HISTORY],
    },
    conversation: IN_CHAT_HISTORY,
  },
  {
    kind: "search-queries",
    format: "json",
    user: {
      opening:
        "### Task:\nAnalyze the chat history to determine the necessity of generating search queries",
      also: ["Respond **EXCLUSIVELY** with a JSON object.", '{ "queries": [] }'],
    },
    conversation: IN_CHAT_HISTORY,
  },
  {
    kind: "autocomplete",
    format: "json",
    user: {
      opening: "### Task:\nYou are an autocompletion system. Continue the text in `<text>`",
      also: ['{ "text": "<your_completion>" }', CHAT_HISTORY],
    },
    conversation: IN_CHAT_HISTORY,
  },
  {
    kind: "image-prompt",
    format: "json",
    user: {
      opening: "### Task:\nGenerate a detailed prompt for a",
      also: [
        "image generation task based on the given language and context.",
        '"prompt": "Your detailed description here."',
        CHAT_HISTORY,
      ],
    },
    conversation: IN_CHAT_HISTORY,
  },
  {
    kind: "emoji",
    format: "text",
    user: {
      opening:
        "Your task is to reflect the speaker's likely facial expression through a fitting emoji.",
      also: [
        "Interpret emotions from the message and reflect their facial expression",
        "Message: ```",
      ],
      ending: "```",
    },
    conversation: { after: "Message: ```", before: "```" },
  },
];
