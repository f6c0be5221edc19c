// Messages of other services than Slack, roughly as their clients show them. Text only ever becomes text nodes.

import { content } from "./blocks.js";
import { el, link } from "./mrkdwn.js";

const list = (value) => (Array.isArray(value) ? value.filter((item) => item && typeof item === "object") : []);
const text = (value) => (value === null || value === undefined ? "" : String(value));
const STYLES = { attention: "#d7263d", warning: "#ecb22e", good: "#2eb67d", accent: "#439fe0", emphasis: "#9e9e9e" };
const SEVERITIES = { critical: "#d7263d", error: "#e8731c", warning: "#ecb22e", info: "#439fe0" };
const PRIORITIES = { P1: "#d7263d", P2: "#e8731c", P3: "#ecb22e", P4: "#439fe0", P5: "#9e9e9e" };

/** The service of a message's path, if it is not a webhook of Slack. */
export function service(path) {
  return /^\/services\/LOCAL\/INBOX\/[^/]+\/([a-z_]+)/.exec(path)?.[1];
}

/** The content of a message of a service. */
export function shown(name, message) {
  const render = SERVICES[name];
  return render ? render(message.body, message.path) : content(message.body);
}

// A picture that the app itself sent is part of its message; pictures from elsewhere are never loaded.
function picture(body) {
  if (!String(body.picture).startsWith("data:image/png;base64,")) return el("div", "content unreadable", "no PNG");
  const image = el("img", "picture");
  image.src = body.picture;
  image.alt = text(body.alt);
  return el("div", "content", el("div", "small", text(list(body.files)[0]?.title)), image);
}

const SERVICES = {
  slack: (body) => (body.picture ? picture(body) : content(body)),
  teams: (body) => {
    const card = list(body.attachments)[0]?.content ?? {};
    return el("div", "content card", ...list(card.body).map(adaptive), buttons(list(card.actions).map((one) => [one.title, one.url])));
  },
  google_chat: (body) => {
    const cards = list(body.cardsV2).map(({ card = {} }) => {
      const header = card.header ? el("div", "title", text(card.header.title), el("small", "", text(card.header.subtitle))) : null;
      const sections = list(card.sections).map((section) =>
        el("div", "widgets", section.header ? el("strong", "", html(section.header)) : null, ...list(section.widgets).map(widget)),
      );
      return el("div", "card", header, ...sections);
    });
    return el("div", "content", body.text ? el("div", "text", text(body.text)) : null, ...cards);
  },
  discord: (body) => {
    const embeds = list(body.embeds).map((embed) => {
      const color = Number.isInteger(embed.color) ? `#${embed.color.toString(16).padStart(6, "0")}` : "";
      const fields = list(embed.fields).map((field) =>
        el("div", field.inline ? "field" : "field wide", el("strong", "", text(field.name)), el("div", "", markdown(field.value))),
      );
      return barred(
        color,
        embed.title ? el("div", "title", embed.url ? link(embed.url, markdown(embed.title)) : markdown(embed.title)) : null,
        embed.description ? el("div", "text", markdown(embed.description)) : null,
        fields.length ? el("div", "fields", ...fields) : null,
        embed.footer ? el("div", "footer", text(embed.footer.text)) : null,
      );
    });
    return el("div", "content", body.content ? el("div", "text", markdown(body.content)) : null, ...embeds);
  },
  pagerduty: (body) => {
    const { summary, severity, custom_details: details = {} } = body.payload ?? {};
    const action = body.event_action ?? "change";
    return el(
      "div",
      "content",
      barred(
        action === "resolve" ? STYLES.good : SEVERITIES[severity] ?? STYLES.emphasis,
        el("div", "title", el("code", "", action), " ", text(summary)),
        pairs({ severity, key: body.dedup_key, ...details }),
        buttons(list(body.links).map((one) => [one.text, one.href])),
      ),
    );
  },
  opsgenie: alert,
  jira_service_management: alert,
  signed_webhook: (body) => {
    const data = body.data ?? {};
    const facts = Object.fromEntries([...list(data.facts), ...list(data.footer)].map((fact) => [fact.label, fact.value]));
    return el(
      "div",
      "content",
      barred(
        data.state === "resolved" ? STYLES.good : SEVERITIES[data.severity] ?? STYLES.emphasis,
        el("div", "title", el("code", "", text(body.type)), " ", text(data.title)),
        pairs({ severity: data.severity, account: data.account, region: data.region, time: data.time, ...facts }),
        ...list(data.sections).map((one) => el("div", "text", one.label ? el("strong", "", `${text(one.label)}: `) : null, text(one.text))),
        ...list(data.rows).map((one) => el("div", "text", text(one.text))),
        buttons(list(data.links).map((one) => [one.label, one.url])),
      ),
    );
  },
};

function alert(body, path) {
  const closes = path.endsWith("/close");
  return el(
    "div",
    "content",
    barred(
      closes ? STYLES.good : PRIORITIES[body.priority] ?? STYLES.emphasis,
      el("div", "title", el("code", "", closes ? "close" : text(body.priority)), " ", text(closes ? body.note : body.message)),
      body.description ? el("div", "text", html(body.description)) : null,
      pairs({ alias: body.alias, ...body.details }),
      list(body.responders).length ? el("div", "", "responders: ", list(body.responders).map((one) => one.name ?? one.username).join(", ")) : null,
    ),
  );
}

function barred(color, ...children) {
  const bar = el("div", "bar");
  if (/^#[0-9a-f]{6}$/i.test(color)) bar.style.backgroundColor = color;
  return el("div", "attached", el("div", "attachment", bar, el("div", "inside", ...children)));
}

function pairs(entries) {
  const rows = Object.entries(entries).filter(([, value]) => value !== undefined && value !== null && value !== "");
  if (!rows.length) return null;
  return el("dl", "variables", ...rows.flatMap(([name, value]) => [el("dt", "", name), el("dd", "", text(value))]));
}

function buttons(links) {
  const shown = links.filter(([label, url]) => label && url);
  if (!shown.length) return null;
  const button = ([label, url]) => {
    const node = link(url, text(label));
    node.className = "button";
    node.title = text(url);
    return node;
  };
  return el("div", "block actions", ...shown.map(button));
}

// Adaptive Cards, as far as a channel of Teams shows them: https://adaptivecards.io/explorer/
function adaptive(item) {
  switch (item.type) {
    case "Container": {
      const box = el("div", "container", ...list(item.items).map(adaptive));
      const color = STYLES[item.style];
      if (color) box.style.borderLeft = `4px solid ${color}`;
      if (color) box.style.paddingLeft = "8px";
      return box;
    }
    case "TextBlock":
      return el(item.weight === "Bolder" ? "strong" : "div", "text", text(item.text));
    case "RichTextBlock":
      return el("div", item.separator ? "text apart" : "text", ...list(item.inlines).map(run));
    case "ColumnSet": {
      const columns = list(item.columns).map((column) => {
        const node = el("div", "column", ...list(column.items).map(adaptive));
        if (Number.isFinite(column.width)) node.style.flexGrow = column.width;
        return node;
      });
      return el("div", "columns", ...columns);
    }
    case "FactSet":
      return pairs(Object.fromEntries(list(item.facts).map((fact) => [fact.title, fact.value]))) ?? el("div", "");
    case "ActionSet":
      return buttons(list(item.actions).map((one) => [one.title, one.url])) ?? el("div", "");
    default:
      return el("div", "block unknown", `${text(item.type) || "untyped"}: see the JSON`);
  }
}

function run(inline) {
  let node = document.createTextNode(text(inline.text));
  if (inline.fontType === "Monospace") node = el("code", "", node);
  if (inline.weight === "Bolder") node = el("strong", "", node);
  if (inline.italic) node = el("em", "", node);
  if (inline.isSubtle || inline.size === "Small") node = el("span", `${inline.isSubtle ? "subtle" : ""} ${inline.size === "Small" ? "small" : ""}`, node);
  return inline.selectAction?.url ? link(inline.selectAction.url, node) : node;
}

function widget(item) {
  if (item.decoratedText) {
    const { topLabel, text: value, bottomLabel } = item.decoratedText;
    return el("div", "decorated", topLabel ? el("small", "", html(topLabel)) : null, el("div", "", html(value)), bottomLabel ? el("small", "", html(bottomLabel)) : null);
  }
  if (item.textParagraph) return el("div", "text", html(item.textParagraph.text));
  if (item.buttonList) return buttons(list(item.buttonList.buttons).map((one) => [one.text, one.onClick?.openLink?.url])) ?? el("div", "");
  if (item.divider) return el("hr", "block");
  return el("div", "block unknown", `${Object.keys(item)[0] ?? "untyped"}: see the JSON`);
}

// The few tags of HTML that Google Chat and Opsgenie know. It is parsed apart from the page, and only text and these tags are taken over.
const TAGS = { B: "strong", STRONG: "strong", I: "em", EM: "em", CODE: "code", U: "u", S: "s" };
function html(source) {
  const parsed = new DOMParser().parseFromString(text(source), "text/html");
  return taken(parsed.body);
}

function taken(from) {
  const out = document.createDocumentFragment();
  for (const node of from.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) out.append(node.textContent);
    else if (node.nodeName === "BR") out.append(el("br", ""));
    else if (node.nodeName === "A") out.append(link(node.getAttribute("href") ?? "", taken(node)));
    else if (node.nodeName === "FONT") {
      const span = el("span", "", taken(node));
      const color = node.getAttribute("color") ?? "";
      if (/^#[0-9a-f]{6}$/i.test(color)) span.style.color = color;
      out.append(span);
    } else out.append(TAGS[node.nodeName] ? el(TAGS[node.nodeName], "", taken(node)) : taken(node));
  }
  return out;
}

// Discord's Markdown: code, stress, links and mentions; a backslash before punctuation takes its meaning.
function markdown(source) {
  const out = document.createDocumentFragment();
  const pattern = /```(?:[a-z]*\n)?([\s\S]*?)```|`([^`]+)`|\*\*((?:\\.|[^*])+)\*\*|\[((?:\\.|[^\]\\])+)\]\((https?:[^\s)]+)\)|(<@[!&]?\w+>|@here|@everyone)|\\([^\w\s])/g;
  let last = 0;
  const source_ = text(source);
  for (const match of source_.matchAll(pattern)) {
    out.append(source_.slice(last, match.index));
    last = match.index + match[0].length;
    const [, block, code, strong, label, url, mention, escaped] = match;
    if (block !== undefined) out.append(el("pre", "", block));
    else if (code !== undefined) out.append(el("code", "", code));
    else if (strong !== undefined) out.append(el("strong", "", markdown(strong)));
    else if (label !== undefined) out.append(link(url, markdown(label)));
    else if (mention !== undefined) out.append(el("span", "mention", mention));
    else out.append(escaped);
  }
  out.append(source_.slice(last));
  return out;
}
