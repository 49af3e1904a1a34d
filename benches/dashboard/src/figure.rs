//! Figures as people read them: three digits that matter, in a unit that keeps them short.
//!
//! `assets/figure.js` does the same for the charts; a test in the browser holds the two against each other.

const TIMES: [(&str, f64); 4] = [("ns", 1.0), ("µs", 1e3), ("ms", 1e6), ("s", 1e9)];
const BYTES: [(&str, f64); 4] = [
    ("B", 1.0),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
];

/// A figure with its unit: `1.24 µs` for 1240 ns.
pub fn figure(value: f64, unit: &str) -> String {
    let unit = if unit == "us" { "µs" } else { unit };
    for ladder in [TIMES, BYTES] {
        if let Some((_, size)) = ladder.iter().find(|(name, _)| *name == unit) {
            let base = value * size;
            let (name, size) = ladder
                .iter()
                .rev()
                .find(|(_, size)| base.abs() >= *size)
                .unwrap_or(&ladder[0]);
            return format!("{} {name}", digits(base / size));
        }
    }
    format!("{} {unit}", digits(value)).trim_end().to_owned()
}

/// Three digits that matter, more before the point, thousands set apart.
pub fn digits(value: f64) -> String {
    let size = value.abs();
    if value.fract() == 0.0 && (10.0..1000.0).contains(&size) {
        return format!("{value:.0}");
    }
    if size < 9.995 {
        let text = format!("{value:.2}");
        // Whole figures and those below a hundredth.
        return match text.as_str() {
            "0.00" | "-0.00" if value != 0.0 => short(value),
            "0.00" | "-0.00" => "0".into(),
            _ => text,
        };
    }
    if size < 99.95 {
        return format!("{value:.1}");
    }
    let whole = format!("{:.0}", size.round());
    let mut text = String::from(if value < 0.0 { "-" } else { "" });
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn short(value: f64) -> String {
    let places = (-value.abs().log10().floor()) as usize;
    format!("{value:.places$}")
}

/// A ratio: `1.27×`.
pub fn times(ratio: f64) -> String {
    format!("{}×", digits(ratio))
}

/// A change as a share of what was before: `+5.1%`.
pub fn percent(ratio: f64) -> String {
    if ratio == 1.0 {
        return "0%".into();
    }
    let share = (ratio - 1.0) * 100.0;
    let places = if share.abs() < 0.095 { 2 } else { 1 };
    format!("{share:+.places$}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short_and_keep_their_unit() {
        assert_eq!(figure(1240.0, "ns"), "1.24 µs");
        assert_eq!(figure(65.0, "us"), "65 µs");
        assert_eq!(figure(0.5, "us"), "500 ns");
        assert_eq!(figure(0.0, "ns"), "0 ns");
        assert_eq!(figure(0.004, "ns"), "0.004 ns");
        assert_eq!(figure(2e12, "ns"), "2,000 s");
        assert_eq!(figure(1536.0, "B"), "1.50 KiB");
        assert_eq!(figure(12.34, "GB/s"), "12.3 GB/s");
        assert_eq!(figure(9.996, "GB/s"), "10.0 GB/s");
        assert_eq!(figure(1_234_567.0, ""), "1,234,567");
        assert_eq!(figure(12.0, "GB/s"), "12 GB/s");
        assert_eq!(times(0.16), "0.16×");
        assert_eq!(percent(1.051), "+5.1%");
        assert_eq!(percent(0.9995), "-0.05%");
    }
}
