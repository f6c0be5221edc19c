//! CloudFormation knows none of these kinds.

use super::alias::Alias;
use super::entry::Entry;
use super::group::Group;
use super::key::Key;
use crate::resource::template::{self, Declaration, Template, Templated};

impl Templated for Alias {
    fn template(&self, _node: &str, _template: &Template) -> template::Entry {
        Declaration::new("World::Alias").into()
    }
}

impl Templated for Entry {
    fn template(&self, _node: &str, _template: &Template) -> template::Entry {
        Declaration::new("World::Entry").into()
    }
}

impl Templated for Group {
    fn template(&self, _node: &str, _template: &Template) -> template::Entry {
        Declaration::new("World::Group").into()
    }
}

impl Templated for Key {
    fn template(&self, _node: &str, _template: &Template) -> template::Entry {
        Declaration::new("World::Key").into()
    }
}
