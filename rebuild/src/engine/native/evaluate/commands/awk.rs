//! `awk` (POSIX): the part of the language that scripts use. Numbers are whole ones; arrays, loops and functions of one's own are not known.

mod parse;

use super::{options, regex, text};
use crate::engine::native::evaluate::{Shell, Status};
use parse::{Binary, Expression, Function, Pattern, Rule, Statement, Target};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// `awk [-F SEPARATOR] [-v NAME=VALUE] PROGRAM [FILE …]`
pub(super) fn run(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let options = options::read(shell, words, "+F:v:", &[])?;
    let Some((program, files)) = options.operands.split_first() else { return Ok(2) };
    let unknown = |shell: &Shell<'_, '_>, reason: &str| shell.unproven("awk", format!("program {program:?}: {reason}"));
    let rules = parse::program(program).map_err(|reason| unknown(shell, &reason))?;
    let mut machine = Machine::default();
    machine.variables.insert("OFS".into(), Value::Text(" ".into()));
    for (_, assignment) in options.given().iter().filter(|(option, _)| *option == 'v') {
        match assignment.split_once('=') {
            Some((name, value)) if !value.contains('\\') => machine.set(name, Value::input(value)),
            _ => return Err(unknown(shell, assignment)),
        }
    }
    machine.separator = options.value('F').map(str::to_owned);
    if machine.separator.as_ref().is_some_and(|separator| separator.chars().count() != 1 || separator == "\\") {
        return Err(unknown(shell, "a separator of several characters"));
    }
    if files.iter().any(|file| file.contains('=')) {
        return Err(unknown(shell, "an assignment among the files"));
    }
    let ended = machine.rules(&rules, When::Begin).map_err(|reason| unknown(shell, reason))?;
    let only_begin = rules.iter().all(|rule| matches!(rule.pattern, Pattern::Begin));
    let mut complete = true;
    if !only_begin && !ended {
        let (lines, all) = text::lines(shell, "awk", files)?;
        complete = all;
        for line in lines {
            machine.number += 1;
            machine.split(line);
            if machine.rules(&rules, When::Line).map_err(|reason| unknown(shell, reason))? {
                shell.leave_input();
                break;
            }
        }
    }
    if !only_begin && machine.status.is_none() {
        machine.rules(&rules, When::End).map_err(|reason| unknown(shell, reason))?;
    }
    shell.out(std::mem::take(&mut machine.out))?;
    Ok(machine.status.unwrap_or(if complete { 0 } else { 2 }))
}

/// A value. Input that looks like a number compares as one.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    Number(i64),
    Text(String),
    Input(String),
    Unset,
}

impl Value {
    fn input(text: &str) -> Self {
        Self::Input(text.to_owned())
    }

    fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) | Self::Input(text) => text.clone(),
            Self::Unset => String::new(),
        }
    }

    /// The number that the text begins with; an error for one that is not whole.
    fn number(&self) -> Result<i64, &'static str> {
        let text = match self {
            Self::Number(number) => return Ok(*number),
            Self::Text(text) | Self::Input(text) => text.trim_start(),
            Self::Unset => return Ok(0),
        };
        let digits = text.trim_start_matches(['+', '-']);
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        if digits[end..].starts_with(['.', 'e', 'E', 'x', 'X']) && digits.starts_with(|c: char| c.is_ascii_digit()) {
            return Err("a number that is not whole");
        }
        let sign = text.len() - digits.len();
        Ok(if end == 0 || sign > 1 { 0 } else { text[..sign + end].parse().map_err(|_| "a large number")? })
    }

    fn is_numeric(&self) -> bool {
        match self {
            Self::Number(_) | Self::Unset => true,
            Self::Input(text) => text.trim().parse::<i64>().is_ok(),
            Self::Text(_) => false,
        }
    }

    fn is_true(&self) -> bool {
        match self {
            Self::Number(number) => *number != 0,
            Self::Input(text) if self.is_numeric() => text.trim().parse() != Ok(0_i64),
            Self::Text(text) | Self::Input(text) => !text.is_empty(),
            Self::Unset => false,
        }
    }

    fn compare(&self, other: &Self) -> Result<Ordering, &'static str> {
        if self.is_numeric() && other.is_numeric() {
            return Ok(self.number()?.cmp(&other.number()?));
        }
        let decimal = |value: &Self| matches!(value, Self::Input(text) if text.trim().parse::<f64>().is_ok());
        if (decimal(self) && (other.is_numeric() || decimal(other))) || (decimal(other) && self.is_numeric()) {
            return Err("a comparison of numbers that are not whole");
        }
        Ok(self.text().cmp(&other.text()))
    }
}

/// Which rules are to run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Begin,
    Line,
    End,
}

/// How a list of statements ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Flow {
    On,
    Next,
    Exit,
}

#[derive(Default)]
struct Machine {
    variables: BTreeMap<String, Value>,
    separator: Option<String>,
    record: String,
    fields: Vec<String>,
    number: i64,
    out: String,
    status: Option<i32>,
}

type Outcome<T> = Result<T, &'static str>;

impl Machine {
    /// Runs the rules of one moment, and says whether the program ended.
    fn rules(&mut self, rules: &[Rule], when: When) -> Outcome<bool> {
        for rule in rules {
            let selected = match &rule.pattern {
                Pattern::Begin => when == When::Begin,
                Pattern::End => when == When::End,
                Pattern::Always => when == When::Line,
                Pattern::When(expression) => when == When::Line && self.value(expression)?.is_true(),
            };
            if selected {
                match self.statements(&rule.action)? {
                    Flow::On => {}
                    Flow::Next => return Ok(false),
                    Flow::Exit => return Ok(true),
                }
            }
        }
        Ok(false)
    }

    fn split(&mut self, record: String) {
        self.fields = match &self.separator {
            Some(separator) if separator != " " && !record.is_empty() => {
                record.split(separator.as_str()).map(str::to_owned).collect()
            }
            _ => record.split_ascii_whitespace().map(str::to_owned).collect(),
        };
        self.record = record;
    }

    fn statements(&mut self, statements: &[Statement]) -> Outcome<Flow> {
        for statement in statements {
            let flow = match statement {
                Statement::Expression(expression) => self.value(expression).map(|_| Flow::On)?,
                Statement::Print(values) => {
                    let texts =
                        values.iter().map(|value| Ok(self.value(value)?.text())).collect::<Outcome<Vec<_>>>()?;
                    let text =
                        if values.is_empty() { self.record.clone() } else { texts.join(&self.get("OFS").text()) };
                    self.out.push_str(&text);
                    self.out.push('\n');
                    Flow::On
                }
                Statement::Format(values) => {
                    let text = self.format(values)?;
                    self.out.push_str(&text);
                    Flow::On
                }
                Statement::If(condition, yes, no) => {
                    let branch = if self.value(condition)?.is_true() { yes } else { no };
                    self.statements(branch)?
                }
                Statement::Next => Flow::Next,
                Statement::Exit(status) => {
                    let status = status.as_ref().map_or(Ok(0), |status| self.value(status)?.number())?;
                    self.status = Some(i32::try_from(status).map_err(|_| "an exit status")?);
                    Flow::Exit
                }
            };
            if flow != Flow::On {
                return Ok(flow);
            }
        }
        Ok(Flow::On)
    }

    fn get(&self, name: &str) -> Value {
        match name {
            "NF" => Value::Number(self.fields.len() as i64),
            "NR" | "FNR" => Value::Number(self.number),
            _ => self.variables.get(name).cloned().unwrap_or(Value::Unset),
        }
    }

    fn set(&mut self, name: &str, value: Value) {
        self.variables.insert(name.to_owned(), value);
    }

    /// The record anew, out of its fields.
    fn join(&mut self) {
        self.record = self.fields.join(&self.get("OFS").text());
    }

    fn assign(&mut self, target: &Target, value: Value) -> Outcome<Value> {
        match target {
            Target::Variable(name) if name == "NF" => {
                let count = usize::try_from(value.number()?).ok().filter(|count| *count < 10_000).ok_or("NF")?;
                self.fields.resize(count, String::new());
                self.join();
            }
            // What the input is split at, and into, is not changed on the way.
            Target::Variable(name) if matches!(name.as_str(), "NR" | "FNR" | "FS" | "RS" | "ORS" | "SUBSEP") => {
                return Err("a variable of its own");
            }
            Target::Variable(name) => self.set(name, value.clone()),
            Target::Field(number) => {
                let number = usize::try_from(self.value(number)?.number()?).ok().filter(|number| *number < 10_000);
                match number.ok_or("a field's number")? {
                    0 => self.split(value.text()),
                    number => {
                        if self.fields.len() < number {
                            self.fields.resize(number, String::new());
                        }
                        self.fields[number - 1] = value.text();
                        self.join();
                    }
                }
            }
        }
        Ok(value)
    }

    fn read(&mut self, target: &Target) -> Outcome<Value> {
        Ok(match target {
            Target::Variable(name) => self.get(name),
            Target::Field(number) => match usize::try_from(self.value(number)?.number()?) {
                Ok(0) => Value::input(&self.record),
                Ok(number) => self.fields.get(number - 1).map_or(Value::Unset, |field| Value::input(field)),
                Err(_) => return Err("a field's number"),
            },
        })
    }

    fn value(&mut self, expression: &Expression) -> Outcome<Value> {
        let truth = |yes: bool| Value::Number(i64::from(yes));
        Ok(match expression {
            Expression::Number(number) => Value::Number(*number),
            Expression::Text(text) => Value::Text(text.clone()),
            Expression::Regex(_) => truth(self.pattern(expression)?.regex.is_match(&self.record)),
            Expression::Read(target) => self.read(target)?,
            Expression::Assign(target, value) => {
                let value = self.value(value)?;
                self.assign(target, value)?
            }
            Expression::Step(target, by, before) => {
                let old = self.read(target)?.number()?;
                self.assign(target, Value::Number(old + by))?;
                Value::Number(if *before { old + by } else { old })
            }
            Expression::Not(inner) => truth(!self.value(inner)?.is_true()),
            Expression::Minus(inner) => Value::Number(-self.value(inner)?.number()?),
            Expression::Match(text, pattern, wanted) => {
                let text = self.value(text)?.text();
                truth(self.pattern(pattern)?.regex.is_match(&text) == *wanted)
            }
            Expression::Choice(condition, yes, no) => {
                let branch = if self.value(condition)?.is_true() { yes } else { no };
                self.value(branch)?
            }
            Expression::Binary(operator, left, right) => self.binary(*operator, left, right)?,
            Expression::Call(function, arguments) => self.call(*function, arguments)?,
        })
    }

    fn binary(&mut self, operator: Binary, left: &Expression, right: &Expression) -> Outcome<Value> {
        let truth = |yes: bool| Ok(Value::Number(i64::from(yes)));
        let left = self.value(left)?;
        match operator {
            Binary::And if !left.is_true() => return truth(false),
            Binary::Or if left.is_true() => return truth(true),
            _ => {}
        }
        let right = self.value(right)?;
        let number = |value: Option<i64>| value.map(Value::Number).ok_or("a number that is not whole");
        match operator {
            Binary::And | Binary::Or => truth(right.is_true()),
            Binary::Join => Ok(Value::Text(left.text() + &right.text())),
            Binary::Add => number(left.number()?.checked_add(right.number()?)),
            Binary::Subtract => number(left.number()?.checked_sub(right.number()?)),
            Binary::Multiply => number(left.number()?.checked_mul(right.number()?)),
            Binary::Divide => {
                let (left, right) = (left.number()?, right.number()?);
                // `int(… / n)` is how scripts ask for whole quotients; parts of them are not known here.
                number(left.checked_div(right).filter(|quotient| quotient * right == left))
            }
            Binary::Rest => number(left.number()?.checked_rem(right.number()?)),
            Binary::Equal => truth(left.compare(&right)?.is_eq()),
            Binary::Unequal => truth(left.compare(&right)?.is_ne()),
            Binary::Less => truth(left.compare(&right)?.is_lt()),
            Binary::AtMost => truth(left.compare(&right)?.is_le()),
            Binary::More => truth(left.compare(&right)?.is_gt()),
            Binary::AtLeast => truth(left.compare(&right)?.is_ge()),
        }
    }

    /// An expression as a regular one: written so, or a text that is one.
    fn pattern(&mut self, expression: &Expression) -> Outcome<regex::Pattern> {
        let text = match expression {
            Expression::Regex(text) => text.clone(),
            other => self.value(other)?.text(),
        };
        regex::compile(&text, true, false).map_err(|_| "a regular expression")
    }

    fn call(&mut self, function: Function, arguments: &[Expression]) -> Outcome<Value> {
        match (function, arguments) {
            (Function::Length, []) => Ok(Value::Number(self.record.chars().count() as i64)),
            (Function::Length, [text]) => Ok(Value::Number(self.value(text)?.text().chars().count() as i64)),
            // The one quotient that need not be whole.
            (Function::Int, [Expression::Binary(Binary::Divide, left, right)]) => {
                let (left, right) = (self.value(left)?.number()?, self.value(right)?.number()?);
                left.checked_div(right).map(Value::Number).ok_or("a division by zero")
            }
            (Function::Int, [value]) => self.value(value)?.number().map(Value::Number),
            (Function::Lower, [text]) => Ok(Value::Text(self.value(text)?.text().to_ascii_lowercase())),
            (Function::Upper, [text]) => Ok(Value::Text(self.value(text)?.text().to_ascii_uppercase())),
            (Function::Index, [text, part]) => {
                let (text, part) = (self.value(text)?.text(), self.value(part)?.text());
                Ok(Value::Number(text.find(&part).map_or(0, |at| text[..at].chars().count() as i64 + 1)))
            }
            (Function::Substr, [text, from, rest @ ..]) => {
                let (text, from) = (self.value(text)?.text(), self.value(from)?.number()?);
                let end = match rest {
                    [length] => from.saturating_add(self.value(length)?.number()?),
                    _ => i64::MAX,
                };
                let inside = (1..).zip(text.chars()).filter(|(at, _)| (from..end).contains(at));
                Ok(Value::Text(inside.map(|(_, c)| c).collect()))
            }
            (Function::Sprintf, values) => self.format(values).map(Value::Text),
            (Function::Sub | Function::Gsub, [pattern, replacement, rest @ ..]) => {
                let whole = Target::Field(Box::new(Expression::Number(0)));
                let target = match rest {
                    [] => &whole,
                    [Expression::Read(target)] => target,
                    _ => return Err("a substitution in what is no variable"),
                };
                self.substitute(function == Function::Gsub, pattern, replacement, target)
            }
            _ => Err("a function called in another way"),
        }
    }

    fn substitute(
        &mut self,
        all: bool,
        pattern: &Expression,
        replacement: &Expression,
        target: &Target,
    ) -> Outcome<Value> {
        let pattern = self.pattern(pattern)?;
        let replacement = self.value(replacement)?.text();
        if replacement.contains(['&', '\\']) {
            return Err("a replacement with the match in it");
        }
        if !pattern.extent_is_posix() || pattern.regex.is_match("") {
            return Err("a match whose extent is not sure");
        }
        let old = self.read(target)?.text();
        let count = if all { pattern.regex.find_iter(&old).count() } else { usize::from(pattern.regex.is_match(&old)) };
        if count > 0 {
            let limit = if all { 0 } else { 1 };
            let new = pattern.regex.replacen(&old, limit, regex_literal(&replacement)).into_owned();
            self.assign(target, Value::Text(new))?;
        }
        Ok(Value::Number(count as i64))
    }

    /// `printf`: `%s`, `%d`, `%%`.
    fn format(&mut self, values: &[Expression]) -> Outcome<String> {
        let (format, mut rest) = values.split_first().ok_or("a format is missing")?;
        let format = self.value(format)?.text();
        let mut text = String::new();
        let mut chars = format.chars();
        while let Some(c) = chars.next() {
            if c != '%' {
                text.push(c);
                continue;
            }
            let kind = chars.next().filter(|kind| matches!(kind, 's' | 'd' | '%')).ok_or("a format")?;
            if kind == '%' {
                text.push('%');
                continue;
            }
            let (value, after) = rest.split_first().ok_or("a value for the format is missing")?;
            rest = after;
            let value = self.value(value)?;
            text.push_str(&if kind == 's' { value.text() } else { value.number()?.to_string() });
        }
        Ok(text)
    }
}

/// A replacement that means itself.
fn regex_literal(text: &str) -> ::regex::NoExpand<'_> {
    ::regex::NoExpand(text)
}
