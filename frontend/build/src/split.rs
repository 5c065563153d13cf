//! The program in parts: what `page!` marked is taken out of the file that starts, and put into files that are loaded when they are needed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use wasm_split_cli_support::{Options, transform};

use crate::routes::Routes;
use crate::whole::Whole;
use crate::{Folders, group, merge};

/// The file that starts, before it is bound to JavaScript.
pub const MAIN: &str = "main.wasm";

/// The parts of the program, and the files they are in.
pub struct Parts {
    /// What is loaded at once.
    pub files: Vec<PartFile>,
    /// What the files of a build with assertions import to ask whether they are of it.
    marks: BTreeSet<String>,
}

/// One file.
pub struct PartFile {
    /// Its name, without an ending.
    pub name: String,
    /// The parts that need it.
    pub parts: BTreeSet<String>,
}

impl Parts {
    /// The files of some parts, by their number.
    pub fn files_of(&self, parts: &BTreeSet<String>) -> impl Iterator<Item = usize> {
        self.files
            .iter()
            .enumerate()
            .filter(|(_, file)| !file.parts.is_disjoint(parts))
            .map(|(number, _)| number)
    }
}

/// Splits the program into the work folder: `main.wasm` and the parts.
pub fn program(folders: &Folders, wasm: &Path, routes: &Routes) -> Result<Parts> {
    let input = fs::read(wasm)?;
    let (scratch, main) = (folders.work.join("pieces"), folders.work.join(MAIN));
    if scratch.exists() {
        fs::remove_dir_all(&scratch)?;
    }
    let mut options = Options::new(&input);
    options.output_dir = &scratch;
    options.main_out_path = &main;
    options.link_name = "./parts.js";
    let split = transform(options).map_err(|error| anyhow!("splitting the program: {error:?}"))?;

    // Of every piece, the parts that need it.
    let mut needed = BTreeMap::<String, BTreeSet<String>>::new();
    for (part, pieces) in split.prefetch_map {
        for piece in pieces {
            needed.entry(piece).or_default().insert(part.clone());
        }
    }
    for part in routes.0.values().flatten() {
        ensure!(needed.contains_key(&format!("split_{part}")), "routes.json names {part}, which is no part");
    }
    let pieces = needed
        .into_iter()
        .map(|(name, parts)| Ok((parts, fs::read(scratch.join(format!("{name}.wasm")))?)))
        .collect::<Result<Vec<_>>>()?;
    let visits = routes.visits(pieces.iter().flat_map(|(parts, _)| parts));
    let sizes: Vec<_> =
        pieces.iter().map(|(parts, bytes)| (visits.that_need(parts), bytes.len() as u64)).collect();

    let mut files = Vec::new();
    let mut marks = BTreeSet::new();
    for (number, group) in group::pieces(&sizes).into_iter().enumerate() {
        let name = format!("part-{number}");
        let (parts, modules): (Vec<_>, Vec<_>) =
            group.pieces.iter().map(|&piece| pieces[piece].clone()).unzip();
        let module = merge::modules(&modules).with_context(|| format!("putting {name} together"))?;
        marks.extend(merge::imports(&module)?.into_iter().filter(|name| name.starts_with("__canary")));
        fs::write(folders.work.join(format!("{name}.wasm")), module)?;
        files.push(PartFile { name, parts: parts.into_iter().flatten().collect() });
    }
    Ok(Parts { files, marks })
}

/// Writes `parts.js`, what JavaScript knows of the parts: their files, those that are a whole route, and the functions by which the program
/// asks for them.
pub fn tell(folders: &Folders, parts: &Parts, wholes: &[Whole]) -> Result<()> {
    let mut script = String::from("import { loader } from \"console-source/js/parts.js\";\n");
    for (number, file) in parts.files.iter().enumerate() {
        writeln!(script, "import file{number} from \"./{}.wasm\";", file.name)?;
    }
    let names: BTreeSet<_> = parts.files.iter().flat_map(|file| &file.parts).collect();
    script.push_str("export const parts = {\n");
    for &name in &names {
        let files: Vec<_> =
            parts.files_of(&BTreeSet::from([name.clone()])).map(|file| format!("file{file}")).collect();
        writeln!(script, "  {name}: [{}],", files.join(", "))?;
    }
    script.push_str("};\n");
    for whole in wholes {
        writeln!(script, "import {} from \"./{}.wasm\";", whole.variable(), whole.name)?;
    }
    script.push_str("export const wholes = {\n");
    for whole in wholes {
        for path in &whole.routes {
            writeln!(script, "  \"{path}\": {},", whole.variable())?;
        }
    }
    script.push_str("};\n");
    let marks: Vec<_> = parts.marks.iter().map(|mark| format!("{mark}: 0")).collect();
    writeln!(script, "const marks = {{ {} }};", marks.join(", "))?;
    for name in names {
        writeln!(script, "export const __wasm_split_load_{name} = loader(parts.{name}, marks);")?;
    }
    Ok(fs::write(folders.work.join("parts.js"), script)?)
}
