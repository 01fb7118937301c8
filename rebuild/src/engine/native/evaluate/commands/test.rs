//! `test` and `[` (POSIX test, with dash's `-nt`, `-ot`, `-ef`, `-a`, `-o` and parentheses).

use crate::engine::native::evaluate::{Shell, Status, Stop};
use slim::tree::Kind;

/// `test EXPRESSION`, `[ EXPRESSION ]`
pub(super) fn run(shell: &mut Shell<'_, '_>, words: &[String]) -> Status {
    let mut words = words.iter().map(String::as_str).collect::<Vec<_>>();
    if words.first() == Some(&"[") && words.pop() != Some("]") {
        return Ok(2);
    }
    let mut reader = Reader { shell, words: &words[1..], at: 0 };
    if reader.words.is_empty() {
        return Ok(1);
    }
    match reader.short()? {
        Some(value) => Ok(i32::from(!value)),
        None => {
            let value = reader.or(0)?;
            match (value, reader.words.get(reader.at)) {
                (Some(value), None) => Ok(i32::from(!value)),
                // dash: a syntax error or a bad number, with a message and status 2.
                _ => Ok(2),
            }
        }
    }
}

struct Reader<'r, 's, 'd> {
    shell: &'r mut Shell<'s, 'd>,
    words: &'r [&'r str],
    at: usize,
}

/// `==` is bash's; to dash it is no operator.
const BINARY: [&str; 14] = ["=", "==", "!=", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef", "<", ">"];
const UNARY: &str = "bcdefghknoprstuwxzGLOS";

fn is_unary(word: &str) -> bool {
    word.len() == 2 && word.starts_with('-') && UNARY.contains(&word[1..])
}

impl Reader<'_, '_, '_> {
    fn is_binary(&self, word: &str) -> bool {
        BINARY.contains(&word) && (word != "==" || self.shell.state.options.bash)
    }

    /// The forms of up to four words, whose meaning POSIX fixes by their number.
    fn short(&mut self) -> Result<Option<bool>, Stop> {
        let words = self.words;
        Ok(match *words {
            [only] => Some(!only.is_empty()),
            ["!", only] => Some(only.is_empty()),
            [operator, operand] if is_unary(operator) => Some(self.unary(operator, operand)?),
            [left, operator, right] if self.is_binary(operator) => self.binary(left, operator, right)?,
            ["!", operator, operand] if is_unary(operator) => Some(!self.unary(operator, operand)?),
            ["(", only, ")"] => Some(!only.is_empty()),
            ["!", left, operator, right] if self.is_binary(operator) => {
                self.binary(left, operator, right)?.map(|value| !value)
            }
            _ => None,
        })
    }

    fn or(&mut self, depth: u32) -> Result<Option<bool>, Stop> {
        if depth > 50 {
            return Err(self.shell.unproven("test", "nested too deeply"));
        }
        let mut value = self.and(depth)?;
        while self.words.get(self.at) == Some(&"-o") {
            self.at += 1;
            let right = self.and(depth)?;
            value = value.zip(right).map(|(left, right)| left || right);
        }
        Ok(value)
    }

    fn and(&mut self, depth: u32) -> Result<Option<bool>, Stop> {
        let mut value = self.primary(depth)?;
        while self.words.get(self.at) == Some(&"-a") {
            self.at += 1;
            let right = self.primary(depth)?;
            value = value.zip(right).map(|(left, right)| left && right);
        }
        Ok(value)
    }

    fn primary(&mut self, depth: u32) -> Result<Option<bool>, Stop> {
        let rest = self.words.get(self.at..).unwrap_or_default();
        match *rest {
            [left, operator, right, ..] if self.is_binary(operator) && left != "(" => {
                self.at += 3;
                self.binary(left, operator, right)
            }
            ["!", ..] => {
                self.at += 1;
                if depth > 50 {
                    return Err(self.shell.unproven("test", "nested too deeply"));
                }
                Ok(self.primary(depth + 1)?.map(|value| !value))
            }
            ["(", ..] => {
                self.at += 1;
                let value = self.or(depth + 1)?;
                if self.words.get(self.at) != Some(&")") {
                    return Ok(None);
                }
                self.at += 1;
                Ok(value)
            }
            [operator, operand, ..] if is_unary(operator) => {
                self.at += 2;
                self.unary(operator, operand).map(Some)
            }
            [word, ..] => {
                self.at += 1;
                Ok(Some(!word.is_empty()))
            }
            [] => Ok(None),
        }
    }

    fn binary(&mut self, left: &str, operator: &str, right: &str) -> Result<Option<bool>, Stop> {
        Ok(match operator {
            "=" | "==" => Some(left == right),
            "!=" => Some(left != right),
            "<" => Some(left < right),
            ">" => Some(left > right),
            "-nt" | "-ot" | "-ef" => {
                let (left, right) = (self.shell.follow(left)?, self.shell.follow(right)?);
                Some(match (operator, left, right) {
                    ("-ef", Some((left, a)), Some((right, b))) => {
                        let inode = a.as_file().and_then(|file| file.inode);
                        left == right || (inode.is_some() && inode == b.as_file().and_then(|file| file.inode))
                    }
                    ("-nt", Some((_, left)), Some((_, right))) => left.mtime > right.mtime,
                    ("-ot", Some((_, left)), Some((_, right))) => left.mtime < right.mtime,
                    // In dash both files must be there.
                    _ => false,
                })
            }
            _ => {
                let number = |word: &str| word.trim().parse::<i64>().ok();
                let (Some(left), Some(right)) = (number(left), number(right)) else { return Ok(None) };
                Some(match operator {
                    "-eq" => left == right,
                    "-ne" => left != right,
                    "-lt" => left < right,
                    "-le" => left <= right,
                    "-gt" => left > right,
                    _ => left >= right,
                })
            }
        })
    }

    fn unary(&mut self, operator: &str, operand: &str) -> Result<bool, Stop> {
        match operator {
            "-n" => return Ok(!operand.is_empty()),
            "-z" => return Ok(operand.is_empty()),
            "-t" => return Ok(false),
            "-h" | "-L" => return Ok(self.shell.look(operand)?.is_some_and(|(_, node)| node.as_symlink().is_some())),
            _ => {}
        }
        if operand == "/dev/null" {
            return Ok(matches!(operator, "-e" | "-c" | "-r" | "-w"));
        }
        let Some((_, node)) = self.shell.follow(operand)? else { return Ok(false) };
        Ok(match operator {
            "-e" => true,
            "-f" => node.as_file().is_some(),
            "-d" => node.is_directory(),
            "-b" => matches!(node.kind, Kind::BlockDevice { .. }),
            "-c" => matches!(node.kind, Kind::CharDevice { .. }),
            "-p" => matches!(node.kind, Kind::Fifo),
            "-S" => false,
            // A directory always has a size on a real file system.
            "-s" => node.is_directory() || node.size() > 0,
            "-u" => node.mode & 0o4000 != 0,
            "-g" => node.mode & 0o2000 != 0,
            "-k" => node.mode & 0o1000 != 0,
            "-r" | "-w" | "-x" if self.shell.account.is_some() => {
                return Err(self.shell.unproven(format!("test {operator}"), "what another user may"));
            }
            // Scripts run as root, who may read and write all, and execute what anybody may.
            "-r" | "-w" => true,
            "-x" => node.is_directory() || node.mode & 0o111 != 0,
            "-O" => node.uid == self.shell.account.map_or(0, |(user, _)| user),
            "-G" => node.gid == self.shell.account.map_or(0, |(_, group)| group),
            _ => return Err(self.shell.unproven(format!("test {operator}"), "a test that is not known")),
        })
    }
}
