use super::*;
use crate::tool::render::compose::html;

#[test]
fn structure_of_text_stays() {
    let text = "First *point*.\n\n- one\n- two\n\n| a | b |\n| - | - |\n| 1 | 2 |";
    let clean = section(text);
    for part in ["First *point*.", "- one", "- two", "| a | b |", "| 1 | 2 |"] {
        assert!(clean.contains(part), "{clean}");
    }
}

#[test]
fn nothing_active_is_left() {
    let hostile = "<script>alert(1)</script>\n\n<img src=x onerror=alert(1)> inline <b onclick=x>b</b>\n\n\
                   ![pixel](https://evil.example/t.gif) [click](javascript:alert(1)) [ok](https://evil.example)\n\n\
                   <https://evil.example/auto>\n\n[ref]\n\n[ref]: javascript:alert(1)\n\n# Sources\n\n1. Fake [1] and [2, 3].";
    let html = html(&section(hostile));
    for active in ["<script", "<img", "onerror=alert(1)>", "<a ", "javascript:alert(1)\"", "<h1", "[1]", "[2, 3]"] {
        assert!(!html.contains(active), "{active} in {html}");
    }
    assert!(html.contains("&lt;script&gt;") && html.contains("<strong>Sources</strong>"), "{html}");
}

#[test]
fn only_numbers_of_sources_are_taken_out() {
    assert_eq!(without_citations("It is so [1]. Or [1][2], not `a[1]` or [x]."), "It is so. Or, not `a[1]` or [x].");
    assert_eq!(without_citations("[^1] and [ ] and [12"), " and [ ] and [12");
}

#[test]
fn a_title_is_only_a_title() {
    for (hostile, expected) in [
        ("Plain title", "<h1>Plain title</h1>\n"),
        ("a\n# b\n\n<script>x</script>", "<h1>a # b &lt;script&gt;x&lt;/script&gt;</h1>\n"),
        ("[x](javascript:y) ![i](z) `c` *e* _u_", "<h1>[x](javascript:y) ![i](z) `c` *e* _u_</h1>\n"),
        ("&lt;b&gt; \\", "<h1>&amp;lt;b&amp;gt; \\</h1>\n"),
        ("https://evil.example/x www.evil.example", "<h1>https://evil.example/x www.evil.example</h1>\n"),
    ] {
        assert_eq!(html(&format!("# {}\n", line(hostile))), expected);
    }
    for hostile in ["1. one", "- one", "+ one", "> one", "# one", "=== one", "--- one", "12) one"] {
        assert_eq!(html(&line(hostile)), format!("<p>{}</p>\n", hostile.replace('>', "&gt;")));
    }
}

#[test]
fn size_is_bounded() {
    assert!(section(&"x".repeat(1_000_000)).len() <= MAX_TEXT);
    assert!(!section(&"[".repeat(100_000)).is_empty());
    assert!(section(&"> ".repeat(20_000)).len() <= 2 * MAX_TEXT);
}
