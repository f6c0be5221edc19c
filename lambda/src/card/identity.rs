//! What tells one message from another, for whoever gets the same one twice.

use super::{Card, Phase, Section};
use crate::event::Incident;
use crate::hash::hex_digest;

impl Card {
    /// The same for a message however often and however late it is sent, and different for every other one: 64 hexadecimal
    /// digits.
    pub fn identity(&self) -> String {
        if let Some(Incident {
            key,
            phase,
            at: Some(at),
            ..
        }) = &self.incident
        {
            let phase = match phase {
                Phase::Firing => "firing",
                Phase::Resolved => "resolved",
            };
            return hex_digest([key, phase, &at.to_string()]);
        }
        let headline = self.in_time.as_ref().unwrap_or(&self.headline).plain();
        let known = |text: &Option<String>| text.clone().unwrap_or_default();
        let mut said = vec![headline, known(&self.account), known(&self.region)];
        said.push(self.at.map(|at| at.to_string()).unwrap_or_default());
        said.extend(self.sections.iter().flat_map(texts));
        hex_digest(said.iter().map(String::as_str))
    }
}

/// What a section says.
fn texts(section: &Section) -> Vec<String> {
    match section {
        Section::Prose(prose) | Section::Small(prose) => vec![prose.text.text.clone()],
        Section::Facts(facts) => {
            let facts = facts.iter();
            facts
                .flat_map(|fact| [fact.label.clone(), fact.value.text.clone()])
                .collect()
        }
        Section::Json { text, .. } => vec![text.text.clone()],
        Section::Lines { .. } => Vec::new(),
        Section::Links(links) => links.iter().map(|link| link.page.clone()).collect(),
        Section::Rows(rows) => rows.iter().map(|row| row.phrase.plain()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use crate::event::read;
    use crate::{Settings, compose};
    use serde_json::{Value, json};
    use std::time::Duration;

    fn identity(event: &Value) -> String {
        compose(&read(event)[0], &Settings::default()).identity()
    }

    fn alarm(state: &str, time: &str, reason: &str) -> Value {
        json!({ "AlarmName": "cpu", "NewStateValue": state, "NewStateReason": reason, "StateChangeTime": time })
    }

    #[test]
    fn a_step_of_an_incident_is_one_message() {
        let fired = alarm("ALARM", "2026-11-20T05:00:00.000+0000", "a");
        assert_eq!(identity(&fired).len(), 64);
        let same = alarm("ALARM", "2026-11-20T05:00:00.000+0000", "b");
        assert_eq!(identity(&fired), identity(&same));
        for other in [
            alarm("OK", "2026-11-20T05:00:00.000+0000", "a"),
            alarm("ALARM", "2026-11-20T06:00:00.000+0000", "a"),
        ] {
            assert_ne!(identity(&fired), identity(&other));
        }
    }

    #[test]
    fn a_message_stays_the_same_when_it_is_late() {
        let event = json!({ "source": "a", "detail-type": "b", "detail": { "x": 1 } });
        let mut card = compose(&read(&event)[0], &Settings::default());
        let own = card.identity();
        for seconds in [600, 1_200] {
            card.late(Duration::from_secs(seconds));
            assert_eq!(card.identity(), own);
        }
        // Two objects in one bucket have the same headline in the same second.
        let other = json!({ "source": "a", "detail-type": "b", "detail": { "x": 2 } });
        assert_ne!(identity(&other), own);
    }
}
