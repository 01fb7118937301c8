//! `$(( … ))`: integers, as POSIX 2.6.4 has them.

/// Evaluates an expression whose parameters are expanded already; bare names are asked of `variable`.
///
/// # Errors
/// A message when it is not an expression that is known here, assignments included.
pub(super) fn evaluate(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<i64, String> {
    let mut reader = Reader { text: text.as_bytes(), at: 0, depth: 0, variable };
    let value = reader.ternary()?;
    match reader.peek() {
        None => Ok(value),
        Some(byte) => Err(format!("unexpected {:?} in {text:?}", char::from(byte))),
    }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    depth: u32,
    variable: &'a dyn Fn(&str) -> Option<String>,
}

/// Operators by precedence, loosest first; longer ones before their prefixes.
const LEVELS: [&[&str]; 10] = [
    &["||"],
    &["&&"],
    &["|"],
    &["^"],
    &["&"],
    &["==", "!="],
    &["<=", ">=", "<", ">"],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];

impl Reader<'_> {
    fn peek(&mut self) -> Option<u8> {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    fn take(&mut self, token: &str) -> bool {
        self.peek();
        let rest = &self.text[self.at..];
        let found = rest.starts_with(token.as_bytes());
        let longer = rest.get(token.len()).is_some_and(|next| match token {
            "|" | "&" => next == &token.as_bytes()[0],
            "<" | ">" => next == &token.as_bytes()[0] || *next == b'=',
            "!" => *next == b'=',
            _ => false,
        });
        if found && !longer {
            self.at += token.len();
        }
        found && !longer
    }

    fn ternary(&mut self) -> Result<i64, String> {
        self.depth += 1;
        if self.depth > 50 {
            return Err("nested too deeply".into());
        }
        let condition = self.level(0)?;
        let value = if self.take("?") {
            let yes = self.ternary()?;
            if !self.take(":") {
                return Err("':' expected".into());
            }
            let no = self.ternary()?;
            if condition != 0 { yes } else { no }
        } else {
            condition
        };
        self.depth -= 1;
        Ok(value)
    }

    fn level(&mut self, level: usize) -> Result<i64, String> {
        let Some(operators) = LEVELS.get(level) else { return self.unary() };
        let mut left = self.level(level + 1)?;
        'next: loop {
            for operator in *operators {
                if self.take(operator) {
                    let right = self.level(level + 1)?;
                    left = apply(operator, left, right)?;
                    continue 'next;
                }
            }
            return Ok(left);
        }
    }

    fn unary(&mut self) -> Result<i64, String> {
        self.depth += 1;
        if self.depth > 50 {
            return Err("nested too deeply".into());
        }
        let value = if self.take("!") {
            i64::from(self.unary()? == 0)
        } else if self.take("-") {
            self.unary()?.checked_neg().ok_or("overflow")?
        } else if self.take("+") {
            self.unary()?
        } else if self.take("~") {
            !self.unary()?
        } else {
            self.primary()?
        };
        self.depth -= 1;
        Ok(value)
    }

    fn primary(&mut self) -> Result<i64, String> {
        if self.take("(") {
            let value = self.ternary()?;
            return if self.take(")") { Ok(value) } else { Err("')' expected".into()) };
        }
        self.peek();
        let start = self.at;
        while self.text.get(self.at).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
            self.at += 1;
        }
        let word = String::from_utf8_lossy(&self.text[start..self.at]).into_owned();
        match word.bytes().next() {
            None => Err("a number is missing".into()),
            Some(b'0'..=b'9') => number(&word),
            Some(_) => match (self.variable)(&word) {
                None => Ok(0),
                Some(value) if value.trim().is_empty() => Err(format!("{word} is empty")),
                Some(value) => match value.trim().strip_prefix('-') {
                    Some(digits) => number(digits).map(|value| -value),
                    None => number(value.trim()),
                },
            },
        }
    }
}

fn number(word: &str) -> Result<i64, String> {
    let parsed = match word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        Some(digits) => i64::from_str_radix(digits, 16),
        None if word.len() > 1 && word.starts_with('0') => i64::from_str_radix(&word[1..], 8),
        None => word.parse(),
    };
    parsed.map_err(|_| format!("{word:?} is not a number"))
}

fn apply(operator: &str, a: i64, b: i64) -> Result<i64, String> {
    let value = match operator {
        "||" => Some(i64::from(a != 0 || b != 0)),
        "&&" => Some(i64::from(a != 0 && b != 0)),
        "|" => Some(a | b),
        "^" => Some(a ^ b),
        "&" => Some(a & b),
        "==" => Some(i64::from(a == b)),
        "!=" => Some(i64::from(a != b)),
        "<=" => Some(i64::from(a <= b)),
        ">=" => Some(i64::from(a >= b)),
        "<" => Some(i64::from(a < b)),
        ">" => Some(i64::from(a > b)),
        "<<" => u32::try_from(b).ok().and_then(|b| a.checked_shl(b)),
        ">>" => u32::try_from(b).ok().and_then(|b| a.checked_shr(b)),
        "+" => a.checked_add(b),
        "-" => a.checked_sub(b),
        "*" => a.checked_mul(b),
        "/" => a.checked_div(b),
        _ => a.checked_rem(b),
    };
    value.ok_or_else(|| format!("{a} {operator} {b} has no result"))
}
