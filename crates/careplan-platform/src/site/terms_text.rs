//! The text of the terms of use (利用規約): its form, and the parts in which the site shows it.

use careplan_core::{Explain, Lang};

/// The longest text, in bytes.
const LONGEST: usize = 1024 * 1024;
/// A part is full when it has so many characters.
const PART: usize = 600;

/// The terms, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TermsText {
    pub(crate) title: String,
    /// At least one.
    pub(crate) parts: Vec<Vec<Block>>,
}

/// A heading or a paragraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Block {
    Heading(String),
    /// The lines of a paragraph; each begins anew.
    Paragraph(Vec<String>),
}

/// Why terms are not added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.explain(Lang::En))]
#[non_exhaustive]
pub enum TermsRefused {
    /// Longer than 1 MB.
    TooLong,
    /// No title, or nothing after it.
    Empty,
    /// There is an edition of this name with another text or day.
    EditionTaken,
}

impl Explain for TermsRefused {
    fn explain(&self, lang: Lang) -> String {
        match self {
            Self::TooLong => lang.pick(
                "利用規約が1MBを超えています。短くしてください。",
                "the terms are longer than 1 MB; shorten them",
            ),
            Self::Empty => lang.pick(
                "利用規約に表題または本文がありません。1行目に表題、その下に本文を書いてください。",
                "the terms have no title or no text; write the title in the first line and the text below",
            ),
            Self::EditionTaken => lang.pick(
                "同じ名称の版が別の内容または別の適用日で登録されています。新しい版の名称を付けてください。",
                "there is an edition of this name with another text or day; give the new one a name of its own",
            ),
        }
        .to_owned()
    }
}

impl TermsText {
    /// Reads terms: title, then headings (`## `) and paragraphs parted by empty lines.
    pub(crate) fn parse(text: &str) -> Result<Self, TermsRefused> {
        if text.len() > LONGEST {
            return Err(TermsRefused::TooLong);
        }
        let mut lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
        let title = lines.find(|line| !line.is_empty());
        let title = title
            .map(|line| line.trim_start_matches("# ").to_owned())
            .ok_or(TermsRefused::Empty)?;
        let mut blocks = Vec::new();
        let mut paragraph = Vec::new();
        for line in lines.chain([""]) {
            let heading = line.strip_prefix("## ");
            if (line.is_empty() || heading.is_some()) && !paragraph.is_empty() {
                blocks.push(Block::Paragraph(std::mem::take(&mut paragraph)));
            }
            match heading {
                Some(heading) => blocks.push(Block::Heading(heading.trim().to_owned())),
                None if line.is_empty() => {}
                None => paragraph.push(line.to_owned()),
            }
        }
        if blocks.is_empty() {
            return Err(TermsRefused::Empty);
        }
        Ok(Self {
            title,
            parts: into_parts(blocks),
        })
    }
}

/// Parts of some length each, that end before a heading or, in a long text without any, after a
/// paragraph.
fn into_parts(blocks: Vec<Block>) -> Vec<Vec<Block>> {
    let mut parts: Vec<Vec<Block>> = Vec::new();
    let mut length = 0;
    for block in blocks {
        let full = match block {
            Block::Heading(_) => length >= PART,
            // A heading is never parted from what it is the heading of.
            Block::Paragraph(_) => {
                length >= 2 * PART
                    && matches!(
                        parts.last().and_then(|part| part.last()),
                        Some(Block::Paragraph(_))
                    )
            }
        };
        let characters = match &block {
            Block::Heading(heading) => heading.chars().count(),
            Block::Paragraph(lines) => lines.iter().map(|line| line.chars().count()).sum(),
        };
        match parts.last_mut() {
            Some(part) if !full => part.push(block),
            _ => {
                parts.push(vec![block]);
                length = 0;
            }
        }
        length += characters;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn title_headings_and_paragraphs_are_told_apart() {
        let text = "\u{feff}# 利用規約\r\n\r\n前文です。\r\n## 第1条\r\n一行目\r\n二行目\r\n\r\n次の段落\r\n";
        let terms = TermsText::parse(text).unwrap();
        assert_eq!(terms.title, "利用規約");
        assert_eq!(
            terms.parts,
            [vec![
                Block::Paragraph(vec!["前文です。".into()]),
                Block::Heading("第1条".into()),
                Block::Paragraph(vec!["一行目".into(), "二行目".into()]),
                Block::Paragraph(vec!["次の段落".into()]),
            ]]
        );
    }

    #[test]
    fn long_texts_come_in_parts_that_lose_nothing() {
        let article = |number: u32| format!("## 第{number}条\n{}\n\n", "あ".repeat(500));
        let text: String = std::iter::once("規約\n\n".to_owned())
            .chain((1..=7).map(article))
            .collect();
        let terms = TermsText::parse(&text).unwrap();
        assert_eq!(terms.parts.len(), 4);
        let blocks: Vec<_> = terms.parts.concat();
        assert_eq!(blocks.len(), 14);
        for part in &terms.parts {
            assert!(matches!(part.first(), Some(Block::Heading(_))));
        }
        // Without any heading too.
        let text = format!("規約\n\n{}", format!("{}\n\n", "い".repeat(400)).repeat(20));
        assert!(TermsText::parse(&text).unwrap().parts.len() > 2);
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for empty in ["", "\n \n", "表題だけ\n"] {
            assert_eq!(TermsText::parse(empty), Err(TermsRefused::Empty));
        }
        let long = format!("規約\n\n{}", "あ".repeat(LONGEST / 3));
        assert_eq!(TermsText::parse(&long), Err(TermsRefused::TooLong));
    }
}
