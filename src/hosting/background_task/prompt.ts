/**
 * What the prompts by which clients ask for titles, tags and the like are known by.
 * @module
 */
import type { BackgroundTaskKind } from "./background_task.ts";

/** Fixed words of one message. */
export interface Wording {
  /** How the message begins, white space aside. */
  readonly opening: string;
  /** What else stands near its beginning. @default nothing */
  readonly also?: readonly string[];
  /** How it ends, white space aside. @default anyhow */
  readonly ending?: string;
}

/** Where a prompt holds the conversation it is about. */
export interface Embedding {
  /** In which message. @default the user's */
  readonly in?: "system";
  /** What goes before it. @default the opening of the user's message */
  readonly after?: string;
  /** What comes after it. @default nothing */
  readonly before?: string;
  /** Whether each of its messages begins with who wrote it, as `User:`. @default false */
  readonly labelled?: boolean;
}

/**
 * A prompt that is a whole request. With `user` alone it is the only message besides standing orders;
 * with `system` alone, all there is.
 */
export interface TaskPrompt {
  /** What is wanted. */
  readonly kind: BackgroundTaskKind;
  /** How it asks to be answered. */
  readonly format: "json" | "text";
  /** The last system message. */
  readonly system?: Wording;
  /** The first user message. */
  readonly user?: Wording;
  /** Where the conversation stands. @default the rest of what the user says */
  readonly conversation?: Embedding;
}

/** A title asked for at the end of a conversation, as one more message of the user. */
export interface ClosingPrompt {
  /** How the message begins. */
  readonly opening: string;
  /** How it ends. */
  readonly ending: string;
  /** Most characters it has: nothing of a user's stands between beginning and end. */
  readonly maxLength: number;
}
