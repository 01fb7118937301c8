//! Tiny ELF files, written byte by byte: both word sizes, both byte orders, any machine, no section headers.
//!
//! The layout is the simplest that a loader accepts: header, program headers, then one blob that is mapped at [`BASE`] as it lies in
//! the file.

/// Address of the file's first byte in memory.
pub const BASE: u64 = 0x10000;

/// What is to be in the file.
#[derive(Debug, Clone)]
pub struct Elf {
    /// 64-bit words.
    pub wide: bool,
    /// Most significant byte first.
    pub big_endian: bool,
    /// `e_machine`.
    pub machine: u16,
    /// `e_type`: 2 for a program, 3 for a shared object.
    pub kind: u16,
    interpreter: Option<String>,
    names: Vec<(u64, String)>,
    flags_1: u64,
    needs: Vec<(String, Vec<(String, bool)>)>,
    definitions: Vec<String>,
    imports: Vec<(String, bool, Option<String>)>,
    exports: Vec<(String, Option<String>)>,
    notes: Vec<String>,
    text: Vec<u8>,
    sections: bool,
}

/// A shared object for x86-64.
pub fn library(soname: &str) -> Elf {
    object(3).tag(14, soname)
}

/// A program for x86-64 with glibc's loader.
pub fn program() -> Elf {
    object(3).interpreter("/lib64/ld-linux-x86-64.so.2")
}

/// A shared object without a name.
pub fn plugin() -> Elf {
    object(3)
}

fn object(kind: u16) -> Elf {
    Elf {
        wide: true,
        big_endian: false,
        machine: 62,
        kind,
        interpreter: None,
        names: Vec::new(),
        flags_1: 0,
        needs: Vec::new(),
        definitions: Vec::new(),
        imports: Vec::new(),
        exports: Vec::new(),
        notes: Vec::new(),
        text: Vec::new(),
        sections: false,
    }
}

impl Elf {
    /// For another machine, word size and byte order.
    pub fn target(mut self, machine: u16, wide: bool, big_endian: bool) -> Self {
        (self.machine, self.wide, self.big_endian) = (machine, wide, big_endian);
        self
    }

    /// `PT_INTERP`.
    pub fn interpreter(mut self, path: &str) -> Self {
        self.interpreter = Some(path.into());
        self
    }

    /// Any dynamic entry whose value is a string.
    pub fn tag(mut self, tag: u64, text: &str) -> Self {
        self.names.push((tag, text.into()));
        self
    }

    /// `DT_NEEDED`.
    pub fn needs(self, name: &str) -> Self {
        self.tag(1, name)
    }

    /// `DT_RPATH`.
    pub fn rpath(self, path: &str) -> Self {
        self.tag(15, path)
    }

    /// `DT_RUNPATH`.
    pub fn runpath(self, path: &str) -> Self {
        self.tag(29, path)
    }

    /// `DT_FLAGS_1`.
    pub fn flags_1(mut self, flags: u64) -> Self {
        self.flags_1 = flags;
        self
    }

    /// A version needed from a library, perhaps weakly.
    pub fn needs_version(mut self, library: &str, version: &str, weak: bool) -> Self {
        match self.needs.iter_mut().find(|(name, _)| name == library) {
            Some((_, versions)) => versions.push((version.into(), weak)),
            None => self.needs.push((library.into(), vec![(version.into(), weak)])),
        }
        self
    }

    /// A version defined. The first should be the library's own name.
    pub fn defines_version(mut self, version: &str) -> Self {
        self.definitions.push(version.into());
        self
    }

    /// An undefined symbol, with the version (one of those needed) that it is bound to.
    pub fn imports(mut self, name: &str, version: Option<&str>, weak: bool) -> Self {
        self.imports.push((name.into(), weak, version.map(Into::into)));
        self
    }

    /// A defined function, with its version (one of those defined).
    pub fn exports(mut self, name: &str, version: Option<&str>) -> Self {
        self.exports.push((name.into(), version.map(Into::into)));
        self
    }

    /// A `.note.dlopen` with this JSON.
    pub fn dlopen_note(mut self, json: &str) -> Self {
        self.notes.push(json.into());
        self
    }

    /// Bytes among the read-only data and code.
    pub fn text(mut self, bytes: &[u8]) -> Self {
        self.text = bytes.into();
        self
    }

    /// Adds a section header that points nowhere, as damaged files have.
    pub fn with_bad_sections(mut self) -> Self {
        self.sections = true;
        self
    }

    fn number(&self, value: u64, size: usize) -> Vec<u8> {
        let bytes = value.to_be_bytes();
        let mut bytes = bytes[8 - size..].to_vec();
        if !self.big_endian {
            bytes.reverse();
        }
        bytes
    }

    /// The file.
    pub fn bytes(&self) -> Vec<u8> {
        let word = if self.wide { 8 } else { 4 };
        let (header_size, segment_size) = if self.wide { (64, 56) } else { (52, 32) };
        let segments = 2 + usize::from(self.interpreter.is_some()) + usize::from(!self.notes.is_empty());
        let mut blob = Blob { at: header_size + segments * segment_size, bytes: Vec::new() };

        let mut strings = Strings(vec![0]);
        let interpreter = self.interpreter.as_ref().map(|path| blob.put(&[path.as_bytes(), b"\0"].concat()));
        let mut note = Vec::new();
        for json in &self.notes {
            let mut json = [json.as_bytes(), b"\0"].concat();
            let size = json.len();
            json.resize(size.next_multiple_of(4), 0);
            let head = [self.number(4, 4), self.number(size as u64, 4), self.number(0x407c_0c0a, 4)].concat();
            note.extend([&head[..], b"FDO\0", &json].concat());
        }
        let note_at = blob.put(&note);
        blob.put(&[b"\0", &self.text[..], b"\0"].concat());

        // Version indexes: definitions from 1, needs after them.
        let mut next = self.definitions.len() as u64 + 2;
        let mut index_of = std::collections::BTreeMap::new();
        let mut needs = Vec::new();
        for (number, (library, versions)) in self.needs.iter().enumerate() {
            let last = number + 1 == self.needs.len();
            let size = 16 + 16 * versions.len() as u64;
            needs.extend([self.number(1, 2), self.number(versions.len() as u64, 2)].concat());
            needs.extend([self.number(strings.put(library), 4), self.number(16, 4)].concat());
            needs.extend(self.number(if last { 0 } else { size }, 4));
            for (number, (version, weak)) in versions.iter().enumerate() {
                let last = number + 1 == versions.len();
                index_of.insert(version.clone(), next);
                needs.extend([self.number(hash(version), 4), self.number(u64::from(*weak) * 2, 2)].concat());
                needs.extend([self.number(next, 2), self.number(strings.put(version), 4)].concat());
                needs.extend(self.number(if last { 0 } else { 16 }, 4));
                next += 1;
            }
        }
        let mut definitions = Vec::new();
        for (number, version) in self.definitions.iter().enumerate() {
            let last = number + 1 == self.definitions.len();
            definitions.extend([self.number(1, 2), self.number(u64::from(number == 0), 2)].concat());
            definitions.extend([self.number(number as u64 + 1, 2), self.number(1, 2)].concat());
            definitions.extend([self.number(hash(version), 4), self.number(20, 4)].concat());
            definitions.extend(self.number(if last { 0 } else { 28 }, 4));
            definitions.extend([self.number(strings.put(version), 4), self.number(0, 4)].concat());
            index_of.insert(version.clone(), number as u64 + 1);
        }

        let mut symbols = vec![0u8; if self.wide { 24 } else { 16 }];
        let mut versions = self.number(0, 2);
        let imports = self.imports.iter().map(|(name, weak, version)| (name, if *weak { 2 } else { 1 }, 0, version));
        let exports = self.exports.iter().map(|(name, version)| (name, 1, 1, version));
        for (name, binding, section, version) in imports.chain(exports) {
            let (name, info) = (self.number(strings.put(name), 4), [binding << 4 | 2, 0]);
            let section = self.number(section, 2);
            symbols.extend(if self.wide {
                [&name[..], &info, &section, &self.number(0, 8), &self.number(0, 8)].concat()
            } else {
                [&name[..], &self.number(0, 4), &self.number(0, 4), &info, &section].concat()
            });
            let index = version.as_ref().and_then(|version| index_of.get(version)).copied().unwrap_or(1);
            versions.extend(self.number(index, 2));
        }
        let count = 1 + self.imports.len() + self.exports.len();
        // A hash table with one bucket: all that a reader needs of it is the number of symbols.
        let table = [1, count as u64].into_iter().chain(vec![0; 1 + count]);
        let table: Vec<u8> = table.flat_map(|value| self.number(value, 4)).collect();

        let mut dynamic: Vec<(u64, u64)> = self.names.iter().map(|(tag, text)| (*tag, strings.put(text))).collect();
        dynamic.push((4, BASE + blob.put(&table)));
        dynamic.push((6, BASE + blob.put(&symbols)));
        if !index_of.is_empty() {
            dynamic.push((0x6fff_fff0, BASE + blob.put(&versions)));
        }
        if !needs.is_empty() {
            dynamic.push((0x6fff_fffe, BASE + blob.put(&needs)));
            dynamic.push((0x6fff_ffff, self.needs.len() as u64));
        }
        if !definitions.is_empty() {
            dynamic.push((0x6fff_fffc, BASE + blob.put(&definitions)));
            dynamic.push((0x6fff_fffd, self.definitions.len() as u64));
        }
        dynamic.push((5, BASE + blob.put(&strings.0)));
        dynamic.push((10, strings.0.len() as u64));
        if self.flags_1 != 0 {
            dynamic.push((0x6fff_fffb, self.flags_1));
        }
        dynamic.push((0, 0));
        let dynamic: Vec<u8> = dynamic
            .iter()
            .flat_map(|(tag, value)| [self.number(*tag, word), self.number(*value, word)].concat())
            .collect();
        let dynamic_at = blob.put(&dynamic);

        let end = blob.at as u64 + blob.bytes.len() as u64;
        let mut file = self.header(header_size as u64, segment_size as u64, segments as u64, word);
        if let (Some(at), Some(path)) = (interpreter, &self.interpreter) {
            file.extend(self.segment(3, at, path.len() as u64 + 1, word));
        }
        file.extend(self.segment(1, 0, end, word));
        file.extend(self.segment(2, dynamic_at, dynamic.len() as u64, word));
        if !note.is_empty() {
            file.extend(self.segment(4, note_at, note.len() as u64, word));
        }
        file.extend(blob.bytes);
        file
    }

    fn header(&self, size: u64, segment_size: u64, segments: u64, word: usize) -> Vec<u8> {
        let (class, order) = (if self.wide { 2 } else { 1 }, if self.big_endian { 2 } else { 1 });
        let mut file = vec![0x7f, b'E', b'L', b'F', class, order, 1, 0];
        file.resize(16, 0);
        let sections = if self.sections { u64::from(u32::MAX) } else { 0 };
        for (value, width) in [
            (self.kind.into(), 2),
            (self.machine.into(), 2),
            (1, 4),
            (BASE, word),
            (size, word),
            (sections, word),
            (0, 4),
            (size, 2),
            (segment_size, 2),
            (segments, 2),
            (0, 2),
            (if self.sections { 9 } else { 0 }, 2),
            (0, 2),
        ] {
            file.extend(self.number(value, width));
        }
        file
    }

    fn segment(&self, kind: u64, at: u64, size: u64, word: usize) -> Vec<u8> {
        // Readable and executable: code lies among the read-only data.
        let (kind, flags) = (self.number(kind, 4), self.number(5, 4));
        let place = [at, BASE + at, BASE + at, size, size].map(|value| self.number(value, word)).concat();
        let align = self.number(4, word);
        if self.wide { [kind, flags, place, align].concat() } else { [kind, place, flags, align].concat() }
    }
}

/// The blob after the headers: remembers where each part begins.
struct Blob {
    at: usize,
    bytes: Vec<u8>,
}

impl Blob {
    fn put(&mut self, bytes: &[u8]) -> u64 {
        while !(self.at + self.bytes.len()).is_multiple_of(8) {
            self.bytes.push(0);
        }
        let at = self.at + self.bytes.len();
        self.bytes.extend(bytes);
        at as u64
    }
}

struct Strings(Vec<u8>);

impl Strings {
    fn put(&mut self, text: &str) -> u64 {
        let at = self.0.len() as u64;
        self.0.extend([text.as_bytes(), b"\0"].concat());
        at
    }
}

/// The System V hash of a name.
fn hash(name: &str) -> u64 {
    name.bytes()
        .fold(0u32, |hash, byte| {
            let hash = (hash << 4).wrapping_add(byte.into());
            let high = hash & 0xf000_0000;
            (hash ^ (high >> 24)) & !high
        })
        .into()
}
