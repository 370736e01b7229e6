//! The web page as the service hands it out. What it does is tested in a browser (`test/`).

use crate::http::{Reply, Service};

/// The address of the page's script, as `index.html` names it.
fn script(index: &Reply) -> &str {
    let (_, rest) = index.body.split_once("src=\"").unwrap();
    rest.split_once('"').unwrap().0
}

#[tokio::test]
async fn every_address_of_the_page_is_answered_with_it() {
    let service = Service::start().await;
    let index = service.request("GET /", &[]).await;
    assert_eq!(index.status, 200);
    assert_eq!(index.header("content-type"), Some("text/html; charset=utf-8"));
    for inside in ["/setup", "/invitation", "/spaces", "/spaces/1/members", "/users", "/account"] {
        let reply = service.request(&format!("GET {inside}"), &[]).await;
        assert_eq!((reply.status, &reply.body), (200, &index.body), "{inside}");
    }
}

#[tokio::test]
async fn assets_are_kept_for_ever_and_the_index_is_asked_for_again() {
    let service = Service::start().await;
    let index = service.request("GET /", &[]).await;
    assert_eq!(index.header("cache-control"), Some("no-cache"));
    let asset = service.request(&format!("GET {}", script(&index)), &[]).await;
    assert_eq!(asset.status, 200);
    assert_eq!(asset.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(asset.header("cache-control"), Some("public, max-age=31536000, immutable"));

    let held = format!("If-None-Match: {}", index.header("etag").unwrap());
    let again = service.request("GET /", &[&held]).await;
    assert_eq!((again.status, again.body.as_str()), (304, ""));
}

#[tokio::test]
async fn the_packed_form_goes_to_who_can_take_it() {
    let service = Service::start().await;
    let plain = service.request("HEAD /", &[]).await;
    assert_eq!(plain.header("content-encoding"), None);
    let packed = service.request("HEAD /", &["Accept-Encoding: br, GZIP;q=0.5"]).await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert_ne!(packed.header("etag"), plain.header("etag"));
    assert_eq!(packed.header("vary"), Some("accept-encoding"));
    let refused = service.request("HEAD /", &["Accept-Encoding: gzip;q=0"]).await;
    assert_eq!(refused.header("content-encoding"), None);
}

#[tokio::test]
async fn the_policy_lets_in_nothing_from_elsewhere() {
    let service = Service::start().await;
    let index = service.request("GET /", &[]).await;
    let policy = index.header("content-security-policy").unwrap();
    for rule in ["default-src 'none'", "script-src 'self';", "frame-ancestors 'none'"] {
        assert!(policy.contains(rule), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
    assert_eq!(index.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(index.header("referrer-policy"), Some("no-referrer"));
    for inline in ["<style", "style=", "onclick", "<script>"] {
        assert!(!index.body.contains(inline), "{}", index.body);
    }
}

#[tokio::test]
async fn what_is_not_of_the_page_is_not_there() {
    let service = Service::start().await;
    let index = service.request("GET /", &[]).await;
    let packed = format!("{}.gz", script(&index));
    for address in [
        "/assets/other.js",
        "/assets/",
        "/assets/index.html",
        "/assets/..%2findex.html",
        "/assets/%ff.js",
        "/index.html",
        "/favicon.ico",
        "/other",
        packed.as_str(),
    ] {
        let reply = service.request(&format!("GET {address}"), &[]).await;
        assert_eq!(reply.status, 404, "{address}");
        assert_eq!(reply.json()["code"], "not_found", "{address}");
    }
    assert_eq!(service.request("POST /", &[]).await.status, 405);
}
