// The operator's page: what a server's /api/ says, as lists, and what it can be told to do.
//
// The token is in this module alone, for as long as the tab shows the page.

const STATUS_INTERVAL_MS = 2_000;
const MINUTE_S = 60;
const BAN_TIMES = [["1 hour", 60 * MINUTE_S], ["1 day", 1_440 * MINUTE_S], ["7 days", 10_080 * MINUTE_S], ["ever", null]];
const DRAIN_TIMES = [["1 minute", MINUTE_S], ["10 minutes", 10 * MINUTE_S], ["1 hour", 60 * MINUTE_S], ["as long as it takes", null]];

const element = (id) => document.getElementById(id);
const isAddress = (text) => /^[\d.]+\.[\d.]+$|:/.test(text);
const isNumber = (text) => /^\d+$/.test(text);
/** Somebody, as the server wants to hear of it. */
const called = (text) => (isNumber(text) ? { uid: Number(text) } : isAddress(text) ? { address: text } : { user: text });
const untilWhen = (seconds) => (seconds === null ? "for ever" : new Date(seconds * 1_000).toLocaleString());

/** What each list shows, and what can be done about a line. */
const LISTS = {
  users: {
    columns: ["uid", "account", "nickname", "state", "world", "room", "address"],
    acts: [["Kick", ({ uid }) => kick(uid)], ["Ban", ({ uid }) => ban(`${uid}`)]],
  },
  rooms: { columns: ["world", "number", "name", "mode", "members", "capacity"], acts: [] },
  worlds: {
    columns: ["id", "state", "region", "address", "users", "capacity", "rooms"],
    acts: [["Drain", ({ id }) => drain(id)], ["Undrain", ({ id }) => undrain(id)]],
  },
  channels: { columns: ["name", "members"], acts: [] },
  bans: {
    columns: ["uid", "address", "until", "reason", "by"],
    acts: [["Unban", ({ uid, address }) => unban(uid === null ? { address } : { uid })]],
  },
};

let token = "";
let isDraining = false;
/** What is shown: the answers to older questions are not. */
const shown = { list: "users", page: 1, text: "", question: 0 };

class Refused extends Error {}

/** Asks the server; with a body, has it do something. */
async function ask(what, body) {
  const headers = token ? { authorization: `Bearer ${token}` } : {};
  const options = { headers, cache: "no-store", credentials: "omit" };
  if (body) {
    Object.assign(options, { method: "POST", body: JSON.stringify(body) });
    headers["content-type"] = "application/json";
  }
  const answer = await fetch(`/api/${what}`, options);
  element("token-form").hidden = answer.status !== 401;
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(told.error ?? `the server answers ${answer.status}`);
  return told;
}

function showState(kind, text) {
  element("state").dataset.kind = kind;
  element("state-text").textContent = text;
}

async function showServer() {
  try {
    const { roles, worlds, version, uptime_seconds, users, draining, missing, hanging } = await ask("server");
    const wrong = [...hanging, ...missing];
    const name = roles.join(", ") + (worlds.length ? ` (world ${worlds.join(", ")})` : "");
    element("server").textContent = `${name} · ${version} · up ${uptime_seconds} s · ${users} users`;
    isDraining = draining;
    element("drain").textContent = draining ? "Undrain…" : "Drain…";
    if (wrong.length) showState("bad", wrong.join(", "));
    else showState(draining ? "busy" : "good", draining ? "Draining" : "Ready");
  } catch (error) {
    showState("bad", error instanceof Refused ? error.message : "The server can't be reached");
  }
}

function cell(text, className) {
  const made = document.createElement("td");
  made.textContent = text;
  made.title = text;
  if (className) made.className = className;
  return made;
}

function rowOf(line, { columns, acts }) {
  const row = document.createElement("tr");
  const texts = columns.map((column) => (column === "until" ? untilWhen(line[column]) : `${line[column] ?? ""}`));
  row.append(...texts.map((text) => cell(text)));
  const last = cell("", "acts");
  for (const [name, act] of acts) {
    const button = document.createElement("button");
    button.textContent = name;
    button.className = "grave";
    button.addEventListener("click", () => act(line));
    last.append(button);
  }
  row.append(last);
  return row;
}

function showColumns({ columns }) {
  const row = document.createElement("tr");
  row.append(...[...columns, ""].map((column) => {
    const made = document.createElement("th");
    made.textContent = column;
    return made;
  }));
  element("columns").replaceChildren(row);
}

async function showList() {
  const { list, page, text } = shown;
  const question = ++shown.question;
  for (const button of element("lists").children) button.ariaCurrent = `${button.dataset.list === list}`;
  element("add-ban").hidden = list !== "bans";
  let told = { lines: [], page: 1, pages: 1, total: 0 };
  let problem = "";
  try {
    told = await ask(`${list}?page=${page}&q=${encodeURIComponent(text)}`);
  } catch (error) {
    problem = error.message;
  }
  if (question !== shown.question) return;
  showColumns(LISTS[list]);
  element("problem").textContent = problem;
  const rows = told.lines.map((line) => rowOf(line, LISTS[list]));
  const none = document.createElement("tr");
  const empty = cell(problem ? "" : "There are none.", "none");
  empty.colSpan = LISTS[list].columns.length + 1;
  none.append(empty);
  element("lines").replaceChildren(...(rows.length ? rows : [none]));
  element("where").textContent = `page ${told.page} of ${told.pages}, ${told.total} in all`;
  element("before").disabled = told.page <= 1;
  element("behind").disabled = told.page >= told.pages;
}

function show(changes) {
  Object.assign(shown, changes);
  showList();
}

/** Asks whether it is meant; what was filled in, or null. */
function confirm({ question, yes, who, line, reason, times, timeName }) {
  element("question").textContent = question;
  element("yes").textContent = yes;
  element("who-box").hidden = who === undefined;
  element("line-box").hidden = !line;
  element("line").value = "";
  element("line").required = line === true;
  element("reason-box").hidden = !reason;
  element("time-box").hidden = !times;
  element("time-name").textContent = timeName ?? "";
  element("who").value = who ?? "";
  element("who").required = who !== undefined;
  element("reason").value = "";
  element("time").replaceChildren(...(times ?? []).map(([name], index) => new Option(name, index)));
  const dialog = element("confirm");
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const time = times?.[Number(element("time").value)]?.[1];
      const [who, line, reason] = ["who", "line", "reason"].map((id) => element(id).value.trim());
      const filled = { who, line, reason, time };
      resolve(dialog.returnValue === "yes" ? filled : null);
    }, { once: true });
  });
}

/** Does it; what is wrong is shown above the list. */
async function act(what, body) {
  try {
    await ask(what, body);
    await Promise.all([showServer(), showList()]);
  } catch (error) {
    element("problem").textContent = error.message;
  }
}

async function kick(uid) {
  const filled = await confirm({ question: `Put user ${uid} out?`, yes: "Kick", reason: true });
  if (filled) await act("kick", { uid, reason: filled.reason });
}

async function ban(who) {
  const filled = await confirm({ question: "Turn away?", yes: "Ban", who, reason: true, times: BAN_TIMES, timeName: "For" });
  if (!filled) return;
  const { reason, time } = filled;
  await act("ban", { ...called(filled.who), reason, ...(time === null ? {} : { seconds: time }) });
}

async function unban(who) {
  const filled = await confirm({ question: `Let ${who.uid ?? who.address} come again?`, yes: "Unban" });
  if (filled) await act("unban", who);
}

/** Of a world of this Main, or of the server itself. */
async function drain(world = null) {
  const what = world === null ? "the server" : `world ${world}`;
  const question = `Take nobody new, and end ${what} when the last one has gone?`;
  const filled = await confirm({ question, yes: "Drain", times: DRAIN_TIMES, timeName: "Wait for" });
  if (filled) await act("drain", { world, within_seconds: filled.time });
}

async function undrain(world = null) {
  const what = world === null ? "This server" : `World ${world}`;
  const filled = await confirm({ question: `${what} is to take newcomers again?`, yes: "Undrain" });
  if (filled) await act("undrain", { world });
}

async function say() {
  const filled = await confirm({ question: "Say to everybody at this Main?", yes: "Say", line: true });
  if (filled) await act("say", { text: filled.line });
}

async function setLevel() {
  const level = element("level").value;
  if (!level) return;
  const filled = await confirm({ question: `Log at level ${level}?`, yes: "Change" });
  if (filled) await act("log", { level });
  else element("level").value = "";
}

element("lists").addEventListener("click", ({ target }) => {
  const { list } = target.dataset;
  if (!list) return;
  element("text").value = "";
  show({ list, page: 1, text: "" });
});
element("search").addEventListener("submit", (event) => {
  event.preventDefault();
  show({ page: 1, text: element("text").value.trim() });
});
element("token-form").addEventListener("submit", (event) => {
  event.preventDefault();
  token = element("token").value.trim();
  element("token").value = "";
  showServer();
  showList();
});
element("before").addEventListener("click", () => show({ page: shown.page - 1 }));
element("behind").addEventListener("click", () => show({ page: shown.page + 1 }));
element("add-ban").addEventListener("click", () => ban(""));
element("say").addEventListener("click", say);
element("drain").addEventListener("click", () => (isDraining ? undrain() : drain()));
element("level").addEventListener("change", setLevel);

showServer();
showList();
setInterval(showServer, STATUS_INTERVAL_MS);
