//! Makes one tree of what a stack is written in: files and what they include, laid over each other; variables, defaults and
//! `for_each` filled in.
//!
//! What comes out is a stack file without any of these. Its places still lead to the line that somebody wrote.

mod by_hand;
mod defaults;
mod direct;
mod discover;
mod each;
mod element;
mod gather;
mod merge;
mod names;
mod variables;
mod write;

pub use by_hand::entry;
pub use defaults::SECTIONS as DEFAULTS;
pub use discover::{Discovered, Found, Query};
pub use each::{Asked, Copies, SECTIONS as FOR_EACH};
pub use gather::{Gathered, Input, Refused, gather};
pub use variables::{Variables, is_filled_in_elsewhere, is_name, read_file};
pub use write::{plain, yaml};

use sha2::{Digest as _, Sha256};

use super::file::problem::Problem;
use super::file::source::Source;
use super::file::tree::{Kind, Node};

/// Keys that begin so are for anchors and comments, as in Docker Compose.
const EXTENSION: &str = "x-";

/// The one tree.
#[derive(Debug)]
pub struct Assembled {
    pub tree: Node,
    /// The files, with every secret in them masked.
    pub source: Source,
    /// Their texts, and after them those of the entries that `for_each` made: what the tree's places are in.
    pub text: String,
    pub copies: Copies,
    /// What is wrong so far.
    pub problems: Vec<Problem>,
    /// SHA-256 of the files and of the variables that were filled in, in hex.
    pub sha256: String,
    /// Whether it is one file without variables.
    pub is_plain: bool,
}

/// Makes the tree.
pub fn assemble(gathered: Gathered, variables: &Variables, discovered: &Discovered) -> Assembled {
    let Gathered {
        source,
        trees,
        mut problems,
        mut digest,
    } = gathered;
    let mut whole: Option<Node> = None;
    let mut is_plain = trees.len() == 1;
    for mut tree in trees {
        // Before anything is filled in: an anchor may be for a place where nothing is. Aliases are copies by now.
        if let Kind::Map(entries) = &mut tree.kind {
            entries.retain(|entry| !entry.key.starts_with(EXTENSION));
        }
        let filled = variables::fill(&mut tree, source.text(), variables);
        problems.extend(filled.problems);
        is_plain &= filled.used.is_empty();
        for (name, value) in filled.used {
            digest.update(format!("\0{name}={value}"));
        }
        whole = Some(match whole {
            None => tree,
            Some(mut lower) => {
                merge::lay_over(&mut lower, tree);
                lower
            }
        });
    }
    let mut tree = whole.unwrap_or_else(Node::empty);
    let mut text = source.text().to_owned();
    let (copies, more) = each::expand(&mut tree, &mut text, discovered);
    for asked in &copies.asked {
        digest.update(format!("\0{}={}", asked.by, asked.found.join(",")));
    }
    problems.extend(more);
    problems.extend(defaults::apply(&mut tree));
    direct::topics(&mut tree);
    Assembled {
        tree,
        source,
        text,
        copies,
        problems,
        sha256: hex::encode(Sha256::finalize(digest)),
        is_plain,
    }
}
