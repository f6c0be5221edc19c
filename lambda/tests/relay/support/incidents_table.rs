//! The table of DynamoDB that belongs to a workspace, as far as the relay uses its expressions.

use super::workspace::Inner;
use serde_json::{Map, Value, json};

impl Inner {
    /// `Scan`: it looks at as many items as it may, at two at most, and answers with what is asked for of those that match.
    pub fn scan(&self, request: &Value) -> (u16, Value) {
        assert_eq!(request["TableName"], "mission-incidents");
        assert_eq!(request["FilterExpression"], "#due <= :by AND #firing = :true");
        std::thread::sleep(self.scan_takes);
        let number = |value: &Value| value["N"].as_str().and_then(|text| text.parse::<i64>().ok());
        let now = number(&request["ExpressionAttributeValues"][":by"]);
        let start = request["ExclusiveStartKey"]["pk"]["S"]
            .as_str()
            .unwrap_or_default();
        let most = request["Limit"].as_u64().unwrap_or(u64::MAX);
        let page: Vec<_> = self
            .items
            .range(start.to_owned()..)
            .filter(|(key, _)| *key != start)
            .take(usize::try_from(most.min(2)).expect("a number"))
            .collect();
        let is_due = |item: &Map<String, Value>| {
            let due = item.get("due").and_then(number);
            due.is_some_and(|due| Some(due) <= now) && item.get("firing") == Some(&json!({ "BOOL": true }))
        };
        let names = &request["ExpressionAttributeNames"];
        let asked: Vec<_> = request["ProjectionExpression"]
            .as_str()
            .into_iter()
            .flat_map(|asked| asked.split(", "))
            .map(|alias| names[alias].as_str().expect("a name"))
            .collect();
        let shown = |item: &Map<String, Value>| {
            let mut item = item.clone();
            item.retain(|name, _| asked.is_empty() || asked.contains(&name.as_str()));
            item
        };
        let items: Vec<_> = page
            .iter()
            .filter(|(_, item)| is_due(item))
            .map(|(_, item)| shown(item))
            .collect();
        let last = page
            .last()
            .filter(|_| page.len() == 2)
            .map(|(key, _)| json!({ "pk": { "S": key } }));
        match last {
            Some(last) => (200, json!({ "Items": items, "LastEvaluatedKey": last })),
            None => (200, json!({ "Items": items })),
        }
    }

    /// `GetItem`.
    pub fn get_item(&self, request: &Value) -> (u16, Value) {
        assert_eq!(request["TableName"], "mission-incidents");
        let key = request["Key"]["pk"]["S"].as_str().expect("a key");
        match self.items.get(key) {
            Some(item) => (200, json!({ "Item": item })),
            None => (200, json!({})),
        }
    }

    /// What is due in the future becomes due now.
    pub fn time_passes(&mut self) {
        self.due_at(1);
    }

    /// What is due is due at this moment, in milliseconds.
    pub fn due_at(&mut self, moment: i64) {
        for item in self.items.values_mut() {
            if let Some(due) = item.get_mut("due") {
                *due = json!({ "N": moment.to_string() });
            }
        }
    }

    /// `UpdateItem`, as far as the relay uses its expressions.
    pub fn update_item(&mut self, request: &Value) -> (u16, Value) {
        if self.table_fails {
            return (
                400,
                json!({ "__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException", "message": "no table" }),
            );
        }
        let text = |name: &str| request[name].as_str().unwrap_or_default();
        assert_eq!(text("TableName"), "mission-incidents");
        let key = request["Key"]["pk"]["S"].as_str().expect("a key").to_owned();
        let name = |alias: &str| {
            request["ExpressionAttributeNames"][alias]
                .as_str()
                .expect("a name")
                .to_owned()
        };
        let value = |alias: &str| request["ExpressionAttributeValues"][alias].clone();
        let old = self.items.get(&key).cloned().unwrap_or_default();
        let holds = match text("ConditionExpression") {
            "attribute_not_exists(#until) OR #until < :now OR #owner = :owner" => {
                let number = |value: &Value| value["N"].as_str().and_then(|text| text.parse::<i64>().ok());
                old.get("until").is_none_or(|until| {
                    number(until) < number(&value(":now")) || old.get("owner") == Some(&value(":owner"))
                })
            }
            "#owner = :held" => old.get("owner") == Some(&value(":held")),
            "#due = :old AND #firing = :true AND (attribute_not_exists(#until) OR #until < :now)" => {
                let number = |value: &Value| value["N"].as_str().and_then(|text| text.parse::<i64>().ok());
                let is_free = old
                    .get("until")
                    .is_none_or(|until| number(until) < number(&value(":now")));
                is_free
                    && old.get("due") == Some(&value(":old"))
                    && old.get("firing") == Some(&value(":true"))
            }
            "" => true,
            other => panic!("{other}"),
        };
        if !holds {
            return (
                400,
                json!({ "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException", "message": "no" }),
            );
        }
        let mut item = old.clone();
        item.insert("pk".to_owned(), json!({ "S": key }));
        let expression = text("UpdateExpression");
        let (set, remove) = match expression.strip_prefix("REMOVE ") {
            Some(remove) => ("", remove),
            None => expression.split_once(" REMOVE ").unwrap_or((expression, "")),
        };
        let set = set
            .strip_prefix("SET ")
            .unwrap_or_default()
            .replace("#ttl, :ttl", "#ttl;:ttl");
        for assignment in set.split(", ").filter(|assignment| !assignment.is_empty()) {
            let (alias, of) = assignment.split_once(" = ").expect("an assignment");
            match of
                .strip_prefix("if_not_exists(")
                .and_then(|rest| rest.strip_suffix(')'))
            {
                Some(pair) => {
                    let of = pair.split_once(";").expect("two").1;
                    item.entry(name(alias)).or_insert(value(of));
                }
                None => _ = item.insert(name(alias), value(of)),
            }
        }
        for alias in remove.split(", ").filter(|alias| !alias.is_empty()) {
            item.remove(&name(alias));
        }
        self.items.insert(key, item);
        let old = (request["ReturnValues"] == "ALL_OLD" && !old.is_empty()).then_some(old);
        (
            200,
            match old {
                Some(old) => json!({ "Attributes": old }),
                None => json!({}),
            },
        )
    }
}
