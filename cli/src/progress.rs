//! What a person sees while the work goes on: moving bars on a terminal, plain lines in a log, or nothing.

mod bars;
mod lines;

use crate::interrupt::Interrupt;
use crate::render::text::clean;
use bars::Bars;
use lines::Lines;
use rebuild::event::{Event, Reporter};
use std::io::IsTerminal as _;

/// Shows events, and passes on that the user wants to stop.
pub(crate) struct Progress {
    view: View,
    interrupt: Interrupt,
}

enum View {
    Bars(Bars),
    Lines(Lines),
    Nothing,
}

impl Progress {
    /// What fits where standard error goes.
    pub(crate) fn new(quiet: bool, interrupt: Interrupt) -> Self {
        let view = match quiet {
            true => View::Nothing,
            false if std::io::stderr().is_terminal() => View::Bars(Bars::new()),
            false => View::Lines(Lines::new(|line| anstream::eprintln!("{line}"))),
        };
        Self { view, interrupt }
    }

    /// Takes the bars away, so that what follows stands alone.
    pub(crate) fn clear(&self) {
        if let View::Bars(bars) = &self.view {
            bars.clear();
        }
    }
}

impl Reporter for Progress {
    fn event(&self, event: Event) {
        // Labels hold names from images.
        let event = match event {
            Event::Started { task, label, total, unit } => Event::Started { task, label: clean(&label), total, unit },
            Event::Phase(text) => Event::Phase(clean(&text)),
            Event::Warning(text) => Event::Warning(clean(&text)),
            other => other,
        };
        match &self.view {
            View::Bars(bars) => bars.event(event),
            View::Lines(lines) => lines.event(event),
            View::Nothing => {}
        }
    }

    fn cancelled(&self) -> bool {
        self.interrupt.is_set()
    }
}
