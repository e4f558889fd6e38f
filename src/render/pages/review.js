// The review sheet: decisions in the rows of a data table, saved as the CSV file that `audit review` reads back.
'use strict';

const CASCADING_ROLE = 'item:share';
// What the reviewer needs beside the decision comes first; the other columns follow in their order.
const FIRST_COLUMNS = ['principal', 'role', 'resource', 'decision', 'cascade', 'comment'];

/** A cell of the CSV file. A spreadsheet would run some texts as formulas; an apostrophe in front makes them inert. */
function csvCell(text) {
  const inert = /^[=+\-@\t\r]/u.test(text) ? `'${text}` : text;
  return /[",;\r\n]|^ | $/u.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}

class Review {
  constructor(data) {
    this.data = data;
    this.texts = new Texts(data.texts);
    this.columns = columnsOf(data.columns);
    this.at = Object.fromEntries(this.columns.map((column) => [column.name, column.index]));
    this.words = { keep: this.texts.add('keep'), revoke: this.texts.add('revoke'), yes: this.texts.add('yes') };
    this.isUnsaved = false;
    this.part = Object.fromEntries(['progress', 'decided', 'keep-all', 'undo', 'save', 'saved']
      .map((id) => [id, document.getElementById(id)]));
    const first = FIRST_COLUMNS.map((name) => this.columns.find((column) => column.name === name));
    const columns = [...first, ...this.columns.filter((column) => !first.includes(column))];
    this.table = new DataTable(document.querySelector('[data-table]'), this.texts, columns, data.rows, {
      cell: (column, row, at, printing) => this.cell(column.name, row, at, printing),
      choices: {
        decision: [[NOTHING, 'undecided'], [this.words.keep, 'keep'], [this.words.revoke, 'revoke']],
        cascade: null,
        comment: null,
      },
      widths: { decision: 'decision', cascade: 'w16', comment: 'w24' },
      onFilter: () => this.showProgress(),
    });
    this.part['keep-all'].addEventListener('click', () => this.keepAll());
    this.part.undo.addEventListener('click', () => this.undo());
    this.part.save.addEventListener('click', () => this.save());
    window.addEventListener('beforeunload', (event) => {
      if (!this.isUnsaved) return;
      event.preventDefault();
      event.returnValue = '';
    });
    this.showProgress();
  }

  text(cell) {
    return cell === NOTHING ? '' : this.texts.list[cell];
  }

  /** Draws the three cells that can be changed; undefined for the others. */
  cell(name, row, at, printing) {
    if (!['decision', 'cascade', 'comment'].includes(name)) return undefined;
    if (printing) return this.printed(name, row);
    const about = `${this.text(row[this.at.principal])}, ${this.text(row[this.at.role])} on ${this.text(row[this.at.resource])}`;
    if (name === 'decision') return this.decisionCell(row, at, about);
    if (name === 'cascade') return this.cascadeCell(row, about);
    const field = element('input', { type: 'text', 'aria-label': `Comment: ${about}`, maxlength: '1000', autocomplete: 'off' });
    field.value = this.text(row[this.at.comment]);
    field.addEventListener('input', () => this.change(row, 'comment', field.value === '' ? NOTHING : this.texts.add(field.value)));
    return field;
  }

  printed(name, row) {
    if (name === 'comment') return this.text(row[this.at.comment]);
    if (name === 'cascade') return row[this.at.cascade] === NOTHING ? '' : 'with dependents';
    return this.text(row[this.at.decision]) || 'undecided';
  }

  decisionCell(row, at, about) {
    const choice = (cell, label) => {
      const field = element('input', { type: 'radio', name: `decision-${at}`, value: label });
      field.checked = row[this.at.decision] === cell;
      field.addEventListener('change', () => this.decide(row, cell, field));
      return element('label', {}, field, element('span', {}, label));
    };
    return element('div', { role: 'radiogroup', class: 'choice', 'aria-label': `Decision: ${about}` },
      choice(this.words.keep, 'keep'), choice(this.words.revoke, 'revoke'), choice(NOTHING, 'undecided'));
  }

  cascadeCell(row, about) {
    if (this.text(row[this.at.role]) !== CASCADING_ROLE) return '';
    const field = element('input', { type: 'checkbox', 'aria-label': `With dependents: ${about}` });
    field.disabled = row[this.at.decision] !== this.words.revoke;
    field.checked = row[this.at.cascade] !== NOTHING;
    field.addEventListener('change', () => this.change(row, 'cascade', field.checked ? this.words.yes : NOTHING));
    return element('label', { class: 'cascade', title: 'Also revoke the shares that rest on it' }, field,
      element('span', { 'aria-hidden': 'true' }, 'with dependents'));
  }

  change(row, name, cell) {
    row[this.at[name]] = cell;
    this.isUnsaved = true;
    this.part.saved.textContent = '';
  }

  /** Sets a decision. Dependents are revoked only together with the share. */
  decide(row, cell, field) {
    this.change(row, 'decision', cell);
    if (cell !== this.words.revoke) row[this.at.cascade] = NOTHING;
    const box = field.closest('tr').querySelector('.cascade input');
    if (box) {
      box.disabled = cell !== this.words.revoke;
      box.checked = row[this.at.cascade] !== NOTHING;
    }
    this.showProgress();
  }

  undecidedShown() {
    return Array.from(this.table.shown, (at) => this.data.rows[at]).filter((row) => row[this.at.decision] === NOTHING);
  }

  showProgress() {
    if (!this.table) return;
    const { rows } = this.data;
    const decided = rows.filter((row) => row[this.at.decision] !== NOTHING).length;
    this.part.progress.max = Math.max(rows.length, 1);
    this.part.progress.value = decided;
    this.part.decided.textContent = `${figures.format(decided)} of ${figures.format(rows.length)} decided`;
    this.part['keep-all'].textContent = `Keep all shown that are undecided (${figures.format(this.undecidedShown().length)})`;
  }

  keepAll() {
    this.kept = this.undecidedShown();
    for (const row of this.kept) this.change(row, 'decision', this.words.keep);
    this.part.saved.textContent = `${figures.format(this.kept.length)} rows are kept now.`;
    this.part.undo.hidden = this.kept.length === 0;
    this.table.draw();
    this.showProgress();
  }

  /** Takes back the last "keep all", except where the reviewer has decided since. */
  undo() {
    const kept = this.kept.filter((row) => row[this.at.decision] === this.words.keep);
    for (const row of kept) this.change(row, 'decision', NOTHING);
    this.part.saved.textContent = `${figures.format(kept.length)} rows are undecided again.`;
    this.part.undo.hidden = true;
    this.part['keep-all'].focus();
    this.table.draw();
    this.showProgress();
  }

  /** Every row in its first order, also those that the filter hides. */
  csv() {
    const lines = this.data.rows.map((row) => this.columns.map((column) => {
      const cell = row[column.index];
      if (cell === NOTHING) return '';
      return csvCell(column.type === 'number' ? String(cell) : this.texts.list[cell]);
    }));
    return `\uFEFF${[this.data.header.map(csvCell), ...lines].map((line) => `${line.join(',')}\r\n`).join('')}`;
  }

  save() {
    const address = URL.createObjectURL(new Blob([this.csv()], { type: 'text/csv;charset=utf-8' }));
    const link = element('a', { href: address, download: this.data.file });
    link.click();
    // The browser reads the blob after the click returns.
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
    this.isUnsaved = false;
    this.part.saved.textContent = `Downloaded as ${this.data.file}.`;
  }
}

new Review(pageData());
