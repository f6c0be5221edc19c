//! A DynamoDB table, on demand, whose items end by themselves at the time in one of their attributes.

use alertctl_relay::{console_page, encode_fragment};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, Tag,
};

use crate::aws::fault::gone;
use crate::aws::wait;
use crate::resource::access::Access;
use crate::resource::{
    About, Aws, Changes, Context, Fields, Handling, Health, Known, Observed, Output, Resource, Result, Tags,
    Text, Verdict, Wanted, converge, named, tags,
};

mod calls;
mod read;
mod template;

use read::read;

/// The desired table. Nothing of it is backed up or protected against deletion, and DynamoDB's own key encrypts it.
#[derive(Debug, Clone)]
pub struct DynamodbTable {
    pub name: String,
    /// The attribute that identifies an item, a string.
    pub partition_key: &'static str,
    /// The attribute with the time at which an item ends, in seconds since 1970.
    pub ttl: &'static str,
    pub tags: Tags,
}

/// A table as it is. Settings that alertctl does not set are left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    name: String,
    arn: String,
    /// `ACTIVE`, `CREATING`, … A table in `DELETING` is read as absent.
    status: String,
    /// As in the fields: `pk (S)`, `pk (S), sk (N)`.
    key_schema: String,
    billing_mode: String,
    /// The KMS key, if the table is encrypted with one.
    kms_key: Option<String>,
    deletion_protection: bool,
    /// `None`: its items never end.
    ttl: Option<String>,
    tags: Tags,
}

const TABLE: &[&str] = &["arn:{partition}:dynamodb:{region}:{account}:table/{prefix}"];
const ACTIVE: &str = "ACTIVE";

impl Resource for DynamodbTable {
    const KIND: &'static str = "dynamodb-table";
    const IMMUTABLE: &'static [&'static str] = &["key_schema"];
    const HANDLING: Handling = Handling {
        // No function may still write to a table that is gone.
        deleted_after: &["lambda-function"],
        ..Handling::USUAL
    };
    const ACCESS: &'static [Access] = &[
        Access::read(
            &[
                "dynamodb:DescribeTable",
                "dynamodb:DescribeTimeToLive",
                "dynamodb:ListTagsOfResource",
            ],
            TABLE,
        ),
        Access::write(
            &[
                "dynamodb:CreateTable",
                "dynamodb:TagResource",
                "dynamodb:UpdateTimeToLive",
            ],
            TABLE,
        ),
        Access::change(&["dynamodb:UpdateTable", "dynamodb:UntagResource"], TABLE),
        Access::delete(&["dynamodb:DeleteTable"], TABLE),
    ];
    type Live = Live;

    fn name(&self) -> String {
        self.name.clone()
    }

    fn arn(&self) -> Option<Text> {
        Some(Text::arn("dynamodb", format!("table/{}", self.name)))
    }

    async fn observe(aws: &Aws, wanted: &[Wanted<'_, Self>]) -> Result<Observed<Live>> {
        named::observe(
            aws,
            wanted,
            async || aws.tagged_names("dynamodb", "table/").await,
            async |name, _| read(aws, name).await,
            |live| &live.tags,
        )
        .await
    }

    fn fields(&self, _known: &Known) -> Fields {
        let Self {
            name,
            partition_key,
            ttl,
            tags,
        } = self;
        Fields::default()
            .set("name", name.as_str())
            .set("key_schema", string_key(partition_key))
            .set("billing_mode", BillingMode::PayPerRequest.as_str())
            .set("deletion_protection", false)
            .set("ttl", *ttl)
            .tags(tags)
    }

    fn live_fields(live: &Live) -> Fields {
        let Live {
            name,
            arn: _,
            status: _,
            key_schema,
            billing_mode,
            kms_key,
            deletion_protection,
            ttl,
            tags,
        } = live;
        Fields::default()
            .set("name", name.as_str())
            .set("key_schema", key_schema.as_str())
            .set("billing_mode", billing_mode.as_str())
            .set_some("kms_key", kms_key.as_deref())
            .set("deletion_protection", *deletion_protection)
            .set_some("ttl", ttl.as_deref())
            .live_tags(tags)
    }

    fn live_name(live: &Live) -> String {
        live.name.clone()
    }

    fn output(live: &Live) -> Output {
        Output::of_arn(live.arn.clone())
    }

    fn console_page(name: &str, _output: &Output, region: &str) -> Option<String> {
        console_page(
            region,
            "dynamodbv2/home",
            &format!("table?name={}", encode_fragment(name)),
        )
    }

    fn about(live: &Live) -> About {
        About {
            health: Some(health(live)),
            data_loss: Some(data_loss(live)),
            ..About::default()
        }
    }

    async fn create(&self, cx: &Context<'_>) -> Result<Live> {
        let key = KeySchemaElement::builder()
            .attribute_name(self.partition_key)
            .key_type(KeyType::Hash);
        let attribute = AttributeDefinition::builder()
            .attribute_name(self.partition_key)
            .attribute_type(ScalarAttributeType::S);
        let request = cx.aws.connection.clients.dynamodb.create_table();
        let request = request
            .table_name(&self.name)
            .set_key_schema(Some(key.build().into_iter().collect()))
            .set_attribute_definitions(Some(attribute.build().into_iter().collect()))
            .billing_mode(BillingMode::PayPerRequest)
            .set_tags(Some(to_sdk(&self.tags)));
        match cx
            .aws
            .call("dynamodb:CreateTable", || request.clone().send())
            .await
        {
            Err(fault) if fault.says("ResourceInUseException", "already exist") => {
                // The answer of an earlier attempt was lost, or the table is somebody else's. A new table's tags show
                // only after a while: <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ListTagsOfResource.html>
                let ours = wait::for_unseen(async || {
                    let live = read(cx.aws, &self.name).await?;
                    Ok(live.filter(|live| cx.aws.owns(&live.tags)))
                });
                let Some(live) = ours.await? else {
                    return Err(fault);
                };
                return converge(self, live, cx).await;
            }
            result => drop(result?),
        }
        let arn = Text::arn("dynamodb", format!("table/{}", self.name));
        Ok(Live {
            name: self.name.clone(),
            arn: cx.text(&arn)?,
            status: "CREATING".to_owned(),
            key_schema: string_key(self.partition_key),
            billing_mode: BillingMode::PayPerRequest.as_str().to_owned(),
            kms_key: None,
            deletion_protection: false,
            ttl: None,
            tags: self.tags.clone(),
        })
    }

    async fn update(&self, live: Live, changes: &Changes, cx: &Context<'_>) -> Result<Live> {
        // Ownership first: if a later call fails, the next run finishes the rest.
        self.put_tags(&live, cx).await?;
        if changes.touch("billing_mode") {
            calls::on_demand(&live.name, cx).await?;
        }
        if changes.touch("kms_key") {
            calls::own_key(&live.name, cx).await?;
        }
        if changes.touch("deletion_protection") {
            calls::unprotect(&live.name, cx).await?;
        }
        // `settle` sets the time to live.
        Ok(Live {
            billing_mode: BillingMode::PayPerRequest.as_str().to_owned(),
            kms_key: None,
            deletion_protection: false,
            tags: self.tags.clone(),
            ..live
        })
    }

    /// A function may start before the table takes items. Before that, DynamoDB refuses the time to live.
    async fn settle(&self, live: &Live, cx: &Context<'_>) -> Result<()> {
        calls::until_active(&live.name, cx).await?;
        if live.ttl.as_deref() != Some(self.ttl) {
            calls::end_by(&live.name, live.ttl.as_deref(), self.ttl, cx).await?;
        }
        calls::until_tagged(live, cx).await
    }

    async fn delete(live: Live, cx: &Context<'_>) -> Result<()> {
        if live.deletion_protection {
            gone(calls::unprotect(&live.name, cx).await)?;
        }
        let delete = cx.aws.connection.clients.dynamodb.delete_table();
        let request = delete.table_name(&live.name);
        let deleted = cx
            .aws
            .call("dynamodb:DeleteTable", || request.clone().send())
            .await;
        gone(deleted).map_err(
            |fault| match fault.says("ValidationException", "protected against deletion") {
                true => fault.hint(
                    "somebody turned on the table's deletion protection after the plan: run the same command again, and \
                     it is turned off first",
                ),
                false => fault,
            },
        )
    }
}

impl DynamodbTable {
    async fn put_tags(&self, live: &Live, cx: &Context<'_>) -> Result<()> {
        let dynamodb = &cx.aws.connection.clients.dynamodb;
        tags::sync(
            &live.tags,
            &self.tags,
            async |remove| {
                let request = dynamodb.untag_resource().resource_arn(&live.arn);
                let request = request.set_tag_keys(Some(remove));
                cx.aws
                    .call("dynamodb:UntagResource", || request.clone().send())
                    .await
            },
            async |put| {
                let request = dynamodb.tag_resource().resource_arn(&live.arn);
                let request = request.set_tags(Some(to_sdk(&put)));
                cx.aws
                    .call("dynamodb:TagResource", || request.clone().send())
                    .await
            },
        )
        .await
    }
}

fn health(live: &Live) -> Health {
    let verdict = match live.status.as_str() {
        // A table that is being changed works.
        ACTIVE | "UPDATING" => Verdict::Healthy,
        "CREATING" => Verdict::Waiting,
        _ => Verdict::Failed,
    };
    let text = live.status.to_lowercase().replace('_', " ");
    Health::new(verdict, text).with("table_status", live.status.as_str())
}

fn data_loss(live: &Live) -> String {
    let lost = "messages of open incidents are not updated any more";
    match live.deletion_protection {
        true => format!("{lost}; its deletion protection is turned off first"),
        false => lost.to_owned(),
    }
}

/// A key of one attribute, a string, as in the fields.
fn string_key(attribute: &str) -> String {
    format!("{attribute} (S)")
}

fn to_sdk(tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build();
    tags.iter().flat_map(tag).collect()
}

#[cfg(test)]
mod tests;
