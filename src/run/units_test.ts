import { assertEquals } from "@std/assert";
import { formatDuration, formatSize, parseDuration, parseSize } from "./units.ts";

Deno.test("parseDuration() reads every unit", () => {
  assertEquals(
    ["250ms", "30s", "1.5s", "2m", "1h", "1d", "0s"].map(parseDuration),
    [250, 30_000, 1500, 120_000, 3_600_000, 86_400_000, 0],
  );
});

Deno.test("parseDuration() refuses what is no duration", () => {
  for (const text of ["", "30", "s", "-1s", "30 s", "30S", "1e3s", ".5s", "30s ", "1m30s"]) {
    assertEquals(parseDuration(text), undefined, text);
  }
});

Deno.test("parseSize() reads binary and decimal units", () => {
  assertEquals(
    ["10B", "1KB", "1KiB", "64MiB", "1.5MB", "1GiB"].map(parseSize),
    [10, 1000, 1024, 67_108_864, 1_500_000, 1_073_741_824],
  );
});

Deno.test("parseSize() refuses what is no size", () => {
  for (const text of ["", "64", "64Mb", "64M", "-1B", "1 KiB"]) {
    assertEquals(parseSize(text), undefined, text);
  }
});

Deno.test("formatDuration() and formatSize() write what parses back to the same", () => {
  for (const ms of [0, 1, 250, 1500, 30_000, 90_000, 3_600_000, 86_400_000]) {
    assertEquals(parseDuration(formatDuration(ms)), ms);
  }
  for (const bytes of [0, 1, 1000, 1024, 1536, 67_108_864, 5_000_000]) {
    assertEquals(parseSize(formatSize(bytes)), bytes);
  }
  assertEquals(formatDuration(30_000), "30s");
  assertEquals(formatDuration(0), "0s");
  assertEquals(formatSize(33_554_432), "32MiB");
});
