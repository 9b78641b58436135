import { assertEquals } from "@std/assert";
import { ExpiryQueue } from "./expiry_queue.ts";

function takeAll(queue: ExpiryQueue<{ readonly expiresAtMs: number }>, nowMs: number): number[] {
  const taken: number[] = [];
  for (let item; (item = queue.takeExpired(nowMs));) taken.push(item.expiresAtMs);
  return taken;
}

Deno.test("takeExpired() gives what is due, earliest first, whatever the order of adding", () => {
  // 7919 has no divisor in common with 1000: every number comes once, in no order.
  const times = Array.from({ length: 1000 }, (_, index) => (index * 7919) % 1000);
  const queue = new ExpiryQueue();
  for (const expiresAtMs of times) queue.add({ expiresAtMs });
  assertEquals(takeAll(queue, -1), []);
  assertEquals(takeAll(queue, 499), Array.from({ length: 500 }, (_, index) => index));
  for (const expiresAtMs of [250, 999, 250]) queue.add({ expiresAtMs });
  assertEquals(takeAll(queue, 500), [250, 250, 500]);
  assertEquals(queue.size, 500);
  assertEquals(takeAll(queue, 5000).length, 500);
  assertEquals(queue.takeExpired(Infinity), undefined);
});

Deno.test("refill() forgets and orders", () => {
  const queue = new ExpiryQueue();
  queue.add({ expiresAtMs: 1 });
  queue.refill([3, 2, 5, 4].map((expiresAtMs) => ({ expiresAtMs })));
  assertEquals(takeAll(queue, 4), [2, 3, 4]);
  queue.refill([]);
  assertEquals(queue.size, 0);
});
