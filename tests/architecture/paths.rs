//! Reads a source file's tokens, so that comments and strings cannot be mistaken for code.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A path as the source writes it (`crate::domain::phone`, `diesel::prelude`), with a `use` tree spelled out.
#[derive(Debug, PartialEq, Eq)]
pub struct Path {
    pub segments: Vec<String>,
    pub line: usize,
    /// How many modules of the file itself (`mod tests { … }`) lie around it.
    pub depth: usize,
}

/// Every path of two or more segments, and every single name that a `use` or `extern crate` brings in.
pub fn read(source: &str) -> Vec<Path> {
    let mut found = Vec::new();
    walk(source.parse().unwrap(), &[], 0, &mut found);
    found
}

/// The line of the first `allow` attribute, also behind `cfg_attr`.
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

fn walk(stream: TokenStream, prefix: &[String], depth: usize, found: &mut Vec<Path>) {
    let tokens: Vec<_> = stream.into_iter().collect();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let start = at;
        at += 1;
        match token {
            // Inside a `use` tree: `a as b` names nothing but `a`, and `self` is the prefix itself.
            TokenTree::Ident(name) if !prefix.is_empty() && name == "as" => at += 1,
            TokenTree::Ident(name) => {
                let mut segments = prefix.to_vec();
                segments.push(name.to_string());
                while let (true, Some(TokenTree::Ident(next))) = (is_separator(&tokens, at), tokens.get(at + 2)) {
                    segments.push(next.to_string());
                    at += 3;
                }
                let tree = is_separator(&tokens, at).then(|| group(&tokens, at + 2, Delimiter::Brace)).flatten();
                if let Some(tree) = tree {
                    walk(tree.stream(), &segments, depth, found);
                    at += 3;
                } else if segments.len() > 1 || is_brought_in(&tokens, start) {
                    found.push(Path { segments, line: name.span().start().line, depth });
                }
            }
            TokenTree::Group(inner) => {
                let module = start >= 2 && is_word(&tokens, start - 2, "mod");
                walk(inner.stream(), &[], depth + usize::from(module), found);
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

fn is_brought_in(tokens: &[TokenTree], at: usize) -> bool {
    at > 0 && (is_word(tokens, at - 1, "use") || is_word(tokens, at - 1, "crate"))
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
