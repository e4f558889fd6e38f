// The audit report: its tables, and the matrix of people and resources made from the access table.
'use strict';

const MATRIX_PEOPLE = 50;
const MATRIX_RESOURCES = 12;
const GROUP_KINDS = ['group:', 'workgroup:', 'dropbox:'];

/** Adds to the list that a map has for a key. */
function addTo(map, key, value) {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

/** People by resources. Bindings of groups are joined to people only for the cells drawn: all pairs could be millions. */
class Matrix {
  constructor(host, texts, table, memberships) {
    Object.assign(this, { texts, rows: table.rows, words: { people: [], resources: [] } });
    const index = (name) => table.columns.findIndex((column) => column.name === name);
    this.at = { principal: index('principal'), role: index('role'), resource: index('resource'), through: index('through') };
    this.groups = new Map(Object.entries(memberships).map(([person, groups]) => [Number(person), groups]));
    this.held = new Map();
    for (const row of this.rows) addTo(this.held, row[this.at.principal], row);
    const isGroup = new Set([...this.groups.values()].flat());
    const isPerson = (cell) => cell !== NOTHING && !isGroup.has(cell)
      && !GROUP_KINDS.some((kind) => texts.list[cell].startsWith(kind));
    const people = new Set([...this.groups.keys(), ...this.held.keys()].filter(isPerson));
    const resources = new Set(this.rows.map((row) => row[this.at.resource]));
    resources.delete(NOTHING);
    this.names = { people: texts.ranks(people, false), resources: texts.ranks(resources, false) };
    this.byCount = { people: false, resources: true };
    this.build(host);
    this.update();
  }

  build(host) {
    this.people = new Pager('people', MATRIX_PEOPLE, () => this.draw());
    this.resources = new Pager('resources', MATRIX_RESOURCES, () => this.draw());
    this.head = element('tr');
    this.body = element('tbody');
    this.caption = element('caption');
    const search = (label, list) => searchField(label, (words) => {
      this.words[list] = words;
      this.update();
    });
    const order = (label, list) => {
      const field = select(label, [['name', 'by name'], ['count', 'by number of holdings']], (value) => {
        this.byCount[list] = value === 'count';
        this.update();
      });
      field.querySelector('select').value = this.byCount[list] ? 'count' : 'name';
      return field;
    };
    host.append(
      element('div', { class: 'controls' },
        element('div', { class: 'fields', role: 'group', 'aria-label': 'Filter: matrix' },
          search('Filter people', 'people'), search('Filter resources', 'resources'),
          order('Order of people', 'people'), order('Order of resources', 'resources')),
        element('div', { class: 'fields paging' }, this.people.node, this.resources.node)),
      scrollRegion('Table: matrix of people and resources', element('table', { class: 'matrix' },
        this.caption, element('thead', {}, this.head), this.body)),
    );
  }

  /** Counts what the filters leave and orders both sides. A binding of a group counts for each of its members. */
  update() {
    const { principal, resource } = this.at;
    const passes = (words) => {
      const bits = this.texts.search(words);
      return (cell) => bits[cell] === 2 ** words.length - 1;
    };
    const isPersonShown = passes(this.words.people);
    const isResourceShown = passes(this.words.resources);
    const bindings = new Map();
    for (const row of this.rows) {
      if (row[resource] !== NOTHING && isResourceShown(row[resource])) {
        bindings.set(row[principal], (bindings.get(row[principal]) ?? 0) + 1);
      }
    }
    this.counts = { people: new Map(), resources: new Map() };
    const bearers = new Map();
    for (const person of this.names.people.keys()) {
      if (!isPersonShown(person)) continue;
      let count = 0;
      for (const holder of this.holders(person)) {
        count += bindings.get(holder) ?? 0;
        bearers.set(holder, (bearers.get(holder) ?? 0) + 1);
      }
      if (count > 0) this.counts.people.set(person, count);
    }
    for (const row of this.rows) {
      const times = bearers.get(row[principal]);
      if (times && row[resource] !== NOTHING && isResourceShown(row[resource])) {
        this.counts.resources.set(row[resource], (this.counts.resources.get(row[resource]) ?? 0) + times);
      }
    }
    this.people.first = 0;
    this.resources.first = 0;
    this.list = { people: this.ordered('people'), resources: this.ordered('resources') };
    this.draw();
  }

  ordered(list) {
    const counts = this.counts[list];
    const names = this.names[list];
    const byName = (a, b) => names.get(a) - names.get(b);
    return [...counts.keys()].sort(this.byCount[list] ? (a, b) => counts.get(b) - counts.get(a) || byName(a, b) : byName);
  }

  /** The person and every group the person is in. */
  holders(person) {
    return [person, ...(this.groups.get(person) ?? [])];
  }

  draw() {
    this.people.show(this.list.people.length, this.names.people.size);
    this.resources.show(this.list.resources.length, this.names.resources.size);
    const people = this.list.people.slice(this.people.first, this.people.last);
    const resources = this.list.resources.slice(this.resources.first, this.resources.last);
    const name = (cell) => typed(this.texts.list[cell]);
    this.caption.textContent = `${this.people.status.textContent}, ${this.resources.status.textContent}`;
    this.head.replaceChildren(element('th', { scope: 'col' }, 'Who'), element('th', { scope: 'col', class: 'number' }, 'Holdings'),
      ...resources.map((cell) => element('th', { scope: 'col' }, name(cell))));
    this.body.replaceChildren(...people.map((person) => {
      const cells = this.cells(person, resources);
      return element('tr', {}, element('th', { scope: 'row' }, name(person)),
        element('td', { class: 'number' }, figures.format(this.counts.people.get(person))),
        ...resources.map((resource) => element('td', {}, ...(cells.get(resource) ?? []))));
    }));
    if (people.length === 0) this.body.append(element('tr', {}, element('td', { colspan: '2', class: 'none' }, 'Nobody to show.')));
  }

  /** What a person holds on each of the resources drawn. */
  cells(person, resources) {
    const { role, resource, through } = this.at;
    const cells = new Map(resources.map((cell) => [cell, new Map()]));
    for (const holder of this.holders(person)) {
      for (const row of this.held.get(holder) ?? []) {
        const via = holder === person ? row[through] : holder;
        cells.get(row[resource])?.set(`${row[role]} ${via}`, [row[role], via]);
      }
    }
    const text = (cell) => typed(cell === NOTHING ? '' : this.texts.list[cell]);
    return new Map([...cells].map(([cell, held]) => [cell, [...held.values()].map(([what, via]) => element('div', {}, text(what),
      ...(via === NOTHING ? [] : [element('small', {}, 'through ', text(via))])))]));
  }
}

{
  const data = pageData();
  const texts = new Texts(data.texts);
  for (const host of document.querySelectorAll('[data-table]')) {
    const table = data.tables[host.dataset.table];
    if (table) new DataTable(host, texts, columnsOf(table.columns), table.rows);
  }
  new Matrix(document.querySelector('[data-matrix]'), texts, data.tables.access, data.memberships);
}
