//! Reads the legal documents in force.

use super::env::Env;
use crate::domain::Invalid;
use crate::domain::consent::{LegalDocument, LegalDocuments};

const NAME: &str = "LEGAL_DOCUMENTS";

pub(super) fn read(env: &mut Env) -> LegalDocuments {
    let (mut documents, text) = (LegalDocuments::default(), env.text(NAME).unwrap_or_default());
    for item in text.split(',').map(str::trim).filter(|_| !text.is_empty()) {
        let added = match LegalDocument::parse(item) {
            Ok(document) => documents.add(document),
            Err(_) => Err(Invalid::Format),
        };
        match added {
            Ok(()) => {}
            Err(Invalid::NotAllowed) => env.problem(NAME, format!("expected one version of each document: {item}")),
            Err(Invalid::TooLong) => env.problem(NAME, format!("expected at most {} documents", LegalDocuments::MOST)),
            Err(_) => env.problem(NAME, format!("expected name@version, like terms@2026-11-01, and not \"{item}\"")),
        }
    }
    documents
}
