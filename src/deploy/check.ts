/**
 * What `fakellm check` prints.
 * @module
 */
import { describeDeployment } from "./describe.ts";
import { MASK } from "./describe/mapping.ts";
import { permissionSheet } from "./permission_sheet.ts";
import { notInForce } from "./not_in_force.ts";
import type { ReadDeployment } from "./read.ts";
import { formatPath } from "./tree.ts";
import { type Writable, yamlText } from "./yaml_text.ts";

/** Shortest value of a secret variable that is also looked for inside other texts. */
const MIN_SECRET_CHARS = 4;

/** The deployment as YAML, followed by the permission sheet as comments. */
export function checkReport({ deployment, secrets }: ReadDeployment): string {
  const comments = [
    "What each model can reach:",
    ...permissionSheet(deployment),
    ...notInForce(deployment).map((at) => `Not in force in this version: ${formatPath(at)}`),
  ];
  const mask = masker(secrets);
  return [
    yamlText(maskTexts(describeDeployment(deployment), mask)),
    "",
    ...comments.map((line) => `# ${mask(line.replaceAll(/\s*\n\s*/g, " "))}`),
  ].join("\n");
}

/** Masks secrets also where they are no secret by their place, as in arguments and instructions. */
function masker(secrets: ReadonlySet<string>): (text: string) => string {
  const longestFirst = [...secrets]
    .filter((secret) => secret.length >= MIN_SECRET_CHARS)
    .sort((a, b) => b.length - a.length);
  return (text) => longestFirst.reduce((masked, secret) => masked.replaceAll(secret, MASK), text);
}

function maskTexts(value: Writable, mask: (text: string) => string): Writable {
  if (typeof value === "string") return mask(value);
  if (Array.isArray(value)) return value.map((item) => maskTexts(item, mask));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      item === undefined ? undefined : maskTexts(item, mask),
    ]),
  );
}
