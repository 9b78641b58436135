/**
 * What a person is asked before a call runs.
 * @module
 */

/**
 * The operator's words for a question. Whoever is asked sees these and nothing of the call: neither
 * the tool's name nor its arguments.
 */
export interface ApprovalPrompt {
  /** A few words, as "Change a file". */
  readonly label: string;
  /** What is to be decided, in a sentence or two. */
  readonly text: string;
}
