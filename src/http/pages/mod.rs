//! Pages: the demo of development, account deletion without the app, and the viewer of the OpenAPI document.
//!
//! `make pages` builds their files from `pages/src` into `pages/dist`. The program contains them.

mod document;
mod file;
mod messages;
mod security;

use super::contract::{Contract, Output};
use super::endpoint::{Endpoint, get};
use super::served::Served;
use crate::domain::outbox::Outbox;
use actix_web::body::BoxBody;
use actix_web::{HttpRequest, HttpResponse, Responder};
use document::Document;
use file::File;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Pages that the service has.
#[derive(Default)]
pub struct Pages {
    /// Demo, and the messages that it shows.
    pub demo: Option<Outbox>,
    pub account_deletion: Option<DeletionPage>,
    /// Viewer of the OpenAPI document.
    pub docs: bool,
}

/// Values in the page for account deletion.
#[derive(Default)]
pub struct DeletionPage {
    /// Name of the app, as the store shows it.
    pub app_name: String,
    pub privacy_policy: Option<String>,
    /// Time for which a deletion with a code alone is held.
    pub hold: Duration,
    /// Time after which a detached account is deleted.
    pub reclaim: Duration,
    /// Accounts can have a password, which deletes at once.
    pub has_passwords: bool,
}

/// Pages with their values filled in, compressed once for all threads of the server.
#[derive(Clone)]
pub struct CompressedPages {
    resources: Arc<Vec<(&'static str, Arc<Resource>)>>,
    outbox: Option<Outbox>,
    docs: bool,
}

/// Response to a GET of one path.
enum Resource {
    Document(Document),
    File(Served),
}

impl Pages {
    /// Fills in and compresses the pages, which takes some milliseconds.
    pub fn compress(self) -> io::Result<CompressedPages> {
        let mut resources = Resources::default();
        if self.demo.is_some() {
            resources.page("/", Document::new(document::DEMO, security::PAGE, &[])?, file::DEMO)?;
        }
        if let Some(page) = &self.account_deletion {
            let document = Document::new(document::ACCOUNT_DELETION, security::PAGE, &page.values())?;
            resources.page("/account-deletion", document, file::ACCOUNT_DELETION)?;
        }
        if self.docs {
            resources.page("/docs/", Document::new(document::DOCS, security::DOCS, &[])?, file::DOCS)?;
        }
        if !resources.0.is_empty() {
            resources.files(file::SHARED)?;
        }
        Ok(CompressedPages { resources: Arc::new(resources.0), outbox: self.demo, docs: self.docs })
    }
}

#[derive(Default)]
struct Resources(Vec<(&'static str, Arc<Resource>)>);

impl Resources {
    fn page(&mut self, path: &'static str, document: Document, files: &'static [File]) -> io::Result<()> {
        self.0.push((path, Arc::new(Resource::Document(document))));
        self.files(files)
    }

    fn files(&mut self, files: &'static [File]) -> io::Result<()> {
        for file in files {
            let served = Served::new(file.bytes, file.headers)?;
            self.0.push((file.path, Arc::new(Resource::File(served))));
        }
        Ok(())
    }
}

impl DeletionPage {
    /// Names and values of the placeholders.
    fn values(&self) -> [(&'static str, String); 5] {
        [
            ("app_name", self.app_name.clone()),
            ("privacy_policy", self.privacy_policy.clone().unwrap_or_default()),
            ("hold_hours", self.hold.as_secs().div_ceil(3_600).to_string()),
            ("reclaim_days", self.reclaim.as_secs().div_ceil(86_400).to_string()),
            ("passwords_hidden", if self.has_passwords { "" } else { "hidden" }.to_owned()),
        ]
    }
}

impl CompressedPages {
    /// Tells whether the service has the viewer of the OpenAPI document.
    pub(super) fn has_docs(&self) -> bool {
        self.docs
    }

    /// Rows of the pages, which the OpenAPI document does not contain.
    pub(super) fn endpoints(&self) -> Vec<Endpoint> {
        let row = |(path, resource): &(&'static str, Arc<Resource>)| {
            let resource = Arc::clone(resource);
            get(path, move || std::future::ready(Shown(Arc::clone(&resource))))
        };
        let outbox = self.outbox.clone().map(messages::endpoint);
        self.resources.iter().map(row).chain(outbox).collect()
    }
}

struct Shown(Arc<Resource>);

impl Responder for Shown {
    type Body = BoxBody;

    fn respond_to(self, request: &HttpRequest) -> HttpResponse {
        match &*self.0 {
            Resource::Document(document) => document.response(request),
            Resource::File(served) => served.response(request.headers()),
        }
    }
}

impl Output for Shown {
    fn describe(_: &mut Contract) {}
}
