//! ReadOnly that a program refers to by address and length, as Go and Rust do: they stand one in another, with no NUL between them.
//!
//! Where they are is told by machine code, which loads an address and a length one after the other, and by data, where the two words of a
//! text lie side by side (`unsafe.StringHeader` of Go, `&str` of Rust), the address perhaps left to the loader (System V ABI, "Relocation").
//! A length that belongs to another text may be taken for one's own. What comes of it is the beginning of a text; so where the length
//! that is meant is known, a shorter text at its place is told to be a guess.

use super::dynamic::Dynamic;
use super::raw::{Mapped, ProgramHeader, Raw};
use super::{ElfError, strings};
use goblin::elf::dynamic::{DT_RELA, DT_RELASZ};
use goblin::elf::header::{EM_AARCH64, EM_X86_64};
use goblin::elf::program_header::PT_LOAD;
use std::collections::BTreeMap;

/// Longer texts name nothing, and shorter ones neither.
const LENGTHS: std::ops::RangeInclusive<u64> = 2..=1024;

/// How many texts are told of, and bytes of them; the largest programs of Go refer to some hundred thousand.
const TEXT_LIMIT: usize = 1 << 20;
const BYTES_LIMIT: usize = 1 << 26;

/// Real programs have some ten segments that are loaded.
const SEGMENT_LIMIT: usize = 64;

/// The bytes of machine code after the load of an address, and before it, among which that of its length is looked for.
const AFTER: usize = 32;
const BEFORE: usize = 64;

/// `R_X86_64_RELATIVE` and `R_AARCH64_RELATIVE`: the word is the addend, moved by as much as the program is.
const RELATIVE: [u64; 2] = [8, 1027];

/// A text that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counted<'a> {
    /// Where it lies in the file.
    pub offset: u64,
    pub text: &'a str,
    /// Whether the length may be that of another text.
    pub is_guess: bool,
}

/// What is told an address, a length near by, and whether that may belong to another address.
type Note<'n> = dyn FnMut(u64, u64, bool) + 'n;

/// Tells of every address that machine code loads, with each length near by; it begins at this address.
type Loads = fn(&[u8], u64, &mut Note<'_>);

/// Every printable text, of several lines too, of the read-only loaded segments that machine code (x86-64, AArch64) or data refers to by
/// address and length, in file order. None for other machines, and for files with more segments than programs have.
///
/// # Errors
/// When the bytes are no ELF file with program headers.
pub(super) fn counted(bytes: &[u8]) -> Result<Vec<Counted<'_>>, ElfError> {
    let mapped = Mapped::new(Raw::new(bytes)?)?;
    let machine = mapped.raw.header.e_machine;
    let loads: Loads = match machine {
        EM_X86_64 => x86_64,
        EM_AARCH64 => aarch64,
        _ => return Ok(Vec::new()),
    };
    if mapped.raw.is_big_endian() || mapped.of_kind(PT_LOAD).count() > SEGMENT_LIMIT {
        return Ok(Vec::new());
    }
    let texts = ReadOnly::new(&mapped);
    let mut found: BTreeMap<(u64, &str), bool> = BTreeMap::new();
    let mut room = BYTES_LIMIT;
    let mut note = |address: u64, length: u64, is_guess: bool| {
        let Some(text) = texts.at(address, length).filter(|_| found.len() < TEXT_LIMIT) else { return };
        match found.get_mut(&text) {
            Some(known) => *known &= is_guess,
            None if text.1.len() <= room => {
                room -= text.1.len();
                found.insert(text, is_guess);
            }
            None => {}
        }
    };
    for segment in mapped.of_kind(PT_LOAD) {
        let content = mapped.raw.clipped(segment.p_offset, segment.p_filesz);
        if segment.is_executable() {
            loads(content, segment.p_vaddr, &mut note);
        } else {
            pairs(content, &mut note);
        }
    }
    relocated(&mapped, &mut note)?;
    Ok(found.into_iter().map(|((offset, text), is_guess)| Counted { offset, text, is_guess }).collect())
}

/// The read-only loaded segments, where texts lie.
struct ReadOnly<'a> {
    /// Address, offset and content of each.
    segments: Vec<(u64, u64, &'a [u8])>,
}

impl<'a> ReadOnly<'a> {
    fn new(mapped: &Mapped<'a>) -> Self {
        let read_only = mapped.of_kind(PT_LOAD).filter(|segment| !segment.is_write());
        let content =
            |part: &ProgramHeader| (part.p_vaddr, part.p_offset, mapped.raw.clipped(part.p_offset, part.p_filesz));
        Self { segments: read_only.map(content).collect() }
    }

    fn at(&self, address: u64, length: u64) -> Option<(u64, &'a str)> {
        if !LENGTHS.contains(&length) {
            return None;
        }
        self.segments.iter().find_map(|(start, offset, content)| {
            let into = address.checked_sub(*start)?;
            let from = usize::try_from(into).ok().filter(|from| *from < content.len())?;
            let text = content.get(from..from + usize::try_from(length).ok()?)?;
            let is_part = |byte: &u8| strings::is_printable(byte) || matches!(byte, b'\n' | b'\t');
            let text = text.iter().all(is_part).then(|| std::str::from_utf8(text).ok())??;
            Some((offset + into, text))
        })
    }
}

/// Addresses and lengths that lie side by side.
fn pairs(data: &[u8], note: &mut Note<'_>) {
    let number = |word: &[u8; 8]| u64::from_le_bytes(*word);
    for pair in data.as_chunks().0.windows(2) {
        note(number(&pair[0]), number(&pair[1]), false);
    }
}

/// Addresses that the loader writes, beside lengths in the file.
fn relocated(mapped: &Mapped<'_>, note: &mut Note<'_>) -> Result<(), ElfError> {
    let Some(dynamic) = Dynamic::read(mapped)? else { return Ok(()) };
    let (Some(address), Some(size)) = (dynamic.value(DT_RELA), dynamic.value(DT_RELASZ)) else { return Ok(()) };
    let Some(offset) = mapped.offset(address) else { return Ok(()) };
    for entry in mapped.raw.clipped(offset, size).as_chunks::<24>().0 {
        let word = |at: usize| entry[at..].first_chunk().map_or(0, |word| u64::from_le_bytes(*word));
        let (place, info, addend) = (word(0), word(8), word(16));
        let behind = || mapped.offset(place.checked_add(8)?).and_then(|at| mapped.raw.span(at, 8)?.first_chunk());
        if RELATIVE.contains(&info)
            && let Some(length) = behind()
        {
            note(addend, u64::from_le_bytes(*length), false);
        }
    }
    Ok(())
}

/// `lea r64, [rip + disp32]` with `mov r32, imm32` or `mov qword [r64 + …], imm32` near by (Intel's manual, volume 2).
fn x86_64(code: &[u8], base: u64, note: &mut Note<'_>) {
    for at in memchr::memchr_iter(0x8d, code) {
        let Some(before) = at.checked_sub(1) else { continue };
        let Some(end) = at.checked_add(6).filter(|end| *end <= code.len()) else { break };
        // REX.W with any register, and ModRM that says `[rip + disp32]`.
        if code[before] & 0xfb != 0x48 || code[at + 1] & 0xc7 != 0x05 {
            continue;
        }
        let Some(distance) = code[at + 2..].first_chunk().map(|bytes| i32::from_le_bytes(*bytes)) else { break };
        let address = base.wrapping_add(end as u64).wrapping_add_signed(distance.into());
        // The first length behind is the text's own, or nothing stands for sure.
        let behind = numbers_of_x86_64(&code[end..code.len().min(end + AFTER)]);
        let ahead = numbers_of_x86_64(&code[before.saturating_sub(BEFORE)..before]);
        behind.enumerate().for_each(|(index, length)| note(address, length, index > 0));
        ahead.for_each(|length| note(address, length, true));
    }
}

/// The numbers that instructions put into registers and memory, as far as they may be lengths.
fn numbers_of_x86_64(code: &[u8]) -> impl Iterator<Item = u64> {
    let number = move |from: usize| {
        let operand = match code[from..] {
            [0xb8..=0xbf, ..] => 1,
            [0xc7, 0x44, 0x24, ..] => 4,
            [0xc7, 0x84, 0x24, ..] => 7,
            [0xc7, 0x00..=0x03 | 0x06..=0x07, ..] => 2,
            [0xc7, 0x40..=0x43 | 0x45..=0x47, ..] => 3,
            _ => return None,
        };
        let number = code.get(from + operand..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))?;
        Some(number.into()).filter(|number| (1..=*LENGTHS.end()).contains(number))
    };
    (0..code.len()).filter_map(number)
}

/// `adrp` and `add`, with `movz` or `orr` of a number near by (Arm Architecture Reference Manual, C6.2).
fn aarch64(code: &[u8], base: u64, note: &mut Note<'_>) {
    /// How many instructions apart the two halves of an address stand at most.
    const HALVES: usize = 4;
    let code: Vec<u32> = code.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect();
    for (at, page) in code.iter().enumerate().filter(|(_, word)| *word & 0x9f00_0000 == 0x9000_0000) {
        let register = page & 31;
        let immediate = (page >> 5 & 0x7_ffff) << 2 | page >> 29 & 3;
        // 21 bits with a sign, of pages of 4 KiB.
        let distance = i64::from((immediate << 11).cast_signed() >> 11) << 12;
        let place = base.wrapping_add(4 * at as u64) & !0xfff;
        let is_rest = |word: &&u32| **word & 0xffc0_0000 == 0x9100_0000 && **word >> 5 & 31 == register;
        let Some(rest) = code[at + 1..].iter().take(HALVES).find(is_rest) else { continue };
        let address = place.wrapping_add_signed(distance).wrapping_add((rest >> 10 & 0xfff).into());
        let is_length = |number: &u64| (1..=*LENGTHS.end()).contains(number);
        let numbers = |code: &[u32]| code.iter().filter_map(|word| number(*word)).filter(is_length).collect::<Vec<_>>();
        let behind = numbers(&code[at..code.len().min(at + HALVES + AFTER / 4)]);
        behind.iter().enumerate().for_each(|(index, length)| note(address, *length, index > 0));
        let ahead = numbers(&code[at.saturating_sub(BEFORE / 4)..at]);
        ahead.iter().for_each(|length| note(address, *length, true));
    }
}

/// The number that an instruction of AArch64 puts into a register, where it does nothing else.
fn number(word: u32) -> Option<u64> {
    // movz, not moved to the left.
    if word & 0x7fe0_0000 == 0x5280_0000 {
        return Some((word >> 5 & 0xffff).into());
    }
    // orr with nothing: a run of ones, turned to the right.
    if word & 0x7f80_03e0 != 0x3200_03e0 {
        return None;
    }
    let (turn, ones) = (word >> 16 & 63, (word >> 10 & 63) + 1);
    match word >> 22 & 1 {
        1 if ones < 64 => Some(((1u64 << ones) - 1).rotate_right(turn)),
        0 if ones < 32 => Some(((1u32 << ones) - 1).rotate_right(turn).into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testdata::elf::{BASE, Elf, library};

    /// A library with code, then texts that stand one in another; `code` is told how far the texts are from its beginning.
    fn file(machine: u16, code: impl Fn(i32) -> Vec<u8>) -> Elf {
        let size = i32::try_from(code(0).len()).unwrap();
        // A NUL stands before what is given: instructions begin at multiples of their size.
        library("x").target(machine, true, false).text(&[&[0; 7], &code(size)[..], b"jqffmpeg/usr/share/ab"].concat())
    }

    fn texts(elf: &Elf) -> Vec<String> {
        counted(&elf.bytes()).unwrap().into_iter().map(|found| found.text.to_owned()).collect()
    }

    #[test]
    fn code_of_x86_64_loads_addresses_and_lengths() {
        let lea = |rex: u8, register: u8, distance: i32| {
            [&[rex, 0x8d, register << 3 | 5][..], &distance.to_le_bytes()].concat()
        };
        // lea rax, "jq"; mov ebx, 2. Then lea r9, "ffmpeg"; mov [rsp+8], r9; mov qword [rsp+16], 6.
        let code = |at: i32| {
            let first = [lea(0x48, 0, at - 7), vec![0xbb, 2, 0, 0, 0]].concat();
            let far = [0x90; 64];
            let from = i32::try_from(first.len() + far.len()).unwrap();
            let second = lea(0x4c, 1, at + 2 - from - 7);
            let stores = [0x4c, 0x89, 0x4c, 0x24, 8, 0x48, 0xc7, 0x44, 0x24, 16, 6, 0, 0, 0];
            [&first[..], &far, &second, &stores].concat()
        };
        let elf = file(EM_X86_64, code);
        assert_eq!(texts(&elf), ["jq", "ffmpeg"]);
        let bytes = elf.bytes();
        let found = counted(&bytes).unwrap();
        assert!(found.iter().all(|found| bytes[found.offset as usize..].starts_with(found.text.as_bytes())));
        assert!(found.iter().all(|found| !found.is_guess));
        // The length may be loaded or stored first, and nothing is taken for one that is none.
        let before = |at: i32| [vec![0xb9, 2, 0, 0, 0], lea(0x48, 0, at - 12)].concat();
        assert_eq!(texts(&file(EM_X86_64, before)), ["jq"]);
        for store in [&[0x48, 0xc7, 0x00, 2, 0, 0, 0][..], &[0x48, 0xc7, 0x40, 8, 2, 0, 0, 0]] {
            let stored = |at: i32| [store, &lea(0x48, 0, at - 7 - i32::try_from(store.len()).unwrap())].concat();
            assert_eq!(texts(&file(EM_X86_64, stored)), ["jq"], "{store:x?}");
        }
        assert_eq!(texts(&file(EM_X86_64, |at| lea(0x48, 0, at - 7))), [""; 0]);
        // mov ebx, 2; mov ecx, 8: the second may belong to another.
        let two = |at: i32| [lea(0x48, 0, at - 7), vec![0xbb, 2, 0, 0, 0, 0xb9, 8, 0, 0, 0]].concat();
        let bytes = file(EM_X86_64, two).bytes();
        let found = counted(&bytes).unwrap();
        let found: Vec<_> = found.iter().map(|found| (found.text, found.is_guess)).collect();
        assert_eq!(found, [("jq", false), ("jqffmpeg", true)]);
        // A machine whose code nobody here reads.
        assert_eq!(texts(&file(243, before)), [""; 0]);
    }

    #[test]
    fn code_of_aarch64_loads_addresses_and_lengths() {
        // The text lies on the code's own page, at a place that only the whole file tells.
        let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect::<Vec<_>>();
        let code = |place: u32, length: u32| words(&[0x9000_0000, 0x9100_0000 | place << 10, length]);
        // movz x1, 2; orr x1, xzr, 2; orr w1, wzr, 2; and an addition, which is none.
        for (length, expected) in [(0xd280_0041, true), (0xb27f_03e1, true), (0x321f_03e1, true), (0x9100_0821, false)]
        {
            let plain = file(EM_AARCH64, |_| code(0, length)).bytes();
            let at = memchr::memmem::find(&plain, b"jqff").unwrap() as u64;
            let place = u32::try_from((BASE + at) & 0xfff).unwrap();
            let found = texts(&file(EM_AARCH64, |_| code(place, length)));
            assert_eq!(found == ["jq"], expected, "{length:#x}: {found:?}");
        }
    }

    #[test]
    fn data_has_addresses_beside_lengths() {
        let bytes = file(EM_X86_64, |_| Vec::new()).bytes();
        let place = BASE + memchr::memmem::find(&bytes, b"ffmpeg/usr").unwrap() as u64;
        let mut found = Vec::new();
        let mut note = |address: u64, length: u64, is_guess: bool| found.push((address, length, is_guess));
        pairs(&[7, place, 6, 0].map(u64::to_le_bytes).concat(), &mut note);
        assert!(found.contains(&(place, 6, false)));
        let mapped = Mapped::new(Raw::new(&bytes).unwrap()).unwrap();
        assert_eq!(ReadOnly::new(&mapped).at(place, 6).unwrap().1, "ffmpeg");
        assert_eq!(ReadOnly::new(&mapped).at(u64::MAX, 6), None);
        assert_eq!(ReadOnly::new(&mapped).at(place, u64::MAX), None);
    }

    #[test]
    fn numbers_of_aarch64_are_what_the_manual_says() {
        // orr x0, xzr, #6: two ones, turned by 63.
        for (word, expected) in [(0xb27f_07e0, Some(6)), (0xd280_00e0, Some(7)), (0xd2a0_00e0, None)] {
            assert_eq!(number(word), expected, "{word:#x}");
        }
    }
}
