// The inbox: keeps the list in step with the server, newest first.

import { content, variables } from "./blocks.js";
import { el, setEmoji } from "./mrkdwn.js";
import { service, shown as shownBy } from "./services.js";

const byId = (id) => document.getElementById(id);
let messages = [];
let channel = decodeURIComponent(location.hash.slice(1));
let opened = new Set();
const unheard = new Map();
let unread = 0;
let loaded = false;

async function fetchAfter(seq) {
  const answer = await fetch(`/messages?after=${seq}`);
  if (!answer.ok) throw new Error(`/messages answered ${answer.status}`);
  return answer.json();
}

// Asks for what is missing. One at a time, so that two events in a row do not fetch the same twice.
let chain = Promise.resolve();
function catchUp(newest) {
  chain = chain.then(() => follow(newest)).catch((error) => console.error(error));
}

async function follow(newest) {
  const have = messages.at(-1)?.seq ?? 0;
  if (newest < have) messages = []; // cleared by `alertctl local down`
  const from = newest < have ? 0 : have;
  if (newest > from) {
    const fresh = await fetchAfter(from);
    messages.push(...fresh);
    if (loaded && document.hidden) unread += fresh.length;
    show(loaded ? new Set(fresh.map((message) => message.seq)) : new Set());
  } else if (!loaded || newest < have) {
    show(new Set());
  }
  loaded = true;
}

function show(fresh) {
  const shown = living(messages).filter((message) => !channel || message.channel === channel).reverse();
  byId("empty").hidden = messages.length > 0;
  const one = messages.findLast((message) => message.channel === channel);
  byId("title").textContent = channel ? named(one, channel) : "All channels";
  byId("count").textContent = shown.length === 1 ? "1 message" : `${shown.length} messages`;
  const rows = [];
  let day = "";
  for (const message of shown) {
    const next = dayOf(message);
    if (next !== day) rows.push(el("li", "day", el("span", "", next)));
    day = next;
    rows.push(row(message, fresh.has(message.seq)));
  }
  byId("messages").replaceChildren(...rows);
  showChannels();
  document.title = `${unread ? `(${unread}) ` : ""}Inbox · alertctl`;
}

// Which method of Slack's a post called, if it came from a Slack app.
function method(message) {
  return /\/slack\/api\/([a-zA-Z.]+)$/.exec(message.path)?.[1];
}

// Lets the buttons of a Slack app's message be pressed. As in Slack, only the app changes the message afterwards.
function arm(drawn, message) {
  for (const button of drawn.querySelectorAll("button[data-action]")) {
    button.disabled = false;
    button.title = "Calls the stack, as Slack does";
    button.onclick = async () => {
      button.disabled = true;
      const { action, value } = button.dataset;
      const body = JSON.stringify({ seq: message.seq, action, value });
      const headers = { "content-type": "application/json" };
      const said = await fetch("/press", { method: "POST", headers, body }).then(
        async (answer) => (answer.ok ? "" : answer.text()),
        () => "the inbox does not answer",
      );
      if (said) unheard.set(message.seq, said);
      else unheard.delete(message.seq);
      show(new Set());
    };
  }
}

// A Slack app's message as it is after its updates, with the lines of its thread below it.
function living(all) {
  const known = new Map();
  const shown = [];
  for (const message of all) {
    const called = method(message);
    const own = `${Math.floor(Date.parse(message.received) / 1000)}.${String(message.seq).padStart(6, "0")}`;
    const parent = known.get(message.body?.thread_ts ?? message.body?.ts);
    if (called === "chat.update" && parent) parent.body = { ...parent.body, ...message.body };
    else if (["chat.postMessage", "files.completeUploadExternal"].includes(called) && parent) parent.thread.push(message);
    else {
      const copy = { ...message, thread: [] };
      if (called === "chat.postMessage") known.set(own, copy);
      shown.push(copy);
    }
  }
  return shown;
}

// A channel's name as its service shows it: Slack and Discord put a sign in front.
function named(message, channel = message?.channel) {
  const signed = message && ["webhook", "slack", "discord"].includes(service(message.path) ?? "webhook");
  return signed ? `# ${channel}` : channel;
}

function showChannels() {
  const counts = new Map();
  const labels = new Map();
  const shown = living(messages);
  for (const message of shown) {
    counts.set(message.channel, (counts.get(message.channel) ?? 0) + 1);
    labels.set(message.channel, named(message));
  }
  if (channel && !counts.has(channel)) counts.set(channel, 0);
  const entry = (name, label, count) => {
    const node = el("a", name === channel ? "chosen" : "", el("span", "", label), el("span", "badge", String(count)));
    node.href = `#${encodeURIComponent(name)}`;
    if (name === channel) node.setAttribute("aria-current", "page");
    return el("li", "", node);
  };
  const names = [...counts.keys()].sort();
  byId("channels").replaceChildren(
    entry("", "All channels", shown.length),
    ...names.map((name) => entry(name, labels.get(name) ?? name, counts.get(name))),
  );
}

function row(message, isFresh) {
  const time = new Date(message.received);
  const stamp = el("time", "", time.toLocaleTimeString([], { hour: "numeric", minute: "2-digit" }));
  stamp.dateTime = message.received;
  stamp.title = time.toLocaleString();
  const json = el("button", "json", "JSON");
  json.setAttribute("aria-expanded", String(opened.has(message.seq)));
  json.onclick = () => {
    if (!opened.delete(message.seq)) opened.add(message.seq);
    json.setAttribute("aria-expanded", String(opened.has(message.seq)));
    raw.hidden = !opened.has(message.seq);
  };
  const raw = el("pre", "raw", JSON.stringify(message.body, null, 2));
  raw.hidden = !opened.has(message.seq);
  const place = el("a", "place", named(message));
  place.href = `#${encodeURIComponent(message.channel)}`;
  const head = el(
    "div",
    "head",
    el("strong", "", "alertctl"),
    el("span", "app", service(message.path)?.replaceAll("_", " ") ?? "APP"),
    stamp,
    place,
    el("span", "tools", json),
  );
  const refused = message.status === "rejected" ? refusal(message) : null;
  const thread = (message.thread ?? []).map((reply) => el("div", "reply", rendered(reply)));
  const drawn = rendered(message);
  if (method(message) === "chat.postMessage") arm(drawn, message);
  const warning = unheard.has(message.seq) ? el("div", "unheard", `⚠️ ${unheard.get(message.seq)}`) : null;
  const node = el("li", "message", icon(), el("div", "main", head, refused, drawn, warning, ...thread, raw));
  node.id = `message-${message.seq}`;
  node.classList.toggle("rejected", Boolean(refused));
  node.classList.toggle("fresh", isFresh);
  return node;
}

// A refused message may have any shape: one that cannot be drawn must not take the others along.
function rendered(message) {
  try {
    const name = service(message.path);
    if (name) return shownBy(name, message);
    return /^\/(workflows|triggers)\//.test(message.path) ? variables(message.body) : content(message.body);
  } catch {
    return el("div", "content unreadable", "This message cannot be drawn: see the JSON.");
  }
}

function refusal(message) {
  return el(
    "div",
    "refusal",
    el("strong", "", service(message.path) ? "The service would refuse this: " : "Slack would refuse this: "),
    el("code", "", service(message.path) ? message.code : `400 ${message.code}`),
    el("div", "", message.reason),
  );
}

function icon() {
  const bell = document.querySelector("#empty .bell svg").cloneNode(true);
  const node = el("div", "icon", bell);
  node.setAttribute("aria-hidden", "true");
  return node;
}

function dayOf(message) {
  const date = new Date(message.received);
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(date).setHours(0, 0, 0, 0)) / 86_400_000);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return date.toLocaleDateString("en", { weekday: "long", month: "long", day: "numeric" });
}

function live(isLive) {
  byId("live").className = isLive ? "on" : "off";
  byId("live").textContent = isLive ? "live" : "not running";
  byId("lost").hidden = isLive;
}

addEventListener("hashchange", () => {
  channel = decodeURIComponent(location.hash.slice(1));
  show(new Set());
});
addEventListener("visibilitychange", () => {
  if (!document.hidden && unread) {
    unread = 0;
    show(new Set());
  }
});

byId("curl").textContent = `curl -d '{"text":"hello"}' ${location.origin}/services/LOCAL/INBOX/project`;
setEmoji(await (await fetch("/emoji.json")).json());
const events = new EventSource("/events");
events.onopen = () => live(true);
events.onerror = () => live(false);
events.onmessage = (event) => catchUp(Number(event.data));
