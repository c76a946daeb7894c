//! The machine's chance.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use orchestrator_core::ports::entropy::Entropy;

/// Draws from the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn bytes(&self) -> [u8; 10] {
        let mut bytes = [0; 10];
        if getrandom::fill(&mut bytes).is_err() {
            // Ids must differ, not be secret: without the system's generator the keys of the standard library's hashes serve.
            let draws = [RandomState::new().build_hasher().finish(), RandomState::new().build_hasher().finish()];
            for (place, byte) in bytes.iter_mut().zip(draws.iter().flat_map(|draw| draw.to_le_bytes())) {
                *place = byte;
            }
        }
        bytes
    }
}
