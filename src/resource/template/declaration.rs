//! One resource of a template.

use serde_json::{Map, Value, json};

use super::{Tags, Template, mapping, pairs};
use crate::aws::Text;
use crate::aws::tags::PROTECT_TAG;
use crate::resource::NodeId;

/// What a node is in a template.
pub enum Entry {
    /// Resources of its own. The first is what others refer to.
    Own(Vec<Declaration>),
    /// Properties of another node's resource, such as a rule's targets.
    PartOf(NodeId, Properties),
    /// Nothing, and what is lost with it.
    Lost(String),
}

impl From<Declaration> for Entry {
    fn from(one: Declaration) -> Self {
        Self::Own(vec![one])
    }
}

/// One resource of a template.
#[derive(Debug)]
pub struct Declaration {
    /// Such as `AWS::SQS::Queue`.
    pub of_type: &'static str,
    /// The end of its logical id, if the node has several resources.
    pub suffix: &'static str,
    pub properties: Properties,
    /// How its ARN is referred to.
    pub arn: Attribute,
    /// How its unique id is referred to.
    pub id: Attribute,
    /// Its ARN as others compute it: there it becomes a reference.
    pub computed_arn: Option<String>,
    /// What becomes of it when it leaves the template: `Delete` or `Retain`. `None` for a resource that holds nothing.
    pub deletion: Option<&'static str>,
    /// What CloudFormation cannot say of it.
    pub lost: Vec<String>,
}

/// How another resource refers to something of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attribute {
    /// CloudFormation does not know it.
    None,
    /// By `Ref`.
    Ref,
    /// By `Fn::GetAtt` with this attribute.
    Get(&'static str),
    /// By `Fn::Sub` with this text, in which `{}` stands for the resource's logical id.
    Sub(&'static str),
}

impl Declaration {
    /// A resource of this type, with nothing set.
    pub fn new(of_type: &'static str) -> Self {
        Self {
            of_type,
            suffix: "",
            properties: Properties::default(),
            arn: Attribute::None,
            id: Attribute::None,
            computed_arn: None,
            deletion: None,
            lost: Vec::new(),
        }
    }

    /// A further resource of the same node.
    pub fn beside(suffix: &'static str, of_type: &'static str) -> Self {
        Self {
            suffix,
            ..Self::new(of_type)
        }
    }

    /// Sets a property.
    pub fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.properties = self.properties.set(name, value);
        self
    }

    /// Sets a property if there is a value.
    pub fn set_some(mut self, name: &str, value: Option<impl Into<Value>>) -> Self {
        self.properties = self.properties.set_some(name, value);
        self
    }

    /// Sets the property `Tags`. A protected resource stays when it leaves the template.
    pub fn tagged(self, template: &Template, tags: &Tags) -> Self {
        let list = pairs(&template.tags(tags));
        self.set("Tags", list).protected(tags)
    }

    /// The same for a type whose tags are a mapping.
    pub fn tagged_by_key(self, template: &Template, tags: &Tags) -> Self {
        let map = mapping(&template.tags(tags));
        self.set("Tags", map).protected(tags)
    }

    fn protected(mut self, tags: &Tags) -> Self {
        if tags.contains_key(PROTECT_TAG) {
            self.deletion = Some(RETAIN);
        }
        self
    }

    /// It holds something that is lost with it.
    pub fn holding(mut self) -> Self {
        self.deletion = self.deletion.or(Some(DELETE));
        self
    }

    /// It stays when it leaves the template.
    pub fn kept(mut self) -> Self {
        self.deletion = Some(RETAIN);
        self
    }

    /// How its ARN is referred to.
    pub fn arn(self, arn: Attribute) -> Self {
        Self { arn, ..self }
    }

    /// How its unique id is referred to.
    pub fn id(self, id: Attribute) -> Self {
        Self { id, ..self }
    }

    /// Its ARN as others compute it, if it follows from its name.
    pub fn computed(self, template: &Template, arn: Option<Text>) -> Self {
        Self {
            computed_arn: arn.and_then(|arn| template.computed(&arn)),
            ..self
        }
    }

    /// Adds something that CloudFormation cannot say of it.
    pub fn lost(mut self, what: impl Into<String>) -> Self {
        self.lost.push(what.into());
        self
    }
}

const DELETE: &str = "Delete";
const RETAIN: &str = "Retain";

/// Properties of a resource, in the order in which they are set.
#[derive(Debug, Default)]
pub struct Properties(Map<String, Value>);

impl Properties {
    /// Sets a property.
    pub fn set(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Sets a property if there is a value.
    pub fn set_some(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self,
        }
    }

    /// These properties and `others`.
    pub fn and(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }
}

impl From<Properties> for Value {
    fn from(properties: Properties) -> Self {
        Self::Object(properties.0)
    }
}

/// A parameter of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    pub name: String,
    pub description: String,
    /// CloudFormation shows its value to nobody.
    pub secret: bool,
    pub default: Option<String>,
    /// Without a value, what it is for is left out.
    pub optional: bool,
}

impl Parameter {
    /// A text that must be given.
    pub fn named(name: String) -> Self {
        Self {
            name,
            description: String::new(),
            secret: false,
            default: None,
            optional: false,
        }
    }

    /// The condition that an optional parameter has a value.
    pub fn condition(&self) -> String {
        format!("Has{}", self.name)
    }
}

/// The value of an optional parameter; without one, the property is left out.
pub fn optional(parameter: &Parameter) -> Value {
    json!({ "Fn::If": [parameter.condition(), { "Ref": parameter.name }, { "Ref": "AWS::NoValue" }] })
}
