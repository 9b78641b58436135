/**
 * What expires when.
 * @module
 */

/** Something with an end. */
export interface Expiring {
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
}

/** Gives back what has expired, earliest first: a binary heap. */
export class ExpiryQueue<Item extends Expiring> {
  readonly #heap: Item[] = [];

  /** Number of items, those included that their owner has forgotten since. */
  get size(): number {
    return this.#heap.length;
  }

  /** Takes an item. */
  add(item: Item): void {
    const heap = this.#heap;
    let index = heap.length;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (heap[parent]!.expiresAtMs <= item.expiresAtMs) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = item;
  }

  /** Removes and returns the item that expires first if it is no later than `nowMs`. */
  takeExpired(nowMs: number): Item | undefined {
    const first = this.#heap[0];
    if (!first || first.expiresAtMs > nowMs) return undefined;
    const last = this.#heap.pop()!;
    if (this.#heap.length > 0) this.#sink(last);
    return first;
  }

  /** Forgets everything and takes `items` instead. */
  refill(items: Iterable<Item>): void {
    // A sorted list is a heap.
    const sorted = [...items].sort((a, b) => a.expiresAtMs - b.expiresAtMs);
    this.#heap.length = 0;
    for (const item of sorted) this.#heap.push(item);
  }

  /** Puts `item` where the root was and lets it sink to its place. */
  #sink(item: Item): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right && right.expiresAtMs < heap[child]!.expiresAtMs) child++;
      if (heap[child]!.expiresAtMs >= item.expiresAtMs) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = item;
  }
}
