//! Korean particles. Their form depends on how the preceding word ends when it is read aloud.
//!
//! Hangul shows its own ending. Digits have a fixed reading (`3` 삼, `7` 칠), and so do single letters (`VPN`
//! 브이피엔). An English word is read as it is usually written in Hangul, which its last letters predict well
//! enough: `Bucket` 버킷, `Group` 그룹, `Trail` 트레일, but `Policy` 폴리시, `Instance` 인스턴스.

use std::fmt::Display;

/// A particle with all its forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Particle {
    /// 이/가, of a subject.
    Subject,
    /// 을/를, of an object.
    Object,
}

/// How a word ends when it is read aloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Vowel,
    Consonant,
    /// Text without a single Korean reading, such as Chinese characters.
    Unknown,
}

impl Particle {
    fn after(self, ending: Ending) -> &'static str {
        match (self, ending) {
            (Self::Subject, Ending::Vowel) => "가",
            (Self::Subject, Ending::Unknown) => "이(가)",
            (Self::Subject, _) => "이",
            (Self::Object, Ending::Vowel) => "를",
            (Self::Object, Ending::Unknown) => "을(를)",
            (Self::Object, _) => "을",
        }
    }
}

/// Appends the particle in the form that `word` requires. Marks at the end of a phrase are ignored.
pub(super) fn with(word: impl Display, particle: Particle) -> String {
    let word = word.to_string();
    join(&word, particle.after(ending(&word)))
}

/// Appends `follower` without a blank.
pub(super) fn join(word: impl Display, follower: &str) -> String {
    format!("{word}{follower}")
}

fn ending(word: &str) -> Ending {
    let word = word.trim_end_matches(|c: char| !c.is_alphanumeric());
    match word.chars().next_back() {
        Some(last @ '가'..='힣') => match (last as u32 - '가' as u32) % 28 {
            0 => Ending::Vowel,
            _ => Ending::Consonant,
        },
        Some('0' | '1' | '3' | '6' | '7' | '8') => Ending::Consonant,
        Some('2' | '4' | '5' | '9') => Ending::Vowel,
        Some(last) if last.is_ascii_alphabetic() => latin(word),
        _ => Ending::Unknown,
    }
}

fn latin(word: &str) -> Ending {
    let start = word
        .rfind(|c: char| !c.is_ascii_alphabetic())
        .map_or(0, |at| at + word[at..].chars().next().map_or(1, char::len_utf8));
    let letters = &word[start..];
    let capitals = letters.bytes().rev().take_while(u8::is_ascii_uppercase).count();
    if capitals >= 2 || letters.len() == 1 {
        return spelled(letters);
    }
    let word = letters.to_ascii_lowercase();
    let ends = |ends: &[&str]| ends.iter().any(|end| word.ends_with(end));
    let before = word.bytes().rev().nth(1).unwrap_or(b' ');
    let long = word.bytes().rev().nth(2).is_some_and(is_vowel) && is_vowel(before);
    match word.bytes().next_back() {
        Some(b'l' | b'm' | b'n') => Ending::Consonant,
        // Template 템플릿, Type 타입, App 앱, Fleet 플릿.
        _ if ends(&["plate", "type", "app", "fleet"]) => Ending::Consonant,
        // Role 롤, Volume 볼륨, Pipeline 파이프라인.
        Some(b'e') if ends(&["le", "me", "ne"]) => Ending::Consonant,
        Some(b'g') if before == b'n' => Ending::Consonant,
        // Template 템플릿, Type 타입, App 앱, Fleet 플릿.
        _ if ends(&["plate", "type", "app", "fleet"]) => Ending::Consonant,
        // Stack 스택, Webhook 훅, Topic 토픽; Check 체크, Disk 디스크, Network 네트워크.
        Some(b'k') if ends(&["ack", "ock", "uck", "ick", "ook"]) => Ending::Consonant,
        Some(b'c') if before == b'i' => Ending::Consonant,
        // Bucket 버킷, Group 그룹, Job 잡; Route 루트 and Endpoint 엔드포인트 end in a vowel.
        Some(b'p') if is_vowel(before) && !ends(&["oop", "eep", "ape"]) => Ending::Consonant,
        Some(b't') if is_vowel(before) && !long => Ending::Consonant,
        Some(b'b') if matches!(before, b'a' | b'e' | b'o') => Ending::Consonant,
        _ => Ending::Vowel,
    }
}

/// Letters read one by one: 엘, 알, 엠 and 엔 end in a consonant.
fn spelled(letters: &str) -> Ending {
    match letters
        .bytes()
        .next_back()
        .map(|letter| letter.to_ascii_uppercase())
    {
        Some(b'L' | b'M' | b'N' | b'R') => Ending::Consonant,
        _ => Ending::Vowel,
    }
}

fn is_vowel(byte: u8) -> bool {
    b"aeiou".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phrase::Phrase;

    #[test]
    fn the_object_particle_follows_the_sound() {
        let with_consonant = [
            "로그인",
            "StopLogging",
            "ConsoleLogin",
            "DeleteTrail",
            "CreateBucket",
            "PutSecret",
            "CreateStack",
            "CreateRole",
            "DeleteRule",
            "AttachVolume",
            "DeleteLogGroup",
            "DeleteTopic",
            "CreateSubnet",
            "PutWebACL",
            "CreateVPN",
            "UpdateItem",
            "DeleteTable",
            "StartPipeline",
            "GetObjectAcl",
            "CreateSnapshot",
            "StartJob",
            "V3",
            "top10",
            "CreateWebhook",
            "CreateImageMap",
            "CreateLaunchTemplate",
            "DeregisterType",
            "CreateApp",
            "ModifyFleet",
            "ECR",
            "CreateLaunchTemplate",
            "RegisterType",
            "DeleteApp",
            "ModifyFleet",
        ];
        let without = [
            "로그아웃하기",
            "RunInstances",
            "CreateUser",
            "DeletePolicy",
            "PutObject",
            "PutImage",
            "StopTask",
            "DeleteNetwork",
            "CreateKey",
            "PutParameter",
            "HealthCheck",
            "CreateRoute",
            "CreateEndpoint",
            "Invoke",
            "Encrypt",
            "PutMetricData",
            "CreateDB",
            "CheckMfa",
            "CreateVpc",
            "V2",
            "SwitchRole2",
            "CreateTag",
            "ChangePassword",
            "CreateTrust",
            "DeleteQueue",
            "RequestCertificate",
        ];
        for word in with_consonant {
            assert_eq!(with(word, Particle::Object), join(word, "을"), "{word}");
        }
        for word in without {
            assert_eq!(with(word, Particle::Object), join(word, "를"), "{word}");
        }
    }

    #[test]
    fn what_has_no_one_reading_gets_both_forms() {
        assert_eq!(with("東京", Particle::Object), "東京을(를)");
        assert_eq!(with("?", Particle::Subject), "?이(가)");
        assert_eq!(with("", Particle::Object), "을(를)");
    }

    #[test]
    fn the_marks_of_a_phrase_have_no_sound() {
        let name = Phrase::code("alice");
        assert_eq!(with(&name, Particle::Subject), format!("{name}가"));
        assert_eq!(join("alice", "님이"), "alice님이");
    }
}
