//! A stack in another account has no place in a template of the hub's account.

use super::CloudformationStack;
use crate::resource::template::{Entry, Template, Templated};

impl Templated for CloudformationStack {
    fn template(&self, _node: &str, _template: &Template) -> Entry {
        let (account, region) = (&self.account, &self.region);
        Entry::Lost(format!(
            "the spoke in account {account}, {region}, is a stack of that account: `alertctl export spoke` writes its template, \
             to be deployed there"
        ))
    }
}
