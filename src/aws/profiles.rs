//! Finds out why a profile gives no credentials. The SDK tries further sources, and reports the error of the last
//! one.

use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;

/// The `source_profile` of each profile in the files.
type Profiles = BTreeMap<String, Option<String>>;

/// What is wrong with `profile`, according to AWS's profile files.
pub(super) fn why(profile: &str) -> Option<String> {
    let home = env::var_os("HOME").map(PathBuf::from);
    let read = |variable: &str, usual: &str| {
        let named = env::var_os(variable).filter(|path| !path.is_empty());
        let path = named
            .map(PathBuf::from)
            .or_else(|| Some(home.as_ref()?.join(usual)))?;
        std::fs::read_to_string(path).ok()
    };
    let config = read("AWS_CONFIG_FILE", ".aws/config").unwrap_or_default();
    let credentials = read("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials").unwrap_or_default();
    wrong(profile, &parse(&config, &credentials))
}

fn wrong(profile: &str, profiles: &Profiles) -> Option<String> {
    let Some(mut source) = profiles.get(profile) else {
        return Some(format!(
            "there is no profile `{profile}`{}",
            meant(profile, profiles)
        ));
    };
    let mut seen = vec![profile];
    while let Some(next) = source {
        let last = seen.last().copied().unwrap_or(profile);
        // A profile may be its own source: then it also holds the keys.
        if next == last {
            return None;
        }
        if seen.contains(&next.as_str()) {
            return Some(format!("`source_profile` of `{last}` leads back to `{next}`"));
        }
        let Some(further) = profiles.get(next) else {
            let meant = meant(next, profiles);
            return Some(format!(
                "`{last}` has `source_profile = {next}`, and there is no profile `{next}`{meant}"
            ));
        };
        seen.push(next);
        source = further;
    }
    None
}

fn meant(name: &str, profiles: &Profiles) -> String {
    let near = profiles
        .keys()
        .map(|known| (strsim::jaro_winkler(known, name), known))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    near.map(|(_, near)| format!("; did you mean `{near}`?"))
        .unwrap_or_default()
}

/// Reads the sections of both files: `[profile NAME]` in the first, `[NAME]` in the second.
/// <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>
fn parse(config: &str, credentials: &str) -> Profiles {
    let mut profiles = Profiles::new();
    for (text, prefixed) in [(config, true), (credentials, false)] {
        let mut current = None;
        for line in text.lines() {
            let line = line.split(['#', ';']).next().unwrap_or_default();
            if let Some(section) = line.trim().strip_prefix('[') {
                let section = section.split(']').next().unwrap_or_default().trim();
                let name = match (prefixed, section.split_once(char::is_whitespace)) {
                    (true, Some(("profile", name))) => Some(name.trim()),
                    (true, None) if section == "default" => Some(section),
                    (false, None) => Some(section),
                    // For example a session of IAM Identity Center, or `services`.
                    _ => None,
                };
                current = name.map(str::to_owned);
                if let Some(name) = &current {
                    profiles.entry(name.clone()).or_default();
                }
            } else if let (Some(name), Some((key, value))) = (&current, line.split_once('='))
                && key.trim() == "source_profile"
            {
                profiles.insert(name.clone(), Some(value.trim().to_owned()));
            }
        }
    }
    profiles
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "[default]\nregion = eu-west-1\n[profile work]\nsource_profile=base # keys\n\
                          [profile broken]\nrole_arn = r\nsource_profile = bsae\n[profile a]\nsource_profile = b\n\
                          [profile b]\nsource_profile = a\n[profile self]\nsource_profile = self\n\
                          [sso-session corp]\nsso_region = eu-west-1\n";
    const CREDENTIALS: &str = "[base]\naws_access_key_id = AKIA\n";

    #[test]
    fn a_profile_that_leads_nowhere_says_where() {
        let profiles = parse(CONFIG, CREDENTIALS);
        let why = |profile| wrong(profile, &profiles);
        for fine in ["default", "work", "base", "self"] {
            assert_eq!(why(fine), None, "{fine}");
        }
        assert_eq!(
            why("broken").as_deref(),
            Some(
                "`broken` has `source_profile = bsae`, and there is no profile `bsae`; did you mean `base`?"
            )
        );
        assert_eq!(
            why("wrok").as_deref(),
            Some("there is no profile `wrok`; did you mean `work`?")
        );
        assert_eq!(why("corp").as_deref(), Some("there is no profile `corp`"));
        assert_eq!(
            why("a").as_deref(),
            Some("`source_profile` of `b` leads back to `a`")
        );
    }
}
