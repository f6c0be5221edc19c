//! The sections and the footer of a card as blocks, within Slack's limits.

use super::block::{Block, MAX_FIELD, MAX_SECTION, Text};
use super::markup::{clip_escaped, clipped_code, code, escape, escaped_width, link, mrkdwn, plain, value};
use crate::card::cut::{cut, paginate, width};
use crate::card::{Card, Entry, Excerpt, Link, Prose, Row, Section};
use crate::contract::Locale;
use crate::locale::Words;

/// The smallest part of its space that a text gets.
const MAX_SHARE: usize = 16;
/// Longest label of a field shown.
const MAX_LABEL: usize = 300;
/// Most characters in the rows of one digest.
const MAX_ROWS: usize = 10_800;
/// Most characters in one section of rows; Slack allows 3,000.
const MAX_ROW_SECTION: usize = 2_900;
/// Longest address in a row. A longer one consists almost only of escapes and is not worth the space.
const MAX_LINK: usize = 600;
/// Length to which the plain text of a row is cut if the row with its markup is too long.
const MAX_BARE: usize = 600;
const FENCE: &str = "```";

/// Longest value of a field shown; the label and its bold are beside it.
const MAX_VALUE: usize = MAX_FIELD - MAX_LABEL - 3;

const _: () = assert!(MAX_ROW_SECTION < MAX_SECTION);

/// The blocks of a card. If together they have more than `most` characters, each text gets half of its space, or a
/// quarter …
pub(super) fn blocks(card: &Card, most: usize) -> Vec<Block> {
    let words = card.locale.words();
    let within = |share| {
        let sections = card.sections.iter();
        let blocks = sections.flat_map(|section| blocks_of(section, share, words));
        blocks.chain(footer(card)).collect::<Vec<_>>()
    };
    let is_short = |blocks: &[Block]| blocks.iter().map(Block::width).sum::<usize>() <= most;
    let mut share = 1;
    let mut blocks = within(share);
    while !is_short(&blocks) && share < MAX_SHARE {
        share *= 2;
        blocks = within(share);
    }
    blocks
}

/// The blocks of a section. Each text may take one of `share` parts of its usual space.
fn blocks_of(section: &Section, share: usize, words: &Words) -> Vec<Block> {
    match section {
        Section::Prose(prose) => {
            let text = said(prose, share, words).into_iter();
            text.map(|page| Block::section(Text::plain(page))).collect()
        }
        Section::Small(prose) => {
            let text = said(prose, share, words).into_iter();
            text.map(|page| Block::context(Text::plain(page))).collect()
        }
        Section::Facts(facts) => {
            let fields = facts.iter().map(|fact| field(fact, share, words));
            vec![Block::fields(fields.collect())]
        }
        Section::Json { title, text } | Section::Lines { title, text } => {
            let pages = json(*title, text, share, words).into_iter();
            pages.map(|page| Block::section(Text::mrkdwn(page))).collect()
        }
        Section::Links(links) => joined(links).into_iter().map(Block::section).collect(),
        Section::Rows(rows) => {
            let sections = packed(rows, words).into_iter();
            sections
                .map(|section| Block::section(Text::mrkdwn(section)))
                .collect()
        }
    }
}

/// Space for an excerpt: characters of a page, and pages.
fn space(excerpt: &Excerpt, share: usize) -> (usize, usize) {
    let most = excerpt.most / share;
    (most.min(MAX_SECTION), most.div_ceil(MAX_SECTION))
}

/// Prose as texts of one block each.
fn said(prose: &Prose, share: usize, words: &Words) -> Vec<String> {
    let label = prose.label.map(|label| format!("{label}: ")).unwrap_or_default();
    let (limit, pages) = space(&prose.text, share);
    let room = (limit.min(MAX_SECTION - width(&label)), pages);
    // Slack may count an escape in plain text, too. That matters only to texts that fill whole sections.
    let width = if pages == 1 {
        char::len_utf16
    } else {
        escaped_width
    };
    let text = &prose.text;
    let mut pages = paginate(&text.text, text.beyond, room, words, width);
    if let Some(first) = pages.first_mut() {
        *first = label + first;
    }
    pages
}

fn field(fact: &Entry, share: usize, words: &Words) -> Text {
    let label = clip_escaped(&plain(&fact.label), MAX_LABEL, words);
    let most = MAX_VALUE.min(fact.value.most / share);
    let cut = |text: &str| cut(text, fact.value.beyond, most, words, escaped_width);
    let shown = value(&cut(&fact.value.text));
    let shown = match width(&shown) <= most {
        true => shown,
        // The text is mostly characters of markup, and escaping made it too long: it is cut by its escaped length instead.
        false => escape(&cut(&plain(&fact.value.text))),
    };
    Text::mrkdwn(format!("*{label}*\n{shown}"))
}

/// JSON as code blocks, with the title above the first. A code fence inside the JSON would end the block, so invisible
/// spaces separate its backticks.
fn json(title: Option<&str>, excerpt: &Excerpt, share: usize, words: &Words) -> Vec<String> {
    let title = title.map(|title| format!("*{title}*\n")).unwrap_or_default();
    let shown = excerpt.text.replace(FENCE, "`\u{200b}`\u{200b}`");
    let (limit, pages) = space(excerpt, share);
    let limit = limit.min(MAX_SECTION - width(&title));
    let limit = limit.saturating_sub(2 * (FENCE.len() + 1));
    let pages = paginate(&shown, excerpt.beyond, (limit, pages), words, escaped_width);
    let fenced = |page: String| format!("{FENCE}\n{}\n{FENCE}", escape(&page));
    let mut pages: Vec<_> = pages.into_iter().map(fenced).collect();
    if let Some(first) = pages.first_mut() {
        first.insert_str(0, &title);
    }
    pages
}

/// Links on one line, as many as fit.
fn joined(links: &[Link]) -> Option<Text> {
    let mut text = String::new();
    for page in links.iter().map(link) {
        let separator = if text.is_empty() { "" } else { "  ·  " };
        if width(&text) + width(separator) + width(&page) <= MAX_SECTION {
            text += separator;
            text += &page;
        }
    }
    (!text.is_empty()).then(|| Text::mrkdwn(text))
}

/// The footer: the link, and how the message came.
fn footer(card: &Card) -> Option<Block> {
    let words = card.locale.words();
    let named = card.footer.iter().map(|entry| {
        let Excerpt { text, beyond, most } = &entry.value;
        let name = cut(text, *beyond, *most, words, escaped_width);
        // Slack makes emoji of the colons in an ARN, but not in code.
        let name = if entry.code {
            code(&name)
        } else {
            escape(&plain(&name))
        };
        format!("{}: {name}", entry.label)
    });
    // A page alone is shorter than `MAX_SECTION`; the names share the remaining space.
    let page = card
        .link
        .as_ref()
        .map(link)
        .filter(|page| width(page) <= MAX_SECTION);
    let mut text = page.unwrap_or_default();
    for name in named {
        let separator = if text.is_empty() { "" } else { "  ·  " };
        let more = format!("{separator}{name}");
        if width(&text) + width(&more) <= MAX_SECTION {
            text += &more;
        }
    }
    (!text.is_empty()).then(|| Block::context(Text::mrkdwn(text)))
}

/// How many of the rows, from the first on, fit into one digest.
pub fn fit(rows: &[Row], locale: Locale) -> usize {
    let words = locale.words();
    let mut used = 0;
    let fits = |row: &&Row| {
        used += width(&line(row, words)) + 1;
        used <= MAX_ROWS
    };
    rows.iter().take_while(fits).count()
}

/// The rows, as many in a section as fit.
fn packed(rows: &[Row], words: &Words) -> Vec<String> {
    let mut sections: Vec<String> = Vec::new();
    for line in rows.iter().map(|row| line(row, words)) {
        match sections.last_mut() {
            Some(section) if width(section) + width(&line) < MAX_ROW_SECTION => {
                section.push('\n');
                section.push_str(&line);
            }
            _ => sections.push(line),
        }
    }
    sections
}

/// A row as mrkdwn, with its link at the end if there is room for it. Of a row that consists almost only of escapes, only
/// the beginning of its text is left.
fn line(row: &Row, words: &Words) -> String {
    let fits = |line: &String| width(line) <= MAX_ROW_SECTION;
    let text = Some(mrkdwn(&row.phrase, None)).filter(fits);
    let text = text.unwrap_or_else(|| clipped_code(&row.phrase.plain(), MAX_BARE, words));
    let page = row.link.as_ref().filter(|link| width(&link.page) <= MAX_LINK);
    let linked = page.map(|page| format!("{text}  {}", link(page)));
    linked.filter(fits).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::{Link, Phrase};

    fn excerpt(text: &str, beyond: usize, most: usize) -> Excerpt {
        Excerpt {
            text: text.to_owned(),
            beyond,
            most,
        }
    }

    #[test]
    fn json_cannot_end_its_code_block() {
        let pages = json(None, &excerpt("\"```<!here>\"", 0, 1_000), 1, Locale::En.words());
        assert_eq!(pages, ["```\n\"`\u{200b}`\u{200b}`&lt;!here&gt;\"\n```"]);
    }

    #[test]
    fn json_that_is_cut_says_so_on_its_last_page() {
        let text = "x".repeat(20_000);
        let pages = json(Some("Title"), &excerpt(&text, 7, 6_000), 1, Locale::En.words());
        assert_eq!(pages.len(), 2);
        assert!(pages.iter().all(|page| width(page) <= MAX_SECTION));
        let shown: usize = pages.iter().map(|page| page.matches('x').count()).sum();
        // The note has no `x`.
        assert!(
            pages[1].ends_with(&format!("… {} more characters\n```", 20_007 - shown)),
            "{}",
            pages[1]
        );
    }

    #[test]
    fn a_row_has_its_link_if_there_is_room() {
        let row = |text: &str, page: &str| Row {
            phrase: Phrase::text(text),
            link: Some(Link {
                page: page.to_owned(),
                label: "Open".to_owned(),
            }),
        };
        let words = Locale::En.words();
        let line = |row: Row| line(&row, words);
        assert_eq!(
            line(row("cpu", "https://x.example/?a&b")),
            "cpu  <https://x.example/?a&amp;b|Open>"
        );
        let long = format!("https://x.example/{}", "a".repeat(600));
        assert_eq!(line(row("cpu", &long)), "cpu");
        let escapes = format!("https://x.example/{}", "&".repeat(580));
        assert_eq!(line(row("cpu", &escapes)), "cpu");
        let rows = vec![row(&"y".repeat(400), "https://x.example/"); 100];
        let escapes = line(row(&"&".repeat(600), "https://x.example/"));
        assert!(
            escapes.starts_with("`&amp;") && width(&escapes) < 700,
            "{escapes}"
        );
        let (sections, count) = (packed(&rows, words), fit(&rows, Locale::En));
        assert!(sections.iter().all(|section| width(section) <= MAX_ROW_SECTION));
        assert!((25..30).contains(&count), "{count}");
    }
}
