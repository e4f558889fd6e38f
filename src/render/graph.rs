//! Drawings of access: a graph of principals, resources, conditions and answers, written for Graphviz or drawn as SVG.
//! A library finds the layers and the places of the boxes; the label of an arrow is a box of its own on the way.

use askama::Template;
use rust_sugiyama::configure::Config;
use rust_sugiyama::from_vertices_and_edges;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::model::escape::{escape_hidden, push_escaped};

/// The columns after which a text goes on in a new line.
const MAX_COLUMNS: usize = 44;

/// The width of a column, the height of a line and the space around a text, in pixels.
const COLUMN: f64 = 7.25;
const LINE: f64 = 16.0;
const PADDING: f64 = 9.0;

/// The space between boxes, and around the drawing.
const SPACING: f64 = 26.0;
const MARGIN: f64 = 12.0;

/// What a box of a drawing stands for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum NodeKind {
    /// An account, a group, a class or another principal.
    Principal,
    /// A resource that is no principal.
    Resource,
    /// A fact that an answer rests on and that is no binding.
    Condition,
    /// The answer `allowed`.
    Allowed,
    /// The answer `denied`.
    Denied,
    /// What would suffice.
    Missing,
}

/// How a box looks.
struct Look {
    /// The fill and the line, made for white paper.
    fill: &'static str,
    stroke: &'static str,
    /// The radius of the corners.
    radius: u8,
    is_dashed: bool,
}

impl NodeKind {
    const fn look(self) -> Look {
        let (fill, stroke, radius, is_dashed) = match self {
            NodeKind::Principal => ("#e6effa", "#3f74b0", 14, false),
            NodeKind::Resource => ("#f1f3f5", "#545d66", 2, false),
            NodeKind::Condition => ("#ffffff", "#868f99", 2, true),
            NodeKind::Allowed => ("#e1f3ed", "#1f7a66", 6, false),
            NodeKind::Denied => ("#fbe9e7", "#b3261e", 6, false),
            NodeKind::Missing => ("#fff6e5", "#8a5200", 2, true),
        };
        Look { fill, stroke, radius, is_dashed }
    }
}

/// A box of a [`Graph`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct NodeIndex(usize);

struct Node {
    kind: NodeKind,
    lines: Vec<String>,
}

struct Edge {
    from: usize,
    to: usize,
    lines: Vec<String>,
}

/// A drawing. Its arrows never form a circle if they are added from boxes to later ones, or between boxes that a proof
/// orders.
pub struct Graph {
    title: String,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

impl Graph {
    /// A drawing with a title and nothing in it.
    pub fn new(title: &str) -> Graph {
        Graph { title: escape_hidden(title).into_owned(), nodes: Vec::new(), edges: Vec::new() }
    }

    /// Adds a box with these lines.
    pub fn add_node(&mut self, kind: NodeKind, lines: &[String]) -> NodeIndex {
        self.nodes.push(Node { kind, lines: wrapped(lines) });
        NodeIndex(self.nodes.len() - 1)
    }

    /// Adds an arrow. With lines, they stand on it.
    pub fn add_edge(&mut self, from: NodeIndex, to: NodeIndex, lines: &[String]) {
        self.edges.push(Edge { from: from.0, to: to.0, lines: wrapped(lines) });
    }

    /// The drawing in the language of Graphviz.
    pub fn dot(&self) -> String {
        let mut out = format!("digraph access {{\n  label={};\n  labelloc=t;\n", dot_text(&[&self.title]));
        out.push_str(
            "  node [shape=box, fontname=monospace, fontsize=12];\n  edge [fontname=monospace, fontsize=11];\n",
        );
        for (at, node) in self.nodes.iter().enumerate() {
            let Look { fill, stroke, radius, is_dashed } = node.kind.look();
            let style = match (radius > 2, is_dashed) {
                (true, _) => "rounded,filled",
                (false, true) => "dashed,filled",
                (false, false) => "filled",
            };
            let label = dot_text(&node.lines);
            out.push_str(&format!(
                "  n{at} [label={label}, style=\"{style}\", color=\"{stroke}\", fillcolor=\"{fill}\"];\n"
            ));
        }
        for Edge { from, to, lines } in &self.edges {
            let label = if lines.is_empty() { String::new() } else { format!(" [label={}]", dot_text(lines)) };
            out.push_str(&format!("  n{from} -> n{to}{label};\n"));
        }
        out.push_str("}\n");
        out
    }

    /// The drawing as SVG. `id` begins the ids in it, which are unique in a page.
    ///
    /// # Errors
    /// When the template fails, which it does not.
    pub fn svg(&self, id: &str) -> std::io::Result<String> {
        let places = self.places();
        let (mut boxes, mut arrows) = (Vec::new(), Vec::new());
        let at = |index: usize| places.get(index).copied().unwrap_or_default();
        for (index, node) in self.nodes.iter().enumerate() {
            boxes.push(DrawnBox::new(at(index), &node.lines, Some(node.kind.look())));
        }
        for (edge, on_the_way) in self.edges.iter().zip(self.label_indexes()) {
            let (from, to) = (at(edge.from), at(edge.to));
            match on_the_way {
                None => arrows.push(DrawnArrow::new(from, to, true)),
                Some(index) => {
                    let label = at(index);
                    arrows.push(DrawnArrow::new(from, label, false));
                    arrows.push(DrawnArrow::new(label, to, true));
                    boxes.push(DrawnBox::new(label, &edge.lines, None));
                }
            }
        }
        let right = places.iter().map(|it| it.x + it.width / 2.0).fold(0.0, f64::max) + MARGIN;
        let bottom = places.iter().map(|it| it.y + it.height / 2.0).fold(0.0, f64::max) + MARGIN;
        let drawing = GraphTemplate {
            id,
            title: &self.title,
            description: self.description(),
            width: number(right),
            height: number(bottom),
            boxes,
            arrows,
        };
        drawing.render().map_err(std::io::Error::other)
    }

    /// The drawing in words: each arrow as a sentence.
    fn description(&self) -> String {
        let words = |lines: &[String]| lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join(" ");
        let of = |at: usize| self.nodes.get(at).map(|node| words(&node.lines)).unwrap_or_default();
        let sentence = |edge: &Edge| match edge.lines.is_empty() {
            true => format!("{} leads to {}.", of(edge.from), of(edge.to)),
            false => format!("{} leads to {}: {}.", of(edge.from), of(edge.to), words(&edge.lines)),
        };
        self.edges.iter().map(sentence).collect::<Vec<_>>().join(" ")
    }

    /// For each arrow, the index of the box of its label among all boxes.
    fn label_indexes(&self) -> impl Iterator<Item = Option<usize>> {
        let mut next = self.nodes.len();
        self.edges.iter().map(move |edge| {
            let index = next;
            next += usize::from(!edge.lines.is_empty());
            (!edge.lines.is_empty()).then_some(index)
        })
    }

    /// The places of the boxes and then of the labels, from the top to the bottom.
    fn places(&self) -> Vec<Place> {
        let labels = self.edges.iter().filter(|edge| !edge.lines.is_empty()).map(|edge| &edge.lines);
        let texts = self.nodes.iter().map(|node| &node.lines).chain(labels);
        let mut places: Vec<Place> = texts.map(|lines| Place::around(lines)).collect();
        let index = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let sizes: Vec<_> = places.iter().enumerate().map(|(at, it)| (index(at), (it.width, it.height))).collect();
        let mut links = Vec::new();
        for (edge, on_the_way) in self.edges.iter().zip(self.label_indexes()) {
            match on_the_way {
                None => links.push((index(edge.from), index(edge.to))),
                Some(label) => links.extend([(index(edge.from), index(label)), (index(label), index(edge.to))]),
            }
        }
        let config = Config { vertex_spacing: SPACING, ..Config::default() };
        // Parts without a connection stand side by side.
        let mut left = MARGIN;
        let mut parts = from_vertices_and_edges(&sizes, &links, &config);
        parts.sort_by_key(|(part, ..)| part.iter().map(|(at, _)| *at).min());
        for (part, ..) in parts {
            let of = |at: usize| places.get(at).copied().unwrap_or_default();
            let first = part.iter().map(|(at, (x, _))| x - of(*at).width / 2.0).fold(f64::INFINITY, f64::min);
            let top = part.iter().map(|(at, (_, y))| y - of(*at).height / 2.0).fold(f64::INFINITY, f64::min);
            let mut right = left;
            for (at, (x, y)) in part {
                if let Some(place) = places.get_mut(at) {
                    (place.x, place.y) = (x - first + left, y - top + MARGIN);
                    right = f64::max(right, place.x + place.width / 2.0);
                }
            }
            left = right + SPACING;
        }
        places
    }
}

/// A rectangle around its middle.
#[derive(Clone, Copy, Default)]
struct Place {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

impl Place {
    #[expect(clippy::cast_precision_loss, reason = "a drawing needs no more digits than a double has")]
    fn around(lines: &[String]) -> Place {
        let columns = lines.iter().map(|line| line.width()).max().unwrap_or(0);
        let (width, height) = (COLUMN * columns as f64, LINE * lines.len() as f64);
        Place { x: 0.0, y: 0.0, width: width + 2.0 * PADDING, height: height + PADDING }
    }

    /// The point at which a line from the middle to another point leaves the rectangle.
    fn edge_towards(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let (across, down) = (x - self.x, y - self.y);
        let reach = |half: f64, way: f64| if way == 0.0 { f64::INFINITY } else { half / way.abs() };
        let part = reach(self.width / 2.0, across).min(reach(self.height / 2.0, down)).min(1.0);
        (self.x + across * part, self.y + down * part)
    }
}

struct DrawnLine<'g> {
    y: String,
    text: &'g str,
}

struct DrawnBox<'g> {
    look: Option<Look>,
    x: String,
    left: String,
    top: String,
    width: String,
    height: String,
    lines: Vec<DrawnLine<'g>>,
}

impl<'g> DrawnBox<'g> {
    #[expect(clippy::cast_precision_loss, reason = "a drawing needs no more digits than a double has")]
    fn new(place: Place, lines: &'g [String], look: Option<Look>) -> DrawnBox<'g> {
        let (left, top) = (place.x - place.width / 2.0, place.y - place.height / 2.0);
        let base = |at: usize| top + PADDING / 2.0 + LINE * at as f64 + 12.0;
        DrawnBox {
            look,
            x: number(place.x),
            left: number(left),
            top: number(top),
            width: number(place.width),
            height: number(place.height),
            lines: lines.iter().enumerate().map(|(at, text)| DrawnLine { y: number(base(at)), text }).collect(),
        }
    }
}

struct DrawnArrow {
    from: (String, String),
    to: (String, String),
    has_head: bool,
}

impl DrawnArrow {
    fn new(from: Place, to: Place, has_head: bool) -> DrawnArrow {
        let point = |(x, y)| (number(x), number(y));
        let (start, end) = (from.edge_towards((to.x, to.y)), to.edge_towards((from.x, from.y)));
        DrawnArrow { from: point(start), to: point(end), has_head }
    }
}

#[derive(Template)]
#[template(path = "graph.svg", escape = "html")]
struct GraphTemplate<'g> {
    id: &'g str,
    title: &'g str,
    description: String,
    width: String,
    height: String,
    boxes: Vec<DrawnBox<'g>>,
    arrows: Vec<DrawnArrow>,
}

fn number(value: f64) -> String {
    format!("{value:.1}")
}

/// The lines of a box, none longer than [`MAX_COLUMNS`]. A long line is broken after a space or `/` if there is one in
/// its second half, and else anywhere.
fn wrapped(lines: &[String]) -> Vec<String> {
    let mut out = Vec::new();
    for line in lines {
        let (mut part, mut columns) = (String::new(), 0);
        for letter in line.chars() {
            let mut shown = String::new();
            push_escaped(&mut shown, letter);
            let width = shown.chars().map(|it| it.width().unwrap_or(0)).sum::<usize>();
            if columns + width > MAX_COLUMNS {
                let end = part.rfind([' ', '/']).map_or(part.len(), |at| at + 1);
                let rest = part.split_off(if end * 2 > part.len() { end } else { part.len() });
                out.push(std::mem::replace(&mut part, rest));
                columns = part.width();
            }
            part.push_str(&shown);
            columns += width;
        }
        out.push(part);
    }
    out
}

/// Lines as one quoted text of Graphviz.
fn dot_text(lines: &[impl AsRef<str>]) -> String {
    let escaped = |line: &_| AsRef::<str>::as_ref(line).replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{}\"", lines.iter().map(escaped).collect::<Vec<_>>().join("\\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn long_lines_are_broken_and_lose_nothing() {
        let long = "node1:/projects/a very long name of a folder/and one more that is long enough".to_owned();
        let broken = wrapped(std::slice::from_ref(&long));
        assert_eq!(broken, ["node1:/projects/a very long name of a ", "folder/and one more that is long enough"]);
        assert_eq!(broken.concat(), long);
        assert_eq!(wrapped(&["a\u{202e}b".to_owned()]), ["a\\u{202e}b"]);
    }

    #[test]
    fn text_in_dot_is_quoted() {
        assert_eq!(dot_text(&["a\"b", "c\\N"]), r#""a\"b\nc\\N""#);
    }

    #[test]
    fn an_arrow_ends_at_the_edge() {
        let place = Place { x: 10.0, y: 10.0, width: 20.0, height: 10.0 };
        assert_eq!(place.edge_towards((10.0, 100.0)), (10.0, 15.0));
        assert_eq!(place.edge_towards((110.0, 10.0)), (20.0, 10.0));
        assert_eq!(place.edge_towards((10.0, 10.0)), (10.0, 10.0));
    }

    proptest! {
        /// Any graph is drawn, each time the same, with no box on another.
        #[test]
        fn boxes_never_overlap(
            texts in prop::collection::vec("[a-z/ ]{1,80}", 1..9),
            links in prop::collection::vec((0_usize..9, 0_usize..9, "[a-z]{0,12}"), 0..14),
        ) {
            let mut graph = Graph::new("graph");
            let nodes: Vec<_> = texts.iter().map(|text| graph.add_node(NodeKind::Resource, &lines(text))).collect();
            for (from, to, text) in links {
                let (from, to) = (from % nodes.len(), to % nodes.len());
                if from < to {
                    graph.add_edge(nodes[from], nodes[to], &lines(&text));
                }
            }
            prop_assert_eq!(graph.svg("g").unwrap(), graph.svg("g").unwrap());
            let places = graph.places();
            for (at, one) in places.iter().enumerate() {
                prop_assert!(one.x - one.width / 2.0 > 0.0 && one.y - one.height / 2.0 > 0.0);
                for other in &places[at + 1..] {
                    let apart = (one.x - other.x).abs() + 0.1 > f64::midpoint(one.width, other.width)
                        || (one.y - other.y).abs() + 0.1 > f64::midpoint(one.height, other.height);
                    prop_assert!(apart, "{} {} and {} {}", one.x, one.y, other.x, other.y);
                }
            }
        }
    }
}
