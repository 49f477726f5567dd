//! How hard a key is to guess, as far as one key can tell.

/// Below so many bits a key is reported.
pub const BITS_FLAGGED: f64 = 128.0;

/// Below so many bits a key is refused, unless that is waived: within reach of one determined attacker.
pub const BITS_REFUSED: f64 = 80.0;

/// An upper bound of the bits in `key`: how many characters count, times the logarithm of the alphabet that
/// they show.
///
/// Nobody can measure the entropy of one string; a bound from above errs on the side of letting a key pass.
/// What plainly carries nothing is not counted: separators, a constant prefix of letters (`sk_live_`),
/// characters that go on a run (`aaaa`, `1234`, `zyx`), and repetitions of what came before (`abcabc`).
///
/// ```
/// # use oneloop_migrate::plan::entropy_bits;
/// assert_eq!(entropy_bits("9f86d081884c7d659a2feaa0c55ad015"), 128.0);
/// assert!(entropy_bits("sk_live_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa") < 10.0);
/// assert!(entropy_bits("123456789012345678901234567890") < 40.0);
/// ```
pub fn entropy_bits(key: &str) -> f64 {
    let random = without_constant_prefix(key);
    let characters: Vec<char> = random.chars().filter(|c| c.is_alphanumeric()).collect();
    counted(&characters) as f64 * alphabet(random).log2()
}

/// Drops leading words of ASCII letters of one case that a separator ends: they are the same in every key.
///
/// Of one case, because of random Base64url three keys in a thousand begin with words of letters, too, of both.
fn without_constant_prefix(mut key: &str) -> &str {
    while let Some((word, rest)) = key.split_once(['_', '-', '.', ':', '|']) {
        let all = |class: fn(&u8) -> bool| word.as_bytes().iter().all(class);
        let constant =
            word.len() <= 16 && (all(u8::is_ascii_lowercase) || all(u8::is_ascii_uppercase));
        if !constant || rest.is_empty() {
            break;
        }
        key = rest;
    }
    key
}

/// The size of the smallest usual alphabet that has every character.
fn alphabet(text: &str) -> f64 {
    let any = |class: fn(char) -> bool| text.chars().any(class);
    let beyond_hex = any(|c| c.is_ascii_alphabetic() && !c.is_ascii_hexdigit());
    let both_cases = any(|c| c.is_ascii_lowercase()) && any(|c| c.is_ascii_uppercase());
    let letters = match (beyond_hex || both_cases, any(|c| c.is_ascii_alphabetic())) {
        (true, _) => 26.0,
        (false, true) => 6.0,
        (false, false) => 0.0,
    };
    let cases = if both_cases { 2.0 } else { 1.0 };
    // Letters of hex alone imply the digits, even where none happens to be shown.
    let digits = if any(|c| c.is_ascii_digit()) || letters == 6.0 { 10.0 } else { 0.0 };
    let size: f64 = letters * cases + digits;
    size.max(2.0)
}

/// How many characters are neither part of a run nor of a repetition.
fn counted(characters: &[char]) -> usize {
    let mut count = 0;
    let mut at = 0;
    while let Some(rest) = characters.get(at..).filter(|rest| !rest.is_empty()) {
        // The longest piece from here that began before; chance repeats three characters, not four.
        let repeated =
            (0..at).map(|from| agreeing(characters.get(from..), rest)).max().unwrap_or(0);
        let run = run(rest);
        let longest = repeated.max(run);
        at += if longest >= 4 { longest } else { 1 };
        count += 1;
    }
    count
}

/// How many characters two pieces have in common at their start. They may overlap: `aaaa` repeats `a`.
fn agreeing(earlier: Option<&[char]>, later: &[char]) -> usize {
    earlier
        .unwrap_or_default()
        .iter()
        .zip(later)
        .take_while(|(earlier, later)| earlier == later)
        .count()
}

/// How many characters from the start go on by a constant step of −1, 0 or 1.
fn run(characters: &[char]) -> usize {
    let step = |pair: &[char]| match pair {
        [from, to] => i64::from(u32::from(*to)) - i64::from(u32::from(*from)),
        _ => i64::MAX,
    };
    let mut pairs = characters.windows(2).map(step).peekable();
    match pairs.peek().copied() {
        Some(first) if first.abs() <= 1 => 1 + pairs.take_while(|step| *step == first).count(),
        _ => 1,
    }
}
