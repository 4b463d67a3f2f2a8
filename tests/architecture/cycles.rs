//! Finds import cycles between the files of one crate: files that depend on each other, directly or through others.
//!
//! A file depends on the file that defines the item of a path: `crate::…`, `super::…`, or a path that begins with a
//! child module or an imported name. Re-exports are followed to the definition. These are not dependencies: a
//! declaration (`mod x;`), a re-export (`pub use x::Y;`) whose name the file does not use itself, and the imports of
//! the unit tests inside a file.

use std::collections::{BTreeMap, BTreeSet};

use super::paths::{self, Import, Path};

/// Maximum length of a chain of re-exports. It ends the search if two imports name each other.
const MAX_HOPS: usize = 16;

/// The files of a crate by index, and the file of each module.
struct Crate<'a> {
    files: Vec<File<'a>>,
    modules: BTreeMap<Vec<String>, usize>,
}

struct File<'a> {
    name: &'a str,
    module: Vec<String>,
    paths: Vec<Path>,
    used: BTreeSet<String>,
}

enum Target {
    Module(Vec<String>),
    /// An item, by the file that defines it.
    Item(usize),
}

/// Returns one text per cycle: its files, then the paths between each pair of files.
pub fn find(files: &[(String, String)]) -> Vec<String> {
    let parsed = Crate::parse(files);
    let dependencies: Vec<_> = (0..files.len()).map(|file| parsed.dependencies(file)).collect();
    let reached: Vec<_> = (0..files.len()).map(|file| reachable(file, &dependencies)).collect();
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for file in 0..files.len() {
        let cycle: Vec<_> = reached[file].iter().copied().filter(|other| reached[*other].contains(&file)).collect();
        if cycle.len() > 1 && seen.insert(cycle.clone()) {
            found.push(parsed.describe(&cycle, &dependencies));
        }
    }
    found
}

/// The files that one file depends on, each with the lines and paths.
type Dependencies = BTreeMap<usize, BTreeSet<(usize, String)>>;

fn reachable(start: usize, dependencies: &[Dependencies]) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut next = vec![start];
    while let Some(file) = next.pop() {
        next.extend(dependencies[file].keys().filter(|other| reached.insert(**other)));
    }
    reached
}

impl<'a> Crate<'a> {
    fn parse(files: &'a [(String, String)]) -> Self {
        let files: Vec<_> = files
            .iter()
            .map(|(name, source)| File {
                name,
                module: module_of(name),
                paths: paths::read(source),
                used: paths::used_names(source),
            })
            .collect();
        // `main.rs` is another crate.
        let own = files.iter().enumerate().filter(|(_, file)| !file.name.ends_with("src/main.rs"));
        let modules = own.map(|(at, file)| (file.module.clone(), at)).collect();
        Self { files, modules }
    }

    fn dependencies(&self, from: usize) -> Dependencies {
        let file = &self.files[from];
        let mut dependencies = Dependencies::new();
        // Deeper paths are those of `mod tests`.
        for path in file.paths.iter().filter(|path| path.depth == 0) {
            let target = match (self.resolve(&file.module, path, MAX_HOPS), &path.import) {
                (Some(Target::Module(module)), Some(Import { name, .. })) if name == "*" => self.modules[&module],
                (Some(Target::Module(_)) | None, _) => continue,
                (Some(Target::Item(_)), Some(Import { name, public: true })) if !file.used.contains(name) => continue,
                (Some(Target::Item(target)), _) => target,
            };
            // The line of the import is enough.
            let is_repeated = path.import.is_none() && self.imports_item(&file.module, &path.segments[0]);
            if target != from && !is_repeated {
                dependencies.entry(target).or_default().insert((path.line, path.segments.join("::")));
            }
        }
        dependencies
    }

    /// Returns what a path in a module's file names; `None` if it is neither a module nor an item of this crate.
    fn resolve(&self, module: &[String], path: &Path, hops: usize) -> Option<Target> {
        let segments: Vec<_> = path.segments.iter().filter(|segment| *segment != "self").collect();
        let supers = segments.iter().take_while(|segment| **segment == "super").count();
        let (start, rest) = match segments.first()?.as_str() {
            "crate" => (&[][..], &segments[1..]),
            // A module inside the file counts as a part of the file's own module.
            "super" => (&module[..module.len().checked_sub(supers.saturating_sub(path.depth))?], &segments[supers..]),
            first => {
                let is_known = self.modules.contains_key(&child(module, first))
                    || self.import(module, first).is_some_and(|import| import != path);
                (module, is_known.then_some(&segments[..])?)
            }
        };
        self.descend(start, rest, hops.checked_sub(1)?)
    }

    fn descend(&self, start: &[String], segments: &[&String], hops: usize) -> Option<Target> {
        let mut module = start.to_vec();
        for (at, segment) in segments.iter().enumerate() {
            let inner = child(&module, segment);
            let is_module = self.modules.contains_key(&inner);
            let is_last = at + 1 == segments.len();
            // A function can have the name of a module: inside a path the module is meant, at its end the function.
            let import = if is_module && !is_last { None } else { self.import(&module, segment) };
            let imported = import.and_then(|import| self.resolve(&module, import, hops));
            module = match imported {
                Some(Target::Item(file)) => return Some(Target::Item(file)),
                Some(Target::Module(other)) => other,
                None if is_module => inner,
                None => return Some(Target::Item(*self.modules.get(&module)?)),
            };
        }
        Some(Target::Module(module))
    }

    /// Returns the `use` item that adds this name to a module.
    fn import(&self, module: &[String], name: &str) -> Option<&Path> {
        let named = |path: &&Path| path.import.as_ref().is_some_and(|import| import.name == name);
        self.files[*self.modules.get(module)?].paths.iter().filter(named).min_by_key(|path| path.depth)
    }

    /// Tells whether a module imports an item, not a module, of this name.
    fn imports_item(&self, module: &[String], name: &str) -> bool {
        let import = self.import(module, name).filter(|import| import.depth == 0);
        import.is_some_and(|import| matches!(self.resolve(module, import, MAX_HOPS), Some(Target::Item(_))))
    }

    fn describe(&self, cycle: &[usize], dependencies: &[Dependencies]) -> String {
        let name = |file: &usize| self.files[*file].name;
        let mut text = format!("import cycle: {}", cycle.iter().map(name).collect::<Vec<_>>().join(", "));
        for from in cycle {
            for to in cycle {
                if let Some(paths) = dependencies[*from].get(to) {
                    let paths: Vec<_> = paths.iter().map(|(line, path)| format!("{path} (line {line})")).collect();
                    text += &format!("\n  {} -> {}: {}", name(from), name(to), paths.join(", "));
                }
            }
        }
        text
    }
}

/// Returns the module of a file: `src/a/b.rs` and `src/a/b/mod.rs` are `a::b`, `src/lib.rs` is the root. The folders
/// before `src` are ignored.
fn module_of(file: &str) -> Vec<String> {
    let path = file.split_once("src/").map_or(file, |(_, path)| path).trim_end_matches(".rs");
    let parts = path.split('/').filter(|part| !["mod", "lib", "main"].contains(part));
    parts.map(str::to_owned).collect()
}

fn child(module: &[String], name: &str) -> Vec<String> {
    module.iter().map(String::as_str).chain([name]).map(str::to_owned).collect()
}

#[test]
fn a_cycle_is_found_through_modules_imports_and_reexports() {
    let library = ("src/lib.rs", "pub mod a;\npub mod b;");
    let a = ("src/a.rs", "pub struct A;\nfn a() { crate::b::f() }");
    let cycles_with = |b| cycles_of(&[library, a, ("src/b.rs", b)]);
    for b in [
        "use crate::a::A;",
        "fn f(_: super::a::A) {}",
        "use crate::a;\nfn f(_: a::A) {}",
        "use crate::{a as other};\nfn f(_: other::A) {}",
        "pub use crate::a::A;\nfn f(_: A) {}",
        "use super::a::*;",
        "fn f() { g::<crate::a::A>() }",
        "use crate::a::A as B;",
    ] {
        assert_eq!(cycles_with(b), ["src/a.rs, src/b.rs"], "{b}");
    }
    for b in ["use crate::a;", "pub use crate::a::A;", "// crate::a::A", "mod tests { use crate::a::A; }"] {
        assert_eq!(cycles_with(b), [""; 0], "{b}");
    }
}

#[test]
fn a_reexport_counts_as_the_file_that_defines_the_item() {
    let parent = "mod x;\nmod y;\npub use x::X;\npub use y::y;\npub fn own() {}";
    let cycles = |parent, x, y| cycles_of(&[("src/m/mod.rs", parent), ("src/m/x.rs", x), ("src/m/y.rs", y)]);
    assert_eq!(cycles(parent, "use super::own;", "use super::X;"), [""; 0]);
    assert_eq!(cycles(parent, "fn x() { super::y() }", "fn y(_: super::X) {}"), ["src/m/x.rs, src/m/y.rs"]);
    assert_eq!(cycles(parent, "fn x() { crate::m::y() }", "use super::x::X;"), ["src/m/x.rs, src/m/y.rs"]);
    let files = [("crates/c/src/lib.rs", "mod a; mod b;"), ("crates/c/src/a.rs", "use crate::b::B;")];
    let b = ("crates/c/src/b.rs", "use crate::a::A;");
    assert_eq!(cycles_of(&[files[0], files[1], b]), ["crates/c/src/a.rs, crates/c/src/b.rs"]);
    let uses_child = "mod x;\npub use x::X;\npub fn own(_: X) {}";
    assert_eq!(cycles(uses_child, "use super::own;", ""), ["src/m/mod.rs, src/m/x.rs"]);
    let has_a_field = "mod x;\npub use x::x;\npub struct Own { x: u8 }\nfn f(own: Own) { own.x(); }";
    assert_eq!(cycles(has_a_field, "use super::Own;", ""), [""; 0]);
    assert_eq!(cycles("mod x; fn own() { x::f() }", "use super::own;", ""), ["src/m/mod.rs, src/m/x.rs"]);
}

#[test]
fn a_reported_cycle_names_its_paths() {
    let a = ("src/a.rs", "\nuse crate::b::{B, C};\nfn f() { B::new() }");
    let sources = [a, ("src/b.rs", "fn f() { crate::a::f() }")];
    let found = find(&sources.map(|(name, source)| (name.to_owned(), source.to_owned())));
    let expected = "import cycle: src/a.rs, src/b.rs
  src/a.rs -> src/b.rs: crate::b::B (line 2), crate::b::C (line 2)
  src/b.rs -> src/a.rs: crate::a::f (line 1)";
    assert_eq!(found, [expected]);
}

/// Returns the files of each cycle.
fn cycles_of(files: &[(&str, &str)]) -> Vec<String> {
    let owned: Vec<_> = files.iter().map(|(name, source)| ((*name).to_owned(), (*source).to_owned())).collect();
    let first_line = |text: String| text.lines().next().unwrap().replace("import cycle: ", "");
    find(&owned).into_iter().map(first_line).collect()
}
