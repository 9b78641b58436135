/**
 * Requests that chat interfaces send by themselves, between the messages of their users.
 * @module
 */

/** What a client wants for itself. */
export type BackgroundTaskKind =
  | "title"
  | "tags"
  | "follow-ups"
  | "search-queries"
  | "autocomplete"
  | "emoji"
  | "image-prompt";

/** One such request. */
export interface BackgroundTask {
  /** What is wanted. */
  readonly kind: BackgroundTaskKind;
  /** How the client's prompt asks to be answered; `RunRequest.output` ranks above it. */
  readonly format: "json" | "text";
  /**
   * What the user said in the conversation the task is about: last for an image prompt, else first.
   * At most `MAX_SUBJECT` characters, empty where there is nothing.
   */
  readonly subject: string;
}

/** Most characters of a task's subject. */
export const MAX_SUBJECT = 2000;
