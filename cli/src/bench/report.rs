//! What a bench has to say: a table for people, and a line of JSON for each case.

use std::fmt;

use serde::Serialize;

use super::Figures;

/// One case of a bench, beside the bare part measured in the same run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Case {
    /// The bench.
    pub bench: &'static str,
    /// The case.
    pub case: String,
    /// The whole path.
    #[serde(flatten)]
    pub whole: Figures,
    /// The bare part; none where the bench could not reach it.
    pub bare: Option<Figures>,
}

/// All cases of a bench.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// What one of the counted is, in the plural.
    pub unit: &'static str,
    /// What the bare part is.
    pub bare: &'static str,
    /// The cases.
    pub cases: Vec<Case>,
    /// What else there is to know, a line each.
    pub notes: Vec<String>,
}

impl Report {
    /// One line of JSON for each case.
    ///
    /// # Errors
    /// When a figure has no JSON form.
    pub fn json(&self) -> Result<Vec<String>, serde_json::Error> {
        self.cases.iter().map(serde_json::to_string).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |case: &str| case.chars().count();
        let names = self.cases.iter().map(|case| of(&case.case)).chain([of(self.bare) + 2]).max().unwrap_or_default();
        let rate = format!("{}/s", self.unit);
        writeln!(f, "{:names$}  {:>8}  {rate:>12}  {:>10}  {:>10}", "case", "n", "p50 ms", "p99 ms")?;
        for case in &self.cases {
            row(f, names, &case.case, &case.whole)?;
            if let Some(bare) = &case.bare {
                row(f, names, &format!("  {}", self.bare), bare)?;
            }
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "{note}"))
    }
}

fn row(f: &mut fmt::Formatter<'_>, names: usize, name: &str, figures: &Figures) -> fmt::Result {
    let Figures { n, per_second, p50_ms, p99_ms } = figures;
    writeln!(f, "{name:names$}  {n:>8}  {per_second:>12.1}  {p50_ms:>10.3}  {p99_ms:>10.3}")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn report() -> Report {
        let whole = Figures { n: 200, per_second: 71.5, p50_ms: 2.125, p99_ms: 4.5 };
        let bare = Figures { n: 1_000, per_second: 9_000.0, p50_ms: 0.104, p99_ms: 0.25 };
        let case = Case { bench: "first-token", case: "alone".to_owned(), whole, bare: Some(bare) };
        Report { unit: "runs", bare: "NATS request", cases: vec![case], notes: vec!["a note".to_owned()] }
    }

    #[test]
    fn a_case_is_one_line_of_json_with_the_bare_figures_inside() {
        let line = r#"{"bench":"first-token","case":"alone","n":200,"per_second":71.5,"p50_ms":2.125,"p99_ms":4.5,"#;
        let bare = r#""bare":{"n":1000,"per_second":9000.0,"p50_ms":0.104,"p99_ms":0.25}}"#;
        assert_eq!(report().json().unwrap(), [format!("{line}{bare}")]);
    }

    #[test]
    fn the_table_lines_up() {
        let table = "\
            case                   n        runs/s      p50 ms      p99 ms\n\
            alone                200          71.5       2.125       4.500\n\
            \x20 NATS request      1000        9000.0       0.104       0.250\n\
            a note\n";
        assert_eq!(report().to_string(), table);
    }
}
