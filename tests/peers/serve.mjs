// A server of NetFrameV1 made with Node's `ws`: serve.mjs PACKAGES; what it does is in src/lib.rs.

import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";

const { WebSocketServer } = createRequire(join(process.argv[2], "package.json"))("ws");
const [HELLO, ECHO, ECHO_IN_PIECES, CLOSE, FLOOD, VANISH] = [1, 2, 3, 4, 5, 6];

function frame(opcode, ...numbers) {
  const body = Buffer.alloc(4 + 4 * numbers.length);
  body.writeInt32LE(opcode);
  numbers.forEach((number, place) => body.writeUInt32LE(number, 4 + 4 * place));
  return body;
}

async function echoInPieces(socket, body) {
  socket.send(body.subarray(0, 2), { binary: true, fin: false });
  socket.ping("between");
  await once(socket, "pong");
  socket.send(body.subarray(2, 4), { fin: false });
  socket.send(body.subarray(4), { fin: true });
}

const ACTIONS = {
  [ECHO]: (socket, body) => socket.send(body),
  [ECHO_IN_PIECES]: echoInPieces,
  [CLOSE]: (socket, body) => socket.close(4000, body.subarray(4)),
  [FLOOD](socket, body) {
    for (let number = 0; number < body.readUInt32LE(4); number += 1) socket.send(frame(FLOOD, number));
  },
  [VANISH]: (socket) => socket.terminate(),
};

const handleProtocols = (offered) => offered.has("tinyrealm.v2") && "tinyrealm.v2";
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, handleProtocols });
server.on("connection", (socket) => {
  socket.send(frame(HELLO));
  socket.on("message", (body) => ACTIONS[body.readInt32LE()](socket, body));
  socket.on("close", (code, reason) => console.log(`closed with ${code} ${reason}`));
});
await once(server, "listening");
console.log(`listening on 127.0.0.1:${server.address().port}`);
