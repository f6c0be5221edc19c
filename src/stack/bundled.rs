//! The ready-made stack files of `stacks/`, embedded in the program.

/// A stack file with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bundled {
    /// The file's name without `.yaml`.
    pub name: &'static str,
    /// The file, as written.
    pub text: &'static str,
}

macro_rules! bundled {
    ($($name:literal),*) => {
        &[$(Bundled { name: $name, text: include_str!(concat!("../../stacks/", $name, ".yaml")) }),*]
    };
}

/// All stack files, from the simplest to the most complete.
pub const BUNDLED: &[Bundled] = bundled![
    "cloudwatch-slack",
    "slack-app",
    "teams",
    "google-chat-discord",
    "pagerduty-slack",
    "signed-webhook",
    "elastalert-email",
    "trail-guard",
    "console-login",
    "audit-slack",
    "full"
];

/// The beginning of the comment that tells an editor where the schema is.
const MODELINE: &str = "# yaml-language-server: $schema=";

/// The comment that tells an editor to find the schema at `place`, which may be relative to the stack file.
pub fn modeline(place: &str) -> String {
    format!("{MODELINE}{place}\n")
}

impl Bundled {
    /// What the file is for: the first sentence of its first comment.
    pub fn summary(&self) -> &'static str {
        let mut remarks = self.text.lines().filter(|line| !line.starts_with(MODELINE));
        remarks.next().unwrap_or_default().trim_start_matches(['#', ' '])
    }

    /// The file with its schema comment changed to `place`.
    pub fn with_schema_at(&self, place: &str) -> String {
        let kept = self.text.lines().filter(|line| !line.starts_with(MODELINE));
        kept.fold(modeline(place), |text, line| text + line + "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_is_forgotten() {
        let folder = std::fs::read_dir("stacks").expect("stacks");
        let mut files: Vec<_> = folder
            .map(|entry| {
                entry
                    .expect("an entry")
                    .file_name()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        let mut names: Vec<_> = BUNDLED.iter().map(|one| format!("{}.yaml", one.name)).collect();
        files.sort();
        names.sort();
        assert_eq!(names, files);
    }

    #[test]
    fn each_tells_an_editor_its_schema_and_a_person_what_it_is_for() {
        for one in BUNDLED {
            let modeline = modeline("../docs/alertctl.schema.json");
            assert!(one.text.starts_with(&modeline), "{}", one.name);
            assert!(one.summary().len() > 20, "{}", one.name);
            let moved = one.with_schema_at("x.json");
            assert_eq!(moved.replace("x.json", "../docs/alertctl.schema.json"), one.text);
        }
    }
}
