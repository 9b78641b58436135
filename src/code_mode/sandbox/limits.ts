/**
 * What code is held to in its own process.
 * @module
 */

/** Told with each piece of code. */
export const limits = { maxChars: 0 };
