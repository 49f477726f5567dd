//! Data and functions that nothing reaches once the functions of [`crate::unreachable`] are empty.
//!
//! The linker leaves out what nobody refers to, but it has done that before those functions were emptied: the tables by
//! which they write digits and letters, their texts, the places in the code that they name when they panic, and whatever
//! stands in a table of methods that only they use. So the linker is asked to say who refers to what
//! (`--emit-relocs`), and here it is followed once more, from what the wasm exports. What is not found is overwritten in
//! its place: data by zeros, which wasm-opt leaves out, and the body of a function by a trap. No address changes.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use anyhow::{Context as _, bail, ensure};
use rustc_demangle::demangle;
use wasmparser::{
    DataKind, ExternalKind, KnownCustom, Linking, Name, Parser, Payload, RelocationEntry,
    RelocationType, SymbolInfo, TypeRef,
};

use crate::unreachable::{is_class, is_emptied};

/// Something that can be referred to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Node {
    /// A function, by its index.
    Function(u32),
    /// Data, by the place of its symbol.
    Data(u32),
}

/// Where things stand in the file, and who refers to whom.
#[derive(Default)]
struct Module {
    /// Everything but what the linker has added for us: what is left of the file.
    kept: Vec<Range<usize>>,
    imported: u32,
    /// The bodies of the functions, in their order.
    bodies: Vec<Range<usize>>,
    /// Of how many instructions each is.
    sizes: Vec<usize>,
    /// The content of the data segments, in their order.
    segments: Vec<Range<usize>>,
    /// The content of the sections that relocations are counted from.
    code: usize,
    data: usize,
    symbols: Vec<Option<Node>>,
    /// Where the data of a symbol stands, by the symbol's place.
    objects: HashMap<u32, Range<usize>>,
    /// Functions without anything to follow.
    emptied: HashSet<u32>,
    roots: Vec<Node>,
    references: Vec<(Place, RelocationEntry)>,
}

/// What a reference stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Code,
    Data,
}

/// `wasm` with everything overwritten that nothing reaches, and without the linker's notes on who refers to what.
///
/// # Errors
///
/// If it was not linked with `--emit-relocs`, or if it has references of a kind that was never seen before.
pub(crate) fn blanked(wasm: &[u8]) -> anyhow::Result<Vec<u8>> {
    let module = Module::read(wasm)?;
    let reached = module.reached()?;
    let mut blank = wasm.to_vec();
    let mut used = vec![false; wasm.len()];
    let is_reached = |symbol: &u32| reached.contains(&Node::Data(*symbol));
    for (_, object) in module.objects.iter().filter(|(symbol, _)| is_reached(symbol)) {
        used[object.clone()].fill(true);
    }
    for (_, object) in module.objects.iter().filter(|(symbol, _)| !is_reached(symbol)) {
        for at in object.clone().filter(|at| !used[*at]) {
            blank[at] = 0;
        }
    }
    for (index, body) in (module.imported..).zip(&module.bodies) {
        if !reached.contains(&Node::Function(index)) {
            trap(&mut blank[body.clone()]);
        }
    }
    Ok(module.kept.iter().flat_map(|part| &blank[part.clone()]).copied().collect())
}

/// A body without locals that traps, filled up with instructions that do nothing.
fn trap(body: &mut [u8]) {
    const UNREACHABLE: u8 = 0x00;
    const NOP: u8 = 0x01;
    const END: u8 = 0x0b;
    let [locals, first, rest @ .., end] = body else { return };
    (*locals, *first, *end) = (0, UNREACHABLE, END);
    rest.fill(NOP);
}

impl Module {
    fn read(wasm: &[u8]) -> anyhow::Result<Self> {
        let mut module = Self::default();
        let mut end = 0;
        for payload in Parser::new(0).parse_all(wasm) {
            let payload = payload?;
            let section = payload.as_section();
            let is_note = module.take(payload)?;
            let Some((_, section)) = section else { continue };
            // The header, in front of the first section, goes with it.
            if !is_note {
                module.kept.push(end..section.end);
            }
            end = section.end;
        }
        ensure!(!module.references.is_empty(), "the wasm was linked without --emit-relocs");
        Ok(module)
    }

    /// Reads a part of the file, and says whether it is a note of the linker.
    fn take(&mut self, payload: Payload<'_>) -> anyhow::Result<bool> {
        match payload {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    self.imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    if export.kind == ExternalKind::Func && !is_class(export.name) {
                        self.roots.push(Node::Function(export.index));
                    }
                }
            }
            Payload::StartSection { func, .. } => self.roots.push(Node::Function(func)),
            Payload::CodeSectionStart { range, .. } => self.code = range.start,
            Payload::CodeSectionEntry(body) => {
                self.bodies.push(body.range());
                self.sizes.push(body.get_operators_reader()?.into_iter().count());
            }
            Payload::DataSection(segments) => {
                self.data = segments.range().start;
                for segment in segments {
                    let segment = segment?;
                    ensure!(
                        matches!(segment.kind, DataKind::Active { .. }),
                        "a data segment is passive"
                    );
                    let end = segment.range.end;
                    self.segments.push(end - segment.data.len()..end);
                }
            }
            Payload::CustomSection(section) => match section.as_known() {
                KnownCustom::Name(names) => {
                    for names in names {
                        if let Name::Function(names) = names? {
                            for name in names {
                                let name = name?;
                                let local = name.index.checked_sub(self.imported);
                                let size = local.and_then(|local| self.sizes.get(local as usize));
                                let name_of = || demangle(name.name).to_string();
                                if size.is_some_and(|size| is_emptied(&name_of(), *size)) {
                                    self.emptied.insert(name.index);
                                }
                            }
                        }
                    }
                }
                KnownCustom::Linking(notes) => {
                    for note in notes {
                        if let Linking::SymbolTable(symbols) = note? {
                            self.symbols(symbols.into_iter().collect::<Result<_, _>>()?)?;
                        }
                    }
                    return Ok(true);
                }
                KnownCustom::Reloc(entries) => {
                    let place = match section.name() {
                        "reloc.CODE" => Some(Place::Code),
                        "reloc.DATA" => Some(Place::Data),
                        // Of debug information.
                        _ => None,
                    };
                    if let Some(place) = place {
                        for entry in entries.entries() {
                            self.references.push((place, entry?));
                        }
                    }
                    return Ok(true);
                }
                _ => {}
            },
            _ => {}
        }
        Ok(false)
    }

    fn symbols(&mut self, symbols: Vec<SymbolInfo<'_>>) -> anyhow::Result<()> {
        for (at, symbol) in (0..).zip(symbols) {
            let node = match symbol {
                SymbolInfo::Func { index, .. } => Some(Node::Function(index)),
                SymbolInfo::Data { symbol: Some(object), .. } => {
                    // Memory that begins as zeros has no segment in the file.
                    if let Some(segment) = self.segments.get(object.index as usize) {
                        let start = segment.start + object.offset as usize;
                        let object = start..start + object.size as usize;
                        ensure!(object.end <= segment.end, "a symbol is longer than its segment");
                        self.objects.insert(at, object);
                    }
                    Some(Node::Data(at))
                }
                _ => None,
            };
            self.symbols.push(node);
        }
        Ok(())
    }

    /// Everything that is referred to, directly or not, from what is exported.
    fn reached(&self) -> anyhow::Result<HashSet<Node>> {
        let mut objects: Vec<(u32, Range<usize>)> =
            self.objects.iter().map(|(symbol, object)| (*symbol, object.clone())).collect();
        objects.sort_by_key(|(_, object)| object.start);
        let longest = objects.iter().map(|(_, object)| object.len()).max().unwrap_or_default();
        let mut edges: HashMap<Node, Vec<Node>> = HashMap::new();
        let mut open = self.roots.clone();
        for (place, entry) in &self.references {
            let Some(to) = self.target(entry)? else { continue };
            let offset = entry.offset as usize;
            let from = match place {
                Place::Code => vec![self.function_at(self.code + offset)?],
                Place::Data => {
                    let at = self.data + offset;
                    let first = objects.partition_point(|(_, it)| it.start + longest <= at);
                    let near = objects[first..].iter().take_while(|(_, it)| it.start <= at);
                    let around = near.filter(|(_, it)| it.contains(&at));
                    around.map(|(symbol, _)| Node::Data(*symbol)).collect()
                }
            };
            // What stands in no object of its own is nobody's, so it may be anybody's.
            if from.is_empty() {
                open.push(to);
            }
            for from in from {
                edges.entry(from).or_default().push(to);
            }
        }

        let mut reached = HashSet::new();
        while let Some(node) = open.pop() {
            let is_emptied = matches!(node, Node::Function(index) if self.emptied.contains(&index));
            if reached.insert(node) && !is_emptied {
                open.extend(edges.get(&node).into_iter().flatten());
            }
        }
        Ok(reached)
    }

    fn target(&self, entry: &RelocationEntry) -> anyhow::Result<Option<Node>> {
        match entry.ty {
            RelocationType::FunctionIndexLeb
            | RelocationType::TableIndexSleb
            | RelocationType::TableIndexI32
            | RelocationType::MemoryAddrLeb
            | RelocationType::MemoryAddrSleb
            | RelocationType::MemoryAddrI32 => {
                let symbol = self.symbols.get(entry.index as usize);
                Ok(*symbol.context("a reference has no symbol")?)
            }
            RelocationType::TypeIndexLeb
            | RelocationType::GlobalIndexLeb
            | RelocationType::TableNumberLeb => Ok(None),
            other => bail!("a reference of the kind {other:?} is new"),
        }
    }

    fn function_at(&self, at: usize) -> anyhow::Result<Node> {
        let place = self.bodies.partition_point(|body| body.end <= at);
        let body = self.bodies.get(place).filter(|body| body.contains(&at));
        body.context("a reference stands in no function")?;
        Ok(Node::Function(self.imported + u32::try_from(place)?))
    }
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        CodeSection, ConstExpr, CustomSection, DataSection, DataSymbolDefinition, Encode as _,
        ExportKind, ExportSection, Function, FunctionSection, Instruction, LinkingSection,
        MemorySection, MemoryType, NameMap, NameSection, SymbolTable, TypeSection,
    };
    use wasmparser::{Parser, Payload};

    use super::blanked;

    const CALL: u8 = 0;
    const CODE_TO_DATA: u8 = 4;
    const DATA_TO_DATA: u8 = 5;

    /// Three functions, of which the first is exported and the third says how a value looks; four objects of four bytes.
    fn module() -> wasm_encoder::Module {
        let mut module = wasm_encoder::Module::new();
        let mut types = TypeSection::new();
        types.ty().function([], []);
        let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
        for _ in 0..3 {
            let mut body = Function::new([]);
            for _ in 0..6 {
                body.instruction(&Instruction::Nop);
            }
            body.instruction(&Instruction::End);
            functions.function(0);
            code.function(&body);
        }
        let mut memories = MemorySection::new();
        memories.memory(MemoryType {
            minimum: 1,
            maximum: None,
            memory64: false,
            shared: false,
            page_size_log2: None,
        });
        let mut exports = ExportSection::new();
        exports.export("shown", ExportKind::Func, 0);
        let mut data = DataSection::new();
        data.active(0, &ConstExpr::i32_const(1024), *b"AAAABBBBCCCCDDDD");
        let mut names = NameMap::new();
        names.append(2, "<widget::Secret as core::fmt::Debug>::fmt");
        let mut named = NameSection::new();
        named.functions(&names);
        module.section(&types).section(&functions).section(&memories).section(&exports);
        module.section(&code).section(&data).section(&named);
        module
    }

    /// The same with the linker's notes. Symbols: the functions, then the objects.
    fn linked() -> Vec<u8> {
        let mut module = module();
        let mut symbols = SymbolTable::new();
        for index in 0..3 {
            symbols.function(0, index, Some("function"));
        }
        for index in 0..4 {
            let object = DataSymbolDefinition { index: 0, offset: 4 * index, size: 4 };
            symbols.data(0, "object", Some(object));
        }
        let mut linking = LinkingSection::new();
        linking.symbol_table(&symbols);
        // Behind the count, each body is its length and eight bytes; the segment begins behind six bytes.
        let body = |index: u32| 1 + 9 * index + 3;
        let code = [
            (CODE_TO_DATA, body(0), 3),
            (CALL, body(0), 2),
            (CODE_TO_DATA, body(2), 4),
            (CODE_TO_DATA, body(1), 5),
        ];
        let data = [(DATA_TO_DATA, 7, 6)];
        module.section(&linking);
        for (name, section, entries) in [("reloc.CODE", 4, &code[..]), ("reloc.DATA", 5, &data)] {
            let mut bytes = Vec::new();
            u32::encode(&section, &mut bytes);
            u32::encode(&u32::try_from(entries.len()).expect("a few"), &mut bytes);
            for (kind, offset, symbol) in entries {
                bytes.push(*kind);
                u32::encode(offset, &mut bytes);
                u32::encode(symbol, &mut bytes);
                if *kind != CALL {
                    bytes.push(0);
                }
            }
            module.section(&CustomSection { name: name.into(), data: bytes.into() });
        }
        module.finish()
    }

    #[test]
    fn what_is_exported_keeps_what_it_needs_and_the_rest_is_blank() {
        let blank = blanked(&linked()).expect("it was linked as it should be");
        assert_eq!(blank.len(), module().finish().len(), "the notes are gone");
        let (mut data, mut bodies) = (Vec::new(), Vec::new());
        for payload in Parser::new(0).parse_all(&blank) {
            match payload.expect("it is a module") {
                Payload::DataSection(segments) => {
                    data.extend(segments.into_iter().map(|it| it.expect("a segment").data));
                }
                Payload::CodeSectionEntry(body) => bodies.push(body.as_bytes().to_vec()),
                _ => {}
            }
        }
        // A is needed, and D by A; B is what the text of a `Debug` was made of, and C belongs to nobody.
        assert_eq!(data, [b"AAAA\0\0\0\0\0\0\0\0DDDD"]);
        let whole = [0, 1, 1, 1, 1, 1, 1, 0x0b];
        assert_eq!(bodies, [whole, [0, 0, 1, 1, 1, 1, 1, 0x0b], whole]);
    }

    #[test]
    fn a_wasm_without_the_notes_is_an_error() {
        assert!(blanked(&module().finish()).is_err());
    }
}
