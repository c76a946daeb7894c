//! How frames are packed on their way to a client: as text, each compressed by itself, or as one stream that lasts as long as the connection.

use flate2::{Compress, Compression, FlushCompress};
use tokio_tungstenite::tungstenite::Message as Frame;

/// From this size on a frame is compressed by itself, for those who asked for that in IDENTIFY. Discord does not say which ones it compresses.
const WORTH_IT: usize = 4_096;
/// How much room the compressor gets at a time.
const ROOM: usize = 16 * 1024;
/// Most bytes in one block. Source: RFC 8878, "Blocks".
const ZSTD_BLOCK: usize = 128 * 1024;
/// The head of a Zstandard frame of unknown length with a window of 1 MiB, without checksum. Source: RFC 8878, "Zstandard Frames".
const ZSTD_HEAD: [u8; 6] = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50];

/// How the frames of one connection are packed.
pub(super) enum Packing {
    /// Text.
    Plain,
    /// Text, and large frames as a zlib stream each.
    Payload,
    /// One zlib stream, flushed after each frame.
    ZlibStream(Box<Compress>),
    /// One Zstandard stream. Its blocks are stored and not compressed: any decoder reads them, and no encoder is needed.
    ZstdStream {
        /// Whether the head of the stream has been sent.
        begun: bool,
    },
}

impl Packing {
    /// What the connection's query asks for in `compress`; `None`: Discord knows no such thing.
    pub(super) fn asked(compress: Option<&str>) -> Option<Self> {
        match compress {
            None => Some(Self::Plain),
            Some("zlib-stream") => Some(Self::ZlibStream(Box::new(Compress::new(Compression::fast(), true)))),
            Some("zstd-stream") => Some(Self::ZstdStream { begun: false }),
            Some(_) => None,
        }
    }

    /// The client asked for compression in IDENTIFY; a stream that is compressed already stays as it is.
    pub(super) fn compress_payloads(&mut self) {
        if matches!(self, Self::Plain) {
            *self = Self::Payload;
        }
    }

    /// Packs one frame.
    pub(super) fn pack(&mut self, frame: String) -> Frame {
        match self {
            Self::Payload if frame.len() >= WORTH_IT => {
                Frame::Binary(deflate(&mut Compress::new(Compression::fast(), true), frame.as_bytes(), FlushCompress::Finish))
            }
            Self::Plain | Self::Payload => Frame::Text(frame),
            Self::ZlibStream(stream) => Frame::Binary(deflate(stream, frame.as_bytes(), FlushCompress::Sync)),
            Self::ZstdStream { begun } => {
                let mut packed = if std::mem::replace(begun, true) { Vec::new() } else { ZSTD_HEAD.to_vec() };
                for block in frame.as_bytes().chunks(ZSTD_BLOCK) {
                    // Not the last block, raw, and its size: 1, 2 and 21 bits.
                    let head = u32::try_from(block.len()).unwrap_or_default() << 3;
                    packed.extend_from_slice(&head.to_le_bytes()[..3]);
                    packed.extend_from_slice(block);
                }
                Frame::Binary(packed)
            }
        }
    }
}

/// Takes all of the input, and gives what came out up to the flush.
fn deflate(stream: &mut Compress, mut input: &[u8], flush: FlushCompress) -> Vec<u8> {
    let mut packed = Vec::new();
    loop {
        packed.reserve(ROOM);
        let before = stream.total_in();
        // Compressing into memory does not fail; if it did, the client would see a broken stream and reconnect.
        let Ok(status) = stream.compress_vec(input, &mut packed, flush) else { return packed };
        let taken = usize::try_from(stream.total_in() - before).unwrap_or(input.len());
        input = &input[taken..];
        let has_room = packed.len() < packed.capacity();
        if status == flate2::Status::StreamEnd || (input.is_empty() && has_room && flush == FlushCompress::Sync) {
            return packed;
        }
    }
}

#[cfg(test)]
mod tests {
    use flate2::{Decompress, FlushDecompress};

    use super::*;

    fn bytes(frame: Frame) -> Vec<u8> {
        assert!(frame.is_binary(), "compressed frames are binary");
        frame.into_data()
    }

    #[test]
    fn a_zlib_stream_is_one_stream_that_can_be_read_after_each_frame() {
        let mut packing = Packing::asked(Some("zlib-stream")).unwrap();
        let mut reader = Decompress::new(true);
        for text in ["small".to_owned(), (0..200_000_u64).map(|n| char::from(b'a' + u8::try_from(n * n % 26).unwrap())).collect()] {
            let packed = bytes(packing.pack(text.clone()));
            assert!(packed.ends_with(&[0, 0, 0xff, 0xff]), "a sync flush ends each frame");

            let mut read = Vec::with_capacity(text.len() + 1);
            reader.decompress_vec(&packed, &mut read, FlushDecompress::Sync).unwrap();
            assert_eq!(String::from_utf8(read).unwrap(), text);
        }
    }

    #[test]
    fn with_payload_compression_only_large_frames_are_compressed_and_each_alone() {
        let mut packing = Packing::asked(None).unwrap();
        packing.compress_payloads();

        assert_eq!(packing.pack("{}".to_owned()), Frame::Text("{}".to_owned()));
        for _ in 0..2 {
            let packed = bytes(packing.pack("x".repeat(WORTH_IT)));
            let mut read = Vec::with_capacity(WORTH_IT + 1);
            Decompress::new(true).decompress_vec(&packed, &mut read, FlushDecompress::Finish).unwrap();
            assert_eq!(read, "x".repeat(WORTH_IT).into_bytes());
        }
    }

    #[test]
    fn a_zstandard_stream_begins_once_and_holds_each_frame_in_blocks() {
        let mut packing = Packing::asked(Some("zstd-stream")).unwrap();

        assert_eq!(bytes(packing.pack("{}".to_owned())), [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50, 2 << 3, 0, 0, b'{', b'}']);
        assert_eq!(bytes(packing.pack("[1]".to_owned())), [3 << 3, 0, 0, b'[', b'1', b']']);
        assert_eq!(bytes(packing.pack("x".repeat(ZSTD_BLOCK + 1))).len(), ZSTD_BLOCK + 1 + 6);
    }
}
