//! The files pages link to: style sheets, the script, the icon.

use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::IntoResponse;

const CSS: &str = "text/css; charset=utf-8";

/// Short, so that a new version of the platform brings its own to everybody soon.
const KEEP: &str = "public, max-age=300";

fn file(content_type: &'static str, body: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, content_type), (CACHE_CONTROL, KEEP)], body)
}

pub(super) async fn look() -> impl IntoResponse {
    file(CSS, careplan_look::STYLE)
}

pub(super) async fn style() -> impl IntoResponse {
    file(CSS, include_str!("site.css"))
}

pub(super) async fn script() -> impl IntoResponse {
    file("text/javascript; charset=utf-8", include_str!("site.js"))
}

pub(super) async fn icon() -> impl IntoResponse {
    file("image/svg+xml", include_str!("icon.svg"))
}
