// The live page and a device: a tab goes into the room of a board in QEMU, where players are by TCP.
//
// `tabs.mjs` and `realm.mjs` say what they need; besides, TINYREALM_IMAGE is the tests' world for the board,
// and QEMU is there.

import assert from "node:assert/strict";
import { connect } from "node:net";
import * as protocol from "../../backend-web/protocol.js";
import { BOARD_ENVIRONMENT, REGION, reportOf, startBoard } from "./board.mjs";
import { Process, freePorts, until } from "./process.mjs";
import { Realm } from "./realm.mjs";
import { Browser, distance, inwards, isIn, picture, places, uidOf } from "./tabs.mjs";

const BOTS = 5;
/** What the bots say at least, in some fifteen seconds; they go on for as long as the tab needs. */
const BOTS_SAY = 700;
/** The wish of whoever wants any room. */
const ANY_ROOM =
  { kind: 0, name: "", mode: "", secret: "", options: new Uint8Array(), is_listed: false, places: 0 };
const WORLD = "World 100";
const [device] = await freePorts(1);
const realm = await Realm.make(
  ["--worlds", "1", "--bots", "4", "--set", "up.auth=guest"], BOARD_ENVIRONMENT);
const main = realm.mainPort;

/** A player by TCP, who only listens. */
class Listener {
  where = new Map();
  uids = new Map();

  async enter() {
    const atMain = this.#open(main, protocol.clientToMain, protocol.mainToClient);
    const welcome = await atMain.ask({ type: "Hello", versions: protocol.VERSIONS, token: null, nickname: "" }, "Welcome");
    const pass = await atMain.ask({ type: "EnterWorldReq", region: REGION, wish: ANY_ROOM }, "EnterWorldAck");
    assert.equal(pass.world_addr, `127.0.0.1:${device}`);
    const inWorld = this.#open(device, protocol.clientToWorld, protocol.worldToClient);
    await inWorld.ask({ type: "Join", versions: protocol.VERSIONS, uid: welcome.uid, handshake_key: pass.handshake_key, fingerprint: 0 }, "JoinOk");
    return this;
  }

  #open(port, outbound, inbound) {
    const socket = connect(port, "127.0.0.1");
    const waiting = new Map();
    const send = (message) => {
      const link = message.type in outbound.opcodes ? outbound : protocol.eitherWay;
      const body = link.encode(message);
      socket.write(Buffer.concat([Buffer.from([body.length & 0xff, body.length >> 8]), body]));
    };
    let unread = Buffer.alloc(0);
    socket.on("data", (data) => {
      unread = Buffer.concat([unread, data]);
      while (unread.length >= 2 && unread.length >= 2 + unread.readUInt16LE()) {
        const end = 2 + unread.readUInt16LE();
        const body = new Uint8Array(unread.subarray(2, end));
        unread = unread.subarray(end);
        const message = inbound.decode(body) ?? protocol.eitherWay.decode(body);
        if (message.type === "Ping") send({ type: "Pong", nonce: message.nonce });
        if (message.type === "UserEntered") this.uids.set(message.member.number, message.member.uid);
        if (message.type === "RoomSnapshot") for (const { number, uid } of message.members) this.uids.set(number, uid);
        if (message.type === "MoveBroadcast") this.where.set(this.uids.get(message.number), message.pos);
        waiting.get(message.type)?.(message);
      }
    });
    const ask = (message, type) => {
      const answer = new Promise((resolve, reject) => {
        waiting.set(type, resolve);
        socket.once("close", () => reject(new Error(`no ${type}`)));
      });
      send(message);
      return answer;
    };
    this.end = () => socket.destroy();
    return { ask };
  }
}

realm.start();
const browser = new Browser();
let board, bots;
try {
  await browser.start();
  await until("the realm", () => realm.tell("/readyz"), ({ status }) => status === 200);
  const tab = await browser.open(`${realm.page}?region=home`, { viewport: { width: 1280, height: 800 } });
  assert.equal(await tab.locator("#worlds a").count(), 0, "one region is no choice");

  board = startBoard(process.env.TINYREALM_IMAGE, realm, device);
  const link = tab.locator("#worlds a", { hasText: `${WORLD} · ${REGION}` });
  await link.waitFor();
  const flags = ["--region", REGION, "--count", `${BOTS}`, "--hz", "10", "--seconds", "300", "--json"];
  bots = Process.tinyrealm(["bots", "--main", `127.0.0.1:${main}`, ...flags]);
  const before = await uidOf(tab);
  await link.click();
  await tab.locator("#worlds li.here a", { hasText: `${WORLD} · ${REGION} · you` }).waitFor();
  await tab.locator(isIn).waitFor();
  const uid = await uidOf(tab);
  assert.equal(uid, before, "the same user in another room");
  console.log("the page lists the device's world, and a click enters it");

  const listener = await new Listener().enter();
  const first = await until("everyone is on the map", () => places(tab), (seen) =>
    Object.keys(seen).length === BOTS + 2);
  // Of those, the tab and the listener stand still.
  await until("the bots move", () => places(tab), (seen) =>
    Object.keys(first).filter((other) => seen[other] && distance(first[other], seen[other]) > 500).length >= BOTS);
  const start = (await places(tab))[uid];
  const { way, key } = inwards(start);
  await tab.keyboard.down(key);
  await until("a player by TCP hears the tab move", async () => listener.where.get(uid), (pos) =>
    pos && (pos.x - start.x) * way > 2_000);
  await tab.keyboard.up(key);
  await until("both know where", async () => [(await places(tab))[uid], listener.where.get(uid)], ([own, heard]) =>
    distance(own, heard) < 2);
  await picture(tab, "device");
  await until("the bots have played", async () => Number(/.* (\d+) sent/s.exec(bots.said)?.[1]), (sent) => sent >= BOTS_SAY);
  const report = await reportOf(bots);
  assert.deepEqual([report.joined, report.lost, report.duplicated, report.disordered], [BOTS, 0, 0, 0]);
  listener.end();
  assert.deepEqual(browser.problems, []);
  console.log("the tab and players by TCP see each other walk in the device's room, and nothing is lost");
} catch (error) {
  console.error(`--- what the realm has said:\n${realm.said}\n--- the bots:\n${bots?.said}\n--- QEMU:\n${board?.said}\n---`);
  throw error;
} finally {
  await browser.stop();
  await bots?.stop();
  await board?.stop();
  await realm.remove();
}
