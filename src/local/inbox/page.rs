//! The page's files are part of the program: nothing is loaded from elsewhere.

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use super::store::Store;
use crate::local::emoji;

/// Strangers can write messages: whatever a message contains, only these files are loaded and run.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const FILES: [(&str, &str, &str); 7] = [
    ("/", "text/html; charset=utf-8", include_str!("page.html")),
    ("/page.css", "text/css; charset=utf-8", include_str!("page.css")),
    (
        "/page.js",
        "text/javascript; charset=utf-8",
        include_str!("page.js"),
    ),
    (
        "/blocks.js",
        "text/javascript; charset=utf-8",
        include_str!("blocks.js"),
    ),
    (
        "/mrkdwn.js",
        "text/javascript; charset=utf-8",
        include_str!("mrkdwn.js"),
    ),
    (
        "/services.js",
        "text/javascript; charset=utf-8",
        include_str!("services.js"),
    ),
    ("/emoji.json", "application/json", emoji::TABLE),
];

pub(super) fn router() -> Router<Arc<Store>> {
    FILES
        .into_iter()
        .fold(Router::new(), |router, (path, kind, content)| {
            let headers = [
                (header::CONTENT_TYPE, kind),
                (header::CONTENT_SECURITY_POLICY, POLICY),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
                (header::REFERRER_POLICY, "no-referrer"),
                (header::CACHE_CONTROL, "no-cache"),
            ];
            router.route(
                path,
                get(move || async move { (headers, content).into_response() }),
            )
        })
}
