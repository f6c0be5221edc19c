//! Functions and event source mappings.

use super::super::Ask;
use super::Call;

impl Call<'_> {
    pub(super) async fn lambda(&self, operation: &str) -> Vec<Ask> {
        let through = (
            "kms:ViaService".to_owned(),
            format!("lambda.{}.amazonaws.com", self.region),
        );
        let requested = |ask: &mut Ask| {
            for (key, value) in self.json["Tags"].as_object().into_iter().flatten() {
                let key = format!("aws:RequestTag/{key}");
                ask.context.insert(key, value.as_str().unwrap().to_owned());
            }
        };
        let path = self.head.uri.path();
        if path.contains("/tags/") {
            let mut ask = self.own(self.segment("tags"));
            requested(&mut ask);
            let tags = self.aws().lambda.list_tags().resource(&ask.resource).send().await;
            let tags = tags.ok().and_then(|answer| answer.tags).unwrap_or_default();
            ask.context.extend(
                tags.into_iter()
                    .map(|(key, value)| (format!("aws:ResourceTag/{key}"), value)),
            );
            return vec![ask];
        }
        if path.contains("/event-source-mappings") {
            return self.mapping(operation, &requested).await;
        }
        let name = match operation {
            "CreateFunction" => self.text("FunctionName").to_owned(),
            _ => self.segment("functions"),
        };
        let name = name.rsplit(':').next().unwrap().to_owned();
        let mut own = self.own(self.arn("lambda", &format!("function:{name}")));
        if operation == "GetFunctionConfiguration" {
            let tags = self.aws().lambda.list_tags().resource(&own.resource).send().await;
            let tags = tags.ok().and_then(|answer| answer.tags).unwrap_or_default();
            own.context.extend(
                tags.into_iter()
                    .map(|(key, value)| (format!("aws:ResourceTag/{key}"), value)),
            );
        }
        let mut asks = vec![own.clone()];
        if operation == "CreateFunction" && self.json["Tags"].is_object() {
            asks.push(self.ask("lambda:TagResource", own.resource.clone()));
        }
        let changes = ["CreateFunction", "UpdateFunctionConfiguration"].contains(&operation);
        if changes && !self.text("Role").is_empty() {
            asks.push(self.pass(self.text("Role"), "lambda.amazonaws.com"));
        }
        if changes && !self.text("KMSKeyArn").is_empty() {
            let mut grant = self
                .on_key("kms:CreateGrant", self.text("KMSKeyArn"))
                .await
                .unwrap();
            grant.context.extend([through]);
            asks.push(grant);
        }
        asks
    }

    async fn mapping(&self, operation: &str, requested: &(dyn Fn(&mut Ask) + Sync)) -> Vec<Ask> {
        let id = self.segment("event-source-mappings");
        let mut own = self.own(self.arn("lambda", &format!("event-source-mapping:{id}")));
        match operation {
            "CreateEventSourceMapping" => {
                let name = self.text("FunctionName").rsplit(':').next().unwrap().to_owned();
                let function = self.arn("lambda", &format!("function:{name}"));
                own.context.insert("lambda:FunctionArn".to_owned(), function);
                let mut tag = self.ask(
                    "lambda:TagResource",
                    self.arn("lambda", "event-source-mapping:new"),
                );
                requested(&mut tag);
                vec![own, tag]
            }
            "ListEventSourceMappings" => vec![own],
            _ => {
                let tags = self.aws().lambda.list_tags().resource(&own.resource).send().await;
                let tags = tags.ok().and_then(|answer| answer.tags).unwrap_or_default();
                own.context.extend(
                    tags.into_iter()
                        .map(|(key, value)| (format!("aws:ResourceTag/{key}"), value)),
                );
                vec![own]
            }
        }
    }
}
