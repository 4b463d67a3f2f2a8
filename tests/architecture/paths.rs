//! Reads the paths of a source file from its tokens: comments and strings are not mistaken for code.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A path in the source (`crate::domain::phone`, `diesel::prelude`). Each name of a `use` tree is a path.
#[derive(Debug, PartialEq, Eq)]
pub struct Path {
    pub segments: Vec<String>,
    pub line: usize,
    /// Number of modules of the file itself (`mod tests { … }`) around the path.
    pub depth: usize,
    /// Present if the path is part of a `use` item.
    pub import: Option<Import>,
}

/// The name that a `use` item adds to its module.
#[derive(Debug, PartialEq, Eq)]
pub struct Import {
    /// The last segment, or the alias behind `as`; `*` for a glob.
    pub name: String,
    /// A re-export: `pub use`, `pub(super) use`, …
    pub public: bool,
}

/// Returns every path of two or more segments, and every single name that a `use` or `extern crate` imports.
pub fn read(source: &str) -> Vec<Path> {
    let mut found = Vec::new();
    walk(source.parse().unwrap(), &[], false, 0, &mut found);
    found
}

/// Returns every name in the source, except in `use` items and `mod name` declarations, and except fields and methods.
pub fn used_names(source: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    collect_used(source.parse().unwrap(), &mut names);
    names
}

fn collect_used(stream: TokenStream, names: &mut BTreeSet<String>) {
    let tokens: Vec<_> = stream.into_iter().collect();
    let mut in_use = false;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            // `impl Trait + use<'a>` is no item.
            TokenTree::Ident(word) if word == "use" => in_use = !is_punct(&tokens, at + 1, '<'),
            TokenTree::Ident(_) if in_use => {}
            TokenTree::Ident(word) => {
                let is_field = is_punct(&tokens, at + 1, ':') && !is_separator(&tokens, at + 1);
                let is_member = at > 0 && (is_punct(&tokens, at - 1, '.') || is_word(&tokens, at - 1, "mod"));
                if !is_field && !is_member {
                    names.insert(word.to_string());
                }
            }
            TokenTree::Group(group) if !in_use => collect_used(group.stream(), names),
            TokenTree::Punct(punct) if punct.as_char() == ';' => in_use = false,
            TokenTree::Group(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// Returns the line of the first `allow` attribute, also inside `cfg_attr`.
pub fn find_allow(source: &str) -> Option<usize> {
    allow_in(source.parse().unwrap(), false)
}

fn allow_in(stream: TokenStream, attribute: bool) -> Option<usize> {
    let tokens: Vec<_> = stream.into_iter().collect();
    tokens.iter().enumerate().find_map(|(at, token)| match token {
        TokenTree::Ident(name) if attribute && name == "allow" => {
            group(&tokens, at + 1, Delimiter::Parenthesis).map(|_| name.span().start().line)
        }
        TokenTree::Group(inner) => {
            // `#[…]` or `#![…]`
            let hash = |back: usize| at >= back && is_punct(&tokens, at - back, '#');
            allow_in(inner.stream(), attribute || hash(1) || hash(2))
        }
        _ => None,
    })
}

/// Inside a `use` tree, `prefix` is the path before the tree and `public` tells whether it is a re-export.
fn walk(stream: TokenStream, prefix: &[String], public: bool, depth: usize, found: &mut Vec<Path>) {
    let tokens: Vec<_> = stream.into_iter().collect();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let start = at;
        at += 1;
        match token {
            TokenTree::Ident(name) => {
                let mut segments = prefix.to_vec();
                segments.push(name.to_string());
                while let (true, Some(TokenTree::Ident(next))) = (is_separator(&tokens, at), tokens.get(at + 2)) {
                    segments.push(next.to_string());
                    at += 3;
                }
                let imported = !prefix.is_empty() || is_imported(&tokens, start);
                let public = public || imported && is_public(&tokens, start);
                let tree = is_separator(&tokens, at).then(|| group(&tokens, at + 2, Delimiter::Brace)).flatten();
                if let Some(tree) = tree {
                    walk(tree.stream(), &segments, public, depth, found);
                    at += 3;
                } else if imported || segments.len() > 1 {
                    let import = imported.then(|| Import { name: import_name(&tokens, at, &segments), public });
                    // `as` and the alias
                    at += if imported && is_word(&tokens, at, "as") { 2 } else { 0 };
                    found.push(Path { segments, line: name.span().start().line, depth, import });
                }
            }
            TokenTree::Group(inner) => {
                let module = start >= 2 && is_word(&tokens, start - 2, "mod");
                walk(inner.stream(), &[], false, depth + usize::from(module), found);
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

fn is_imported(tokens: &[TokenTree], at: usize) -> bool {
    at > 0 && (is_word(tokens, at - 1, "use") || is_word(tokens, at - 1, "crate"))
}

/// Tells whether `pub` or `pub(…)` stands before the `use` of the path that starts here.
fn is_public(tokens: &[TokenTree], at: usize) -> bool {
    let before = |back: usize| at >= back && is_word(tokens, at - back, "pub");
    before(2) || before(3) && group(tokens, at - 2, Delimiter::Parenthesis).is_some()
}

fn import_name(tokens: &[TokenTree], end: usize, segments: &[String]) -> String {
    match tokens.get(end + 1) {
        Some(TokenTree::Ident(alias)) if is_word(tokens, end, "as") => alias.to_string(),
        _ if is_separator(tokens, end) && is_punct(tokens, end + 2, '*') => "*".to_owned(),
        // `use a::{self, b}` imports `a`
        _ => segments.iter().rfind(|segment| *segment != "self").cloned().unwrap_or_default(),
    }
}

fn is_separator(tokens: &[TokenTree], at: usize) -> bool {
    is_punct(tokens, at, ':') && is_punct(tokens, at + 1, ':')
}

fn is_punct(tokens: &[TokenTree], at: usize, wanted: char) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == wanted)
}

fn is_word(tokens: &[TokenTree], at: usize, wanted: &str) -> bool {
    matches!(tokens.get(at), Some(TokenTree::Ident(word)) if word == wanted)
}

fn group(tokens: &[TokenTree], at: usize, delimiter: Delimiter) -> Option<&Group> {
    match tokens.get(at) {
        Some(TokenTree::Group(group)) if group.delimiter() == delimiter => Some(group),
        _ => None,
    }
}
