//! What a plain scalar means: YAML's core schema.

/// A scalar by its type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scalar<'a> {
    Null,
    Bool(bool),
    Unsigned(u64),
    /// Negative.
    Signed(i64),
    Float(f64),
    Text(&'a str),
}

impl<'a> Scalar<'a> {
    /// The meaning of a scalar without quotes, by the core schema of YAML 1.2.2
    /// (<https://yaml.org/spec/1.2.2/#103-core-schema>), with two habits of YAML libraries: numbers may also be
    /// binary (`0b101`), and digits after a leading zero are text, such as the number of an account.
    ///
    /// An integer beyond 64 bits is a float.
    pub fn of_plain(text: &'a str) -> Self {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Self::Null,
            "true" | "True" | "TRUE" => return Self::Bool(true),
            "false" | "False" | "FALSE" => return Self::Bool(false),
            ".nan" | ".NaN" | ".NAN" => return Self::Float(f64::NAN),
            _ => {}
        }
        Self::number(text).unwrap_or(Self::Text(text))
    }

    fn number(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
        let is_negative = text.starts_with('-');
        if let ".inf" | ".Inf" | ".INF" = unsigned {
            let infinity = f64::INFINITY;
            return Some(Self::Float(if is_negative { -infinity } else { infinity }));
        }
        // `parse` takes words such as `inf`, and signs after a sign; YAML does not.
        if !unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
            return None;
        }
        let radix = match unsigned.get(..2) {
            Some("0x") => 16,
            Some("0o") => 8,
            Some("0b") => 2,
            _ => 10,
        };
        let digits = if radix == 10 { unsigned } else { &unsigned[2..] };
        let is_integer = !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix));
        if is_integer && radix == 10 && digits.len() > 1 && digits.starts_with('0') {
            return None;
        }
        if is_integer {
            let digits = if is_negative {
                format!("-{digits}")
            } else {
                digits.to_owned()
            };
            let whole = i128::from_str_radix(&digits, radix).ok();
            if let Some(number) = whole.and_then(|number| u64::try_from(number).ok()) {
                return Some(Self::Unsigned(number));
            }
            if let Some(number) = whole.and_then(|number| i64::try_from(number).ok()) {
                return Some(Self::Signed(number));
            }
        }
        let number: f64 = unsigned.parse().ok()?;
        let number = if is_negative { -number } else { number };
        number.is_finite().then_some(Self::Float(number))
    }
}
