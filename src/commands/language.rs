//! The language of the person at the terminal.

use alertctl_relay::Locale;

/// As in POSIX, the first variable that is set counts. English if there are no messages in its language.
pub(super) fn of_environment() -> Locale {
    let variables = ["LC_ALL", "LC_MESSAGES", "LANG"].map(|name| std::env::var(name).unwrap_or_default());
    named(variables.each_ref().map(String::as_str))
}

fn named(variables: [&str; 3]) -> Locale {
    let name = variables.into_iter().find(|name| !name.is_empty());
    let language = name.and_then(|name| name.split(['_', '.', '@']).next());
    language.and_then(Locale::from_code).unwrap_or_default()
}

/// The language's code in a stack file, and a matching time zone.
pub(super) fn written(locale: Locale) -> (&'static str, &'static str) {
    let zone = match locale {
        Locale::En => "UTC",
        Locale::Ko => "Asia/Seoul",
    };
    (locale.code(), zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_variable_that_is_set_names_the_language() {
        for (variables, locale) in [
            (["", "", ""], Locale::En),
            (["", "", "ko_KR.UTF-8"], Locale::Ko),
            (["", "ko", "en_US.UTF-8"], Locale::Ko),
            (["C.UTF-8", "", "ko_KR.UTF-8"], Locale::En),
            (["", "", "kok_IN"], Locale::En),
        ] {
            assert_eq!(named(variables), locale, "{variables:?}");
        }
    }
}
