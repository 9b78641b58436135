/**
 * Files that tools return, as code handles them: by reference, since their bytes are for the model.
 * @module
 */
import type { InputPart } from "../run/request.ts";
import { ToolContent } from "../tools/content.ts";

/** Files of one run. */
export class FileReferences {
  readonly #files = new Map<string, InputPart>();
  readonly #newId: () => string;

  /** @param newId makes what nobody guesses. @default `crypto.randomUUID` */
  constructor(newId: () => string = () => crypto.randomUUID()) {
    this.#newId = newId;
  }

  /** What code gets for what a tool returned. */
  toCode(value: unknown): unknown {
    if (!(value instanceof ToolContent)) return value;
    const parts = value.parts.map((part) => part.type === "text" ? part.text : this.#refer(part));
    return parts.length === 1 ? parts[0] : parts;
  }

  /**
   * What a tool returns for what code came to: references become files again. Where they stand inside
   * something else, the files follow it.
   */
  fromCode(value: unknown): unknown {
    if (this.#files.size === 0 || this.#filesIn(value).length === 0) return value;
    const items: readonly unknown[] = Array.isArray(value) ? value : [value];
    return new ToolContent(items.flatMap((item) => this.#partsOf(item)));
  }

  #partsOf(item: unknown): InputPart[] {
    const file = this.#fileOf(item);
    if (file) return [file];
    const text = typeof item === "string" ? item : JSON.stringify(item) ?? "";
    return [{ type: "text", text }, ...this.#filesIn(item)];
  }

  /** Each file that is referred to, once, in the order of the text. */
  #filesIn(value: unknown): InputPart[] {
    const found = new Set<InputPart>();
    const rest = [value];
    while (rest.length > 0) {
      const item = rest.pop();
      if (typeof item !== "object" || item === null) continue;
      const file = this.#fileOf(item);
      if (file) found.add(file);
      else for (const inner of Object.values(item).reverse()) rest.push(inner);
    }
    return [...found];
  }

  #refer(part: InputPart) {
    const file = `file_${this.#newId()}`;
    this.#files.set(file, part);
    return { file, type: part.type };
  }

  /** The file of a reference, exactly as it was given. */
  #fileOf(value: unknown): InputPart | undefined {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    if (!("file" in value && "type" in value) || Object.keys(value).length !== 2) return undefined;
    const file = typeof value.file === "string" ? this.#files.get(value.file) : undefined;
    return file?.type === value.type ? file : undefined;
  }
}
