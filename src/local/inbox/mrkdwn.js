// Slack's markup as DOM nodes. Text only ever becomes text nodes, never markup.

let emoji = {};

/** Takes the table of emoji names. */
export function setEmoji(table) {
  emoji = table;
}

/** Creates an element: `el("p", "class", child, "text", …)`. */
export function el(tag, className, ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** A link, or plain text where the address is not one to follow. */
export function link(url, ...children) {
  let protocol = "";
  try {
    protocol = new URL(url).protocol;
  } catch {
    // Not an address at all.
  }
  if (!["http:", "https:", "mailto:"].includes(protocol)) return el("span", "", ...children);
  const node = el("a", "", ...children);
  node.href = url;
  node.target = "_blank";
  node.rel = "noopener noreferrer";
  return node;
}

/** `plain_text`: emoji names are the only markup. */
export function plain(text) {
  const out = document.createDocumentFragment();
  const parts = String(text ?? "").split(/(:[a-z0-9_+'-]+:)/);
  for (const part of parts) out.append(emojiNode(part) ?? unescape(part));
  return out;
}

/** `mrkdwn`: code fences, quotes, and inline markup. */
export function mrkdwn(text) {
  const out = document.createDocumentFragment();
  const parts = String(text ?? "").split(/```\n?([\s\S]*?)```\n?/);
  parts.forEach((part, index) => {
    if (index % 2) out.append(el("pre", "", inlineLinks(part.replace(/\n$/, ""))));
    else out.append(quotes(part));
  });
  return out;
}

/** An emoji by its name, in colons or not; null where the name is unknown. */
export function emojiNode(name) {
  const key = name.replace(/^:|:$/g, "");
  if (!name.startsWith(":") || !Object.hasOwn(emoji, key)) return null;
  const node = el("span", "emoji", emoji[key]);
  node.title = `:${key}:`;
  return node;
}

function quotes(text) {
  const out = document.createDocumentFragment();
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at++) {
    const quoted = [];
    const rest = /^(?:&gt;|>){3} ?/;
    const one = /^(?:&gt;|>) ?/;
    if (rest.test(lines[at])) {
      quoted.push(lines[at].replace(rest, ""), ...lines.slice(at + 1));
      at = lines.length;
    } else {
      while (at < lines.length && one.test(lines[at])) quoted.push(lines[at++].replace(one, ""));
      if (quoted.length) at--;
    }
    if (quoted.length) {
      const block = el("blockquote", "");
      quoted.forEach((line, index) => block.append(index ? el("br") : "", inline(line)));
      out.append(block);
    } else {
      const last = at === lines.length - 1;
      out.append(inline(lines[at]));
      if (!last && !one.test(lines[at + 1])) out.append(el("br"));
    }
  }
  return out;
}

const STYLES = { "*": "strong", _: "em", "~": "s" };
const WORD = /[\p{L}\p{N}]/u;

function inline(text) {
  const out = document.createDocumentFragment();
  let from = 0;
  let at = 0;
  const take = (node, length) => {
    if (at > from) out.append(unescape(text.slice(from, at)));
    out.append(node);
    at += length;
    from = at;
  };
  while (at < text.length) {
    const rest = text.slice(at);
    const code = /^`([^`]+)`/.exec(rest);
    const reference = /^<([^<>]+)>/.exec(rest);
    const shortcode = /^:[a-z0-9_+'-]+:/.exec(rest);
    const styled = style(text, at);
    if (code) take(el("code", "", inlineLinks(code[1])), code[0].length);
    else if (reference) take(referenceNode(reference[1]), reference[0].length);
    else if (shortcode && emojiNode(shortcode[0])) take(emojiNode(shortcode[0]), shortcode[0].length);
    else if (styled) take(el(STYLES[text[at]], "", inline(styled)), styled.length + 2);
    else at++;
  }
  if (from < text.length) out.append(unescape(text.slice(from)));
  return out;
}

// What a sign at this place marks, or null. As in Slack a mark starts and ends at the edge of a word:
// `*name*님` and `a*b*c` mark nothing.
function style(text, at) {
  const sign = text[at];
  if (!(sign in STYLES) || (at > 0 && WORD.test(text[at - 1]))) return null;
  if (!text[at + 1] || /\s/.test(text[at + 1]) || text[at + 1] === sign) return null;
  for (let end = at + 1; end < text.length; end++) {
    // A link is one thing, whatever its label holds.
    const reference = /^<[^<>]+>/.exec(text.slice(end));
    if (reference) end += reference[0].length - 1;
    else if (end > at + 1 && text[end] === sign && !/\s/.test(text[end - 1]) && !(text[end + 1] && WORD.test(text[end + 1]))) {
      return text.slice(at + 1, end);
    }
  }
  return null;
}

function inlineLinks(text) {
  const out = document.createDocumentFragment();
  text.split(/<([^<>]+)>/).forEach((part, index) => {
    out.append(index % 2 ? referenceNode(part) : unescape(part));
  });
  return out;
}

function referenceNode(inside) {
  const bar = inside.indexOf("|");
  const target = bar < 0 ? inside : inside.slice(0, bar);
  const label = bar < 0 ? "" : inside.slice(bar + 1);
  if (target.startsWith("!date^")) return dateNode(target, label);
  if (target.startsWith("!subteam^")) return el("span", "mention", label || "@group");
  if (target.startsWith("!")) return el("span", "mention broadcast", `@${label.replace(/^@/, "") || target.slice(1)}`);
  if (target.startsWith("@")) return el("span", "mention", `@${label || target.slice(1)}`);
  if (target.startsWith("#")) return el("span", "mention", `#${label || target.slice(1)}`);
  const url = unescape(target);
  return link(url, label ? inline(label) : url.replace(/^mailto:/, ""));
}

function dateNode(target, fallback) {
  const [, seconds, format = "{date_num}", url] = target.split("^");
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return el("span", "", unescape(fallback));
  const day = (options) => date.toLocaleDateString("en", options);
  const long = { year: "numeric", month: "long", day: "numeric" };
  const tokens = {
    date_num: date.toISOString().slice(0, 10),
    date: day(long),
    date_short: day({ ...long, month: "short" }),
    date_long: day({ ...long, weekday: "long" }),
    time: date.toLocaleTimeString("en", { hour: "numeric", minute: "2-digit" }),
    time_secs: date.toLocaleTimeString("en", { hour: "numeric", minute: "2-digit", second: "2-digit" }),
    ago: `${Math.max(0, Math.round((Date.now() - date) / 60000))} minutes ago`,
  };
  const text = format.replace(/\{(\w+)\}/g, (whole, name) => tokens[name.replace(/_pretty$/, "")] ?? whole);
  const node = url ? link(url, text) : el("time", "", text);
  node.title = fallback;
  return node;
}

function unescape(text) {
  return text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
}
