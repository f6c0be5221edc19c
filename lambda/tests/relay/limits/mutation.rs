//! Samples with changes, as they may be sent by accident or on purpose.

use super::*;

/// A change to a sample, in one place or in many, as it may be sent by accident or on purpose.
#[derive(Clone, Debug)]
pub(super) enum Mutation {
    /// Every leaf becomes one of these, in turn.
    Leaves(Vec<Value>),
    /// The value at this place is replaced.
    Replace(prop::sample::Index, Value),
    Remove(prop::sample::Index),
    /// The text at this place is repeated.
    Repeat(prop::sample::Index, usize),
}

pub(super) fn mutation() -> impl Strategy<Value = Mutation> {
    let any_value = || prop_oneof![3 => text().prop_map(Value::from), 1 => json()];
    prop_oneof![
        prop::collection::vec(any_value(), 1..8).prop_map(Mutation::Leaves),
        (any::<prop::sample::Index>(), any_value()).prop_map(|(at, value)| Mutation::Replace(at, value)),
        any::<prop::sample::Index>().prop_map(Mutation::Remove),
        (any::<prop::sample::Index>(), 2..80usize).prop_map(|(at, times)| Mutation::Repeat(at, times)),
    ]
}

impl Mutation {
    fn apply(&self, event: &mut Value) {
        let mut pointers = Vec::new();
        places(event, String::new(), &mut pointers);
        let place = |at: &prop::sample::Index| at.get(&pointers).clone();
        match self {
            Self::Leaves(values) => replace(event, &mut values.iter().cycle()),
            Self::Replace(at, value) => {
                if let Some(old) = event.pointer_mut(&place(at)) {
                    *old = value.clone();
                }
            }
            Self::Remove(at) => {
                let place = place(at);
                let parent = place
                    .rsplit_once('/')
                    .and_then(|(parent, key)| Some((event.pointer_mut(parent)?, key)));
                match parent {
                    Some((Value::Object(fields), key)) => {
                        fields.remove(&key.replace("~1", "/").replace("~0", "~"));
                    }
                    Some((Value::Array(values), key)) => {
                        values.remove(key.parse().expect("an index"));
                    }
                    _ => *event = Value::Null,
                }
            }
            Self::Repeat(at, times) => {
                if let Some(Value::String(text)) = event.pointer_mut(&place(at)) {
                    *text = text.chars().take(200).collect::<String>().repeat(*times);
                }
            }
        }
    }
}

/// The JSON pointer of every value, beginning with the whole.
fn places(value: &Value, at: String, all: &mut Vec<String>) {
    all.push(at.clone());
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| {
            places(
                value,
                format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")),
                all,
            )
        }),
        Value::Array(values) => {
            let values = values.iter().enumerate();
            values.for_each(|(index, value)| places(value, format!("{at}/{index}"), all));
        }
        _ => {}
    }
}

/// Applies `mutations` to a sample where its content is: also inside its SNS message, if that is JSON.
pub(super) fn mutated(name: &str, mutations: &[Mutation]) -> Value {
    let mut event = fixture(name);
    let message = event.pointer_mut("/Records/0/Sns/Message");
    let inner = message
        .as_deref()
        .and_then(Value::as_str)
        .map(serde_json::from_str::<Value>);
    match (message, inner) {
        (Some(message), Some(Ok(mut inner))) => {
            mutations.iter().for_each(|mutation| mutation.apply(&mut inner));
            *message = inner.to_string().into();
        }
        _ => mutations.iter().for_each(|mutation| mutation.apply(&mut event)),
    }
    event
}
