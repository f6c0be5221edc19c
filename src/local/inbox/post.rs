//! What the path of a request says: the channel, the service, and its method.

/// A post to another service than a webhook of Slack.
pub(super) struct Post<'a> {
    pub(super) channel: &'a str,
    pub(super) service: &'a str,
    /// The path of the service's own API.
    pub(super) api: &'a str,
}

impl<'a> Post<'a> {
    /// `None` for a webhook of Slack.
    pub(super) fn read(path: &'a str) -> Option<Self> {
        let rest = path.strip_prefix("/services/LOCAL/INBOX/")?;
        let mut parts = rest.splitn(3, '/');
        Some(Self {
            channel: parts.next()?,
            service: parts.next()?,
            api: parts.next().unwrap_or_default(),
        })
    }
}
