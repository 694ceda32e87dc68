// A page whose client seals its link to a world; the test drives it.

import { connect, load } from "./tinyrealm.js";

const module = await load(new URL("./tinyrealm-sealed.wasm", import.meta.url));
const { main } = await (await fetch("/realm")).json();
const region = new URLSearchParams(location.search).get("region");
const realm = connect({ module, main, region });
const heard = [];
realm.on("EventBroadcast", ({ data }) => heard.push(new TextDecoder().decode(data)));
requestAnimationFrame(function frame() {
  realm.tick();
  requestAnimationFrame(frame);
});
globalThis.sealed = {
  state: () => realm.state.world,
  heard: () => heard,
  say: (text) => realm.send({ type: "Event", request: 1, kind: 7, data: new TextEncoder().encode(text) }),
};
