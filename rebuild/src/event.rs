//! What the work tells while it goes on. The caller decides what a person sees of it.

/// Identifies one running piece of work, such as a download, within a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(pub u64);

/// What a task's amounts count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Things: packages, files, layers.
    Items,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A task began; `total` is its whole amount where that is known.
    Started {
        /// The task.
        task: TaskId,
        /// What it does, for people: `layer sha256:1234 (12 MB)`.
        label: String,
        /// The whole amount, where known.
        total: Option<u64>,
        /// What is counted.
        unit: Unit,
    },
    /// A task did this much more.
    Advanced {
        /// The task.
        task: TaskId,
        /// How much since the last time.
        amount: u64,
    },
    /// A task is done.
    Finished {
        /// The task.
        task: TaskId,
    },
    /// A step of the whole run began: `reading layers`, `resolving updates`.
    Phase(String),
    /// Something the user should know although the work goes on.
    Warning(String),
}

/// Receives events, from any thread.
pub trait Reporter: Sync {
    /// Takes an event.
    fn event(&self, event: Event);

    /// Asked between steps and while bytes flow: the work stops with an error soon after this says `true`.
    fn cancelled(&self) -> bool {
        false
    }
}

/// Hears nothing and never cancels.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Reporter for Silent {
    fn event(&self, _event: Event) {}
}

/// Passes on warnings and the wish to stop, but no tasks: for work that is already told as part of another task.
pub struct Within<'a>(pub &'a dyn Reporter);

impl Reporter for Within<'_> {
    fn event(&self, event: Event) {
        if let Event::Warning(_) = event {
            self.0.event(event);
        }
    }

    fn cancelled(&self) -> bool {
        self.0.cancelled()
    }
}

impl std::fmt::Debug for Within<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Within")
    }
}

/// A running task: reports its end when dropped.
pub struct Task<'a> {
    reporter: &'a dyn Reporter,
    id: TaskId,
}

impl<'a> Task<'a> {
    /// Begins a task and tells so.
    pub fn start(reporter: &'a dyn Reporter, label: impl Into<String>, total: Option<u64>, unit: Unit) -> Self {
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let id = TaskId(NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        reporter.event(Event::Started { task: id, label: label.into(), total, unit });
        Self { reporter, id }
    }

    /// Tells of progress.
    pub fn advance(&self, amount: u64) {
        self.reporter.event(Event::Advanced { task: self.id, amount });
    }

    /// Whether the caller wants the work to stop.
    pub fn cancelled(&self) -> bool {
        self.reporter.cancelled()
    }
}

impl Drop for Task<'_> {
    fn drop(&mut self) {
        self.reporter.event(Event::Finished { task: self.id });
    }
}

impl std::fmt::Debug for Task<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Task({})", self.id.0)
    }
}
