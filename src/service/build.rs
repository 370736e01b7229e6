//! Checks that the page, which the executable embeds, has been bundled.

use std::path::Path;

fn main() {
    println!("cargo::rerun-if-changed=ui/dist");
    if !Path::new("ui/dist/index.html").exists() {
        println!(
            "cargo::error=The service's web page has not been bundled: run `npm ci` and \
             `node scripts/page.js`, or `npm run build` for everything."
        );
    }
}
