use std::io::Cursor;

use proptest::prelude::*;

use super::*;

/// Reads all rows as `(line, texts)`.
fn read(source: &mut dyn Source) -> Result<Vec<(u64, Vec<String>)>, SourceError> {
    let mut rows = Vec::new();
    source.read(&mut |row: Row| {
        assert_eq!(row.number, rows.len() as u64 + 1);
        let texts = row.cells.iter().map(|cell| cell.as_text().unwrap_or("NULL").to_owned());
        rows.push((row.line, texts.collect()));
        ControlFlow::Continue(())
    })?;
    Ok(rows)
}

fn csv(text: impl AsRef<[u8]>) -> Result<Vec<(u64, Vec<String>)>, SourceError> {
    read(&mut Csv::new(text.as_ref()))
}

fn ndjson(text: &str) -> Result<Vec<(u64, Vec<String>)>, SourceError> {
    read(&mut Ndjson::new(text.as_bytes()))
}

fn texts(rows: &[(u64, Vec<String>)]) -> Vec<Vec<String>> {
    rows.iter().map(|(_, texts)| texts.clone()).collect()
}

fn says(result: Result<Vec<(u64, Vec<String>)>, SourceError>, words: &str) {
    let error = result.expect_err(words).to_string();
    assert!(error.contains(words), "{error}");
}

#[test]
fn commas_quotes_and_line_breaks_inside_quotes() {
    let rows = csv("name,key\r\n\"Doe, J\",a\r\n\"two\r\nlines\",\"say \"\"hi\"\"\"\r\nlast,b")
        .expect("reads");
    let expected = [["Doe, J", "a"], ["two\r\nlines", "say \"hi\""], ["last", "b"]];
    assert_eq!(texts(&rows), expected.map(|row| row.map(str::to_owned).to_vec()));
    assert_eq!(rows.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3, 5]);
}

#[test]
fn lines_are_counted_over_blank_ones() {
    let rows = csv("a,b\n\n\n1,2\n\n3,4\n\n").expect("reads");
    assert_eq!(rows.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [4, 6]);
}

#[test]
fn byte_order_marks_and_utf_16() {
    let text = "näme,key\r\n\"é,\n𝄞\",k1\r\n";
    let expected = [["é,\n𝄞", "k1"].map(str::to_owned).to_vec()];
    let units: Vec<u16> = text.encode_utf16().collect();
    let le: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let be: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    assert_eq!(texts(&csv(text).expect("utf-8")), expected);
    assert_eq!(texts(&csv(["\u{feff}", text].concat()).expect("utf-8 with a mark")), expected);
    assert_eq!(texts(&csv([&[0xff, 0xfe][..], &le].concat()).expect("le")), expected);
    assert_eq!(texts(&csv([&[0xfe, 0xff][..], &be].concat()).expect("be")), expected);
    let unmarked = &mut Csv::with(le.as_slice(), Charset::Utf16Le, b',', Limits::default());
    assert_eq!(texts(&read(unmarked).expect("le, said so")), expected);
}

#[test]
fn bytes_that_are_not_text_are_an_error_and_never_a_replacement_character() {
    says(csv(b"a,b\nx,\xff\xfe\n"), "not UTF-8");
    says(csv(b"\xff\xfea\0,\0b\0\n\0\x00\xd8x\0"), "not UTF-16LE");
}

#[test]
fn a_row_of_another_width_is_an_error_with_its_line() {
    says(csv("a,b\n1,2\n3\n"), "line 3: the row has 1 cells, and the header names 2 columns");
    says(csv("a,b\n\"1\n2\",2,3\n"), "line 2: the row has 3 cells");
}

#[test]
fn a_header_names_every_column_once() {
    says(csv(""), "empty");
    says(csv("a,,b\n"), "line 1, column 2: the column has no name");
    says(csv("a,b, a\n"), "line 1, column 3: a second column is called `a`");
    assert_eq!(csv("a,b\n").expect("no rows"), []);
    assert_eq!(csv("a,b").expect("no line end either"), []);
}

#[test]
fn a_quote_that_is_never_closed_is_found_wherever_it_stands() {
    says(csv("a,b\n1,\"2\n3,4\n"), "line 2: the file ends inside quotes");
    says(csv("a,b\n1,\"2"), "line 2: the file ends inside quotes");
    says(csv("\"a,b\n"), "line 1: the file ends inside quotes");
    assert_eq!(texts(&csv("a\n\"1\"").expect("closed")), [["1"]]);
    assert_eq!(texts(&csv("a\nx").expect("like the sentinel")), [["x"]]);
    assert_eq!(texts(&csv("a\nx\nx\n").expect("like the sentinel")), [["x"], ["x"]]);
}

#[test]
fn a_cell_of_a_million_characters_is_an_error_with_line_and_column() {
    let wide = format!("a,b\n1,2\n3,{}\n", "x".repeat(1_000_000));
    says(csv(&wide), "line 3, column 2: the cell is larger than 65536 bytes");
    let roomy = Limits { cell: 1_000_000, row: 1_000_010, columns: 2 };
    let rows =
        read(&mut Csv::with(wide.as_bytes(), Charset::Utf8, b',', roomy)).expect("fits exactly");
    assert_eq!(rows[1].1[1].len(), 1_000_000);
    says(
        csv(format!("a,b\n{}", "1,".repeat(1_000_000))),
        "line 2, column 1025: the row is larger than 1024 columns",
    );
    let many = format!("{}\n", vec!["y".repeat(60_000); 20].join(","));
    says(csv(many), "the row is larger than 1048576 bytes");
}

#[test]
fn other_delimiters_are_read() {
    let source = &mut Csv::with(&b"a;b\n1,5;2\n"[..], Charset::Utf8, b';', Limits::default());
    assert_eq!(texts(&read(source).expect("reads")), [["1,5", "2"]]);
}

#[test]
fn objects_of_any_shape_a_line() {
    let rows = ndjson(
        "{\"key\":\"a\",\"n\":7,\"on\":true,\"gone\":null}\n\n{\"scopes\":[\"x\",\"y\"],\"m\":{\"a\":1.50}}\r\n",
    );
    let rows = rows.expect("reads");
    assert_eq!(
        texts(&rows),
        [vec!["NULL", "a", "7", "true"], vec!["{\"a\":1.5}", "[\"x\",\"y\"]"]]
    );
    assert_eq!(rows.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 3]);
}

#[test]
fn lines_that_are_not_objects_are_errors_with_line_and_column_and_without_the_text() {
    says(ndjson("{\"a\":1}\n[1]\n"), "line 2, column 0: the line is not a JSON object");
    says(ndjson("{\"a\":1}\n{\"b\":\n"), "not complete");
    let error = ndjson("{\"a\": canary}\n").expect_err("not JSON").to_string();
    assert!(
        error.starts_with("line 1, column 7: the line is not JSON") && !error.contains("canary"),
        "{error}"
    );
    let long = format!("{{\"a\":\"{}\"}}\n", "x".repeat(2_000_000));
    says(ndjson(&long), "line 1: the line is larger than 1048576 bytes");
    let wide = format!("{{\"a\":1}}\n{{\"a\":1,\"b\":\"{}\"}}\n", "x".repeat(70_000));
    says(ndjson(&wide), "line 2, column 2: the cell is larger than 65536 bytes");
}

#[test]
fn a_sink_that_has_enough_ends_the_reading() {
    for source in [
        &mut Csv::new(Cursor::new("a\n1\n2\n3\n\"")) as &mut dyn Source,
        &mut Ndjson::new(Cursor::new("{}\n{}\n{}\n[")),
    ] {
        let mut seen = 0;
        let mut sink = |_: Row| {
            seen += 1;
            if seen == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        source.read(&mut sink).expect("stopped before the mistake");
        assert_eq!(seen, 2, "{}", source.name());
    }
}

#[test]
fn a_row_shows_nothing_of_its_cells() {
    let mut shown = String::new();
    Csv::new(&b"key\ncanary\n"[..])
        .read(&mut |row: Row| {
            shown = format!("{row:?}");
            assert_eq!(row.text("KEY"), Some("canary"), "headers are found in any case");
            ControlFlow::Continue(())
        })
        .expect("reads");
    assert!(shown.contains("Value(…)") && !shown.contains("canary"), "{shown}");
}

/// A reader that hands out few bytes at a time, so that every boundary is met.
struct Slow<'t>(&'t [u8], usize);

impl std::io::Read for Slow<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let taken = self.1.min(self.0.len()).min(out.len());
        out[..taken].copy_from_slice(&self.0[..taken]);
        self.0 = &self.0[taken..];
        Ok(taken)
    }
}

proptest! {
    /// What is written by RFC 4180 is read back, however the bytes arrive and whatever the line ends.
    #[test]
    fn any_table_reads_back(
        table in prop::collection::vec(prop::collection::vec("[a-z,\"\\n\\r é𝄞]{0,6}", 3), 0..6),
        crlf in any::<bool>(), last in any::<bool>(), utf16 in any::<bool>(), step in 1_usize..9,
    ) {
        let end = if crlf { "\r\n" } else { "\n" };
        let quoted = |cell: &String| format!("\"{}\"", cell.replace('"', "\"\""));
        let mut lines = vec!["a,b,c".to_owned()];
        lines.extend(table.iter().map(|row| row.iter().map(quoted).collect::<Vec<_>>().join(",")));
        let mut text = lines.join(end);
        if last { text.push_str(end); }
        let bytes: Vec<u8> = if utf16 {
            std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
        } else {
            text.into_bytes()
        };
        let rows = read(&mut Csv::new(Slow(&bytes, step))).expect("well formed");
        prop_assert_eq!(texts(&rows), table);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = csv(&bytes);
        let _ = read(&mut Ndjson::new(bytes.as_slice()));
    }
}

#[test]
fn some_rows_of_a_file_keep_their_numbers_and_the_others_are_none() {
    let only = |values: &[(&str, &str)]| {
        let text =
            "{\"kind\":\"head\"}\n{\"kind\":\"key\",\"of\":1}\n{\"kind\":\"key\",\"of\":2}\n";
        let owned = |(column, value): &(&str, &str)| ((*column).to_owned(), (*value).to_owned());
        let source = Box::new(Ndjson::new(text.as_bytes()));
        let mut only = Only::new(source, values.iter().map(owned).collect());
        let mut numbers = Vec::new();
        let mut sink = |row: Row| {
            numbers.push(row.number);
            ControlFlow::Continue(())
        };
        only.read(&mut sink).expect("reads");
        numbers
    };
    assert_eq!(only(&[]), [1, 2, 3]);
    assert_eq!(only(&[("kind", "key")]), [2, 3]);
    assert_eq!(only(&[("kind", "key"), ("of", "2")]), [3]);
    assert_eq!(only(&[("missing", "")]), [] as [u64; 0]);
}
