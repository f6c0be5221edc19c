use super::*;

fn part(id: &str, title: &str) -> Part {
    Part {
        id: id.to_owned(),
        sort: "rule".to_owned(),
        title: title.to_owned(),
        detail: None,
        column: None,
        strand: None,
    }
}

fn arrow(from: &str, to: &str) -> Arrow {
    Arrow {
        from: from.to_owned(),
        to: to.to_owned(),
        label: None,
        strand: None,
    }
}

#[test]
fn nothing_and_one_box_are_pictures_too() {
    let mut picture = Picture::default();
    for _ in 0..2 {
        assert!(svg(&picture).ends_with("</svg>\n"));
        assert!(mermaid(&picture).starts_with("flowchart LR\n"));
        assert!(dot(&picture).ends_with("}\n"));
        picture.part(part("a", ""));
    }
}

#[test]
fn arrows_to_nowhere_in_circles_and_to_oneself_end_well() {
    let mut picture = Picture::default();
    for id in ["a", "b", "c"] {
        picture.part(part(id, id));
        picture.part(part(id, "the same again"));
    }
    for (from, to) in [("a", "b"), ("b", "a"), ("c", "c"), ("a", "nowhere"), ("a", "b")] {
        picture.arrow(arrow(from, to));
    }
    assert_eq!((picture.boxes.len(), picture.arrows.len()), (3, 4));
    assert_eq!(svg(&picture).matches("<path").count(), 3);
    assert_eq!(mermaid(&picture).matches("-->").count(), 3);
    assert_eq!(dot(&picture).matches("->").count(), 3);
}

#[test]
fn no_text_breaks_out() {
    let odd = "a\"b<c>&'\\N\n\u{0}\u{ffff}`#;";
    let mut picture = Picture {
        title: odd.to_owned(),
        ..Picture::default()
    };
    picture.part(part(odd, odd));
    picture.arrow(Arrow {
        label: Some(odd.to_owned()),
        ..arrow(odd, odd)
    });
    let drawn = svg(&picture);
    assert!(
        !drawn.contains("<c>") && !drawn.contains('\u{0}') && !drawn.contains('\u{ffff}'),
        "{drawn}"
    );
    let drawn = dot(&picture);
    assert!(drawn.contains(r#"a\"b<c>&'\\N "#), "{drawn}");
    let drawn = mermaid(&picture);
    assert!(drawn.contains("a#34;b#60;c#62;#38;'#92;N "), "{drawn}");
    assert_eq!(drawn.lines().filter(|line| line.contains("-->")).count(), 1);
}
