//! What stands in a text for something that is known only where the template is deployed.

use std::fmt;

/// Characters for private use, which no name and no text of AWS contains.
const OPEN: char = '\u{E000}';
const CLOSE: char = '\u{E001}';

/// What is not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    Partition,
    /// The region that the template is deployed in.
    Region,
    Account,
    /// The ARN of the node with this id.
    Arn(String),
    /// Its unique id.
    Id(String),
    /// What `Ref` gives for it.
    Ref(String),
    /// The value of the parameter with this name.
    Parameter(String),
}

impl Mark {
    fn read(text: &str) -> Option<Self> {
        let (word, of) = text.split_once(' ').unwrap_or((text, ""));
        let of = of.to_owned();
        Some(match word {
            "partition" => Self::Partition,
            "region" => Self::Region,
            "account" => Self::Account,
            "arn" => Self::Arn(of),
            "id" => Self::Id(of),
            "ref" => Self::Ref(of),
            "parameter" => Self::Parameter(of),
            _ => return None,
        })
    }
}

/// As it stands in a text.
impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, of) = match self {
            Self::Partition => ("partition", ""),
            Self::Region => ("region", ""),
            Self::Account => ("account", ""),
            Self::Arn(node) => ("arn", node.as_str()),
            Self::Id(node) => ("id", node.as_str()),
            Self::Ref(node) => ("ref", node.as_str()),
            Self::Parameter(name) => ("parameter", name.as_str()),
        };
        write!(f, "{OPEN}{word} {of}{CLOSE}")
    }
}

/// A piece of a text with marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'t> {
    Literal(&'t str),
    Mark(Mark),
}

/// The pieces of `text`, in order.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(OPEN) {
        let mark = behind
            .split_once(CLOSE)
            .and_then(|(mark, after)| Some((Mark::read(mark)?, after)));
        let Some((mark, after)) = mark else {
            break;
        };
        if !before.is_empty() {
            found.push(Piece::Literal(before));
        }
        found.push(Piece::Mark(mark));
        rest = after;
    }
    if !rest.is_empty() {
        found.push(Piece::Literal(rest));
    }
    found
}
