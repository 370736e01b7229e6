//! What the fuzz targets (`fuzz/`) read beyond this crate's API. It is there with `--cfg fuzzing` only,
//! which fuzzers set, so the cache's form stays private to everything else.

use zeroize::Zeroizing;

use crate::Cache;
use crate::cache::fuzzing;

/// A cache file with whatever content.
pub fn sealed(content: &[u8], key: &[u8; 32], source: &str, cache: &Cache) -> Vec<u8> {
    fuzzing::sealed(content, key, source, cache)
}

/// The content of a cache file as it would be written again, if it is one that is used.
pub fn opened(file: &[u8], key: &[u8], source: &str, cache: &Cache) -> Option<Zeroizing<Vec<u8>>> {
    fuzzing::opened(file, key, source, cache)
}
