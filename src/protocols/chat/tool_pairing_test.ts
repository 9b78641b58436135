import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { RequestError } from "../../run/error.ts";
import { at } from "../issue.ts";
import { ToolPairing } from "./tool_pairing.ts";

const CALL = at(null, "call");
const REPLY = at(null, "reply");

Deno.test("ToolPairing tells a second reply from one without a call", () => {
  const pairing = new ToolPairing();
  pairing.call("a", CALL);
  pairing.reply("a", REPLY);
  const again = assertThrows(() => pairing.reply("a", REPLY), RequestError);
  assertStringIncludes(again.message, "one reply to each call");
  const stray = assertThrows(() => pairing.reply("b", REPLY), RequestError);
  assertStringIncludes(stray.message, "the id of a call");
});

Deno.test("ToolPairing.close() names the first call without reply", () => {
  const pairing = new ToolPairing();
  for (const id of ["a", "b", "c"]) pairing.call(id, at(CALL, id));
  pairing.reply("a", REPLY);
  const error = assertThrows(() => pairing.close(), RequestError);
  assertEquals([error.code, error.param], ["invalid-value", "call.b"]);
});

Deno.test("ToolPairing.close() forgets ids, so that they may come again", () => {
  const pairing = new ToolPairing();
  for (let turn = 0; turn < 2; turn++) {
    pairing.call("call_0", CALL);
    pairing.reply("call_0", REPLY);
    pairing.close();
  }
  assertThrows(() => pairing.reply("call_0", REPLY), RequestError);
});

Deno.test("ToolPairing.legacyReply() finds its call by name, once", () => {
  const pairing = new ToolPairing();
  pairing.legacyCall("f", { id: "1", path: CALL });
  assertThrows(() => pairing.legacyReply("g", REPLY), RequestError);
  assertEquals(pairing.legacyReply("f", REPLY), "1");
  assertThrows(() => pairing.legacyReply("f", REPLY), RequestError);
});
