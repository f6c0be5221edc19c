//! The access portal of IAM Identity Center, through which a link opens a console page in the right account.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

/// The access portal, and the role that links use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Portal {
    /// Its address, such as `https://example.awsapps.com/start`.
    pub url: String,
    /// Name of the permission set.
    pub role: String,
}

impl Portal {
    /// The address that signs in to `account`, twelve digits, and then opens `page` of the console.
    /// <https://docs.aws.amazon.com/singlesignon/latest/userguide/createshortcutlink.html>
    pub fn shortcut(&self, account: &str, page: &str) -> String {
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let portal = self.url.trim_end_matches('/');
        let (role, page) = (encoded(&self.role), encoded(page));
        format!("{portal}/#/console?account_id={account}&role_name={role}&destination={page}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortcut_names_account_role_and_page() {
        let portal = Portal {
            url: "https://example.awsapps.com/start/".into(),
            role: "Read Only".into(),
        };
        let page = "https://us-east-1.console.aws.amazon.com/ec2/home?region=us-east-1#X:id=a&b";
        assert_eq!(
            portal.shortcut("111122223333", page),
            "https://example.awsapps.com/start/#/console?account_id=111122223333&role_name=Read%20Only\
             &destination=https%3A%2F%2Fus%2Deast%2D1%2Econsole%2Eaws%2Eamazon%2Ecom%2Fec2%2Fhome%3Fregion%3Dus%2Deast%2D1%23X%3Aid%3Da%26b"
        );
    }
}
