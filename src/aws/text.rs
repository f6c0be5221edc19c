//! The location of a stack, and text that refers to it before its account is known.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::partition::Partition;

/// Partition, region and account of a stack. ARNs are computed from them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// As ARNs write it: `aws`, `aws-cn`, …
    pub partition: String,
    pub region: String,
    /// Twelve digits.
    pub account: String,
}

impl Scope {
    /// The region that requests to IAM count as being in. IAM is the same in all regions.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-requestedregion>
    pub fn iam_region(&self) -> &'static str {
        Partition::named(&self.partition).iam_region
    }

    /// The scope of an account and region, without asking AWS: the partition follows from the region's name.
    pub fn of(account: &str, region: &str) -> Self {
        Self {
            partition: Partition::of_region(region).id.to_owned(),
            region: region.to_owned(),
            account: account.to_owned(),
        }
    }

    /// `name` with its placeholders filled in, as [`Text`] displays them.
    pub fn written_out(&self, name: String) -> String {
        if !name.contains('{') {
            return name;
        }
        let holes = [
            ("{partition}", self.partition.as_str()),
            ("{dns}", Partition::named(&self.partition).dns_suffix),
            ("{region}", self.region.as_str()),
            ("{account}", self.account.as_str()),
        ];
        let fill = |name: String, (hole, text): (&str, &str)| name.replace(hole, text);
        holes.into_iter().fold(name, fill)
    }
}

/// What AWS generated for a resource.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Output {
    pub arn: String,
    /// The unique id (a role's `AROA…`, a key's id). Empty if the kind has none.
    pub id: String,
}

impl Output {
    /// The output of a kind that has no unique id.
    pub fn of_arn(arn: String) -> Self {
        Self {
            arn,
            id: String::new(),
        }
    }
}

/// Everything known so far: the location of the stack, and the outputs of its resources by node id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub scope: Scope,
    pub outputs: BTreeMap<String, Output>,
}

/// The id of the first node that a [`Text`] refers to and that does not exist yet.
pub type Unknown = String;

/// Text with placeholders: account, region and partition are filled in once they are known, and the ARN or id of
/// another resource once that resource exists.
///
/// The graph is built before the first answer from AWS, so that reading can start at once.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Part {
    Literal(String),
    Partition,
    Region,
    Account,
    ArnOf(String),
    IdOf(String),
}

impl Text {
    /// The ARN `arn:<partition>:<service>:<region>:<account>:<resource>`.
    pub fn arn(service: &str, resource: impl Into<String>) -> Self {
        let place = [Part::Region, Part::Literal(":".into()), Part::Account];
        Self::arn_at(service, place, resource)
    }

    /// The ARN of a resource in another region than the stack's own.
    pub fn arn_in(region: impl Into<String>, service: &str, resource: impl Into<String>) -> Self {
        let place = [Part::Literal(format!("{}:", region.into())), Part::Account];
        Self::arn_at(service, place, resource)
    }

    /// The ARN of a resource whose ARN contains neither region nor account, such as an S3 bucket.
    pub fn bare_arn(service: &str, resource: Self) -> Self {
        let head = Self::arn_at(service, [Part::Literal(":".into())], "");
        Self(head.0.into_iter().chain(resource.0).collect())
    }

    /// The ARN of a resource that has no region, such as an IAM role.
    pub fn global_arn(service: &str, resource: impl Into<String>) -> Self {
        Self::arn_at(service, [Part::Literal(":".into()), Part::Account], resource)
    }

    /// The same, in whichever account.
    pub fn global_arn_of_any(service: &str, resource: impl Into<String>) -> Self {
        Self::arn_at(service, [Part::Literal(":*".into())], resource)
    }

    fn arn_at<const N: usize>(service: &str, place: [Part; N], resource: impl Into<String>) -> Self {
        let head = [
            Part::Literal("arn:".into()),
            Part::Partition,
            Part::Literal(format!(":{service}:")),
        ];
        let tail = Part::Literal(format!(":{}", resource.into()));
        Self(head.into_iter().chain(place).chain([tail]).collect())
    }

    /// The ARN that AWS generates for the resource with this node id.
    pub fn arn_of(node: impl ToString) -> Self {
        Self(vec![Part::ArnOf(node.to_string())])
    }

    /// The unique id that AWS generates for the resource with this node id.
    pub fn id_of(node: impl ToString) -> Self {
        Self(vec![Part::IdOf(node.to_string())])
    }

    /// The account id.
    pub fn account() -> Self {
        Self(vec![Part::Account])
    }

    /// The text with the id of another account, if there is one, in place of the stack's own.
    pub fn of_account(mut self, account: Option<&str>) -> Self {
        if let Some(account) = account {
            for part in self.0.iter_mut().filter(|part| **part == Part::Account) {
                *part = Part::Literal(account.to_owned());
            }
        }
        self
    }

    /// The text with `{account}` as a placeholder for the account id.
    pub fn with_account(text: &str) -> Self {
        let mut parts = Vec::new();
        for (index, literal) in text.split("{account}").enumerate() {
            if index > 0 {
                parts.push(Part::Account);
            }
            parts.push(Part::Literal(literal.to_owned()));
        }
        Self(parts)
    }

    /// This text followed by `tail`.
    pub fn then(mut self, tail: impl Into<String>) -> Self {
        self.0.push(Part::Literal(tail.into()));
        self
    }

    /// These texts concatenated.
    pub fn concat(texts: impl IntoIterator<Item = Self>) -> Self {
        Self(texts.into_iter().flat_map(|text| text.0).collect())
    }

    /// The stack's region.
    pub fn region() -> Self {
        Self(vec![Part::Region])
    }

    /// A JSON array of these texts. They must not contain anything that JSON would have to escape.
    pub fn json_array(texts: impl IntoIterator<Item = Self>) -> Self {
        let mut array = Self::from("[");
        for (index, text) in texts.into_iter().enumerate() {
            let open = if index == 0 { "\"" } else { ",\"" };
            array = Self::concat([array, open.into(), text, "\"".into()]);
        }
        array.then("]")
    }

    /// A JSON object of these texts. Neither they nor their keys may contain anything that JSON would have to escape.
    pub fn json_object<'k>(texts: impl IntoIterator<Item = (&'k str, Self)>) -> Self {
        let mut object = Self::from("{");
        for (index, (key, text)) in texts.into_iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            object = Self::concat([object.then(format!("{comma}\"{key}\":\"")), text, "\"".into()]);
        }
        object.then("}")
    }

    /// Fills the placeholders that need no other resource. For names and ARNs that are computed.
    pub fn fill_computed(&self, scope: &Scope) -> Result<String, Unknown> {
        self.fill(&Known {
            scope: scope.clone(),
            outputs: BTreeMap::new(),
        })
    }

    /// Fills the placeholders.
    pub fn fill(&self, known: &Known) -> Result<String, Unknown> {
        let output = |node: &String| known.outputs.get(node).ok_or_else(|| node.clone());
        self.0
            .iter()
            .map(|part| match part {
                Part::Literal(text) => Ok(text.as_str()),
                Part::Partition => Ok(known.scope.partition.as_str()),
                Part::Region => Ok(known.scope.region.as_str()),
                Part::Account => Ok(known.scope.account.as_str()),
                Part::ArnOf(node) => output(node).map(|output| output.arn.as_str()),
                Part::IdOf(node) => output(node).map(|output| output.id.as_str()),
            })
            .collect()
    }
}

/// The text as the user wrote it, with the names of the placeholders.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Literal(text) => f.write_str(text),
            Part::Partition => f.write_str("{partition}"),
            Part::Region => f.write_str("{region}"),
            Part::Account => f.write_str("{account}"),
            Part::ArnOf(node) | Part::IdOf(node) => write!(f, "{{{node}}}"),
        })
    }
}

impl<T: Into<String>> From<T> for Text {
    fn from(literal: T) -> Self {
        Self(vec![Part::Literal(literal.into())])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_written_out_as_far_as_the_scope_goes() {
        let scope = Scope {
            partition: "aws".into(),
            region: "eu-west-1".into(),
            account: "123456789012".into(),
        };
        let name = |name: &str| scope.written_out(name.to_owned());
        assert_eq!(name("trail-{account}-{region}"), "trail-123456789012-eu-west-1");
        assert_eq!(name("{kms-key/main}"), "{kms-key/main}");
        let sovereign = Scope::of("123456789012", "eusc-de-east-1");
        assert_eq!(sovereign.partition, "aws-eusc");
        assert_eq!(sovereign.iam_region(), "eusc-de-east-1");
        assert_eq!(
            sovereign.written_out("lambda.{region}.{dns}".to_owned()),
            "lambda.eusc-de-east-1.amazonaws.eu"
        );
    }

    #[test]
    fn fills_what_is_known_and_names_what_is_not() {
        let scope = Scope {
            partition: "aws-cn".into(),
            region: "cn-north-1".into(),
            account: "1".into(),
        };
        let mut known = Known {
            scope,
            outputs: BTreeMap::new(),
        };
        assert_eq!(
            Text::arn("sns", "t").fill(&known).unwrap(),
            "arn:aws-cn:sns:cn-north-1:1:t"
        );
        assert_eq!(
            Text::global_arn("iam", "role/r").fill(&known).unwrap(),
            "arn:aws-cn:iam::1:role/r"
        );
        let key = Text::arn_of("kms-key/main");
        assert_eq!(key.fill(&known), Err("kms-key/main".to_owned()));
        known
            .outputs
            .insert("kms-key/main".into(), Output::of_arn("arn:k".into()));
        assert_eq!(key.then("/x").fill(&known).unwrap(), "arn:k/x");
    }
}
