//! Markdown: CommonMark with GitHub's extensions and YAML front matter.

use comrak::{
    Arena, Options,
    arena_tree::NodeEdge,
    nodes::{ListType, Node, NodeValue},
    try_parse_document,
};

use super::{BlockKind, Budget, ParseError, Parsed, builder::TextBuilder, encoding, html};

pub(super) fn parse(bytes: &[u8], budget: &Budget) -> Result<Parsed, ParseError> {
    let source = encoding::decode(bytes, None, "Markdown")?;
    let arena = Arena::new();
    let late = || budget.check_time().is_err();
    let root = try_parse_document(&arena, &source, &options(), &late)
        .map_err(|_| ParseError::TooComplex { reason: "reading it took too long" })?;
    let mut reader = Reader { builder: TextBuilder::new(budget), budget, within: Vec::new(), title: None };
    reader.read(root)?;
    reader.builder.finish(reader.title)
}

fn options() -> Options<'static> {
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.autolink = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.front_matter_delimiter = Some("---".to_owned());
    options
}

/// A container that the reader is in.
enum Container {
    Quote,
    List {
        next: usize,
        ordered: bool,
    },
    /// `marker` is taken by the item's first block.
    Item {
        marker: Option<String>,
    },
    Other,
}

struct Reader<'a> {
    builder: TextBuilder<'a>,
    budget: &'a Budget,
    within: Vec<Container>,
    title: Option<String>,
}

impl Reader<'_> {
    fn read<'n>(&mut self, root: Node<'n>) -> Result<(), ParseError> {
        let mut edges = root.traverse();
        while let Some(edge) = edges.next() {
            match edge {
                NodeEdge::Start(node) => {
                    if self.start(node)? {
                        let container = self.container(node);
                        self.within.push(container);
                        self.budget.check_depth(self.within.len())?;
                    } else {
                        skip_to_end(&mut edges, node);
                    }
                }
                NodeEdge::End(_) => {
                    self.within.pop();
                }
            }
        }
        Ok(())
    }

    /// Reads a leaf and answers false, or answers true for a container, whose children follow.
    fn start(&mut self, node: Node<'_>) -> Result<bool, ParseError> {
        match &node.data().value {
            NodeValue::Heading(heading) => self.builder.heading(heading.level, &inline_text(node))?,
            NodeValue::Paragraph | NodeValue::DescriptionTerm => {
                let (kind, prefix) = self.running_text();
                self.builder.block(kind, &format!("{prefix}{}", inline_text(node)))?;
            }
            NodeValue::CodeBlock(code) => self.builder.block(BlockKind::Code, &code.literal)?,
            NodeValue::Table(_) => self.builder.block(BlockKind::Table, &table_text(node))?,
            NodeValue::HtmlBlock(block) => {
                html::append(&mut self.builder, &block.literal, self.budget)?;
            }
            NodeValue::FrontMatter(matter) => self.title = front_matter_title(matter),
            NodeValue::ThematicBreak => {}
            _ => return Ok(true),
        }
        Ok(false)
    }

    fn container(&mut self, node: Node<'_>) -> Container {
        match &node.data().value {
            NodeValue::BlockQuote | NodeValue::Alert(_) | NodeValue::MultilineBlockQuote(_) => Container::Quote,
            NodeValue::List(list) => Container::List { next: list.start, ordered: list.list_type == ListType::Ordered },
            NodeValue::Item(_) => Container::Item { marker: Some(self.marker()) },
            NodeValue::TaskItem(task) => {
                let state = if task.symbol.is_some() { "[x] " } else { "[ ] " };
                Container::Item { marker: Some(self.marker() + state) }
            }
            _ => Container::Other,
        }
    }

    /// The marker of the next item of the innermost list, indented by the lists around it.
    fn marker(&mut self) -> String {
        let lists = self.within.iter().filter(|container| matches!(container, Container::List { .. })).count();
        let indent = "  ".repeat(lists.saturating_sub(1));
        match self.within.last_mut() {
            Some(Container::List { next, ordered: true }) => {
                let number = *next;
                *next += 1;
                format!("{indent}{number}. ")
            }
            _ => format!("{indent}- "),
        }
    }

    /// What running text is here, and the list marker that it begins with.
    fn running_text(&mut self) -> (BlockKind, String) {
        for container in self.within.iter_mut().rev() {
            match container {
                Container::Item { marker } => return (BlockKind::ListItem, marker.take().unwrap_or_default()),
                Container::Quote => return (BlockKind::Quote, String::new()),
                Container::List { .. } | Container::Other => {}
            }
        }
        (BlockKind::Paragraph, String::new())
    }
}

fn skip_to_end<'n>(edges: &mut impl Iterator<Item = NodeEdge<Node<'n>>>, node: Node<'n>) {
    let _ = edges.find(|edge| matches!(edge, NodeEdge::End(end) if std::ptr::eq(*end, node)));
}

/// The text of a node's inline children: without marks, links as their text, images as their description.
fn inline_text(node: Node<'_>) -> String {
    let mut text = String::new();
    for child in node.descendants() {
        match &child.data().value {
            NodeValue::Text(literal) => text.push_str(literal),
            NodeValue::Code(code) => text.push_str(&code.literal),
            NodeValue::Math(math) => text.push_str(&math.literal),
            NodeValue::SoftBreak => text.push(' '),
            NodeValue::LineBreak => text.push('\n'),
            NodeValue::HtmlInline(tag) if tag.to_ascii_lowercase().starts_with("<br") => text.push('\n'),
            _ => {}
        }
    }
    text
}

fn table_text(table: Node<'_>) -> String {
    let row_text =
        |row: Node<'_>| row.children().map(|cell| inline_text(cell).replace('\n', " ")).collect::<Vec<_>>().join(" | ");
    table.children().map(row_text).collect::<Vec<_>>().join("\n")
}

/// The `title` of YAML front matter, when it is a plain or quoted scalar on one line.
fn front_matter_title(matter: &str) -> Option<String> {
    let value = matter.lines().find_map(|line| line.strip_prefix("title:"))?.trim();
    let quoted = |mark: char| value.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark));
    let title = quoted('"').or_else(|| quoted('\'')).unwrap_or(value);
    (!title.is_empty() && !title.starts_with(['|', '>', '[', '{', '&', '*'])).then(|| title.to_owned())
}
