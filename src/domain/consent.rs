//! Consent: versions of legal documents, and which of them a user has accepted.

use super::Invalid;
use chrono::{DateTime, Utc};
use std::fmt;

/// Version of a legal document, such as `terms@2026-11-01`: a name of 1 to 32 characters (`a` to `z`, digits, `_`, `-`)
/// and a version of 1 to 32 (letters, digits, `.`, `_`, `-`). The text form contains no comma and no space.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LegalDocument {
    name: String,
    version: String,
}

impl LegalDocument {
    const LONGEST_PART: usize = 32;
    /// Name, `@` and version.
    pub const LONGEST: usize = 2 * Self::LONGEST_PART + 1;

    pub fn parse(text: &str) -> Result<Self, Invalid> {
        if text.len() > Self::LONGEST {
            return Err(Invalid::TooLong);
        }
        let (name, version) = text.split_once('@').ok_or(Invalid::Format)?;
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
        let is_version = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let fits = |part: &str| (1..=Self::LONGEST_PART).contains(&part.len());
        if fits(name) && fits(version) && name.bytes().all(is_name) && version.bytes().all(is_version) {
            Ok(Self { name: name.to_owned(), version: version.to_owned() })
        } else {
            Err(Invalid::Format)
        }
    }

    /// Parses the list that a client sends: at most [`LegalDocuments::MOST`] entries.
    pub fn parse_list(texts: &[String]) -> Result<Vec<Self>, Invalid> {
        if texts.len() > LegalDocuments::MOST {
            return Err(Invalid::TooLong);
        }
        texts.iter().map(|text| Self::parse(text)).collect()
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Text form of a list for both stores, separated by commas.
    #[must_use]
    pub fn list_text(documents: &[Self]) -> String {
        documents.iter().map(Self::to_string).collect::<Vec<_>>().join(",")
    }

    /// Reads [`LegalDocument::list_text`] back.
    #[must_use]
    pub fn list_from_stored(text: &str) -> Option<Vec<Self>> {
        let items = text.split(',').filter(|item| !item.is_empty());
        items.map(|item| Self::parse(item).ok()).collect()
    }
}

impl fmt::Display for LegalDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.version)
    }
}

/// Documents in force, one version of each, in the order of the setting `LEGAL_DOCUMENTS`. Empty: the operator requires
/// no consent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LegalDocuments(Vec<LegalDocument>);

impl LegalDocuments {
    /// Maximum number of documents: terms, a privacy policy, and some more.
    pub const MOST: usize = 8;

    /// Adds a document. Refuses a second version of one that is in force ([`Invalid::NotAllowed`]), and more documents
    /// than [`Self::MOST`] ([`Invalid::TooLong`]).
    pub fn add(&mut self, document: LegalDocument) -> Result<(), Invalid> {
        if self.0.iter().any(|other| other.name == document.name) {
            return Err(Invalid::NotAllowed);
        }
        if self.0.len() == Self::MOST {
            return Err(Invalid::TooLong);
        }
        self.0.push(document);
        Ok(())
    }

    #[must_use]
    pub fn as_slice(&self) -> &[LegalDocument] {
        &self.0
    }

    /// Parses the documents that a client names. Without documents in force, the result is empty: an app can send its
    /// list to every service.
    pub fn parse_accepted(&self, texts: &[String]) -> Result<Vec<LegalDocument>, Invalid> {
        LegalDocument::parse_list(texts).map(|named| if self.0.is_empty() { Vec::new() } else { named })
    }

    /// Tells whether these are the documents in force, all of them and no other: a consent to something else is no
    /// consent to what applies. Their order does not matter. If no document is in force, every list is sufficient.
    #[must_use]
    pub fn are_accepted_by(&self, accepted: &[LegalDocument]) -> bool {
        let contains_all = |all: &[LegalDocument], some: &[LegalDocument]| some.iter().all(|one| all.contains(one));
        self.0.is_empty() || (contains_all(accepted, &self.0) && contains_all(&self.0, accepted))
    }

    /// Documents in force that are not among those that the user has accepted at any time.
    pub fn due(&self, accepted: &[LegalDocument]) -> impl Iterator<Item = &LegalDocument> {
        self.0.iter().filter(|document| !accepted.contains(document))
    }
}

/// Consent of a user to documents, with its circumstances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    pub documents: Vec<LegalDocument>,
    pub at: DateTime<Utc>,
    /// Keyed hash of the narrowest IP block of the client.
    pub ip_block: String,
}

impl Consent {
    /// Text form for staging.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{} {} {}", self.at.timestamp_micros(), self.ip_block, LegalDocument::list_text(&self.documents))
    }

    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ' ');
        let at = DateTime::from_timestamp_micros(parts.next()?.parse().ok()?)?;
        let ip_block = parts.next()?.to_owned();
        Some(Self { documents: LegalDocument::list_from_stored(parts.next()?)?, at, ip_block })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn documents(texts: &[&str]) -> Vec<LegalDocument> {
        texts.iter().map(|text| LegalDocument::parse(text).unwrap()).collect()
    }

    fn in_force(texts: &[&str]) -> LegalDocuments {
        let mut in_force = LegalDocuments::default();
        documents(texts).into_iter().for_each(|document| in_force.add(document).unwrap());
        in_force
    }

    #[test]
    fn a_document_has_a_name_and_a_version() {
        let longest = format!("{}@{}", "n".repeat(32), "V".repeat(32));
        for text in ["terms@2026-11-01", "privacy_cn-2@v1.2_B", "a@1", &longest] {
            assert_eq!(LegalDocument::parse(text).unwrap().to_string(), text);
        }
        for text in ["", "terms", "@1", "terms@", "Terms@1", "te rms@1", "terms@1,2", "terms@a@b", "条款@1", "terms@１"]
        {
            assert_eq!(LegalDocument::parse(text), Err(Invalid::Format), "{text}");
        }
        for (name, version, invalid) in [(33, 1, Invalid::Format), (1, 33, Invalid::Format), (33, 32, Invalid::TooLong)]
        {
            let text = format!("{}@{}", "n".repeat(name), "1".repeat(version));
            assert_eq!(LegalDocument::parse(&text), Err(invalid), "{text}");
        }
    }

    #[test]
    fn one_version_of_each_document_is_in_force_and_at_most_eight_documents() {
        let mut in_force = in_force(&["terms@1", "a@1", "b@1", "c@1", "d@1", "e@1", "f@1"]);
        let mut add = |text: &str| in_force.add(LegalDocument::parse(text).unwrap());
        assert_eq!(add("terms@2"), Err(Invalid::NotAllowed));
        assert_eq!(add("g@1"), Ok(()));
        assert_eq!(add("h@1"), Err(Invalid::TooLong));
    }

    #[test]
    fn only_exactly_the_documents_in_force_are_a_consent() {
        let in_force = in_force(&["terms@2", "privacy@1"]);
        let is_consent = |texts: &[&str]| in_force.are_accepted_by(&documents(texts));
        assert!(is_consent(&["terms@2", "privacy@1"]) && is_consent(&["privacy@1", "terms@2", "terms@2"]));
        assert!(!is_consent(&[]) && !is_consent(&["terms@2"]) && !is_consent(&["terms@1", "privacy@1"]));
        assert!(!is_consent(&["terms@2", "privacy@1", "terms@1"]) && !is_consent(&["terms@2", "privacy@1", "other@1"]));
        let none = LegalDocuments::default();
        assert!(none.are_accepted_by(&[]) && none.are_accepted_by(&documents(&["terms@1"])));
    }

    #[test]
    fn a_document_is_due_until_its_version_in_force_is_accepted() {
        let in_force = in_force(&["terms@2", "privacy@1"]);
        let due = |texts: &[&str]| in_force.due(&documents(texts)).map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(due(&[]), ["terms@2", "privacy@1"]);
        assert_eq!(due(&["terms@1", "privacy@1"]), ["terms@2"]);
        // A version that was replaced later is accepted for ever: two replicas with different settings must not both
        // ask the user again and again.
        assert_eq!(due(&["terms@2", "privacy@1", "terms@3"]), [""; 0]);
    }

    #[test]
    fn a_consent_is_read_back_from_its_text_form() {
        let at = "2026-11-20T12:00:00.123456Z".parse().unwrap();
        let consent = Consent { documents: documents(&["terms@1", "privacy@1"]), at, ip_block: "q83v".to_owned() };
        assert_eq!(Consent::from_stored(&consent.text()), Some(consent));
        for text in ["", "1", "1 a", "x a terms@1", "1 a terms"] {
            assert_eq!(Consent::from_stored(text), None, "{text}");
        }
        assert_eq!(LegalDocument::list_from_stored(""), Some(Vec::new()));
    }
}
