//! Legal documents in force: `LEGAL_DOCUMENTS`.

use super::variable::{About, Variable, items, section};
use crate::domain::Invalid;
use crate::domain::consent::{LegalDocument, LegalDocuments};

section! {
    pub(super) fn section = "Legal documents";
    /// Legal documents in force, name@version, separated by commas: at most 8, one version of each. A name has at most
    /// 32 characters: a to z, digits, _ and -; a version also A to Z and dots. A sign-up must accept exactly these, and
    /// consent_due of an account names those that its user has not accepted yet. Not set: no consent is required.
    pub(super) static LEGAL_DOCUMENTS: Variable<LegalDocuments> =
        Variable::new("name@version, like terms@2026-11-01", parse).example("terms@2026-11-01,privacy@2026-11-01");
}

fn parse(text: &str, about: &About) -> Result<LegalDocuments, String> {
    let mut documents = LegalDocuments::default();
    for item in items(text) {
        let added = LegalDocument::parse(item).map_err(|_| Invalid::Format).and_then(|one| documents.add(one));
        added.map_err(|invalid| match invalid {
            Invalid::NotAllowed => format!("expected one version of each document: {item}"),
            Invalid::TooLong => format!("expected at most {} documents", LegalDocuments::MOST),
            _ => format!("{}, and not \"{item}\"", about.expected()),
        })?;
    }
    // A list of variables that are not set would otherwise disable the consent.
    if documents.as_slice().is_empty() { Err(about.expected()) } else { Ok(documents) }
}
