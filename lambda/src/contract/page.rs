//! The pages that belong to an alarm: lines of its description, so that whoever reads it finds them, in a mail as in the console.

/// What a line with a page begins with.
pub const RUNBOOK: &str = "Runbook: ";
/// The same for a page that shows how things are.
pub const DASHBOARD: &str = "Dashboard: ";
/// Longest address of a page, in characters.
pub const MAX_PAGE: usize = 500;

/// The description of an alarm with these pages.
pub fn described(text: Option<&str>, runbook: Option<&str>, dashboard: Option<&str>) -> Option<String> {
    let text = text.map(str::to_owned);
    let line = |begin: &str, page: Option<&str>| page.map(|page| format!("{begin}{page}"));
    let lines = [text, line(RUNBOOK, runbook), line(DASHBOARD, dashboard)];
    let lines: Vec<_> = lines.into_iter().flatten().collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The page in a line that begins so.
pub fn in_line<'a>(line: &'a str, begin: &str) -> Option<&'a str> {
    let page = line.trim().strip_prefix(begin)?.trim();
    (page.starts_with("https://") && !page.contains(char::is_whitespace)).then_some(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_says_its_pages() {
        let text = described(
            Some("Too slow"),
            Some("https://wiki.example.com/slow"),
            Some("https://g.example.com/d/1"),
        );
        let text = text.expect("a description");
        assert_eq!(
            text,
            "Too slow\nRunbook: https://wiki.example.com/slow\nDashboard: https://g.example.com/d/1"
        );
        let found: Vec<_> = text.lines().filter_map(|line| in_line(line, RUNBOOK)).collect();
        assert_eq!(found, ["https://wiki.example.com/slow"]);
        assert_eq!(described(None, None, None), None);
        assert_eq!(in_line("Runbook: wiki/slow", RUNBOOK), None);
        assert_eq!(in_line("Runbook: https://a.example and more", RUNBOOK), None);
    }
}
