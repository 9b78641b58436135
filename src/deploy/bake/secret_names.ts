/**
 * Which names tell that a value is secret, and which that it is none.
 * @module
 */
import { SECRET_NAME } from "../interpolate.ts";

/** Further names in addresses and arguments, where few values are secret. */
const FURTHER = /pass|session|jwt|signature|(?:^|[^a-z])(?:pin|sig|pat)(?:$|[^a-z])/i;

/** Names of what is a number, or of where a secret is. */
const NO_SECRET = /max.?tokens|authors?$|[-_.](?:file|path|dir)$/i;

/** Headers and variables whose values may be seen; of all others nothing is known. */
const HARMLESS =
  /^(?:accept(?:-\w+)*|content-type|user-agent|http-referer|referer|x-title|(?:openai|anthropic)-(?:beta|version)|PATH|NODE_ENV|LANG|LANGUAGE|LC_\w+|TZ|HOME|DEBUG|LOG_LEVEL|PORT|HOST)$/i;

/** Whether a parameter, flag or variable of this name holds a secret. */
export function namesSecret(name: string): boolean {
  const plain = name.replaceAll(
    /%([0-9a-f]{2})/gi,
    (_, hex: string) => String.fromCharCode(parseInt(hex, 16)),
  );
  return (SECRET_NAME.test(plain) || FURTHER.test(plain)) && !NO_SECRET.test(plain);
}

/** Whether a header or variable of this name holds no secret. */
export function isHarmlessName(name: string): boolean {
  return HARMLESS.test(name);
}
