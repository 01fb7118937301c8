//! A terminal: one bar for each running task, with bytes, rate and the time that is left.

use anstyle::{AnsiColor, Style};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use rebuild::event::{Event, TaskId, Unit};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How often a spinner turns while nothing is told.
const TICK: Duration = Duration::from_millis(120);

pub(super) struct Bars {
    all: MultiProgress,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    phase: Option<ProgressBar>,
    tasks: BTreeMap<TaskId, ProgressBar>,
}

impl Bars {
    pub(super) fn new() -> Self {
        Self { all: MultiProgress::new(), state: Mutex::default() }
    }

    pub(super) fn event(&self, event: Event) {
        let mut state = self.state();
        match event {
            Event::Started { task, label, total, unit } => {
                let bar = self.all.add(ProgressBar::new(total.unwrap_or(0)).with_message(label));
                bar.set_style(style(template(total.is_some(), unit)));
                bar.enable_steady_tick(TICK);
                state.tasks.insert(task, bar);
            }
            Event::Advanced { task, amount } => {
                if let Some(bar) = state.tasks.get(&task) {
                    bar.inc(amount);
                }
            }
            Event::Finished { task } => {
                if let Some(bar) = state.tasks.remove(&task) {
                    bar.finish_and_clear();
                    self.all.remove(&bar);
                }
            }
            Event::Phase(text) => {
                let all = &self.all;
                let bar = state.phase.get_or_insert_with(|| {
                    let bar =
                        all.insert(0, ProgressBar::new_spinner().with_style(style("{spinner} {msg} ({elapsed})")));
                    bar.enable_steady_tick(TICK);
                    bar
                });
                bar.set_message(text);
            }
            Event::Warning(text) => {
                let yellow = Style::new().bold().fg_color(Some(AnsiColor::Yellow.into()));
                self.all.suspend(|| anstream::eprintln!("{yellow}warning{yellow:#}: {text}"));
            }
        }
    }

    pub(super) fn clear(&self) {
        let mut state = self.state();
        if let Some(bar) = state.phase.take() {
            bar.finish_and_clear();
        }
        // Nothing more is said about these.
        let _ = self.all.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn template(total: bool, unit: Unit) -> &'static str {
    match (total, unit) {
        (true, Unit::Bytes) => {
            "  {msg:32!} {bar:24} {decimal_bytes:>9} of {decimal_total_bytes:>9}  {decimal_bytes_per_sec:>11}  {eta:>4}"
        }
        (false, Unit::Bytes) => "  {msg:32!} {spinner} {decimal_bytes}  {decimal_bytes_per_sec}",
        (true, Unit::Items) => "  {msg:32!} {bar:24} {pos:>9} of {len:>9}  {elapsed:>11}",
        (false, Unit::Items) => "  {msg:32!} {spinner} {pos}  {elapsed}",
    }
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.progress_chars("=> ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_understood() {
        for unit in [Unit::Bytes, Unit::Items] {
            for total in [true, false] {
                ProgressStyle::with_template(template(total, unit)).unwrap();
            }
        }
    }
}
