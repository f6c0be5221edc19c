//! JSON schemas of values that can be written in several forms.

use std::borrow::Cow;
use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

/// Requires exactly one of these keys.
pub fn one_of<const N: usize>(keys: [&str; N]) -> Value {
    keys.iter().map(|key| json!({ "required": [key] })).collect()
}

/// A value that can be written in one of two forms.
pub struct Or<A, B>(PhantomData<(A, B)>);

impl<A: JsonSchema, B: JsonSchema> JsonSchema for Or<A, B> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("{}_or_{}", A::schema_name(), B::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let forms = [generator.subschema_for::<A>(), generator.subschema_for::<B>()];
        json_schema!({ "anyOf": forms })
    }
}

/// Gives a type the schema of the form that it has in the file.
macro_rules! written_as {
    ($type:ty, $form:ty) => {
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                <$form as JsonSchema>::inline_schema()
            }

            fn schema_name() -> std::borrow::Cow<'static, str> {
                <$form as JsonSchema>::schema_name()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                <$form as JsonSchema>::json_schema(generator)
            }
        }
    };
}
pub(super) use written_as;

/// The word `all`.
pub struct All;

impl JsonSchema for All {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "All".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "const": "all" })
    }
}

/// The word `false`.
pub struct False;

impl JsonSchema for False {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "False".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "const": false })
    }
}
