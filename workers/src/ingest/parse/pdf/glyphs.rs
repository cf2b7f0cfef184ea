//! Collects the text of a page from the drawing instructions of the interpreter.

use std::panic;

use hayro_interpret::{
    BlendMode, ClipPath, Device, DrawMode, DrawProps, Image, ImageDrawProps, SoftMask,
    font::{Glyph, GlyphRun},
    hayro_cmap::BfString,
    kurbo::{BezPath, Point},
};

use super::layout::Line;
use crate::ingest::parse::{Budget, ParseError};

/// Drawing instructions between two looks at the clock.
const CHECK_EVERY: u32 = 256;

/// A font's units per em, in which advance widths are given.
const UNITS_PER_EM: f64 = 1000.0;

/// What the collector unwinds with when a limit is passed.
pub(super) struct Stopped(pub(super) ParseError);

/// A device that draws nothing and keeps the text, in the order in which it is drawn.
pub(super) struct Collector<'a> {
    budget: &'a Budget,
    lines: Vec<Line>,
    chars: usize,
    instructions: u32,
}

/// A glyph on the page, in points, the origin at the bottom left.
struct Placed {
    start: Point,
    end: Point,
    size: f64,
}

impl<'a> Collector<'a> {
    pub(super) fn new(budget: &'a Budget) -> Self {
        Self { budget, lines: Vec::new(), chars: 0, instructions: 0 }
    }

    /// The lines since the last call.
    pub(super) fn take_page(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.lines)
    }

    fn tick(&mut self) {
        self.instructions = self.instructions.wrapping_add(1);
        if self.instructions.is_multiple_of(CHECK_EVERY)
            && let Err(error) = self.budget.check_time()
        {
            stop(error);
        }
    }

    fn put(&mut self, glyph: &Placed, text: &str) {
        self.chars += text.chars().count();
        let limit = self.budget.limits.max_text_chars;
        if self.chars > limit {
            stop(ParseError::TooLarge { what: "characters of text", limit });
        }
        if let Some(line) = self.lines.last_mut()
            && line.continues(glyph.start, glyph.size)
        {
            line.push(glyph.start, glyph.end, text);
        } else {
            self.lines.push(Line::new(glyph.start, glyph.end, glyph.size, text));
        }
    }
}

fn stop(error: ParseError) -> ! {
    // Not a panic: no hook runs and nothing is printed.
    panic::resume_unwind(Box::new(Stopped(error)))
}

fn advance(glyph: &Glyph<'_>) -> f64 {
    let width = match glyph {
        Glyph::Outline(outline) => outline.advance_width(),
        Glyph::Type3(_) => None,
    };
    width.map_or(UNITS_PER_EM / 2.0, f64::from)
}

impl<'a> Device<'a> for Collector<'_> {
    fn draw_glyph_run(&mut self, run: &GlyphRun<'_, 'a>, props: DrawProps<'a>, _: &DrawMode) {
        self.tick();
        for glyph in run.glyphs() {
            let Some(unicode) = glyph.as_unicode() else { continue };
            let transform = props.transform * glyph.transform();
            let start = transform * Point::ZERO;
            let end = transform * Point::new(advance(glyph), 0.0);
            let top = transform * Point::new(0.0, UNITS_PER_EM);
            let size = (top - start).hypot();
            if !(start.is_finite() && end.is_finite() && size.is_finite()) {
                continue;
            }
            let placed = Placed { start, end, size };
            match unicode {
                BfString::Char(c) => self.put(&placed, c.encode_utf8(&mut [0; 4])),
                BfString::String(text) => self.put(&placed, &text),
            }
        }
    }

    fn draw_path(&mut self, _: &BezPath, _: DrawProps<'a>, _: &DrawMode) {
        self.tick();
    }

    fn push_clip_path(&mut self, _: &ClipPath) {
        self.tick();
    }

    fn push_transparency_group(&mut self, _: f32, _: Option<SoftMask<'a>>, _: BlendMode) {
        self.tick();
    }

    fn draw_image(&mut self, _: Image<'a, '_>, _: ImageDrawProps<'a>) {
        self.tick();
    }

    fn pop_clip(&mut self) {}

    fn pop_transparency_group(&mut self) {}
}
