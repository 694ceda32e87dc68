// A board in QEMU beside a realm of a test: its image is one of `tests/qemu/devices`, with the addresses of this run.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Process } from "./process.mjs";

/** What the images have: where their Main is, where clients find them, and which region they serve. */
const MAIN = "10.0.2.2:47000";
const WORLD_PORT = 47100;
export const REGION = "device";
/** The realm whose keys they have; they are built without sealed links. */
export const BOARD_ENVIRONMENT = {
  TINYREALM_CLUSTER_CLEAR: "world:100",
  TINYREALM_CLUSTER_SECRET: "7b0c5e9142d8f36a90be17c4a2d5638fe10942b7cd5f8836a4017e9d2cb65f30",
};

/** The image with other addresses, which are as long. */
function imageAt(path, realm, port) {
  const image = readFileSync(path);
  for (const [old, its] of [[MAIN, `10.0.2.2:${realm.mainPort}`], [`127.0.0.1:${WORLD_PORT}`, `127.0.0.1:${port}`]]) {
    assert.equal(its.length, old.length, "ports of five digits");
    let place = image.indexOf(old);
    assert.ok(place >= 0, `the image has no ${old}`);
    for (; place >= 0; place = image.indexOf(old, place + 1)) image.write(its, place);
  }
  const own = join(realm.folder, "world.elf");
  writeFileSync(own, image);
  return own;
}

/** Starts the image on a board whose world clients find at this port. */
export function startBoard(path, realm, port) {
  return new Process("qemu-system-arm", [
    "-M", "mps2-an385", "-display", "none", "-monitor", "none", "-serial", "none", "-no-reboot",
    "-kernel", imageAt(path, realm, port),
    "-netdev", `user,id=net0,hostfwd=tcp:127.0.0.1:${port}-:${WORLD_PORT}`,
    "-net", "nic,netdev=net0,model=lan9118,macaddr=02:00:00:00:71:00",
  ]);
}

/** Bots beside the board play no longer; answers what they report, which is well. */
export async function reportOf(bots) {
  bots.child.kill("SIGINT");
  const [code] = await bots.ended;
  assert.equal(code, 0, bots.said);
  return JSON.parse(bots.printed);
}
