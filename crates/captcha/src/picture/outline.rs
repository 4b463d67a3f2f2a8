//! Outlines of letters as polylines, and operations on them.

use super::bits::Bits;
use ab_glyph_rasterizer::Rasterizer;
use rusttype::{Font, OutlineBuilder, Point, Rect, Scale, point, vector};

/// Closed polylines. Curves and long lines are divided into short pieces, so that straight stems bend too.
#[derive(Default)]
pub(super) struct Outline {
    contours: Vec<Vec<Point<f32>>>,
}

impl Outline {
    /// Returns the outline of a letter whose baseline is at the origin, at a line height in pixels. A space has an
    /// empty outline.
    pub(super) fn letter(face: &Font<'_>, letter: char, line_height: f32) -> Self {
        let mut outline = Self::default();
        face.glyph(letter).scaled(Scale::uniform(line_height)).build_outline(&mut outline);
        outline
    }

    /// Moves every point.
    pub(super) fn map(&mut self, place: impl Fn(Point<f32>) -> Point<f32>) {
        self.contours.iter_mut().flatten().for_each(|p| *p = place(*p));
    }

    /// Returns the smallest box around all points, or `None` if there are no points.
    pub(super) fn bounds(&self) -> Option<Rect<f32>> {
        self.contours.iter().flatten().fold(None, |bounds: Option<Rect<f32>>, &p| {
            let Rect { min, max } = bounds.unwrap_or(Rect { min: p, max: p });
            let (min, max) = (point(min.x.min(p.x), min.y.min(p.y)), point(max.x.max(p.x), max.y.max(p.y)));
            Some(Rect { min, max })
        })
    }

    /// Returns the outline of the line itself, with this thickness in pixels. Each piece becomes a bar that is a little
    /// longer than the piece, so that bends have no gaps. All bars have the same orientation, so that they do not
    /// cancel each other out where they overlap.
    pub(super) fn stroked(&self, thickness: f32) -> Self {
        let half = thickness / 2.0;
        let pieces = self.contours.iter().flat_map(|contour| contour.windows(2));
        let bars = pieces.filter_map(|piece| {
            let (a, b) = (piece[0], piece[1]);
            let length = distance(a, b);
            let along = (b - a) * (half / length);
            let across = vector(-along.y, along.x);
            let (a, b) = (a - along * 0.5, b + along * 0.5);
            (length > 0.0).then(|| vec![a + across, b + across, b - across, a - across, a + across])
        });
        Self { contours: bars.collect() }
    }

    /// Fills a box whose corner is the origin. A pixel is set if the outline covers more than half of it.
    pub(super) fn fill(&self, width: usize, height: usize) -> Bits {
        let mut rasterizer = Rasterizer::new(width, height);
        let corner = |p: Point<f32>| ab_glyph_rasterizer::point(p.x, p.y);
        for side in self.contours.iter().flat_map(|contour| contour.windows(2)) {
            rasterizer.draw_line(corner(side[0]), corner(side[1]));
        }
        let mut covered = Vec::with_capacity(width * height);
        rasterizer.for_each_pixel(|_, cover| covered.push(cover > 0.5));
        Bits::from_fn(width, height, |x, y| covered[y * width + x])
    }

    /// Last point of the last contour.
    fn end(&self) -> Point<f32> {
        self.contours.last().and_then(|contour| contour.last()).copied().unwrap_or_default()
    }

    /// Appends points along `curve`, whose parameter runs from 0 to 1 and whose length is about `length`.
    fn follow(&mut self, length: f32, curve: impl Fn(f32) -> Point<f32>) {
        /// Length of a piece in pixels: much shorter than every wave.
        const PIECE: f32 = 4.0;
        let pieces = (length / PIECE).ceil().max(1.0);
        if let Some(contour) = self.contours.last_mut() {
            contour.extend((1..=pieces as u32).map(|i| curve(i as f32 / pieces)));
        }
    }
}

impl OutlineBuilder for Outline {
    fn move_to(&mut self, x: f32, y: f32) {
        self.contours.push(vec![point(x, y)]);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (a, b) = (self.end(), point(x, y));
        self.follow(distance(a, b), |t| between(a, b, t));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let (a, b, c) = (self.end(), point(x1, y1), point(x, y));
        self.follow(distance(a, b) + distance(b, c), |t| between(between(a, b, t), between(b, c, t), t));
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let (a, b, c, d) = (self.end(), point(x1, y1), point(x2, y2), point(x, y));
        let quad = |a, b, c, t| between(between(a, b, t), between(b, c, t), t);
        let length = distance(a, b) + distance(b, c) + distance(c, d);
        self.follow(length, |t| between(quad(a, b, c, t), quad(b, c, d, t), t));
    }

    fn close(&mut self) {
        if let Some(start) = self.contours.last().and_then(|contour| contour.first()).copied() {
            self.line_to(start.x, start.y);
        }
    }
}

fn between(a: Point<f32>, b: Point<f32>, t: f32) -> Point<f32> {
    a + (b - a) * t
}

fn distance(a: Point<f32>, b: Point<f32>) -> f32 {
    (b.x - a.x).hypot(b.y - a.y)
}
