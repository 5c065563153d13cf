//! Several pieces of a split program as one module. Pieces import nothing but the memory, the table and globals of the program, export
//! nothing, and say themselves where their functions and data lie: only numbers of types, functions and globals change.

use std::convert::Infallible;

use anyhow::{Result, bail, ensure};
use wasm_encoder::reencode::{Error, Reencode, RoundtripReencoder, utils};
use wasm_encoder::{
    CodeSection, DataCountSection, DataSection, ElementSection, EntityType, FunctionSection, ImportSection,
    Module, TypeSection,
};
use wasmparser::{FuncType, Parser, Payload};

/// What the program is called in the imports of its parts.
const PROGRAM: &str = "__wasm_split";

/// One module that is all of them.
pub fn modules(pieces: &[Vec<u8>]) -> Result<Vec<u8>> {
    let mut whole = Whole::default();
    for piece in pieces {
        whole.add(piece)?;
    }
    whole.finish()
}

/// The imports of a module, by name.
pub fn imports(module: &[u8]) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::ImportSection(section) = payload? {
            for import in section.into_imports() {
                names.push(import?.name.to_owned());
            }
        }
    }
    Ok(names)
}

#[derive(Default)]
struct Whole {
    types: Vec<FuncType>,
    /// What is imported, by name.
    imported: Vec<(String, EntityType)>,
    functions: FunctionSection,
    elements: ElementSection,
    code: CodeSection,
    data: DataSection,
}

/// What numbers of a piece become.
struct Renumber {
    /// The new number of each type.
    types: Vec<u32>,
    /// How many functions are there already.
    functions: u32,
    /// The new number of each global.
    globals: Vec<u32>,
}

impl Reencode for Renumber {
    type Error = Infallible;

    fn type_index(&mut self, ty: u32) -> Result<u32, Error<Self::Error>> {
        Ok(self.types[ty as usize])
    }

    fn function_index(&mut self, function: u32) -> Result<u32, Error<Self::Error>> {
        Ok(function + self.functions)
    }

    fn global_index(&mut self, global: u32) -> Result<u32, Error<Self::Error>> {
        Ok(self.globals[global as usize])
    }
}

impl Whole {
    fn add(&mut self, piece: &[u8]) -> Result<()> {
        let mut renumber =
            Renumber { types: Vec::new(), functions: self.functions.len(), globals: Vec::new() };
        for payload in Parser::new(0).parse_all(piece) {
            match payload? {
                Payload::TypeSection(section) => {
                    for function in section.into_iter_err_on_gc_types() {
                        renumber.types.push(self.add_type(function?)?);
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import?;
                        let number = self.import(import.name, RoundtripReencoder.entity_type(import.ty)?)?;
                        renumber.globals.extend(number);
                    }
                }
                Payload::FunctionSection(section) => {
                    utils::parse_function_section(&mut renumber, &mut self.functions, section)?;
                }
                Payload::ElementSection(section) => {
                    utils::parse_element_section(&mut renumber, &mut self.elements, section)?;
                }
                Payload::CodeSectionEntry(body) => {
                    utils::parse_function_body(&mut renumber, &mut self.code, body)?;
                }
                Payload::DataSection(section) => {
                    utils::parse_data_section(&mut renumber, &mut self.data, section)?;
                }
                Payload::ExportSection(section) => {
                    ensure!(section.count() == 0, "a piece exports something");
                }
                Payload::Version { .. }
                | Payload::DataCountSection { .. }
                | Payload::CodeSectionStart { .. }
                | Payload::CustomSection(_)
                | Payload::End(_) => {}
                other => bail!("a piece has more than functions and data: {other:?}"),
            }
        }
        Ok(())
    }

    /// The number of a type, which is put among them where it is not there yet.
    fn add_type(&mut self, function: FuncType) -> Result<u32> {
        let known = self.types.iter().position(|known| *known == function);
        let number = known.unwrap_or(self.types.len());
        if known.is_none() {
            self.types.push(function);
        }
        Ok(u32::try_from(number)?)
    }

    /// Imports something, unless that is done already; answers with the number of a global.
    fn import(&mut self, name: &str, what: EntityType) -> Result<Option<u32>> {
        let is_global = matches!(what, EntityType::Global(_));
        match self.imported.iter().find(|(imported, _)| imported == name) {
            Some((_, same)) => ensure!(*same == what, "the pieces do not agree what {name} is"),
            None => {
                ensure!(!matches!(what, EntityType::Function(_)), "a piece imports the function {name}");
                let same_kind = |(_, other): &&(String, EntityType)| {
                    std::mem::discriminant(other) == std::mem::discriminant(&what)
                };
                ensure!(
                    is_global || !self.imported.iter().any(|other| same_kind(&other)),
                    "two of a kind: {name}"
                );
                self.imported.push((name.to_owned(), what));
            }
        }
        let mut globals = self.imported.iter().filter(|(_, what)| matches!(what, EntityType::Global(_)));
        Ok(globals.position(|(imported, _)| imported == name).map(u32::try_from).transpose()?)
    }

    fn finish(self) -> Result<Vec<u8>> {
        let mut types = TypeSection::new();
        for function in self.types {
            types.ty().func_type(&RoundtripReencoder.func_type(function)?);
        }
        let mut imports = ImportSection::new();
        for (name, what) in &self.imported {
            imports.import(PROGRAM, name, *what);
        }
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&self.functions);
        module.section(&self.elements).section(&DataCountSection { count: self.data.len() });
        module.section(&self.code).section(&self.data);
        Ok(module.finish())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use wasm_encoder::reencode::{Error, Reencode, utils};
    use wasm_encoder::{
        CodeSection, ConstExpr, DataSection, ElementSection, Elements, Function, FunctionSection, GlobalType,
        ImportSection, Instruction, MemoryType, Module, RefType, TableType, TypeSection, ValType,
    };
    use wasmparser::{Operator, Parser, Payload, Validator};

    use super::modules;

    /// Two functions, of which the second calls the first, and puts a byte where it lies.
    fn piece(globals: &[&str], at: i32, result: ValType) -> Vec<u8> {
        let mut types = TypeSection::new();
        types.ty().function([], [result]);
        let mut imports = ImportSection::new();
        for global in globals {
            imports.import(
                "__wasm_split",
                global,
                GlobalType { val_type: ValType::I32, mutable: true, shared: false },
            );
        }
        let table = TableType {
            element_type: RefType::FUNCREF,
            minimum: 9,
            maximum: None,
            table64: false,
            shared: false,
        };
        imports.import("__wasm_split", "table", table);
        let memory =
            MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None };
        imports.import("__wasm_split", "memory", memory);
        let mut functions = FunctionSection::new();
        functions.function(0).function(0);
        let mut elements = ElementSection::new();
        elements.active(None, &ConstExpr::i32_const(at), Elements::Functions([1_u32].as_slice().into()));
        let mut code = CodeSection::new();
        let mut first = Function::new([]);
        // The last global that it has.
        match globals.len().checked_sub(1) {
            Some(last) => first.instruction(&Instruction::GlobalGet(u32::try_from(last).expect("few"))),
            None => first.instruction(&Instruction::I32Const(at)),
        };
        first.instruction(&Instruction::End);
        let mut second = Function::new([]);
        second.instruction(&Instruction::Call(0)).instruction(&Instruction::End);
        code.function(&first).function(&second);
        let mut data = DataSection::new();
        data.active(0, &ConstExpr::i32_const(at), [7]);
        let mut module = Module::new();
        module
            .section(&types)
            .section(&imports)
            .section(&functions)
            .section(&elements)
            .section(&code)
            .section(&data);
        module.finish()
    }

    /// The calls and reads of globals, in their order.
    fn operators(module: &[u8]) -> Vec<(&'static str, u32)> {
        let mut found = Vec::new();
        for payload in Parser::new(0).parse_all(module) {
            let Payload::CodeSectionEntry(body) = payload.expect("a module") else { continue };
            for operator in body.get_operators_reader().expect("a body") {
                match operator.expect("an operator") {
                    Operator::Call { function_index } => found.push(("call", function_index)),
                    Operator::GlobalGet { global_index } => found.push(("global", global_index)),
                    _ => {}
                }
            }
        }
        found
    }

    #[test]
    fn functions_and_globals_keep_their_meaning() {
        let (one, none, two) = (
            piece(&["a"], 1, ValType::I32),
            piece(&[], 2, ValType::I32),
            piece(&["b", "a"], 3, ValType::I32),
        );
        let whole = modules(&[one, none, two]).expect("they fit");
        Validator::new().validate_all(&whole).expect("a module");
        assert_eq!(operators(&whole), [("global", 0), ("call", 0), ("call", 2), ("global", 0), ("call", 4)]);
        assert_eq!(super::imports(&whole).expect("a module"), ["a", "table", "memory", "b"]);
    }

    #[test]
    fn pieces_keep_their_types_and_share_those_that_are_the_same() {
        let (one, two, three) = (
            piece(&["a"], 1, ValType::I32),
            piece(&[], 2, ValType::I32),
            optimised(&piece(&["a"], 3, ValType::I32)),
        );
        let whole = modules(&[one, two, three]).expect("they fit");
        Validator::new().validate_all(&whole).expect("a module");
        let types = Parser::new(0).parse_all(&whole).find_map(|payload| match payload.expect("a module") {
            Payload::TypeSection(section) => Some(section.count()),
            _ => None,
        });
        assert_eq!(types, Some(2));
    }

    /// The same with a type before its own that the others have not.
    fn optimised(piece: &[u8]) -> Vec<u8> {
        struct Later;
        impl Reencode for Later {
            type Error = Infallible;
            fn type_index(&mut self, ty: u32) -> Result<u32, Error<Infallible>> {
                Ok(ty + 1)
            }
            fn parse_type_section(
                &mut self,
                types: &mut TypeSection,
                section: wasmparser::TypeSectionReader<'_>,
            ) -> Result<(), Error<Infallible>> {
                types.ty().function([ValType::F64], []);
                utils::parse_type_section(self, types, section)
            }
        }
        let mut module = Module::new();
        Later.parse_core_module(&mut module, Parser::new(0), piece).expect("a module");
        module.finish()
    }
}
