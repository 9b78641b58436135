import { assert, assertEquals, assertFalse } from "@std/assert";
import { ManualClock } from "../testing/manual_clock.ts";
import {
  connectionKey,
  connectionStates,
  ConnectionTable,
  remoteAddress,
} from "./connection_table.ts";

const HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt\n";
const V4 = "   0: 0100007F:1F90 0100007F:D2F4 01 00000000:00000000 00:00000000 00000000 0 0 1\n";
const V4_GONE = V4.replace(" 01 ", " 08 ");
const MAPPED =
  "  12: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000A01A8C0:0050 01 0 0\n";
const V6 =
  "   3: 00000000000000000000000001000000:1F90 00000000000000000000000001000000:C350 01 0 0\n";

Deno.test("connectionStates() finds the other ends and whether they are there", () => {
  const keys = connectionStates(HEAD + V4 + MAPPED + V6);
  assertEquals(keys.size, 3);
  assert(keys.get(connectionKey({ hostname: "127.0.0.1", port: 0xD2F4 })));
  assert(keys.get(connectionKey({ hostname: "192.168.1.10", port: 80 })));
  assert(keys.get(connectionKey({ hostname: "::ffff:192.168.1.10", port: 80 })));
  assert(keys.get(connectionKey({ hostname: "::1", port: 0xC350 })));
  assertEquals([...connectionStates(HEAD + V4_GONE).values()], [false]);
});

Deno.test("ConnectionTable tells once that a connection is gone, and holds no timer idly", () => {
  const clock = new ManualClock();
  let rows = HEAD + V4 + V6;
  const table = new ConnectionTable(clock, () => rows);
  assert(table.available);
  let gone = 0;
  table.watch({ hostname: "127.0.0.1", port: 0xD2F4 }, () => gone++);
  const unwatch = table.watch({ hostname: "::1", port: 0xC350 }, () => gone++);
  clock.advance(800);
  assertEquals(gone, 0);
  rows = HEAD + V4_GONE + V6;
  clock.advance(10_000);
  assertEquals(gone, 1);
  unwatch();
  assertEquals(clock.pending, 0);
});

Deno.test("ConnectionTable is not available where there is no table", () => {
  assertFalse(new ConnectionTable(new ManualClock(), () => undefined).available);
});

Deno.test("ConnectionTable forgives a row that one read skipped, not one that stays away", () => {
  const clock = new ManualClock();
  let rows = HEAD;
  const table = new ConnectionTable(clock, () => rows);
  let gone = 0;
  table.watch({ hostname: "127.0.0.1", port: 0xD2F4 }, () => gone++);
  clock.advance(400);
  rows = HEAD + V4;
  clock.advance(400);
  rows = HEAD;
  clock.advance(400);
  assertEquals(gone, 0);
  clock.advance(400);
  assertEquals(gone, 1);
});

Deno.test("remoteAddress() takes addresses with a port and nothing else", () => {
  const address = { transport: "tcp", hostname: "127.0.0.1", port: 1 };
  assertEquals(remoteAddress(address), { hostname: "127.0.0.1", port: 1 });
  assertEquals(remoteAddress({ transport: "unix", path: "/run/socket" }), undefined);
  assertEquals(remoteAddress(undefined), undefined);
});
