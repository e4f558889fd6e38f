//! [`closest_match`]: the word that a misspelt one probably means.

/// The longest name, in characters.
const MAX_NAME_CHARS: usize = 255;

/// The candidate closest to a misspelt word, if any is close enough.
pub fn closest_match<'a>(word: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // A word of this length is not a typing mistake, and to compare it is slow.
    if word.len() > 4 * MAX_NAME_CHARS {
        return None;
    }
    let word = word.to_lowercase();
    // One wrong letter in three is a typing mistake; more is another word.
    let length = word.chars().count();
    let limit = length.div_ceil(3).max(1);
    candidates
        // The difference in length is a lower bound of the distance and cheap to compute.
        .filter(|candidate| {
            candidate.len() <= 4 * MAX_NAME_CHARS && candidate.chars().count().abs_diff(length) <= limit
        })
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, candidate)| (*distance, candidate.len()))
        .map(|(_, candidate)| candidate)
}
