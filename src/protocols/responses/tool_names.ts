/**
 * Names of tools that stand below a common name, which models do not know of.
 * @module
 */

/** A tool's name as the client has it. */
export interface ClientName {
  readonly name: string;
  /** The common name it stands below. */
  readonly namespace?: string;
}

const MAX_NAME_LENGTH = 64;

/** Client names <-> names towards the model, of one request. */
export class ToolNames {
  readonly #clientNames = new Map<string, ClientName>();
  readonly #names = new Map<string, Map<string, string>>();
  /** Names without their namespace; null where several namespaces have a tool of that name. */
  readonly #plain = new Map<string, string | null>();
  /** Never starts anew, so that a hostile request cannot make the search for a free name long. */
  #suffix = 1;

  /**
   * Gives a tool of a namespace a name that is not in use.
   *
   * @param isTaken tells names that other tools have
   * @returns undefined when the namespace has a tool of that name already
   */
  add(
    { name, namespace }: Required<ClientName>,
    isTaken: (name: string) => boolean,
  ): string | undefined {
    let names = this.#names.get(namespace);
    if (!names) this.#names.set(namespace, names = new Map());
    if (names.has(name)) return undefined;
    const whole = joined(namespace, name);
    let given = whole.slice(0, MAX_NAME_LENGTH);
    while (isTaken(given)) {
      const suffix = `_${this.#suffix++}`;
      given = whole.slice(0, MAX_NAME_LENGTH - suffix.length) + suffix;
    }
    names.set(name, given);
    this.#plain.set(name, this.#plain.has(name) ? null : given);
    this.#clientNames.set(given, { name, namespace });
    return given;
  }

  /** The name towards the model; a tool that is not offered any more has one as well. */
  towardsModel(name: string, namespace: string | null | undefined): string {
    if (typeof namespace !== "string") return name;
    return this.#names.get(namespace)?.get(name) ??
      joined(namespace, name).slice(0, MAX_NAME_LENGTH);
  }

  /** The name towards the model of the only tool of that name in all namespaces. */
  onlyOne(name: string): string | undefined {
    return this.#plain.get(name) ?? undefined;
  }

  /** The names towards the model of all tools of a namespace. */
  allOf(namespace: string): readonly string[] {
    return [...this.#names.get(namespace)?.values() ?? []];
  }

  /** The name the client knows a tool by. */
  towardsClient(name: string): ClientName {
    return this.#clientNames.get(name) ?? { name };
  }
}

function joined(namespace: string, name: string): string {
  return `${namespace}__${name}`.replace(/[^a-zA-Z0-9_-]/g, "_");
}
