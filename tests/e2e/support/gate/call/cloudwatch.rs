//! Alarms, whose calls are in CBOR.

use super::super::Ask;
use super::Call;

impl Call<'_> {
    pub(super) fn cloudwatch(&self, operation: &str) -> Vec<Ask> {
        let named = |name: &str| texts(self.body, name).into_iter().next().unwrap_or_default();
        let arn = named("ResourceARN");
        if !arn.is_empty() {
            return vec![self.own(arn)];
        }
        let alarm = |name: String| self.arn("cloudwatch", &format!("alarm:{name}"));
        match operation {
            "DeleteAlarms" => texts(self.body, "AlarmNames")
                .into_iter()
                .map(|name| self.own(alarm(name)))
                .collect(),
            "PutMetricAlarm" | "PutCompositeAlarm" | "PutLogAlarm" => {
                let tagged = self.body.windows(5).any(|bytes| bytes == b"\x64Tags");
                let tag = tagged.then(|| self.ask("cloudwatch:TagResource", alarm(named("AlarmName"))));
                [self.own(alarm(named("AlarmName")))]
                    .into_iter()
                    .chain(tag)
                    .collect()
            }
            _ => vec![self.own(alarm(named("AlarmName")))],
        }
    }
}

/// The texts of a key in a CBOR map: a single text, or a list.
fn texts(body: &[u8], key: &str) -> Vec<String> {
    let length = u8::try_from(key.len()).unwrap();
    let mut marked = vec![0x60 + length];
    if length > 23 {
        marked = vec![0x78, length];
    }
    marked.extend(key.as_bytes());
    let Some(at) = body.windows(marked.len()).position(|bytes| bytes == marked) else {
        return Vec::new();
    };
    let mut rest = &body[at + marked.len()..];
    let list = rest[0] >> 5 == 4;
    if list {
        rest = &rest[1..];
    }
    let mut found = Vec::new();
    while let Some((head, tail)) = rest.split_first() {
        if head >> 5 != 3 {
            break;
        }
        let (length, tail) = match head & 0x1f {
            small @ 0..=23 => (usize::from(small), tail),
            24 => (usize::from(tail[0]), &tail[1..]),
            _ => (usize::from(u16::from_be_bytes([tail[0], tail[1]])), &tail[2..]),
        };
        found.push(String::from_utf8(tail[..length].to_vec()).unwrap());
        rest = &tail[length..];
        if !list {
            break;
        }
    }
    found
}
