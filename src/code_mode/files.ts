/**
 * Files that tools return, as code handles them: by reference, since their bytes are for the model.
 * @module
 */
import type { InputPart } from "../run/request.ts";
import { ToolContent } from "../tools/content.ts";

/** Files of one run. */
export class FileReferences {
  readonly #files = new Map<string, InputPart>();

  /** What code gets for what a tool returned. */
  toCode(value: unknown): unknown {
    if (!(value instanceof ToolContent)) return value;
    const parts = value.parts.map((part) => part.type === "text" ? part.text : this.#refer(part));
    return parts.length === 1 ? parts[0] : parts;
  }

  /** What a tool returns for what code came to: references become files again. */
  fromCode(value: unknown): unknown {
    const parts = Array.isArray(value) ? value : [value];
    if (!parts.some((part) => this.#fileOf(part))) return value;
    return new ToolContent(parts.map((part): InputPart => {
      const text = typeof part === "string" ? part : JSON.stringify(part) ?? "";
      return this.#fileOf(part) ?? { type: "text", text };
    }));
  }

  #refer(part: InputPart) {
    const file = `file_${this.#files.size + 1}`;
    this.#files.set(file, part);
    return { file, type: part.type };
  }

  #fileOf(value: unknown): InputPart | undefined {
    if (typeof value !== "object" || value === null || !("file" in value)) return undefined;
    return typeof value.file === "string" ? this.#files.get(value.file) : undefined;
  }
}
