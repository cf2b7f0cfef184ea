use proptest::prelude::*;

use super::*;

/// Where characters that cannot be seen are part of the spelling.
const SPELLED: [&str; 18] = [
    "plain text, Grüße, 你好, שלום, سلام",
    "می\u{200C}خواهم",                                             // Persian: a prefix
    "क्\u{200D}ष and क्\u{200C}ष",                                   // Devanagari: half form, visible virama
    "ක්\u{200D}රී",                                                  // Sinhala
    "ന്\u{200D}",                                                   // Malayalam: an old chillu
    "ភាសា\u{200B}ខ្មែរ",                                             // Khmer: words
    "ภาษา\u{200B}ไทย",                                             // Thai: words
    "👩\u{200D}💻 👨\u{200D}👩\u{200D}👧",                         // joined emoji
    "❤\u{FE0F}\u{200D}🔥 🏳\u{FE0F}\u{200D}🌈 👩🏽\u{200D}⚕\u{FE0F}", // with a selector and a skin
    "1\u{FE0F}\u{20E3} ☎\u{FE0E}",
    "🏴\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}!", // Scotland
    "葛\u{E0100}城市 、\u{FE00}",
    "ᠮᠤᠩᠭᠤᠯ\u{180B}",
    "השעה 10:30\u{200F} (GMT)",                 // marks among Hebrew
    "שם: \u{2068}report v2.pdf\u{2069}.",       // an isolate among Hebrew
    "\u{2067}שלום \u{2066}a\u{2069} ב\u{2069}", // nested
    "a\u{0301}\u{0302} n\u{0303}",
    "\u{2800}⠓⠊", // Braille
];

#[test]
fn what_a_script_needs_stays() {
    for text in SPELLED {
        assert_eq!(visible(text), text, "{}", text.escape_unicode());
    }
}

#[test]
fn what_turns_or_hides_text_goes() {
    for (hostile, shown) in [
        ("invoice\u{202E}fdp.exe", "invoicefdp.exe"),
        ("\u{202B}a\u{202C} \u{202D}b\u{202C}", "a b"),
        ("pay \u{2067}10 - 20\u{2069} euros", "pay 10 - 20 euros"),
        ("10\u{200F} - 20 \u{061C}a\u{200E}", "10 - 20 a"),
        ("שלום \u{2067}10 - 20", "שלום 10 - 20"),
        ("שלום\u{2069}", "שלום"),
        ("שלום\n1 \u{200F}- 2", "שלום\n1 - 2"),
        ("שלום \u{202E}abc\u{202C}", "שלום abc"),
        ("ad\u{200B}min\u{200D} ro\u{2060}ot\u{FEFF}\u{AD}", "admin root"),
        ("\u{E0041}\u{E0042}plain", "plain"),
        ("🏴\u{E0041}\u{E0042}\u{E007F}", "🏴"),
        ("a\u{FE0F}b\u{E0101}\u{E0102}c😀\u{E0120}\u{FE0F}\u{FE0E}", "abc😀\u{FE0F}"),
        ("م\u{200C}\u{200D}\u{200C}ن", "م\u{200C}ن"),
        ("👩\u{200D}\u{200D}💻 a\u{200D}💻 👩\u{200D}", "👩\u{200D}💻 a💻 👩"),
        ("\u{3164}\u{115F}x\u{FFA0}", "x"),
    ] {
        assert_eq!(visible(hostile), shown, "{}", hostile.escape_unicode());
    }
}

#[test]
fn text_without_such_characters_is_not_copied() {
    assert!(matches!(visible("Grüße, سلام"), Cow::Borrowed(_)));
}

/// Texts in which everything meets everything.
fn mixed() -> impl Strategy<Value = String> {
    let ranges = [
        ('\u{200B}', '\u{200F}'),
        ('\u{202A}', '\u{202E}'),
        ('\u{2060}', '\u{206F}'),
        ('\u{FE00}', '\u{FE0F}'),
        ('\u{E0060}', '\u{E007F}'),
        ('\u{E0100}', '\u{E0105}'),
        ('\u{180B}', '\u{180E}'),
    ];
    let unseen = prop::sample::select(ranges.to_vec()).prop_flat_map(|(from, to)| prop::char::range(from, to));
    let others = prop::sample::select(vec!['\u{AD}', '\u{FEFF}', '\u{61C}']);
    let seen = prop::sample::select("a1 \nשمक\u{94D}ខ😀🏴❤葛ᠮ".chars().collect::<Vec<_>>());
    prop::collection::vec(prop_oneof![3 => unseen, 1 => others, 4 => seen, 1 => any::<char>()], 0..60)
        .prop_map(String::from_iter)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn only_what_cannot_be_seen_is_taken_away(text in mixed()) {
        let shown = visible(&text);
        let shapes = |text: &str| text.chars().filter(|c| Class::of(*c) == Class::Shape).collect::<String>();
        prop_assert_eq!(shapes(&shown), shapes(&text));
        let mut rest = text.chars();
        prop_assert!(shown.chars().all(|c| rest.any(|other| other == c)), "nothing is added or moved");
    }

    #[test]
    fn twice_is_the_same_as_once(text in mixed()) {
        let once = visible(&text).into_owned();
        prop_assert_eq!(visible(&once), once.as_str());
    }

    #[test]
    fn what_is_left_cannot_turn_text_around(text in mixed()) {
        let shown = visible(&text);
        let turned = shown.contains(|c| ('\u{202A}'..='\u{202E}').contains(&c));
        prop_assert!(!turned);
        for line in shown.split(LINE_ENDS) {
            let mut open = 0_i32;
            for c in line.chars() {
                open += match c { '\u{2066}'..='\u{2068}' => 1, '\u{2069}' => -1, _ => 0 };
                prop_assert!(open >= 0, "closed before it is opened");
            }
            prop_assert_eq!(open, 0, "left open");
            let turns = |c: char| matches!(Class::of(c), Class::Mark | Class::Isolate);
            prop_assert!(!line.contains(turns) || line.contains(class::is_right_to_left));
        }
    }

    #[test]
    fn what_is_left_cannot_carry_a_message(text in mixed()) {
        let shown = visible(&text).replace('\u{1F3F4}', "");
        let unseen = |c: char| matches!(Class::of(c), Class::Joiner | Class::Space | Class::Selector);
        let all: Vec<char> = shown.chars().collect();
        for three in all.windows(3) {
            prop_assert!(!three.iter().all(|c| unseen(*c)), "three in a row");
        }
    }
}
