//! Lines at the end of the terminal that are redrawn while something runs.
//!
//! After each drawing the cursor is on the first letter of the first line. When the terminal's size changes, it
//! may cut or wrap the lines, but the cursor stays at that letter. So erasing from there removes all that was
//! drawn, and nothing else.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::sync::{Mutex, PoisonError};

use super::width::{cut, of_talk};

/// The lines that are currently drawn.
static DRAWN: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Whether standard error is a terminal whose cursor can be moved.
pub(super) fn is_possible() -> bool {
    stderr().is_terminal() && std::env::var_os("TERM").is_some_and(|term| term != "dumb")
}

/// Replaces the drawn lines by these, as far as they fit into the terminal.
pub(super) fn draw(lines: Vec<String>) {
    let mut drawn = DRAWN.lock().unwrap_or_else(PoisonError::into_inner);
    if !(lines.is_empty() && drawn.is_empty()) {
        put(&lines);
        *drawn = lines;
    }
}

/// Writes to standard error, above the drawn lines if there are any.
pub(super) fn beside(write: impl FnOnce()) {
    let drawn = DRAWN.lock().unwrap_or_else(PoisonError::into_inner);
    if drawn.is_empty() {
        return write();
    }
    put(&[]);
    write();
    put(&drawn);
}

fn put(lines: &[String]) {
    let size = of_talk().unwrap_or((80, 24));
    let text = format!("\x1b[J{}", drawing(lines, size));
    // With one call, so that a half-drawn state is never visible. If standard error cannot be written, there is
    // nowhere to report it.
    let _ = stderr().lock().write_all(text.as_bytes());
}

/// The lines as text, and the codes that move the cursor back to their first letter. Lines are cut to the terminal's
/// width and number: a wrapped line would make that letter scroll out of reach.
fn drawing(lines: &[String], (columns, rows): (usize, usize)) -> String {
    let room = rows.saturating_sub(1).max(1);
    let mut shown: Vec<_> = lines.iter().take(room).cloned().collect();
    let left_out = lines.len() - shown.len();
    if let Some(last) = shown.last_mut().filter(|_| left_out > 0) {
        *last = format!("  … {} more", left_out + 1);
    }
    // The last column stays empty: some terminals wrap as soon as it is written.
    let shown: Vec<_> = shown.iter().map(|line| cut(line, columns - 1)).collect();
    let back = match shown.len() {
        0 | 1 => String::new(),
        many => format!("\x1b[{}A", many - 1),
    };
    format!("{}{back}\r", shown.join("\r\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_fits_the_terminal() {
        let lines: Vec<_> = (1..=5).map(|number| format!("line {number} 알림")).collect();
        assert_eq!(drawing(&[], (80, 24)), "\r");
        assert_eq!(drawing(&lines[..1], (80, 24)), "line 1 알림\r");
        assert_eq!(
            drawing(&lines[..2], (11, 24)),
            "line 1 알…\r\nline 2 알…\x1b[1A\r"
        );
        assert_eq!(
            drawing(&lines, (80, 4)),
            "line 1 알림\r\nline 2 알림\r\n  … 3 more\x1b[2A\r"
        );
    }
}
