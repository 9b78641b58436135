/**
 * Requests as known clients send them, shortened between their fixed words. Has no tests of its own.
 * @module
 */
import type { AssistantMessage, Message, SystemMessage, UserMessage } from "../../run/request.ts";
import type { BackgroundTask } from "./background_task.ts";

/** A message of the user, each text a part of its own. */
export function user(...texts: readonly string[]): UserMessage {
  return { role: "user", content: texts.map((text) => ({ type: "text", text })) };
}

/** Standing orders. */
export function system(content: string): SystemMessage {
  return { role: "system", content };
}

/** What the model said. */
export function assistant(content: string): AssistantMessage {
  return { role: "assistant", content, toolCalls: [] };
}

/** One message of Open WebUI about a conversation, in the form that most of its prompts have. */
export function openWebUi(
  sentence: string,
  output: string,
  history = "USER: How do I reverse a list in Python?\nASSISTANT: Use reversed().",
): string {
  return `### Task:
${sentence}
### Guidelines:
- Use the chat's primary language.
### Output:
${output}
### Chat History:
<chat_history>
${history}
</chat_history>`;
}

/** The prompt for a title that Open WebUI sends today. */
export function openWebUiTitle(history?: string): string {
  return openWebUi(
    "Generate a concise title summarizing the chat history.",
    'JSON format: { "title": "your concise title here" }',
    history,
  );
}

/** The prompt for a title that NextChat puts after a conversation. */
export const NEXT_CHAT_TITLE =
  "Please generate a four to five word title summarizing our conversation without any lead-in, " +
  "punctuation, quotation marks, periods, symbols, bold text, or additional text. " +
  "Remove enclosing quotation marks.";

const QUESTION = "How do I reverse a list in Python?";
const DIALOGUE = [user(QUESTION), assistant("Use reversed().")];

interface KnownRequest extends BackgroundTask {
  readonly client: string;
  readonly messages: readonly Message[];
}

function known(
  client: string,
  kind: BackgroundTask["kind"],
  messages: readonly Message[],
  { format = "text", subject = QUESTION }: Partial<BackgroundTask> = {},
): KnownRequest {
  return { client, kind, format, subject, messages };
}

const json = { format: "json" } as const;

/** One request of every known kind and shape. */
export const KNOWN_REQUESTS: readonly KnownRequest[] = [
  known("Open WebUI", "title", [user(openWebUiTitle())], json),
  known("Open WebUI with standing orders", "title", [
    system("You are helpful."),
    user(openWebUiTitle()),
  ], json),
  known("Open WebUI 0.6", "title", [user(openWebUi(
    "Generate a concise, 3-5 word title with an emoji summarizing the chat history.",
    'JSON format: { "title": "your concise title here" }',
  ))], json),
  known("Open WebUI 0.5", "title", [user(
    "Create a concise, 3-5 word title with an emoji as a title for the chat history, in the given " +
      "language. RESPOND ONLY WITH THE TITLE TEXT.\n\nExamples of titles:\n📉 Stock Market Trends\n\n" +
      `<chat_history>\nUSER: ${QUESTION}\nASSISTANT: Use reversed().\n</chat_history>`,
  )]),
  known("Open WebUI 0.3", "title", [user(
    "Create a concise, 3-5 word title with an emoji as a title for the prompt in the given " +
      `language. RESPOND ONLY WITH THE TITLE TEXT.\n\nExamples of titles:\n\nPrompt: ${QUESTION}`,
  )]),
  known("Open WebUI", "tags", [user(openWebUi(
    "Generate 1-3 broad tags categorizing the main themes of the chat history, along with 1-3 more " +
      "specific subtopic tags.",
    'JSON format: { "tags": ["tag1", "tag2", "tag3"] }',
  ))], json),
  known("Open WebUI", "follow-ups", [user(openWebUi(
    "Suggest 3-5 relevant follow-up questions or prompts that the user might naturally ask next in " +
      "this conversation as a **user**, based on the chat history.",
    'JSON format: { "follow_ups": ["Question 1?", "Question 2?", "Question 3?"] }',
  ))], json),
  known("Open WebUI", "search-queries", [user(openWebUi(
    "Analyze the chat history to determine the necessity of generating search queries, in the given " +
      "language.\n### Guidelines:\n- Respond **EXCLUSIVELY** with a JSON object.\n" +
      '- If no search is useful, return: { "queries": [] }.',
    'Strictly return in JSON format: \n{\n  "queries": ["query1", "query2"]\n}',
  ))], json),
  known("Open WebUI", "autocomplete", [user(
    "### Task:\nYou are an autocompletion system. Continue the text in `<text>` based on the " +
      "**completion type** in `<type>` and the given language.  \n\n### **Output Rules**:\n" +
      '- Respond only in JSON format: `{ "text": "<your_completion>" }`.\n\n---\n### Context:\n' +
      `<chat_history>\nUSER: ${QUESTION}\n</chat_history>\n<type>General</type>  \n` +
      "<text>The sun was</text>  \n#### Output:\n",
  )], json),
  known("Open WebUI", "image-prompt", [user(openWebUi(
    "Generate a detailed prompt for am image generation task based on the given language and " +
      "context. Describe the image as if to someone who cannot see it.",
    'Strictly return in JSON format:\n{\n    "prompt": "Your detailed description here."\n}',
    "USER: Hi\nASSISTANT: Hello\nUSER: Draw a cat\n",
  ))], { ...json, subject: "Draw a cat" }),
  known("Open WebUI", "emoji", [user(
    "Your task is to reflect the speaker's likely facial expression through a fitting emoji. " +
      "Interpret emotions from the message and reflect their facial expression using fitting, " +
      "diverse emojis (e.g., 😊, 😢).\n\nMessage: ```I am glad```",
  )], { subject: "I am glad" }),
  known("LibreChat", "title", [user(
    "Provide a concise, 5-word-or-less title for the conversation, using title case conventions. " +
      `Only return the title itself.\n\nConversation:\nUser: ${QUESTION}\nAI: Use reversed().`,
  )]),
  known("LibreChat, structured", "title", [user(
    "Analyze this conversation and provide:\n1. The detected language of the conversation\n" +
      "2. A concise title in the detected language (5 words or less, no punctuation or quotation)" +
      `\n\nUser: ${QUESTION}\nAI: Use reversed().`,
  )], json),
  known("LibreChat, assistants", "title", [user(
    "Please generate a concise title (max 40 characters) for a conversation that starts with:\n" +
      `User: ${QUESTION}\nAssistant: Use reversed().\n\nTitle:`,
  )]),
  known("LibreChat 0.7", "title", [user(
    "Write a concise title for this conversation in the detected language. Title in 5 Words or " +
      `Less. No Punctuation or Quotation.\nUser: ${QUESTION}\nAI: Use reversed().`,
  )]),
  known("LibreChat 0.6", "title", [
    system(
      "Write a concise title for this conversation in the given language. Title in 5 Words or " +
        "Less. No Punctuation or Quotation. Must be in Title Case, written in the given Language.\n" +
        `||>User:\n${QUESTION}\n||>Response:\nUse reversed().`,
    ),
    user("Language: English"),
  ]),
  ...[system, user].map((message) =>
    known("LibreChat, completion", "title", [message(
      "Detect user language and write in the same language an extremely concise title for this " +
        "conversation, which you must accurately detect.\nWrite in the detected language. Title in " +
        "5 Words or Less. No Punctuation or Quotation. Do not mention the language. Write the title " +
        `in User Language only.\n\n||>User:\n${QUESTION}\n||>Response:\nUse reversed().\n\n||>Title:`,
    )])
  ),
  known("LobeHub", "title", [
    system(
      "### Task:\nGenerate a concise title summarizing the chat history.\n\n### Output:\n" +
        'Return a raw JSON object only:\n{ "title": "your concise title here" }',
    ),
    user(`### Chat History:\n<chat_history>\nuser: ${QUESTION}\nassistant: Yes.\n</chat_history>`),
  ], json),
  known("LobeHub", "title", [
    system(
      "You are a professional conversation summarizer. Generate a concise title that captures the " +
        'essence of the conversation.\n\nRules:\n- Return one JSON object with a single "title"',
    ),
    user(
      "<task>\nGenerate a concise title that captures the essence of the conversation.\n</task>\n\n" +
        `<conversation>\n<user>\n${QUESTION}\n</user>\n</conversation>`,
    ),
  ], json),
  known("Goose", "title", [
    system(
      "Generate a short title (four words or less) for this conversation.\n\nRules:\n- None.\n\n" +
        "Reply with only the title, nothing else. Do not show your reasoning.",
    ),
    user(
      "---BEGIN HINTS (optional signals)---\nworking folder: demo\n---END HINTS---\n\n" +
        `---BEGIN USER MESSAGES---\n${QUESTION}\n---END USER MESSAGES---\n\n` +
        "Generate a short title for the above messages.",
    ),
  ]),
  ...[
    "Reply with only a description in four words or less",
    "You are a title generator. Output only the requested title of 4 words or less, with no " +
    "additional text, reasoning, or explanations.",
  ].flatMap((orders) => {
    const question = "Based on the conversation so far, provide a concise description of this " +
      "session in 4 words or less. This will be used for finding the session later in a UI with " +
      "limited space - reply *ONLY* with the description";
    return [
      known("Goose 1", "title", [
        system(orders),
        user(`Here are the first few user messages:\n${QUESTION}\n\n${question}`),
      ]),
      known("Goose 1, no messages", "title", [system(orders), user(question)], { subject: "" }),
    ];
  }),
  ...[
    [user("Generate a title for this conversation:\n"), user(QUESTION)],
    [user("Generate a title for this conversation:\n", QUESTION)],
    [user(`Generate a title for this conversation:\n${QUESTION}`)],
  ].map((messages) =>
    known("opencode", "title", [
      system(
        "You are a title generator. You output ONLY a thread title. Nothing else.\n\n<task>\n",
      ),
      ...messages,
    ])
  ),
  known("Crush", "title", [
    system("A prefix of the operator's own"),
    system(
      "You will generate a short title based on the first message a user begins a conversation " +
        "with.\n\n<rules>\n- One line.\n</rules>\n\n /no_think",
    ),
    user(
      `Generate a concise title for the following content:\n\n${QUESTION}\n <think>\n\n</think>`,
    ),
  ]),
  known("Chat UI", "title", [
    system(
      "You are a chat thread titling assistant.\nGoal: Produce a very short, descriptive title " +
        "(2–4 words) that names the topic of the user's first message.",
    ),
    user(`User message: "${QUESTION}"`),
  ], { subject: `${QUESTION}"` }),
  known("big-AGI", "title", [
    system(
      "You are an AI conversation titles assistant who specializes in creating expressive yet " +
        "few-words chat titles.",
    ),
    user(
      "Analyze the given short conversation (every line is truncated) and extract a concise chat " +
        "title that summarizes the conversation.\nOnly respond with the short title and nothing " +
        `else.\n\n\`\`\`\n- You: ${QUESTION}\n- Assistant: Use reversed().\n\`\`\``,
    ),
  ]),
  known("NextChat", "title", [system("You are helpful."), ...DIALOGUE, user(NEXT_CHAT_TITLE)]),
  known("NextChat in Chinese", "title", [
    ...DIALOGUE,
    ...DIALOGUE,
    user(
      "使用四到五个字直接返回这句话的简要主题，不要解释、不要标点、不要语气词、不要多余文本，不要加粗，" +
        "如果没有主题，请直接返回“闲聊”",
    ),
  ]),
];
