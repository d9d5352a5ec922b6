//! A writer of TIFF files with any tags, right or wrong.

/// A value of a TIFF tag.
#[derive(Clone)]
pub enum Value {
    Short(Vec<u16>),
    Long(Vec<u32>),
    Ratio(u32, u32),
    Text(String),
    Doubles(Vec<f64>),
    /// The place of some bytes that stand behind the directory.
    PlaceOf(Vec<u8>),
}

/// Writes a TIFF file of one page in one strip or in tiles, with any tags.
pub struct Tiff {
    pub big: bool,
    pub little: bool,
    pub tags: Vec<(u16, Value)>,
    /// The strip, or the tiles.
    pub data: Vec<Vec<u8>>,
    pub tiled: bool,
}

impl Tiff {
    pub fn grey(width: u32, height: u32, bits: u16, data: Vec<u8>) -> Self {
        let tags = vec![
            (256, Value::Long(vec![width])),
            (257, Value::Long(vec![height])),
            (258, Value::Short(vec![bits])),
            (259, Value::Short(vec![1])),
            (262, Value::Short(vec![1])),
            (277, Value::Short(vec![1])),
            (278, Value::Long(vec![height])),
        ];
        Self { big: false, little: true, tags, data: vec![data], tiled: false }
    }

    pub fn with(mut self, tag: u16, value: Value) -> Self {
        self.tags.retain(|(t, _)| *t != tag);
        self.tags.push((tag, value));
        self
    }

    fn number(&self, value: u64, bytes: usize) -> Vec<u8> {
        let mut all = value.to_le_bytes()[..bytes].to_vec();
        if !self.little {
            all.reverse();
        }
        all
    }

    pub fn bytes(&self) -> Vec<u8> {
        let (offset, count, header) = if self.big { (8, 8, 16) } else { (4, 2, 8) };
        let mut out = match (self.little, self.big) {
            (true, false) => b"II*\0".to_vec(),
            (false, false) => b"MM\0*".to_vec(),
            (true, true) => b"II+\0\x08\0\0\0".to_vec(),
            (false, true) => b"MM\0+\0\x08\0\0".to_vec(),
        };
        out.extend(self.number(header, offset));
        let mut tags = self.tags.clone();
        let lengths = self.data.iter().map(|d| d.len() as u32).collect();
        let (places, sizes) = if self.tiled { (324, 325) } else { (273, 279) };
        tags.push((places, Value::Long(vec![0; self.data.len()])));
        tags.push((sizes, Value::Long(lengths)));
        tags.sort_by_key(|(tag, _)| *tag);
        let entry = if self.big { 20 } else { 12 };
        let mut tail_at = header + count as u64 + entry * tags.len() as u64 + offset as u64;
        // The data comes first behind the directory.
        let mut starts = vec![];
        let mut tail: Vec<u8> = vec![];
        for part in &self.data {
            starts.push((tail_at + tail.len() as u64) as u32);
            tail.extend(part);
        }
        tail_at += tail.len() as u64;
        let mut more: Vec<u8> = vec![];
        out.extend(self.number(tags.len() as u64, count));
        for (tag, value) in &tags {
            let all = |numbers: &[u64], bytes: usize| numbers.iter().flat_map(|v| self.number(*v, bytes)).collect();
            let (kind, n, bytes): (u64, usize, Vec<u8>) = match value {
                Value::Short(v) => (3, v.len(), all(&v.iter().map(|v| u64::from(*v)).collect::<Vec<_>>(), 2)),
                Value::Long(_) if *tag == places => {
                    (4, starts.len(), all(&starts.iter().map(|v| u64::from(*v)).collect::<Vec<_>>(), 4))
                }
                Value::Long(v) => (4, v.len(), all(&v.iter().map(|v| u64::from(*v)).collect::<Vec<_>>(), 4)),
                Value::Ratio(a, b) => (5, 1, all(&[u64::from(*a), u64::from(*b)], 4)),
                Value::Text(text) => (2, text.len() + 1, [text.as_bytes(), &[0]].concat()),
                Value::Doubles(v) => (12, v.len(), all(&v.iter().map(|v| v.to_bits()).collect::<Vec<_>>(), 8)),
                Value::PlaceOf(content) => {
                    let at = tail_at + more.len() as u64;
                    more.extend(content);
                    (4, 1, self.number(at, 4))
                }
            };
            out.extend(self.number((*tag).into(), 2));
            out.extend(self.number(kind, 2));
            out.extend(self.number(n as u64, offset));
            if bytes.len() <= offset {
                out.extend([bytes, vec![0; 8]].concat()[..offset].iter());
            } else {
                out.extend(self.number(tail_at + more.len() as u64, offset));
                more.extend(bytes);
            }
        }
        out.extend(self.number(0, offset));
        out.extend(tail);
        out.extend(more);
        out
    }
}
