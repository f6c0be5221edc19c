// Block Kit and attachments as DOM nodes.

import { el, emojiNode, link, mrkdwn, plain } from "./mrkdwn.js";

/** The content of a message: blocks, or the text where there are none, then attachments. */
export function content(body) {
  if (body === null || typeof body !== "object") return el("pre", "unreadable", String(body));
  const out = el("div", "content");
  const top = list(body.blocks);
  if (top.length) out.append(...top.map(block));
  else if (body.text) out.append(el("div", "text", body.mrkdwn === false ? plain(body.text) : mrkdwn(body.text)));
  out.append(...list(body.attachments).map(attachment));
  return out;
}

/** What a workflow is started with: its variables, in no layout of ours. */
export function variables(body) {
  if (body === null || typeof body !== "object") return content(body);
  const rows = Object.entries(body).flatMap(([name, value]) => [
    el("dt", "", name),
    el("dd", "", typeof value === "string" ? value : JSON.stringify(value)),
  ]);
  return el("div", "content", el("dl", "variables", ...rows));
}

const list = (value) => (Array.isArray(value) ? value.filter((item) => item && typeof item === "object") : []);

function text(object) {
  if (object?.type === "mrkdwn") return mrkdwn(object.text);
  return object?.emoji === false ? document.createTextNode(object.text ?? "") : plain(object?.text);
}

const BLOCKS = {
  header: (block) => el("h4", "block header", plain(block.text?.text)),
  divider: () => el("hr", "block"),
  section: (block) =>
    el(
      "div",
      "block section",
      el(
        "div",
        "body",
        block.text ? el("div", "text", text(block.text)) : null,
        list(block.fields).length
          ? el("div", "fields", ...list(block.fields).map((field) => el("div", "field", text(field))))
          : null,
      ),
      block.accessory ? el("div", "accessory", element(block.accessory)) : null,
    ),
  context: (block) => el("div", "block context", ...list(block.elements).map(contextElement)),
  actions: (block) => el("div", "block actions", ...list(block.elements).map(element)),
  image: (block) => el("div", "block", image(block)),
  markdown: (block) => el("div", "block text", String(block.text ?? "")),
  rich_text: (block) => el("div", "block rich", ...list(block.elements).map(rich)),
};

function block(block) {
  const render = BLOCKS[block.type];
  return render ? render(block) : el("div", "block unknown", `${block.type ?? "untyped"} block: see the JSON`);
}

function contextElement(part) {
  if (part.type === "image") return el("span", "thumb", image(part));
  return el("span", "", text(part));
}

function element(item) {
  if (item.type === "image") return image(item);
  const label = item.text ?? item.placeholder ?? { text: item.type };
  const style = ["primary", "danger"].includes(item.style) ? item.style : "";
  if (item.url) {
    const node = link(item.url, plain(label.text));
    node.className = `button ${style}`;
    node.title = item.url;
    return node;
  }
  const node = el("button", `button ${style}`, plain(label.text));
  node.disabled = true;
  node.title = "Nothing listens here; in Slack this calls the app";
  // Where something does, the page lets it be pressed.
  if (item.action_id) Object.assign(node.dataset, { action: item.action_id, value: item.value ?? "" });
  return node;
}

// Pictures are not loaded: their addresses are a stranger's, and asking for them tells him who reads.
function image(item) {
  const address = item.image_url ?? item.slack_file?.url ?? "";
  const caption = item.title?.text ?? item.alt_text ?? "image";
  const node = el("span", "image", el("span", "frame", "🖼"), address ? link(address, caption) : caption);
  node.title = address;
  return node;
}

function rich(node) {
  const children = list(node.elements).map(rich);
  switch (node.type) {
    case "rich_text_section":
      return el("div", "", ...children);
    case "rich_text_preformatted":
      return el("pre", "", ...children);
    case "rich_text_quote":
      return el("blockquote", "", ...children);
    case "rich_text_list":
      return el(node.style === "ordered" ? "ol" : "ul", "", ...children.map((child) => el("li", "", child)));
    default:
      return richInline(node);
  }
}

function richInline(node) {
  const inner = {
    text: () => document.createTextNode(node.text ?? ""),
    link: () => link(node.url, node.text ?? node.url),
    emoji: () => emojiNode(`:${node.name}:`) ?? document.createTextNode(`:${node.name}:`),
    user: () => el("span", "mention", `@${node.user_id}`),
    usergroup: () => el("span", "mention", `@${node.usergroup_id}`),
    channel: () => el("span", "mention", `#${node.channel_id}`),
    broadcast: () => el("span", "mention broadcast", `@${node.range}`),
    date: () => document.createTextNode(node.fallback ?? new Date(node.timestamp * 1000).toLocaleString()),
  }[node.type];
  let out = inner ? inner() : document.createTextNode("");
  const tags = { bold: "strong", italic: "em", strike: "s", code: "code" };
  for (const [style, tag] of Object.entries(tags)) if (node.style?.[style]) out = el(tag, "", out);
  return out;
}

const COLORS = { good: "#2eb886", warning: "#daa038", danger: "#a30200" };

function attachment(item) {
  const bar = el("div", "bar");
  const color = COLORS[item.color] ?? (/^#?[0-9a-f]{6}$/i.test(item.color ?? "") ? `#${item.color.replace("#", "")}` : "");
  if (color) bar.style.backgroundColor = color;
  const inside = el("div", "inside");
  if (item.author_name) inside.append(el("div", "author", item.author_name));
  if (item.title) inside.append(el("div", "title", item.title_link ? link(item.title_link, item.title) : item.title));
  if (item.text) inside.append(el("div", "text", mrkdwn(item.text)));
  if (list(item.fields).length) {
    const fields = list(item.fields).map((field) =>
      el("div", field.short ? "field" : "field wide", el("strong", "", field.title ?? ""), el("div", "", mrkdwn(field.value))),
    );
    inside.append(el("div", "fields", ...fields));
  }
  inside.append(...list(item.blocks).map(block));
  if (list(item.actions).length) inside.append(el("div", "block actions", ...list(item.actions).map(oldAction)));
  if (item.image_url) inside.append(image(item));
  const when = item.ts ? new Date(Number(item.ts) * 1000).toLocaleString() : "";
  const footer = [item.footer, when].filter(Boolean).join("  |  ");
  if (footer) inside.append(el("div", "footer", footer));
  if (!inside.hasChildNodes()) inside.append(item.fallback ?? "");
  return el("div", "attached", item.pretext ? el("div", "text", mrkdwn(item.pretext)) : null, el("div", "attachment", bar, inside));
}

function oldAction(action) {
  return element({ ...action, type: "button", text: { text: action.text } });
}
