//! The web page: files of the bundle that `scripts/page.js` makes, embedded in the executable.
//!
//! Names of assets carry a hash of their content, so browsers keep them for ever; `index.html` is
//! asked for again each time, which costs a 304. Addresses inside the page, such as that of a space,
//! are answered with `index.html` as well, which finds out by itself what to show.

use std::fmt::Write;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::StatusCode;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::Response;
use axum::routing::get;
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::api::validator;
use crate::error::{Code, Problem};

#[derive(RustEmbed)]
#[folder = "ui/dist"]
struct Bundle;

/// Addresses that the page itself knows; `ui/router.js` has the same.
const ROUTES: [&str; 8] = [
    "/",
    "/setup",
    "/invitation",
    "/spaces",
    "/spaces/{*inside}",
    "/users",
    "/activity",
    "/account",
];

/// Nothing but the page's own files, and nothing of it inside another page. The types are Lit's: it
/// makes its templates in one place, and no other text of the page can become HTML.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      font-src 'self'; connect-src 'self'; form-action 'self'; \
                      frame-ancestors 'none'; base-uri 'none'; \
                      require-trusted-types-for 'script'; trusted-types lit-html";

const ALWAYS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (VARY, "accept-encoding"),
];

pub(crate) fn router<State: Clone + Send + Sync + 'static>() -> Router<State> {
    let index = get(async |headers: HeaderMap| answer("index.html", "no-cache", &headers));
    let router = Router::new().route("/assets/{name}", get(asset));
    ROUTES.into_iter().fold(router, |router, route| router.route(route, index.clone()))
}

async fn asset(
    name: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // A debug build reads the folder itself, where `..` would mean something.
    let name = name.ok().map(|Path(name)| name).filter(|name| !name.contains(['/', '\\']));
    let Some(name) = name else { return Err(Code::NotFound.into()) };
    answer(&format!("assets/{name}"), "public, max-age=31536000, immutable", &headers)
}

fn answer(name: &str, caching: &'static str, asked: &HeaderMap) -> Result<Response, Problem> {
    let kind = content_type(name).ok_or(Code::NotFound)?;
    let packed = if takes_gzip(asked) { Bundle::get(&format!("{name}.gz")) } else { None };
    let is_packed = packed.is_some();
    let file = packed.or_else(|| Bundle::get(name)).ok_or(Code::NotFound)?;

    let tag = tag(&file);
    let mut response = if validator::has_already(asked, &tag) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        let mut response = Response::new(Body::from(Bytes::from_owner(file.data)));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        if is_packed {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        response
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.extend(validator::etag(&tag).map(|etag| (ETAG, etag)));
    headers.extend(ALWAYS.map(|(name, value)| (name, HeaderValue::from_static(value))));
    Ok(response)
}

/// What has no type here is not for browsers: the packed form of a file under its own name.
fn content_type(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    match extension {
        "html" => Some("text/html; charset=utf-8"),
        "js" => Some("text/javascript; charset=utf-8"),
        "css" => Some("text/css; charset=utf-8"),
        "svg" => Some("image/svg+xml"),
        _ => None,
    }
}

/// Different for the packed form: a strong tag stands for the bytes that are sent.
fn tag(file: &EmbeddedFile) -> String {
    let mut tag = String::with_capacity(32);
    for byte in &file.metadata.sha256_hash()[..16] {
        // Writing to a string can't fail.
        let _ = write!(tag, "{byte:02x}");
    }
    tag
}

/// A list such as `gzip, br;q=0.8`; a weight of zero means "not this one" (RFC 9110, section 12.5.3).
fn takes_gzip(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(|coding| coding.split_once(';').unwrap_or((coding, "")))
        .any(|(name, weight)| name.trim().eq_ignore_ascii_case("gzip") && !is_zero(weight))
}

fn is_zero(weight: &str) -> bool {
    let number = weight.trim().strip_prefix("q=").and_then(|text| text.parse::<f32>().ok());
    number.is_some_and(|number| number <= 0.0)
}
