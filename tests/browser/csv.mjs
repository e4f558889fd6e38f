// Reads a CSV file as a spreadsheet does: quoted cells, doubled quotes, CRLF line ends.

/** The rows of a text, each a list of cells. Throws on a line end that is not CRLF, and on text after a closing quote. */
export function parse(text) {
  const rows = [];
  let row = [];
  let at = 0;
  while (at < text.length) {
    let cell = '';
    if (text[at] === '"') {
      for (at += 1; text[at] !== '"' || text[at + 1] === '"'; at += 1) {
        if (at >= text.length) throw new Error('a quote is not closed');
        if (text[at] === '"') at += 1;
        cell += text[at];
      }
      at += 1;
    } else {
      while (at < text.length && !',\r\n"'.includes(text[at])) {
        cell += text[at];
        at += 1;
      }
    }
    row.push(cell);
    if (text[at] === ',') at += 1;
    else if (text.startsWith('\r\n', at)) {
      rows.push(row);
      row = [];
      at += 2;
    } else throw new Error(`expected a comma or CRLF at ${at}, found ${JSON.stringify(text.slice(at, at + 10))}`);
    if (text[at] === undefined && row.length > 0) row.push('');
  }
  return rows;
}
