//! A picture made of boxes and letters, and its file: what a chart needs, with a font of its own, so that no machine has to have one.

use std::io::Write as _;

use flate2::{Compression, Crc, write::ZlibEncoder};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

/// Red, green and blue.
pub(super) type Colour = [u8; 3];

/// How high letters are.
const LETTERS: RasterHeight = RasterHeight::Size20;

/// Points, by rows from the top.
pub(super) struct Canvas {
    wide: usize,
    high: usize,
    points: Vec<Colour>,
}

impl Canvas {
    /// A canvas in one colour; at least one point in each direction.
    pub(super) fn new(wide: usize, high: usize, ground: Colour) -> Self {
        let (wide, high) = (wide.max(1), high.max(1));
        Self { wide, high, points: vec![ground; wide * high] }
    }

    /// Fills a box, as far as it lies on the canvas.
    pub(super) fn fill(&mut self, left: usize, top: usize, wide: usize, high: usize, colour: Colour) {
        for y in top.min(self.high)..(top + high).min(self.high) {
            let row = y * self.wide;
            self.points[row + left.min(self.wide)..row + (left + wide).min(self.wide)].fill(colour);
        }
    }

    /// Writes from a place to the right. What the font does not have becomes `?`.
    pub(super) fn write(&mut self, left: usize, top: usize, text: &str, colour: Colour, bold: bool) {
        let weight = weight(bold);
        for (nth, c) in text.chars().enumerate() {
            let Some(letter) = get_raster(c, weight, LETTERS).or_else(|| get_raster('?', weight, LETTERS)) else { continue };
            for (down, row) in letter.rows().enumerate() {
                for (across, ink) in row.iter().enumerate() {
                    self.blend(left + nth * letter.width() + across, top + down, colour, *ink);
                }
            }
        }
    }

    fn blend(&mut self, x: usize, y: usize, colour: Colour, ink: u8) {
        if ink == 0 || x >= self.wide || y >= self.high {
            return;
        }
        let ink = u16::from(ink);
        for (below, above) in self.points[y * self.wide + x].iter_mut().zip(colour) {
            let mixed = (u16::from(*below) * (255 - ink) + u16::from(above) * ink) / 255;
            *below = u8::try_from(mixed).unwrap_or(u8::MAX);
        }
    }

    /// The picture as a file: PNG, 8 bits per colour. Source: W3C, "Portable Network Graphics (PNG) Specification (Third Edition)".
    pub(super) fn png(&self) -> Vec<u8> {
        let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
        let size = |points: usize| u32::try_from(points).unwrap_or(u32::MAX).to_be_bytes();
        // Eight bits, in colours, packed and filtered in the only ways there are, not interlaced.
        let head = [&size(self.wide)[..], &size(self.high), &[8, 2, 0, 0, 0]].concat();
        chunk(&mut file, *b"IHDR", &head);
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
        for row in self.points.chunks(self.wide) {
            // Each row begins with its filter: none. Nothing fails that is written to memory.
            let _in_memory = packed.write_all(&[0]).and_then(|()| packed.write_all(row.as_flattened()));
        }
        chunk(&mut file, *b"IDAT", &packed.finish().unwrap_or_default());
        chunk(&mut file, *b"IEND", &[]);
        file
    }
}

fn chunk(file: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    let mut sum = Crc::new();
    sum.update(&name);
    sum.update(data);
    file.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
    file.extend(name);
    file.extend(data);
    file.extend(sum.sum().to_be_bytes());
}

fn weight(bold: bool) -> FontWeight {
    if bold { FontWeight::Bold } else { FontWeight::Regular }
}

/// How wide a text is.
pub(super) fn wide(text: &str) -> usize {
    text.chars().count() * get_raster_width(FontWeight::Regular, LETTERS)
}

/// How high a line is.
pub(super) const HIGH: usize = LETTERS.val();

/// Whether the font can show most of a text.
pub(super) fn is_legible(text: &str) -> bool {
    let letters = text.chars().filter(|c| !c.is_whitespace());
    let (known, all) =
        letters.fold((0, 0), |(known, all), c| (known + usize::from(get_raster(c, FontWeight::Regular, LETTERS).is_some()), all + 1));
    all > 0 && known * 2 >= all
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::ZlibDecoder;

    use super::*;

    #[test]
    fn a_picture_s_file_holds_its_points() {
        let mut canvas = Canvas::new(3, 2, [1, 2, 3]);
        canvas.fill(1, 1, 9, 9, [9, 8, 7]);

        let file = canvas.png();

        assert_eq!(&file[..8], b"\x89PNG\r\n\x1a\n");
        assert_eq!(&file[12..29], b"IHDR\0\0\0\x03\0\0\0\x02\x08\x02\0\0\0");
        let data = file.windows(4).position(|name| name == b"IDAT").unwrap();
        let length = u32::from_be_bytes(file[data - 4..data].try_into().unwrap()) as usize;
        let mut points = Vec::new();
        ZlibDecoder::new(&file[data + 4..data + 4 + length]).read_to_end(&mut points).unwrap();
        assert_eq!(points, [0, 1, 2, 3, 1, 2, 3, 1, 2, 3, 0, 1, 2, 3, 9, 8, 7, 9, 8, 7]);
        // The sum over an end that is empty is known.
        assert!(file.ends_with(b"\0\0\0\0IEND\xae\x42\x60\x82"));
    }

    #[test]
    fn nothing_is_drawn_beside_the_canvas() {
        let mut canvas = Canvas::new(4, 4, [0; 3]);

        canvas.write(2, 2, "Ä数", [255; 3], true);
        canvas.fill(100, 100, 5, 5, [255; 3]);

        assert_eq!(canvas.points.len(), 16);
    }

    #[test]
    fn a_name_that_the_font_has_no_letters_for_is_told_from_one_that_it_has() {
        assert!(is_legible("Zoë Ångström") && is_legible("Ann 🦀"));
        assert!(!is_legible("数える") && !is_legible("  "));
    }
}
