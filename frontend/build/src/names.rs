//! The names by which the file that starts imports what JavaScript gives it. `wasm-bindgen` ends each with a fingerprint, which no compression
//! makes smaller: they are made short, in the file and in its bindings.

use std::collections::HashMap;
use std::convert::Infallible;
use std::fs;

use anyhow::Result;
use wasm_encoder::reencode::{Error, Reencode};
use wasm_encoder::{EntityType, ImportSection, Module};
use wasmparser::{ImportSectionReader, Parser};

use crate::Folders;

/// How many hexadecimal digits a fingerprint has.
const FINGERPRINT: usize = 16;

/// Shortens them in the work folder.
pub fn shorten(folders: &Folders) -> Result<()> {
    let (program, bindings) = (folders.work.join("console_bg.wasm"), folders.work.join("console.js"));
    let mut short = Short(HashMap::new());
    let mut module = Module::new();
    short.parse_core_module(&mut module, Parser::new(0), &fs::read(&program)?)?;
    let script = short.in_script(&fs::read_to_string(&bindings)?);
    fs::write(program, module.finish())?;
    Ok(fs::write(bindings, script)?)
}

/// The short names, by the long ones.
struct Short(HashMap<String, String>);

impl Short {
    fn name(&mut self, name: &str) -> String {
        if !has_fingerprint(name) {
            return name.to_owned();
        }
        let number = self.0.len();
        self.0.entry(name.to_owned()).or_insert_with(|| format!("_{number}")).clone()
    }

    /// A script with the short names in place of the long ones.
    fn in_script(&self, script: &str) -> String {
        let is_of_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '$';
        let mut result = String::with_capacity(script.len());
        let mut rest = script;
        while let Some(at) = rest.find(is_of_word) {
            let word = &rest[at..];
            let word = &word[..word.find(|letter| !is_of_word(letter)).unwrap_or(word.len())];
            result.push_str(&rest[..at]);
            result.push_str(self.0.get(word).map_or(word, String::as_str));
            rest = &rest[at + word.len()..];
        }
        result + rest
    }
}

fn has_fingerprint(name: &str) -> bool {
    let digits = name.len().checked_sub(FINGERPRINT).and_then(|at| name.get(at..));
    name.starts_with("__wb")
        && digits.is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

impl Reencode for Short {
    type Error = Infallible;

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: ImportSectionReader<'_>,
    ) -> Result<(), Error<Self::Error>> {
        for import in section.into_imports() {
            let import = import?;
            let (name, what): (_, EntityType) = (self.name(import.name), self.entity_type(import.ty)?);
            imports.import(import.module, &name, what);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use wasm_encoder::reencode::Reencode;
    use wasm_encoder::{EntityType, ImportSection, Module, TypeSection};
    use wasmparser::Parser;

    use super::Short;

    #[test]
    fn what_has_a_fingerprint_is_short_in_the_program_and_in_its_script() {
        let long = "__wbg_append_0123456789abcdef";
        let (mut module, mut types, mut imports) = (Module::new(), TypeSection::new(), ImportSection::new());
        types.ty().function([], []);
        for name in [long, "__wbindgen_init_externref_table"] {
            imports.import("./console_bg.js", name, EntityType::Function(0));
        }
        module.section(&types).section(&imports);
        let mut short = Short(HashMap::new());
        let mut result = Module::new();
        short.parse_core_module(&mut result, Parser::new(0), &module.finish()).expect("a module");
        let names = crate::merge::imports(&result.finish()).expect("a module");
        assert_eq!(names, ["_0", "__wbindgen_init_externref_table"]);
        let script = format!("{{ {long}: f({long}0), __wbindgen_init_externref_table: g }}");
        assert_eq!(
            short.in_script(&script),
            format!("{{ _0: f({long}0), __wbindgen_init_externref_table: g }}")
        );
    }
}
