//! Standard streams and redirections, in memory and in the draft.

use super::{SIZE_LIMIT, Shell, Stop};
use slim::path::ImagePath;
use slim::script::bytes::encode;
use slim::script::{Redirection, RedirectionKind, Target};
use slim::tree::Node;
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Bytes that are being collected.
#[derive(Debug, Clone, Default)]
pub(super) struct Buffer(Rc<RefCell<Vec<u8>>>);

impl Buffer {
    pub(super) fn take(&self) -> Vec<u8> {
        self.0.take()
    }
}

/// Bytes that are being read, by whoever comes next.
#[derive(Debug, Clone)]
pub(super) struct Input(Rc<RefCell<(Vec<u8>, usize)>>, Rc<Cell<bool>>);

impl Input {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self(Rc::new(RefCell::new((bytes, 0))), Rc::default())
    }

    /// Whether the reader ended before its input did: the writer may then have been stopped by `SIGPIPE`.
    pub(super) fn left_early(&self) -> bool {
        let (bytes, at) = &*self.0.borrow();
        self.1.get() || *at < bytes.len()
    }

    fn rest(&self) -> Vec<u8> {
        let (bytes, at) = &mut *self.0.borrow_mut();
        let rest = bytes.get(*at..).unwrap_or_default().to_vec();
        *at = bytes.len();
        rest
    }

    fn line(&self) -> Option<Vec<u8>> {
        let (bytes, at) = &mut *self.0.borrow_mut();
        let rest = bytes.get(*at..).filter(|rest| !rest.is_empty())?;
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
        let line = rest[..end].to_vec();
        *at += end;
        Some(line)
    }
}

/// What is written: bytes as they are, or text of the shell.
pub(super) trait Output {
    /// The bytes that it stands for.
    fn bytes(&self) -> Cow<'_, [u8]>;
}

impl Output for &str {
    fn bytes(&self) -> Cow<'_, [u8]> {
        encode(self)
    }
}

impl Output for String {
    fn bytes(&self) -> Cow<'_, [u8]> {
        encode(self)
    }
}

impl Output for Vec<u8> {
    fn bytes(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(self)
    }
}

/// What a descriptor is open on.
#[derive(Debug, Clone)]
pub(super) enum Descriptor {
    /// `/dev/null`
    Null,
    /// Where people would see it: the text is dropped.
    Terminal,
    /// A pipe or a capture.
    Buffer(Buffer),
    /// A pipe, a file or a here-document to read.
    Input(Input),
    /// A file of the draft to append to.
    File(ImagePath),
}

impl Shell<'_, '_> {
    /// Writes to standard output.
    pub(super) fn out(&mut self, output: impl Output) -> Result<(), Stop> {
        self.write_descriptor(1, &output.bytes())
    }

    /// Writes to standard error.
    pub(super) fn err(&mut self, output: impl Output) -> Result<(), Stop> {
        self.write_descriptor(2, &output.bytes())
    }

    /// Whether nobody will see what is written to standard output.
    pub(super) fn is_silent(&self) -> bool {
        matches!(self.state.descriptors.get(&1), Some(Descriptor::Null | Descriptor::Terminal))
    }

    fn write_descriptor(&mut self, number: u32, bytes: &[u8]) -> Result<(), Stop> {
        match self.state.descriptors.get(&number).cloned() {
            Some(Descriptor::Null | Descriptor::Terminal) => Ok(()),
            Some(Descriptor::Buffer(buffer)) => {
                let mut buffer = buffer.0.borrow_mut();
                if buffer.len() + bytes.len() > SIZE_LIMIT {
                    return Err(self.unproven(">", "output beyond the size limit"));
                }
                buffer.extend_from_slice(bytes);
                Ok(())
            }
            Some(Descriptor::File(path)) => {
                let mut content = self.content(&path)?.unwrap_or_default();
                if content.len() + bytes.len() > SIZE_LIMIT {
                    return Err(self.unproven(">", "a file beyond the size limit"));
                }
                content.extend_from_slice(bytes);
                self.set_content(&path, content)
            }
            Some(Descriptor::Input(_)) | None => {
                Err(self.unproven(">", "writing to a descriptor that is not open for it"))
            }
        }
    }

    /// All that is left on standard input.
    pub(super) fn input(&mut self) -> Result<Vec<u8>, Stop> {
        match self.state.descriptors.get(&0) {
            Some(Descriptor::Null) => Ok(Vec::new()),
            Some(Descriptor::Input(input)) => Ok(input.rest()),
            _ => Err(self.unproven("<", "reading a descriptor that is not open for it")),
        }
    }

    /// Says that a program that was given all its input would not have read it to the end.
    pub(super) fn leave_input(&self) {
        if let Some(Descriptor::Input(input)) = self.state.descriptors.get(&0) {
            input.1.set(true);
        }
    }

    /// The next line of standard input with its newline, `None` at the end.
    pub(super) fn input_line(&mut self) -> Result<Option<Vec<u8>>, Stop> {
        match self.state.descriptors.get(&0) {
            Some(Descriptor::Null) => Ok(None),
            Some(Descriptor::Input(input)) => Ok(input.line()),
            _ => Err(self.unproven("read", "reading a descriptor that is not open for it")),
        }
    }

    /// Runs something with a descriptor set, and gives what the collecting one got.
    pub(super) fn with_descriptor<T>(
        &mut self,
        number: u32,
        descriptor: Descriptor,
        run: impl FnOnce(&mut Self) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        let before = self.state.descriptors.insert(number, descriptor);
        let result = run(self);
        match before {
            Some(before) => self.state.descriptors.insert(number, before),
            None => self.state.descriptors.remove(&number),
        };
        result
    }

    /// Runs something and collects its standard output.
    pub(super) fn capture<T>(&mut self, run: impl FnOnce(&mut Self) -> Result<T, Stop>) -> Result<(T, Vec<u8>), Stop> {
        let buffer = Buffer::default();
        let result = self.with_descriptor(1, Descriptor::Buffer(buffer.clone()), run)?;
        Ok((result, buffer.take()))
    }

    /// The descriptors as they were, to be put back.
    pub(super) fn descriptors(&self) -> BTreeMap<u32, Descriptor> {
        self.state.descriptors.clone()
    }

    pub(super) fn set_descriptors(&mut self, descriptors: BTreeMap<u32, Descriptor>) {
        self.state.descriptors = descriptors;
    }

    /// Applies redirections in order. `false` when one failed as it would for the script: a missing file or directory.
    pub(super) fn redirect(&mut self, redirections: &[Redirection]) -> Result<bool, Stop> {
        for redirection in redirections {
            if !self.redirect_one(redirection)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn redirect_one(&mut self, redirection: &Redirection) -> Result<bool, Stop> {
        self.line = redirection.line;
        let reads = matches!(
            redirection.kind,
            RedirectionKind::Read
                | RedirectionKind::Here
                | RedirectionKind::DuplicateInput
                | RedirectionKind::ReadWrite
        );
        let number = redirection.descriptor.unwrap_or(u32::from(!reads));
        let word = match &redirection.target {
            Target::Here(document) => {
                let text = match document.word() {
                    Some(word) => self.expand_single(word)?,
                    None => String::new(),
                };
                self.state.descriptors.insert(number, Descriptor::Input(Input::new(encode(&text).into_owned())));
                return Ok(true);
            }
            Target::Word(word) => self.expand_single(word)?,
        };
        let descriptor = match redirection.kind {
            RedirectionKind::DuplicateInput | RedirectionKind::DuplicateOutput => {
                if word == "-" {
                    self.state.descriptors.remove(&number);
                    return Ok(true);
                }
                let open = word.parse().ok().and_then(|from: u32| self.state.descriptors.get(&from).cloned());
                match open {
                    Some(descriptor) => descriptor,
                    None => return Err(self.unproven(word, "a descriptor that is not open")),
                }
            }
            _ if word == "/dev/null" => Descriptor::Null,
            _ if matches!(word.as_str(), "/dev/stderr" | "/dev/tty" | "/dev/console") => Descriptor::Terminal,
            _ if word.starts_with("/dev/") => return Err(self.unproven(word, "a device")),
            RedirectionKind::Read => match self.follow(&word)? {
                Some((path, node)) if node.as_file().is_some() => {
                    let content = self.content(&path)?.unwrap_or_default();
                    Descriptor::Input(Input::new(content))
                }
                Some(_) => return Err(self.unproven(word, "reading what is not a file")),
                None => return Ok(false),
            },
            RedirectionKind::Write | RedirectionKind::Clobber | RedirectionKind::Append => {
                let Some(path) = self.destination(&word)? else { return Ok(false) };
                match self.draft.get(&path) {
                    Some(node) if node.is_directory() => return Ok(false),
                    Some(node) if node.as_file().is_none() => {
                        return Err(self.unproven(word, "writing to a special file"));
                    }
                    Some(_) if redirection.kind == RedirectionKind::Append => {}
                    Some(_) => self.set_content(&path, Vec::new())?,
                    None => {
                        let mode = 0o666 & !self.state.umask;
                        self.create(&path, Node::file(Vec::new()).with_mode(mode))?;
                    }
                }
                Descriptor::File(path)
            }
            _ => return Err(self.unproven(word, "a redirection that dash does not have")),
        };
        self.state.descriptors.insert(number, descriptor);
        Ok(true)
    }
}
