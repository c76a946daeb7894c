//! One bucket: so many requests in a window of time that begins with the first of them.

use std::hash::{DefaultHasher, Hash, Hasher};

/// The size of a bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Bucket {
    pub(crate) name: &'static str,
    pub(crate) limit: u32,
    pub(crate) window_ms: i64,
}

impl Bucket {
    pub(crate) const fn new(name: &'static str, limit: u32, window_ms: i64) -> Self {
        Self { name, limit, window_ms }
    }

    /// The same with a window so many times shorter.
    pub(crate) fn compressed(self, factor: u32) -> Self {
        Self { window_ms: (self.window_ms / i64::from(factor)).max(1), ..self }
    }

    /// What `X-RateLimit-Bucket` shows: a word that tells routes apart but not their ids.
    pub(crate) fn hash(&self) -> String {
        let hashed = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            (salt, self.name).hash(&mut hasher);
            hasher.finish()
        };
        format!("{:016x}{:016x}", hashed(0), hashed(1))
    }
}

/// How a bucket stands after a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Standing {
    pub(crate) bucket: Bucket,
    pub(crate) granted: bool,
    pub(crate) remaining: u32,
    /// When the window ends, in milliseconds since 1970.
    pub(crate) reset_ms: i64,
    /// How long that is from now.
    pub(crate) reset_after_ms: i64,
}

/// A running window.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Window {
    ends_ms: i64,
    used: u32,
}

impl Window {
    pub(crate) fn is_over(&self, now_ms: i64) -> bool {
        now_ms >= self.ends_ms
    }

    /// How long until one more is granted; `None`: it would be now.
    pub(crate) fn wait(&self, bucket: Bucket, now_ms: i64) -> Option<i64> {
        (!self.is_over(now_ms) && self.used >= bucket.limit).then_some(self.ends_ms - now_ms)
    }

    /// Takes one request out of the bucket, if there is one left.
    pub(crate) fn take(&mut self, bucket: Bucket, now_ms: i64) -> Standing {
        if self.is_over(now_ms) {
            *self = Self { ends_ms: now_ms + bucket.window_ms, used: 0 };
        }
        let granted = self.used < bucket.limit;
        self.used += u32::from(granted);
        Standing { bucket, granted, remaining: bucket.limit - self.used, reset_ms: self.ends_ms, reset_after_ms: self.ends_ms - now_ms }
    }
}
