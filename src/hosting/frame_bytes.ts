/**
 * Frames as bytes, without a buffer of its own for each.
 * @module
 */

/** Bytes of one slab; an idle stream whose last frame nobody took yet pins no more than this. */
const SLAB_BYTES = 16 * 1024;

/** Frames above it have a buffer of their own, so that little of a slab is left unused. */
const MAX_SHARED_BYTES = SLAB_BYTES / 8;

const encoder = new TextEncoder();
let slab = new Uint8Array(SLAB_BYTES);
let used = 0;

/**
 * The frame in UTF-8. Small buffers cost more to make than to fill, so frames share slabs; no byte is
 * written again once its frame is out, and a slab goes with the last frame in it.
 */
export function frameBytes(frame: string): Uint8Array<ArrayBuffer> {
  const { length } = frame;
  if (length > MAX_SHARED_BYTES) return encoder.encode(frame);
  if (used + length > SLAB_BYTES) {
    slab = new Uint8Array(SLAB_BYTES);
    used = 0;
  }
  const bytes = slab.subarray(used, used + length);
  // ASCII, as most frames are, takes one byte for each unit; anything else does not fit.
  if (encoder.encodeInto(frame, bytes).read < length) return encoder.encode(frame);
  used += length;
  return bytes;
}
