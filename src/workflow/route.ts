/**
 * One way a router may take.
 * @module
 */
import { SetupError } from "../run/error.ts";
import { isRunner, type Runner } from "../run/runner.ts";

/** Builds a route's Runner; called once. */
export type RouteFactory = () => Runner | Promise<Runner>;

/** What a route may have besides. */
export interface RouteOptions {
  /**
   * Told to clients as progress before the route answers, where the model's reasoning mode is
   * `custom`. Never a secret. @default nothing is told
   */
  readonly label?: string;
}

const MAX_ID = 64;

/** A Runner, and which requests it is for. */
export class Route {
  /** Names it to the router's model, to operators and as a fallback. */
  readonly id: string;
  /** What answers, or builds what does. */
  readonly source: Runner | RouteFactory;
  /** Which requests it answers, for the router's model. */
  readonly description: string;
  /** What clients are told before it answers. */
  readonly label: string | undefined;

  /**
   * Describes a route; nothing is built.
   *
   * @param id 1 to 64 characters, none of them a control character, no blank at either end
   * @throws {SetupError} when the id or the description is unusable, or the source cannot answer
   */
  constructor(
    id: string,
    source: Runner | RouteFactory,
    description: string,
    options: RouteOptions = {},
  ) {
    if (
      typeof id !== "string" || id.length > MAX_ID || !/^\S(?:.*\S)?$/.test(id) ||
      /\p{Cc}/u.test(id)
    ) {
      throw new SetupError(
        `Cannot name a route ${JSON.stringify(id)}: an id has 1 to ${MAX_ID} characters, none of ` +
          "them a control character, no blank at either end",
      );
    }
    if (!isRunner(source) && typeof source !== "function") {
      throw new SetupError(
        `Route "${id}" cannot answer: expected an agent, a workflow or a factory of one`,
      );
    }
    if (typeof description !== "string" || description.trim() === "") {
      throw new SetupError(`Describe route "${id}": say which requests it answers`);
    }
    this.id = id;
    this.source = source;
    this.description = description.trim();
    this.label = options.label || undefined;
  }
}
