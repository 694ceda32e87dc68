// A realm in memory: WebSockets whose other end is the test, so that nothing depends on time.

import * as protocol from "../protocol.js";

const asBuffer = (body) => body.buffer.slice(body.byteOffset, body.byteOffset + body.byteLength);

/** Makes a `WebSocket` class; `onSocket(socket)` hears of each that is opened. */
export function fakeWebSocket(onSocket) {
  return class FakeWebSocket {
    sent = [];
    closedWith = null;
    hasEnded = false;
    /** What the other end does with a message; by default it is kept in `sent`. */
    onsend = (body) => this.sent.push(body);

    constructor(url, subProtocol) {
      this.url = url;
      this.subProtocol = subProtocol;
      onSocket(this);
    }

    send(body) {
      this.onsend(body);
    }

    close(code) {
      this.closedWith ??= code;
    }

    // What the other end does.
    open() {
      this.onopen?.({});
    }

    say(body) {
      this.onmessage?.({ data: typeof body === "string" ? body : asBuffer(body) });
    }

    end(how = {}) {
      this.hasEnded = true;
      this.onclose?.(how);
    }
  };
}

/** The servers of a realm: they answer at once, and `world` is the socket of the last that came in. */
export class FakeServers {
  sockets = [];
  world = null;
  main = null;
  token = new Uint8Array(32).fill(7);
  /** The game of the world; who says that it is of another one is not let in. */
  fingerprint = 0;
  /** Where Main says that the world is, and whether it seals its clients. */
  worldAddress = "world:1";
  isSealing = false;
  /** The Mains that the realm has, and the place of the one that is asked. */
  mains = [];
  here = 0;

  WebSocket = fakeWebSocket((socket) => {
    this.sockets.push(socket);
    socket.onsend = (body) => this.#hear(socket, body);
    queueMicrotask(() => socket.open());
  });

  #hear(socket, body) {
    const message = [protocol.clientToMain, protocol.clientToWorld, protocol.clientToLogin, protocol.eitherWay]
      .map((link) => link.decode(body)).find(Boolean);
    socket.sent.push(message);
    const { mainToClient, worldToClient, loginToClient } = protocol;
    const zero = { x: 0, y: 0, z: 0 };
    if (message.type === "LoginReq") {
      const device = new Uint8Array(32).fill(8);
      socket.say(loginToClient.encode({ type: "LoginAck", version: 2, uid: 9, token: this.token, device, ttl_s: 60 }));
    } else if (message.type === "Hello") {
      this.main = socket;
      socket.say(mainToClient.encode({ type: "Welcome", version: 2, uid: 9, token: this.token }));
      this.mains.forEach((addr, index) => {
        const list = { index, count: this.mains.length, is_here: index === this.here, addr };
        socket.say(mainToClient.encode({ type: "MainAddress", ...list }));
      });
    } else if (message.type === "EnterWorldReq") {
      const ticket = { is_sealing: this.isSealing, key_id: new Uint8Array(8), handshake_key: new Uint8Array(32) };
      socket.say(mainToClient.encode({ type: "EnterWorldAck", world_addr: this.worldAddress, ...ticket }));
    } else if (message.type === "Join" && message.fingerprint !== this.fingerprint) {
      socket.say(worldToClient.encode({ type: "JoinDenied", reason: protocol.JoinDenial.GAME_CHANGED, code: 0, text: "" }));
      queueMicrotask(() => socket.end());
    } else if (message.type === "Join") {
      this.world = socket;
      socket.say(worldToClient.encode({ type: "JoinOk", version: 2, room_id: 3, number: 1, spawn_pos: zero, members: 1, spawn_dir: 0, is_returned: false }));
    } else if (message.type === "Bye") {
      queueMicrotask(() => socket.end());
    }
  }
}

/** Ticks until `is()`, a millisecond each; throws behind `most` of them. */
export async function tickUntil(realm, clock, is, most = 20_000) {
  for (let ticks = 0; !is(); ticks++) {
    if (ticks > most) throw new Error(`not within ${most} ticks`);
    await null;
    realm.tick((clock.now += 1));
  }
}
