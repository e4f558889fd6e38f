// The data table of both pages: it sorts, filters and pages rows that stay arrays, and draws one page of them.
// Every text goes into the document as text. Nothing here parses markup.
'use strict';

const NOTHING = -1;
const PAGE_SIZES = [25, 100, 500];
const PRINTED_ROWS = 2000;
// A column with more distinct values than this has no list to choose from.
const MOST_CHOICES = 20;
// More lists than this are folded away.
const MOST_OPEN_LISTS = 4;
const figures = new Intl.NumberFormat('en');
const collator = new Intl.Collator('en', { numeric: true });

/** Makes an element. A `true` attribute is written without a value, a `false` one is left out. */
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== false) made.setAttribute(key, value === true ? '' : value);
  }
  made.append(...children);
  return made;
}

/** A button of a toolbar. */
function button(label, action, attributes = {}) {
  const made = element('button', { type: 'button', ...attributes }, label);
  made.addEventListener('click', action);
  return made;
}

/** A labelled select from pairs of value and label. */
function select(label, choices, action) {
  const field = element('select', {}, ...choices.map(([value, text]) => element('option', { value }, text)));
  field.addEventListener('change', () => action(field.value));
  return element('label', {}, element('span', {}, label), field);
}

/** A labelled search field; `action` gets the words in it, in lower case. */
function searchField(label, action) {
  const field = element('input', { type: 'search', autocomplete: 'off', spellcheck: 'false' });
  field.addEventListener('input', () => action(field.value.toLowerCase().split(/\s+/u).filter(Boolean).slice(0, 30)));
  return element('label', { class: 'search' }, element('span', {}, label), field);
}

/** The distinct texts of the page. Rows refer to them by index, so each is lowered and compared once. */
class Texts {
  constructor(list) {
    this.list = list;
    this.lower = [];
    this.indexes = null;
  }

  /** The index of a text, which is added if it is new. */
  add(text) {
    this.indexes ??= new Map(this.list.map((known, index) => [known, index]));
    if (!this.indexes.has(text)) this.indexes.set(text, this.list.push(text) - 1);
    return this.indexes.get(text);
  }

  /** For each text a bit set: bit n is on where word n occurs in it. */
  search(words) {
    const bits = new Uint32Array(this.list.length);
    if (words.length === 0) return bits;
    for (let index = 0; index < bits.length; index += 1) {
      const text = (this.lower[index] ??= this.list[index].toLowerCase());
      for (let word = 0; word < words.length; word += 1) if (text.includes(words[word])) bits[index] |= 1 << word;
    }
    return bits;
  }

  /** The rank of each of the given texts. Times sort by their characters, which is their order and costs less. */
  ranks(indexes, isTime) {
    const { list } = this;
    const compare = isTime ? (a, b) => (list[a] < list[b] ? -1 : 1) : (a, b) => collator.compare(list[a], list[b]);
    return new Map([...indexes].sort(compare).map((index, rank) => [index, rank]));
  }
}

/** Which part of a list is drawn, with buttons to move. */
class Pager {
  constructor(unit, size, action) {
    Object.assign(this, { unit, size, action, first: 0, total: 0 });
    this.status = element('span', { role: 'status' });
    this.back = button('Previous', () => this.move(-1), { 'aria-label': `Previous ${unit}` });
    this.next = button('Next', () => this.move(1), { 'aria-label': `Next ${unit}` });
    this.node = element('div', { class: 'pager' }, this.status, this.back, this.next);
  }

  move(pages) {
    const first = this.first + pages * this.size;
    if (first < 0 || first >= this.total) return;
    this.first = first;
    this.action();
  }

  /** Tells how many there are, also without the filter. Buttons that lead nowhere stay focusable. */
  show(total, all) {
    this.total = total;
    this.last = Math.min(this.first + this.size, total);
    const range = total === 0 ? `0 ${this.unit}`
      : `${figures.format(this.first + 1)}–${figures.format(this.last)} of ${figures.format(total)} ${this.unit}`;
    const told = total === all ? range : `${range} (${figures.format(all)} in all)`;
    if (this.status.textContent !== told) this.status.textContent = told;
    this.back.setAttribute('aria-disabled', String(this.first === 0));
    this.next.setAttribute('aria-disabled', String(this.last >= total));
  }
}

/** A region that scrolls by itself and can be focused for that. */
function scrollRegion(label, table) {
  return element('div', { class: 'scroll', role: 'region', tabindex: '0', 'aria-label': label }, table);
}

/** A text as it is typed. In a long name a line breaks after a mark; in a very long one it breaks anywhere. */
function typed(text) {
  const parts = text.length <= 16 || text.length > 200 ? [text] : text.split(/(?<=[:/,@])/u);
  return element('bdi', {}, ...parts.flatMap((part, at) => (at === 0 ? [part] : [element('wbr'), part])));
}

/** Calls back before and after printing. */
function onPrint(action) {
  window.addEventListener('beforeprint', () => action(true));
  window.addEventListener('afterprint', () => action(false));
}

class DataTable {
  /**
   * `columns` have a `name`, `label`, `type` and the `index` of their cell. `options.cell` may draw a cell itself.
   * `options.choices` has the lists of columns whose cells change, as `name: [[cell, label], …]`, or null for no list.
   */
  constructor(host, texts, columns, rows, options = {}) {
    Object.assign(this, { host, texts, columns, rows, options, words: [], chosen: new Map(), sorted: null });
    this.order = Int32Array.from(rows.keys());
    this.classes = columns.map((column) => this.width(column));
    this.caption = host.dataset.caption;
    this.pager = new Pager('rows', 100, () => this.draw());
    this.captionNote = element('span');
    this.body = element('tbody');
    this.heads = columns.map((column) => element('th', { scope: 'col', class: column.type },
      button(column.label, () => this.sort(column))));
    this.region = scrollRegion(`Table: ${this.caption}`, element('table', { class: 'data' },
      element('caption', {}, this.caption, this.captionNote),
      element('colgroup', {}, ...this.classes.map((name) => element('col', { class: name }))),
      element('thead', {}, element('tr', {}, ...this.heads)), this.body));
    this.controls = element('div', { class: 'controls' });
    this.buildControls();
    host.append(this.controls, this.region);
    onPrint((printing) => this.draw(printing));
    this.filter();
  }

  buildControls() {
    const lists = this.columns.map((column) => [column, this.choicesOf(column)]).filter(([, choices]) => choices)
      .map(([column, choices]) => select(column.label, [['', 'any'], ...choices], (value) => {
        if (value === '') this.chosen.delete(column.index);
        else this.chosen.set(column.index, Number(value));
        this.filter();
      }));
    const clear = button('Clear filters', () => {
      for (const field of narrow.querySelectorAll('input, select')) field.value = '';
      this.words = [];
      this.chosen.clear();
      this.filter();
    });
    const narrow = element('div', { class: 'fields', role: 'group', 'aria-label': `Filter: ${this.caption}` },
      searchField('Search', (words) => {
        this.words = words;
        this.filter();
      }), clear);
    if (lists.length > MOST_OPEN_LISTS) {
      const summary = element('summary', {}, 'Filter by column');
      narrow.append(element('details', {}, summary, element('div', { class: 'fields' }, ...lists)));
      this.showChosen = () => {
        summary.textContent = this.chosen.size ? `Filter by column (${this.chosen.size} in use)` : 'Filter by column';
      };
    } else narrow.append(...lists);
    const size = select('Rows per page', PAGE_SIZES.map((rows) => [rows, String(rows)]), (value) => {
      this.pager.size = Number(value);
      this.pager.first = 0;
      this.draw();
    });
    size.querySelector('select').value = String(this.pager.size);
    this.controls.append(narrow, element('div', { class: 'fields paging' }, this.pager.node, size));
  }

  /** The values a column can be filtered by, or null if there are too many or no two. */
  choicesOf(column) {
    const given = this.options.choices?.[column.name];
    if (given !== undefined) return given;
    if (column.type !== 'text') return null;
    const values = new Set();
    for (const row of this.rows) {
      values.add(row[column.index]);
      if (values.size > MOST_CHOICES) return null;
    }
    if (values.size < 2) return null;
    const none = values.delete(NOTHING) ? [[NOTHING, '(none)']] : [];
    return [...[...this.texts.ranks(values, false).keys()].map((cell) => [cell, this.texts.list[cell]]), ...none];
  }

  /** The class of a column's width. It depends on all rows, so no column moves when other rows are drawn. */
  width(column) {
    if (this.options.cell && this.options.widths?.[column.name]) return this.options.widths[column.name];
    if (column.type !== 'text') return column.type;
    let longest = column.label.length;
    for (const row of this.rows) {
      const cell = row[column.index];
      if (cell !== NOTHING) longest = Math.max(longest, this.texts.list[cell].length);
    }
    return ['w8', 'w16', 'w24', 'w32'][[9, 16, 28, Infinity].findIndex((most) => longest <= most)];
  }

  /** Goes from the given order to ascending, descending and back. Empty cells come last. */
  sort(column) {
    const before = this.sorted?.column === column ? this.sorted.direction : 0;
    const direction = before === 0 ? 1 : before === 1 ? -1 : 0;
    this.sorted = direction ? { column, direction } : null;
    this.heads.forEach((head, at) => {
      if (this.columns[at] !== column || !direction) head.removeAttribute('aria-sort');
      else head.setAttribute('aria-sort', direction > 0 ? 'ascending' : 'descending');
    });
    this.order = Int32Array.from(this.rows.keys());
    if (direction) {
      const cells = this.rows.map((row) => row[column.index]);
      const filled = new Set(cells);
      filled.delete(NOTHING);
      const ranks = column.type === 'number' ? null : this.texts.ranks(filled, column.type === 'time');
      const keys = Float64Array.from(cells, (cell) => {
        if (cell === NOTHING) return direction * Infinity;
        return ranks ? ranks.get(cell) : cell;
      });
      this.order.sort((a, b) => direction * (keys[a] - keys[b]) || a - b);
    }
    this.filter();
  }

  filter() {
    const { rows, columns, words } = this;
    const bits = this.texts.search(words);
    const wanted = 2 ** words.length - 1;
    const chosen = [...this.chosen];
    const numeric = columns.map((column) => column.type === 'number');
    const inNumber = (cell) => words.reduce((found, word, at) => (String(cell).includes(word) ? found | (1 << at) : found), 0);
    this.shown = this.order.filter((at) => {
      const row = rows[at];
      if (chosen.some(([index, value]) => row[index] !== value)) return false;
      if (wanted === 0) return true;
      let found = 0;
      for (let column = 0; column < columns.length; column += 1) {
        const cell = row[columns[column].index];
        if (cell !== NOTHING) found |= numeric[column] ? inNumber(cell) : bits[cell];
      }
      return found === wanted;
    });
    this.showChosen?.();
    this.pager.first = 0;
    this.draw();
    this.options.onFilter?.();
  }

  draw(printing = false) {
    this.pager.show(this.shown.length, this.rows.length);
    const drawn = printing ? this.shown.slice(0, PRINTED_ROWS) : this.shown.subarray(this.pager.first, this.pager.last);
    const cut = printing && drawn.length < this.rows.length;
    this.captionNote.textContent = cut
      ? `: ${figures.format(drawn.length)} of ${figures.format(this.rows.length)} rows are printed` : '';
    this.body.replaceChildren(...Array.from(drawn, (at) => this.drawRow(at, printing)));
    if (drawn.length === 0) {
      this.body.append(element('tr', {}, element('td', { colspan: String(this.columns.length), class: 'none' },
        this.rows.length === 0 ? 'No rows.' : 'No row matches the filter.')));
    }
    this.region.scrollTop = 0;
  }

  drawRow(at, printing) {
    const row = this.rows[at];
    return element('tr', {}, ...this.columns.map((column, index) => {
      const isHead = column.name === this.host.dataset.rowHeader;
      const cell = element(isHead ? 'th' : 'td', { scope: isHead && 'row', class: this.classes[index] });
      const own = this.options.cell?.(column, row, at, printing);
      if (own !== undefined) cell.append(own);
      else if (row[column.index] !== NOTHING) cell.append(this.value(column, row[column.index]));
      return cell;
    }));
  }

  /** What a cell shows. A time without its seconds keeps the whole text as its title. */
  value(column, cell) {
    if (column.type === 'number') return String(cell);
    const text = this.texts.list[cell];
    if (column.type === 'time' && /^\d{4}-\d\d-\d\dT\d\d:\d\d/u.test(text)) {
      return element('time', { datetime: text, title: text }, `${text.slice(0, 10)} ${text.slice(11, 16)}`);
    }
    return typed(text);
  }
}

/** The columns of a table, each with the index of its cells. */
function columnsOf(columns) {
  return columns.map((column, index) => ({ ...column, index }));
}

/** The data of the page. */
function pageData() {
  return JSON.parse(document.getElementById('data').textContent);
}
