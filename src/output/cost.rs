//! What a plan's changes cost, in one line.

use crate::engine::plan::Cost;
use crate::engine::plan::cost::Item;

impl Cost {
    /// `about +5.30 USD per month (53 alarms +5.30), plus usage; …`; `None` if no fixed price changes.
    pub(super) fn text(&self) -> Option<String> {
        if self.items.is_empty() {
            return None;
        }
        let item = |item: &Item| {
            let sum = format!("{} {:+.2}", item.what, item.monthly_change);
            match item.count.abs() {
                0 => sum,
                count => format!("{count} {sum}"),
            }
        };
        let items: Vec<_> = self.items.iter().map(item).collect();
        Some(format!(
            "about {:+.2} {} per month ({}), plus usage; list prices of us-east-1, of which free tiers may cover a part",
            self.monthly_change,
            self.currency,
            items.join(", ")
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn created_and_deleted_things_are_summed() {
        let item = |what: &str, count, monthly_change| Item {
            what: what.into(),
            count,
            monthly_change,
        };
        let cost = Cost {
            currency: "USD".into(),
            monthly_change: 4.3,
            items: vec![item("alarms", 53, 5.3), item("KMS key", -1, -1.0)],
        };
        assert_eq!(
            cost.text().as_deref(),
            Some(
                "about +4.30 USD per month (53 alarms +5.30, 1 KMS key -1.00), plus usage; list prices of us-east-1, \
                 of which free tiers may cover a part"
            )
        );
        assert_eq!(Cost::default().text(), None);
        let more = Cost {
            monthly_change: 0.2,
            items: vec![item("alarms", 0, 0.2)],
            ..cost
        };
        assert!(
            more.text()
                .is_some_and(|text| text.starts_with("about +0.20 USD per month (alarms +0.20)"))
        );
    }
}
