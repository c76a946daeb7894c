//! Chance, from one place.

/// Gives random bytes. Nothing else in the program draws lots.
pub trait Entropy: Send + Sync {
    /// Ten random bytes: what an id needs beside its time.
    fn bytes(&self) -> [u8; 10];
}
