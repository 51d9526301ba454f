#![doc = include_str!("../README.md")]

/// The style sheet, UTF-8, to be served as a file of its own (`text/css; charset=utf-8`): pages
/// need no inline styles, so that their Content-Security-Policy can forbid them.
pub const STYLE: &str = include_str!("look.css");

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::STYLE;

    /// The colours of `:root`, by name.
    fn colours() -> BTreeMap<&'static str, [f64; 3]> {
        STYLE
            .lines()
            .filter_map(|line| line.trim().strip_prefix("--")?.split_once(": #"))
            .map(|(name, rest)| {
                let digits = rest.split(';').next().unwrap();
                assert_eq!(digits.len(), 6, "{name}");
                let channel = |at: usize| {
                    let value = u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
                    let value = f64::from(value) / 255.0;
                    if value <= 0.040_45 {
                        value / 12.92
                    } else {
                        ((value + 0.055) / 1.055).powf(2.4)
                    }
                };
                (name, [channel(0), channel(2), channel(4)])
            })
            .collect()
    }

    /// Contrast by WCAG 2.2's definition of relative luminance.
    fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
        let luminance = |[r, g, b]: [f64; 3]| 0.2126 * r + 0.7152 * g + 0.0722 * b;
        let (a, b) = (luminance(one), luminance(other));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// WCAG 2.2, 1.4.3: text needs 4.5 to 1. 1.4.11: edges of controls need 3 to 1.
    #[test]
    fn colours_can_be_told_apart() {
        let colours = colours();
        let grounds = ["paper", "ground", "soft"];
        let pairs = [
            ("ink", &grounds[..], 7.0),
            ("quiet", &grounds, 4.5),
            ("accent", &["paper", "ground", "soft", "accent-soft"], 4.5),
            ("accent-ink", &["accent", "accent-dark"], 4.5),
            ("error", &["paper", "ground", "error-soft"], 4.5),
            ("warning", &["paper", "ground", "warning-soft"], 4.5),
            ("info", &["paper", "ground", "info-soft"], 4.5),
            ("ok", &["paper", "ground", "ok-soft"], 4.5),
            ("edge", &["paper", "ground", "soft"], 3.0),
            ("focus", &["paper", "ground"], 3.0),
            (
                "ink",
                &[
                    "saturday",
                    "sunday",
                    "accent-soft",
                    "warning-soft",
                    "error-soft",
                ],
                7.0,
            ),
        ];
        for (front, backs, least) in pairs {
            for back in backs {
                let found = contrast(colours[front], colours[*back]);
                assert!(found >= least, "{front} on {back}: {found:.2}");
            }
        }
    }

    #[test]
    fn colours_stand_in_one_place() {
        let (_, rules) = STYLE.split_once('}').unwrap();
        for line in rules.lines() {
            let hash = line.find('#').map(|at| &line[at + 1..]);
            let is_colour = hash.is_some_and(|rest| {
                let digits = rest.chars().take_while(char::is_ascii_hexdigit).count();
                matches!(digits, 3 | 6 | 8)
            });
            assert!(!is_colour, "{line}");
        }
        assert!(!rules.contains("rgb("));
    }

    /// Nothing is fetched from elsewhere: offices are often cut off from the open network.
    #[test]
    fn nothing_is_loaded() {
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
    }
}
