//! Files of the pages, which the program contains.

use crate::http::served::Headers;

pub(super) struct File {
    pub path: &'static str,
    pub headers: Headers,
    pub bytes: &'static [u8],
}

/// A browser asks each time whether its copy is the current one: a page and its script always have the same version.
macro_rules! headers {
    ($content_type:literal) => {
        &[
            ("content-type", $content_type),
            ("cache-control", "no-cache"),
            ("vary", "Accept-Encoding"),
            ("x-content-type-options", "nosniff"),
            ("cross-origin-resource-policy", "same-origin"),
        ]
    };
}

const JS: Headers = headers!("text/javascript; charset=utf-8");
const CSS: Headers = headers!("text/css; charset=utf-8");
const SVG: Headers = headers!("image/svg+xml");

pub(super) const DEMO: &[File] = &[
    File { path: "/pages/demo.js", headers: JS, bytes: include_bytes!("../../../pages/dist/demo.js") },
    File { path: "/pages/demo.css", headers: CSS, bytes: include_bytes!("../../../pages/dist/demo.css") },
];

pub(super) const ACCOUNT_DELETION: &[File] = &[
    File {
        path: "/pages/account-deletion.js",
        headers: JS,
        bytes: include_bytes!("../../../pages/dist/account-deletion.js"),
    },
    File {
        path: "/pages/account-deletion.css",
        headers: CSS,
        bytes: include_bytes!("../../../pages/dist/account-deletion.css"),
    },
];

pub(super) const DOCS: &[File] = &[
    File { path: "/pages/docs.js", headers: JS, bytes: include_bytes!("../../../pages/dist/docs.js") },
    File { path: "/pages/docs.css", headers: CSS, bytes: include_bytes!("../../../pages/dist/docs.css") },
];

/// Files of every page.
pub(super) const SHARED: &[File] = &[
    File { path: "/pages/worker.js", headers: JS, bytes: include_bytes!("../../../pages/dist/worker.js") },
    File { path: "/pages/icon.svg", headers: SVG, bytes: include_bytes!("../../../pages/dist/icon.svg") },
];
