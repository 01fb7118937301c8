//! The language of `awk`, as far as it is known here.

/// A pattern and what is done where it fits.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) pattern: Pattern,
    pub(super) action: Vec<Statement>,
}

#[derive(Debug)]
pub(super) enum Pattern {
    Begin,
    End,
    Always,
    When(Expression),
}

#[derive(Debug)]
pub(super) enum Statement {
    Expression(Expression),
    Print(Vec<Expression>),
    Format(Vec<Expression>),
    If(Expression, Vec<Statement>, Vec<Statement>),
    Next,
    Exit(Option<Expression>),
}

/// What can be assigned to.
#[derive(Debug)]
pub(super) enum Target {
    Variable(String),
    Field(Box<Expression>),
}

#[derive(Debug)]
pub(super) enum Expression {
    Number(i64),
    Text(String),
    Regex(String),
    Read(Target),
    Assign(Target, Box<Expression>),
    /// `++` or `--`: the step, and whether it comes before the value is taken.
    Step(Target, i64, bool),
    Not(Box<Expression>),
    Minus(Box<Expression>),
    /// `~`, or `!~` where a match is not wanted.
    Match(Box<Expression>, Box<Expression>, bool),
    Choice(Box<Expression>, Box<Expression>, Box<Expression>),
    Binary(Binary, Box<Expression>, Box<Expression>),
    Call(Function, Vec<Expression>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    And,
    Or,
    Join,
    Add,
    Subtract,
    Multiply,
    Divide,
    Rest,
    Equal,
    Unequal,
    Less,
    AtMost,
    More,
    AtLeast,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Length,
    Int,
    Lower,
    Upper,
    Index,
    Substr,
    Sprintf,
    Sub,
    Gsub,
}

fn function(name: &str) -> Option<Function> {
    Some(match name {
        "length" => Function::Length,
        "int" => Function::Int,
        "tolower" => Function::Lower,
        "toupper" => Function::Upper,
        "index" => Function::Index,
        "substr" => Function::Substr,
        "sprintf" => Function::Sprintf,
        "sub" => Function::Sub,
        "gsub" => Function::Gsub,
        _ => return None,
    })
}

/// Words of the language that are not known here, so that none is taken for a variable.
const OTHERS: [&str; 26] = [
    "while", "for", "do", "in", "break", "continue", "delete", "function", "func", "getline", "return", "split",
    "match", "sin", "cos", "atan2", "exp", "log", "sqrt", "rand", "srand", "system", "close", "nextfile", "print",
    "printf",
];

type Outcome<T> = Result<T, String>;

/// How deep expressions and blocks may nest.
const DEPTH: usize = 40;

/// Reads a program.
pub(super) fn program(text: &str) -> Outcome<Vec<Rule>> {
    let mut reader = Reader { rest: text, depth: 0, plain: false };
    let mut rules = Vec::new();
    loop {
        reader.blanks(true);
        if reader.rest.is_empty() {
            return Ok(rules);
        }
        let pattern = match reader.word() {
            Some("BEGIN") => reader.after_word(Pattern::Begin),
            Some("END") => reader.after_word(Pattern::End),
            _ if reader.rest.starts_with('{') => Pattern::Always,
            _ => Pattern::When(reader.expression()?),
        };
        reader.blanks(false);
        let action = if reader.rest.starts_with('{') { reader.block()? } else { vec![Statement::Print(Vec::new())] };
        if matches!(pattern, Pattern::Begin | Pattern::End) && action.is_empty() {
            return Err("an empty action".into());
        }
        rules.push(Rule { pattern, action });
    }
}

struct Reader<'a> {
    rest: &'a str,
    depth: usize,
    /// Whether `>` would redirect: in what `print` prints.
    plain: bool,
}

impl<'a> Reader<'a> {
    fn unexpected<T>(&self) -> Outcome<T> {
        Err(format!("not known: {:?}", self.rest.chars().take(20).collect::<String>()))
    }

    fn blanks(&mut self, lines: bool) {
        loop {
            self.rest = self.rest.trim_start_matches(|c| c == ' ' || c == '\t' || (lines && matches!(c, '\n' | ';')));
            let Some(comment) = self.rest.strip_prefix('#') else { return };
            self.rest = comment.find('\n').map_or("", |end| &comment[end..]);
        }
    }

    fn word(&self) -> Option<&'a str> {
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(self.rest.len());
        let word = &self.rest[..end];
        word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_').then_some(word)
    }

    fn after_word<T>(&mut self, value: T) -> T {
        self.rest = &self.rest[self.word().map_or(0, str::len)..];
        value
    }

    /// Takes a symbol if it comes next, blanks before it aside, and if none of the longer symbols does.
    fn take(&mut self, symbol: &str, longer: &[&str]) -> bool {
        let rest = self.rest.trim_start_matches([' ', '\t']);
        match rest.strip_prefix(symbol) {
            Some(after) if !longer.iter().any(|longer| rest.starts_with(longer)) => {
                self.rest = after;
                true
            }
            _ => false,
        }
    }

    fn block(&mut self) -> Outcome<Vec<Statement>> {
        if !self.take("{", &[]) {
            return self.unexpected();
        }
        let mut statements = Vec::new();
        loop {
            self.blanks(true);
            if self.take("}", &[]) {
                return Ok(statements);
            }
            statements.push(self.statement()?);
            let ended = self.rest.trim_start_matches([' ', '\t']);
            if !ended.starts_with(['}', ';', '\n', '#']) && !matches!(statements.last(), Some(Statement::If(..))) {
                return self.unexpected();
            }
        }
    }

    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err("nested too deeply".into());
        }
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn statement(&mut self) -> Outcome<Statement> {
        match self.word() {
            Some(word @ ("print" | "printf")) => {
                self.after_word(());
                let plain = std::mem::replace(&mut self.plain, true);
                let mut values = Vec::new();
                self.blanks(false);
                while !self.rest.is_empty() && !self.rest.starts_with(['}', ';', '\n']) {
                    values.push(self.expression()?);
                    if !self.take(",", &[]) {
                        break;
                    }
                }
                self.plain = plain;
                Ok(if word == "print" { Statement::Print(values) } else { Statement::Format(values) })
            }
            Some("next") => Ok(self.after_word(Statement::Next)),
            Some("exit") => {
                self.after_word(());
                self.blanks(false);
                let plain = self.rest.is_empty() || self.rest.starts_with(['}', ';', '\n']);
                Ok(Statement::Exit(if plain { None } else { Some(self.expression()?) }))
            }
            Some("if") => {
                self.after_word(());
                if !self.take("(", &[]) {
                    return self.unexpected();
                }
                let condition = self.inner()?;
                let yes = self.nested(Self::branch)?;
                let before = self.rest;
                self.blanks(true);
                if self.word() == Some("else") {
                    self.after_word(());
                    return Ok(Statement::If(condition, yes, self.nested(Self::branch)?));
                }
                self.rest = before;
                Ok(Statement::If(condition, yes, Vec::new()))
            }
            _ => self.expression().map(Statement::Expression),
        }
    }

    fn branch(&mut self) -> Outcome<Vec<Statement>> {
        self.blanks(false);
        self.rest = self.rest.trim_start();
        if self.rest.starts_with('{') { self.block() } else { Ok(vec![self.statement()?]) }
    }

    /// What stands in parentheses, with the closing one.
    fn inner(&mut self) -> Outcome<Expression> {
        let plain = std::mem::take(&mut self.plain);
        let inner = self.expression()?;
        self.plain = plain;
        if self.take(")", &[]) { Ok(inner) } else { self.unexpected() }
    }

    fn expression(&mut self) -> Outcome<Expression> {
        self.nested(|reader| {
            let condition = reader.or()?;
            if !reader.take("?", &[]) {
                return Ok(condition);
            }
            let yes = reader.expression()?;
            if !reader.take(":", &[]) {
                return reader.unexpected();
            }
            Ok(Expression::Choice(Box::new(condition), Box::new(yes), Box::new(reader.expression()?)))
        })
    }

    fn or(&mut self) -> Outcome<Expression> {
        let mut left = self.and()?;
        while self.take("||", &[]) {
            left = binary(Binary::Or, left, self.and()?);
        }
        Ok(left)
    }

    fn and(&mut self) -> Outcome<Expression> {
        let mut left = self.matching()?;
        while self.take("&&", &[]) {
            left = binary(Binary::And, left, self.matching()?);
        }
        Ok(left)
    }

    fn matching(&mut self) -> Outcome<Expression> {
        let mut left = self.comparison()?;
        loop {
            let wanted = if self.take("!~", &[]) {
                false
            } else if self.take("~", &[]) {
                true
            } else {
                return Ok(left);
            };
            left = Expression::Match(Box::new(left), Box::new(self.comparison()?), wanted);
        }
    }

    fn comparison(&mut self) -> Outcome<Expression> {
        let left = self.join()?;
        for (symbol, operator) in [
            ("==", Binary::Equal),
            ("!=", Binary::Unequal),
            ("<=", Binary::AtMost),
            (">=", Binary::AtLeast),
            ("<", Binary::Less),
            (">", Binary::More),
        ] {
            if symbol.starts_with('>') && self.plain {
                continue;
            }
            if self.take(symbol, &[]) {
                return Ok(binary(operator, left, self.join()?));
            }
        }
        Ok(left)
    }

    /// Values side by side are put together.
    fn join(&mut self) -> Outcome<Expression> {
        let mut left = self.sum()?;
        loop {
            let rest = self.rest.trim_start_matches([' ', '\t']);
            let begins = rest.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '"' | '$' | '(' | '_'));
            if !begins || rest.starts_with("in ") {
                return Ok(left);
            }
            left = binary(Binary::Join, left, self.sum()?);
        }
    }

    fn sum(&mut self) -> Outcome<Expression> {
        let mut left = self.product()?;
        loop {
            let operator = if self.take("+", &["++", "+="]) {
                Binary::Add
            } else if self.take("-", &["--", "-="]) {
                Binary::Subtract
            } else {
                return Ok(left);
            };
            left = binary(operator, left, self.product()?);
        }
    }

    fn product(&mut self) -> Outcome<Expression> {
        let mut left = self.unary()?;
        loop {
            let operator = if self.take("*", &["**", "*="]) {
                Binary::Multiply
            } else if self.take("/", &["/="]) {
                Binary::Divide
            } else if self.take("%", &["%="]) {
                Binary::Rest
            } else {
                return Ok(left);
            };
            left = binary(operator, left, self.unary()?);
        }
    }

    fn unary(&mut self) -> Outcome<Expression> {
        self.nested(|reader| {
            if reader.take("!", &["!~", "!="]) {
                Ok(Expression::Not(Box::new(reader.unary()?)))
            } else if reader.take("-", &["--", "-="]) {
                Ok(Expression::Minus(Box::new(reader.unary()?)))
            } else if reader.take("++", &[]) {
                Ok(Expression::Step(reader.target()?, 1, true))
            } else if reader.take("--", &[]) {
                Ok(Expression::Step(reader.target()?, -1, true))
            } else {
                reader.primary()
            }
        })
    }

    fn primary(&mut self) -> Outcome<Expression> {
        self.blanks(false);
        match self.rest.chars().next() {
            Some('"') => self.quoted('"').map(Expression::Text),
            Some('/') => self.quoted('/').map(Expression::Regex),
            Some('(') => {
                self.rest = &self.rest[1..];
                self.inner()
            }
            Some(c) if c.is_ascii_digit() => {
                let end = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
                let (digits, rest) = self.rest.split_at(end);
                self.rest = rest;
                if rest.starts_with(['.', 'e', 'E', 'x']) {
                    return self.unexpected();
                }
                digits.parse().map(Expression::Number).map_err(|_| "a large number".into())
            }
            _ => {
                if let Some(function) = self.word().and_then(function) {
                    self.after_word(());
                    return self.arguments(function);
                }
                let target = self.target()?;
                if self.take("=", &["=="]) {
                    return Ok(Expression::Assign(target, Box::new(self.expression()?)));
                }
                if self.take("++", &[]) {
                    return Ok(Expression::Step(target, 1, false));
                }
                if self.take("--", &[]) {
                    return Ok(Expression::Step(target, -1, false));
                }
                if ["+=", "-=", "*=", "/=", "%=", "^=", "^", "**", "["].iter().any(|symbol| self.take(symbol, &[])) {
                    return self.unexpected();
                }
                Ok(Expression::Read(target))
            }
        }
    }

    fn arguments(&mut self, function: Function) -> Outcome<Expression> {
        let mut arguments = Vec::new();
        if !self.rest.starts_with('(') {
            return if function == Function::Length {
                Ok(Expression::Call(function, arguments))
            } else {
                self.unexpected()
            };
        }
        self.rest = &self.rest[1..];
        let plain = std::mem::take(&mut self.plain);
        while !self.take(")", &[]) {
            if !arguments.is_empty() && !self.take(",", &[]) {
                return self.unexpected();
            }
            arguments.push(self.expression()?);
        }
        self.plain = plain;
        Ok(Expression::Call(function, arguments))
    }

    fn target(&mut self) -> Outcome<Target> {
        self.blanks(false);
        if let Some(rest) = self.rest.strip_prefix('$') {
            self.rest = rest;
            return self.nested(|reader| match reader.rest.chars().next() {
                Some('(') => {
                    reader.rest = &reader.rest[1..];
                    Ok(Target::Field(Box::new(reader.inner()?)))
                }
                Some(c) if c.is_ascii_digit() => Ok(Target::Field(Box::new(reader.primary()?))),
                _ => Ok(Target::Field(Box::new(Expression::Read(reader.target()?)))),
            });
        }
        match self.word() {
            Some(word) if !OTHERS.contains(&word) && function(word).is_none() => {
                let name = word.to_owned();
                self.after_word(());
                if self.rest.starts_with(['(', '[']) {
                    return self.unexpected();
                }
                Ok(Target::Variable(name))
            }
            _ => self.unexpected(),
        }
    }

    /// A text or a regular expression, with its first mark.
    fn quoted(&mut self, mark: char) -> Outcome<String> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                _ if c == mark => {
                    self.rest = &self.rest[at + 1..];
                    return Ok(text);
                }
                '\n' => break,
                '\\' => match (chars.next(), mark) {
                    (Some((_, '/')), _) => text.push('/'),
                    (Some((_, c)), '/') => text.extend(['\\', c]),
                    (Some((_, 'n')), _) => text.push('\n'),
                    (Some((_, 't')), _) => text.push('\t'),
                    (Some((_, c @ ('"' | '\\'))), _) => text.push(c),
                    _ => break,
                },
                c => text.push(c),
            }
        }
        self.unexpected()
    }
}

fn binary(operator: Binary, left: Expression, right: Expression) -> Expression {
    Expression::Binary(operator, Box::new(left), Box::new(right))
}
