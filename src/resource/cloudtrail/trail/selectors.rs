//! The selectors of a trail, which determine the events that it logs. CloudTrail has two notations for them.

use aws_sdk_cloudtrail::operation::get_event_selectors::GetEventSelectorsOutput;
use aws_sdk_cloudtrail::types::{
    AdvancedEventSelector, AdvancedFieldSelector, DataResource, EventSelector, ReadWriteType,
};
use serde_json::{Map, Value, json};

use super::{Fault, Result};

/// The events that a trail logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selectors {
    /// All management events and no data events.
    Default,
    /// An array in the format of AWS's `EventSelectors`.
    Basic(Value),
    /// An array in the format of AWS's `AdvancedEventSelectors`.
    Advanced(Value),
}

/// The selectors in AWS's own types.
pub(super) enum Sdk {
    Basic(Vec<EventSelector>),
    Advanced(Vec<AdvancedEventSelector>),
}

impl Selectors {
    /// # Errors
    /// If a selector does not have AWS's format.
    pub(super) fn to_sdk(&self) -> Result<Sdk> {
        match self {
            Self::Default => Ok(Sdk::Basic(vec![basic(&json!({}))])),
            Self::Basic(Value::Array(list)) => Ok(Sdk::Basic(list.iter().map(basic).collect())),
            Self::Advanced(Value::Array(list)) => list
                .iter()
                .map(advanced)
                .collect::<Result<_>>()
                .map(Sdk::Advanced),
            Self::Basic(other) | Self::Advanced(other) => Err(misshapen(other)),
        }
    }

    /// The form in which selectors are compared. `None` for AWS's default, in either notation.
    pub(super) fn shown(&self) -> Option<Value> {
        match self.to_sdk() {
            Ok(selectors) => selectors.shown(),
            // AWS refuses it when it is sent.
            Err(_) => match self {
                Self::Basic(value) | Self::Advanced(value) => Some(value.clone()),
                Self::Default => None,
            },
        }
    }
}

impl Sdk {
    /// The selectors that AWS returned.
    pub(super) fn read(answer: GetEventSelectorsOutput) -> Self {
        match answer.advanced_event_selectors.filter(|list| !list.is_empty()) {
            Some(list) => Self::Advanced(list),
            None => Self::Basic(answer.event_selectors.unwrap_or_default()),
        }
    }

    /// True if the trail logs management events that change something.
    pub(super) fn log_writes(&self) -> bool {
        match self {
            Self::Basic(list) => list.iter().any(|selector| {
                selector.include_management_events().unwrap_or(true)
                    && selector.read_write_type() != Some(&ReadWriteType::ReadOnly)
            }),
            Self::Advanced(list) => list.iter().any(|selector| {
                let fields = selector.field_selectors().iter();
                let has = |values: &[String], one: &str| values.iter().any(|value| value == one);
                let management = |field: &AdvancedFieldSelector| {
                    field.field() == CATEGORY && has(field.equals(), MANAGEMENT)
                };
                let reads = |field: &AdvancedFieldSelector| {
                    let only = has(field.equals(), "true") && !has(field.equals(), "false");
                    field.field() == READ_ONLY && (only || has(field.not_equals(), "false"))
                };
                fields.clone().any(management) && !fields.clone().any(reads)
            }),
        }
    }

    pub(super) fn shown(&self) -> Option<Value> {
        let shown = match self {
            Self::Basic(list) => sorted(list.iter().map(show_basic)),
            Self::Advanced(list) => sorted(list.iter().map(show_advanced)),
        };
        let all = sorted([show_basic(&basic(&json!({})))]);
        let all_advanced = json!([{ "FieldSelectors": [{ "Field": CATEGORY, "Equals": [MANAGEMENT] }] }]);
        let default = shown == json!([]) || shown == all || unnamed(&shown) == all_advanced;
        (!default).then_some(shown)
    }
}

const CATEGORY: &str = "eventCategory";
const MANAGEMENT: &str = "Management";
const READ_ONLY: &str = "readOnly";

/// A basic selector. Parts that are left out get AWS's default.
fn basic(value: &Value) -> EventSelector {
    let resources = value["DataResources"].as_array().into_iter().flatten();
    let resource = |value: &Value| {
        DataResource::builder()
            .set_type(value["Type"].as_str().map(str::to_owned))
            .set_values(Some(texts(&value["Values"])))
            .build()
    };
    EventSelector::builder()
        .read_write_type(ReadWriteType::from(
            value["ReadWriteType"].as_str().unwrap_or("All"),
        ))
        .include_management_events(value["IncludeManagementEvents"].as_bool().unwrap_or(true))
        .set_data_resources(Some(resources.map(resource).collect()))
        .set_exclude_management_event_sources(Some(texts(&value["ExcludeManagementEventSources"])))
        .build()
}

fn advanced(value: &Value) -> Result<AdvancedEventSelector> {
    let fields = value["FieldSelectors"]
        .as_array()
        .ok_or_else(|| misshapen(value))?;
    let field = |value: &Value| {
        let texts = |name: &str| Some(texts(&value[name])).filter(|texts| !texts.is_empty());
        AdvancedFieldSelector::builder()
            .set_field(value["Field"].as_str().map(str::to_owned))
            .set_equals(texts("Equals"))
            .set_starts_with(texts("StartsWith"))
            .set_ends_with(texts("EndsWith"))
            .set_not_equals(texts("NotEquals"))
            .set_not_starts_with(texts("NotStartsWith"))
            .set_not_ends_with(texts("NotEndsWith"))
            .build()
            .map_err(|_| misshapen(value))
    };
    let fields = fields.iter().map(field).collect::<Result<_>>()?;
    AdvancedEventSelector::builder()
        .set_name(value["Name"].as_str().map(str::to_owned))
        .set_field_selectors(Some(fields))
        .build()
        .map_err(|_| misshapen(value))
}

fn show_basic(selector: &EventSelector) -> Value {
    let resources = selector
        .data_resources()
        .iter()
        .map(|resource| json!({ "Type": resource.r#type(), "Values": in_order(resource.values()) }));
    json!({
        "ReadWriteType": selector.read_write_type().unwrap_or(&ReadWriteType::All).as_str(),
        "IncludeManagementEvents": selector.include_management_events().unwrap_or(true),
        "DataResources": sorted(resources),
        "ExcludeManagementEventSources": in_order(selector.exclude_management_event_sources()),
    })
}

fn show_advanced(selector: &AdvancedEventSelector) -> Value {
    let fields = selector.field_selectors().iter().map(|field| {
        let mut shown = Map::from_iter([("Field".to_owned(), json!(field.field()))]);
        for (name, values) in [
            ("Equals", field.equals()),
            ("StartsWith", field.starts_with()),
            ("EndsWith", field.ends_with()),
            ("NotEquals", field.not_equals()),
            ("NotStartsWith", field.not_starts_with()),
            ("NotEndsWith", field.not_ends_with()),
        ] {
            if !values.is_empty() {
                shown.insert(name.to_owned(), in_order(values));
            }
        }
        shown.into()
    });
    let mut shown = Map::from_iter([("FieldSelectors".to_owned(), sorted(fields))]);
    if let Some(name) = selector.name().filter(|name| !name.is_empty()) {
        shown.insert("Name".to_owned(), json!(name));
    }
    shown.into()
}

/// The selectors without their names, which have no effect.
fn unnamed(shown: &Value) -> Value {
    let mut shown = shown.clone();
    for selector in shown.as_array_mut().into_iter().flatten() {
        selector.as_object_mut().map(|selector| selector.remove("Name"));
    }
    shown
}

fn texts(value: &Value) -> Vec<String> {
    let list = value.as_array().into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn in_order(texts: &[String]) -> Value {
    sorted(texts.iter().map(|text| json!(text)))
}

/// Neither the selectors nor the lists in them are ordered.
fn sorted(values: impl IntoIterator<Item = Value>) -> Value {
    let mut list: Vec<_> = values.into_iter().collect();
    list.sort_by_key(Value::to_string);
    list.into()
}

fn misshapen(value: &Value) -> Fault {
    let text = format!("`{value}` is not in the form that CloudTrail accepts");
    Fault::new("cloudtrail:PutEventSelectors", "InvalidEventSelectors", text)
        .hint("an advanced selector is `{ Name: …, FieldSelectors: [{ Field: …, Equals: […] }] }`")
}
