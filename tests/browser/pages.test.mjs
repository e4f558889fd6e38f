// The two HTML pages in a browser. ROLEBOOK_PAGES names the folder that has them; see README.md.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { instance as graphviz } from '@viz-js/viz';
import { accessibilityProblems, launch, open, pagesFolder, rowsOf, screenshot, tabTo } from './browser.mjs';
import { parse } from './csv.mjs';

const LARGEST = 20 * 1024 * 1024;
// Far above what a slow machine needs: the limit finds work that grows with the square of the rows.
const PATIENCE = 10_000;
const SEARCH = 'input[type="search"]';

assert.ok(pagesFolder, 'ROLEBOOK_PAGES must name the folder of the pages');

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** Opens a page for one test, and afterwards requires that it asked for nothing and reported nothing. */
async function withPage(name, options, work) {
  const opened = await open(browser, name, options);
  try {
    await work(opened.page, opened);
    assert.deepEqual(opened.seen.requests.filter((address) => !address.startsWith('blob:')), [opened.address]);
    assert.deepEqual(opened.seen.errors, []);
    assert.deepEqual(opened.seen.dialogs, []);
    assert.deepEqual(await opened.violations(), []);
  } finally {
    await opened.context.close();
  }
}

const column = (rows, index) => rows.map((row) => row[index]);
const activeIn = (page, selector) => page.evaluate((wanted) => document.activeElement.matches(wanted), selector);
const status = (page, table) => page.textContent(`[data-table="${table}"] [role="status"]`);
const pageData = (page) => page.$eval('#data', (data) => JSON.parse(data.textContent));

/** Types into the search field of a table that has the focus. */
async function type(page, text) {
  await page.keyboard.press('Control+A');
  if (text === '') await page.keyboard.press('Delete');
  else await page.keyboard.type(text);
}

/** What the page calls back before and after it is printed. */
async function printing(page, work) {
  await page.emulateMedia({ media: 'print' });
  await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
  await work();
  await page.evaluate(() => window.dispatchEvent(new Event('afterprint')));
  await page.emulateMedia({ media: 'screen' });
}

for (const name of ['report.html', 'review.html']) {
  describe(name, () => {
    for (const colorScheme of ['light', 'dark']) {
      test(`is accessible in the ${colorScheme} scheme`, () => withPage(name, { colorScheme }, async (page) => {
        await page.evaluate(() => document.querySelectorAll('details').forEach((details) => details.setAttribute('open', '')));
        assert.deepEqual(await accessibilityProblems(page), []);
        await page.evaluate(() => document.querySelectorAll('details').forEach((details) => details.removeAttribute('open')));
        await screenshot(page, `${path.parse(name).name}-${colorScheme}`);
      }));
    }

    test('fits a narrow window', () => withPage(name, { width: 390, height: 844 }, async (page) => {
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
      assert.deepEqual(await accessibilityProblems(page), []);
      await screenshot(page, `${path.parse(name).name}-narrow`);
    }));

    test('has one style and one script, which the policy names by hash', () => {
      const text = readFileSync(path.join(pagesFolder, name), 'utf8');
      const hash = (part) => `'sha256-${createHash('sha256').update(part).digest('base64')}'`;
      const [, style] = text.match(/<style>([^]*?)<\/style>/u);
      const [, script] = text.match(/<script>([^]*?)<\/script>/u);
      assert.equal(text.match(/<style/gu).length, 1);
      assert.equal(text.match(/<script/gu).length, 2);
      assert.equal(text.match(/http-equiv="Content-Security-Policy" content="([^"]*)"/u)[1],
        `default-src 'none'; style-src ${hash(style)}; script-src ${hash(script)}; base-uri 'none'; form-action 'none'`);
      assert.doesNotMatch(text, /<[^>]*\s(style|on[a-z]+)=/u);
    });

    test('is refused what its policy does not name', async () => {
      const { page, context, violations } = await open(browser, name);
      await page.evaluate(() => {
        const script = document.createElement('script');
        script.textContent = 'window.ran = true;';
        const image = document.createElement('img');
        image.src = 'x.png';
        document.body.append(script, image);
        document.body.setAttribute('style', 'color: red');
      });
      await page.waitForFunction(() => window.violations.length >= 3);
      assert.deepEqual((await violations()).map((line) => line.split(':')[0]).sort(), ['img-src', 'script-src-elem', 'style-src-attr']);
      assert.equal(await page.evaluate(() => window.ran), undefined);
      await context.close();
    });

    test('without script it says so', async () => {
      const { page, context } = await open(browser, name, { javaScriptEnabled: false });
      assert.ok(await page.isVisible('noscript .notice'));
      if (name === 'report.html') {
        assert.ok(await page.isVisible('.counts'));
        assert.ok(await page.isVisible('svg'));
      }
      await context.close();
    });

    test('is printed', () => withPage(name, {}, async (page) => {
      await page.emulateMedia({ media: 'print' });
      assert.match((await page.pdf({ preferCSSPageSize: true })).subarray(0, 5).toString('latin1'), /^%PDF-/u);
    }));
  });
}

describe('report.html', () => {
  test('has one h1, the landmarks and links that lead somewhere', () => withPage('report.html', {}, async (page) => {
    for (const landmark of ['h1', 'main', 'body > header', 'nav']) assert.equal(await page.locator(landmark).count(), 1, landmark);
    const targets = await page.$$eval('nav a', (links) => links.map((link) => link.hash.slice(1)));
    for (const target of targets) assert.equal(await page.locator(`section#${target}`).count(), 1, target);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    assert.ok(await activeIn(page, 'main'));
  }));

  test('a column is sorted by keyboard and returns to the given order', () => withPage('report.html', {}, async (page) => {
    const head = '[data-table="access"] thead th:first-child';
    const given = await rowsOf(page, 'access');
    const places = () => page.$$eval('[data-table="access"] th[scope="col"]', (heads) => heads.map((th) => th.getBoundingClientRect().toJSON()));
    await tabTo(page, `${head} button`);
    const before = await places();
    const collator = new Intl.Collator('en', { numeric: true });
    for (const [direction, sign] of [['ascending', 1], ['descending', -1]]) {
      await page.keyboard.press('Enter');
      assert.equal(await page.getAttribute(head, 'aria-sort'), direction);
      assert.ok(await activeIn(page, `${head} button`), 'the heading keeps the focus');
      const names = column(await rowsOf(page, 'access'), 0);
      assert.deepEqual(names, [...names].sort((a, b) => sign * collator.compare(a, b)));
      assert.deepEqual(await places(), before, 'no heading moves');
    }
    await page.keyboard.press('Enter');
    assert.equal(await page.getAttribute(head, 'aria-sort'), null);
    assert.deepEqual(await rowsOf(page, 'access'), given);
  }));

  test('numbers and times are sorted by value, with empty cells last', () => withPage('report.html', {}, async (page) => {
    const { tables: { access }, texts } = await pageData(page);
    for (const [index, { type: kind }] of access.columns.entries()) {
      if (kind === 'text') continue;
      await page.click(`[data-table="access"] thead th:nth-child(${index + 1}) button`);
      const cells = access.rows.map((row) => row[index]);
      const keys = cells.filter((cell) => cell !== -1).map((cell) => (kind === 'time' ? texts[cell] : cell));
      keys.sort((a, b) => (a < b ? -1 : Number(a > b)));
      const drawn = kind === 'time'
        ? await page.$$eval(`[data-table="access"] tbody td:nth-child(${index + 1})`, (list) => list.map((td) => td.querySelector('time')?.dateTime ?? ''))
        : column(await rowsOf(page, 'access'), index).map((text) => (text === '' ? '' : Number(text)));
      assert.deepEqual(drawn, [...keys, ...cells.filter((cell) => cell === -1).map(() => '')].slice(0, drawn.length));
    }
  }));

  test('a table is filtered by keyboard', () => withPage('report.html', {}, async (page) => {
    const all = await status(page, 'access');
    const word = (await rowsOf(page, 'access'))[0][0];
    await tabTo(page, `[data-table="access"] ${SEARCH}`);
    await type(page, word.toUpperCase());
    assert.ok(await activeIn(page, SEARCH), 'the field keeps the focus');
    for (const row of await rowsOf(page, 'access')) assert.ok(row.join('\n').toLowerCase().includes(word.toLowerCase()), row.join(' | '));
    await type(page, 'nobody-has-this-name');
    assert.match(await status(page, 'access'), /^0 rows \([\d,]+ in all\)$/u);
    assert.match((await rowsOf(page, 'access'))[0][0], /No row matches/u);
    await type(page, '');
    assert.equal(await status(page, 'access'), all);
  }));

  test('a list of values narrows a table', () => withPage('report.html', {}, async (page) => {
    const list = page.locator('[data-table="findings"] .fields label', { hasText: 'Severity' }).locator('select');
    if (await list.count() === 0) return;
    const folded = page.locator('[data-table="findings"] summary');
    if (await folded.count() > 0) {
      await folded.focus();
      await page.keyboard.press('Enter');
    }
    await list.selectOption({ index: 1 });
    const [value] = await list.evaluate((select) => [select.selectedOptions[0].textContent]);
    const severities = column(await rowsOf(page, 'findings'), 0);
    assert.ok(severities.length > 0);
    assert.deepEqual(new Set(severities), new Set([value]));
    await page.locator('[data-table="findings"] button', { hasText: 'Clear filters' }).click();
    assert.doesNotMatch(await status(page, 'findings'), /in all/u);
  }));

  test('the matrix names what people hold, and the group it comes through', () => withPage('report.html', {}, async (page) => {
    const { tables: { access }, texts, memberships } = await pageData(page);
    const at = Object.fromEntries(access.columns.map(({ name }, index) => [name, index]));
    const read = () => page.$eval('[data-matrix] table', (table) => {
      const resources = [...table.tHead.rows[0].cells].slice(2).map((cell) => cell.textContent);
      return [...table.tBodies[0].rows].flatMap((row) => [...row.cells].slice(2).map((cell, index) => ({
        person: row.cells[0].textContent, resource: resources[index], held: [...cell.children].map((part) => part.textContent),
      })));
    });
    const cells = await read();
    assert.ok(cells.some(({ held }) => held.length > 0), 'something is held');
    for (const { person, resource, held } of cells) {
      const index = texts.indexOf(person);
      const expected = new Set(access.rows.filter((row) => texts[row[at.resource]] === resource).flatMap((row) => {
        const role = texts[row[at.role]];
        if (row[at.principal] === index) return [row[at.through] === -1 ? role : `${role}through ${texts[row[at.through]]}`];
        return (memberships[index] ?? []).includes(row[at.principal]) ? [`${role}through ${texts[row[at.principal]]}`] : [];
      }));
      assert.deepEqual(new Set(held), expected, `${person} on ${resource}`);
    }
    const { person } = cells.find(({ held }) => held.length > 0);
    await page.fill(`[data-matrix] ${SEARCH} >> nth=0`, person);
    assert.ok((await read()).every((cell) => cell.person.includes(person)));
  }));

  test('on paper it shows the rows and no controls', () => withPage('report.html', {}, async (page) => {
    const { tables: { access } } = await pageData(page);
    const drawn = await rowsOf(page, 'access');
    await printing(page, async () => {
      assert.equal((await rowsOf(page, 'access')).length, Math.min(access.rows.length, 2000));
      assert.equal(await page.locator('.controls:visible, nav:visible, input:visible, select:visible').count(), 0);
      assert.equal(await page.$eval('[data-table="access"] thead', (head) => getComputedStyle(head).display), 'table-header-group');
      assert.equal(await page.$eval('body', (body) => getComputedStyle(body).backgroundColor), 'rgb(255, 255, 255)');
      await screenshot(page, 'report-print');
    });
    assert.deepEqual(await rowsOf(page, 'access'), drawn);
  }));

  test('in the dark scheme paper is white too', () => withPage('report.html', { colorScheme: 'dark' }, async (page) => {
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    assert.equal(await page.$eval('body', (body) => getComputedStyle(body).backgroundColor), 'rgb(255, 255, 255)');
    await page.emulateMedia({ media: 'screen', colorScheme: 'dark' });
  }));
});

describe('report-large.html', () => {
  test('answers with 100,000 rows', { timeout: 180_000 }, (t) => withPage('report-large.html', {}, async (page) => {
    const { size } = statSync(path.join(pagesFolder, 'report-large.html'));
    assert.ok(size <= LARGEST, `${size} bytes`);
    t.diagnostic(`size: ${size} bytes`);
    const tell = (what, time) => {
      t.diagnostic(`${what}: ${Math.round(time)} ms`);
      if (process.env.ROLEBOOK_TIMED) assert.ok(time < PATIENCE, `${what} took ${time} ms`);
    };
    // The page is loaded once its script has drawn the first rows; two frames later they are on the screen.
    tell('first rows after navigation', await page.evaluate(() => new Promise((done) => {
      requestAnimationFrame(() => requestAnimationFrame(() => done(performance.getEntriesByType('navigation')[0].loadEventEnd)));
    })));
    assert.equal((await rowsOf(page, 'access')).length, 100);
    assert.match(await status(page, 'access'), /^1–100 of [\d,]+ rows$/u);
    /** The time from the event of a key to the frame after the answer. */
    const answer = async (what, event, press) => {
      await page.evaluate((wanted) => {
        window.answered = new Promise((done) => {
          document.addEventListener(wanted, () => {
            const start = performance.now();
            requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
          }, { capture: true, once: true });
        });
      }, event);
      await press();
      tell(what, await page.evaluate(() => window.answered));
    };
    await page.focus('[data-table="access"] thead th:first-child button');
    await answer('sort', 'click', () => page.keyboard.press('Enter'));
    const names = column(await rowsOf(page, 'access'), 0);
    assert.deepEqual(names, [...names].sort(new Intl.Collator('en', { numeric: true }).compare));
    await page.focus(`[data-table="access"] ${SEARCH}`);
    await answer('filter', 'input', () => page.keyboard.type('1'));
    const found = await page.$$eval('[data-table="access"] tbody tr', (rows) => rows.map((row) => (
      row.textContent + [...row.querySelectorAll('time')].map((time) => time.dateTime).join())));
    for (const text of found) assert.ok(text.includes('1'), text);
    await page.focus(`[data-matrix] ${SEARCH}`);
    await answer('filter of the matrix', 'input', () => page.keyboard.type('1'));
    await printing(page, async () => {
      assert.equal((await rowsOf(page, 'access')).length, 2000);
      assert.match(await page.textContent('[data-table="access"] caption'), /2,000 of [\d,]+ rows are printed/u);
    });
  }));
});

describe('hostile.html', () => {
  test('names are text and nothing else', () => withPage('hostile.html', {}, async (page) => {
    const { texts, tables } = await pageData(page);
    assert.ok(texts.some((text) => text.includes('<')), 'the page has hostile names');
    for (const [name, { columns, rows }] of Object.entries(tables)) {
      const drawn = await rowsOf(page, name);
      if (rows.length === 0) continue;
      for (const [at, row] of drawn.entries()) {
        for (const [index, { type: kind }] of columns.entries()) {
          const cell = rows[at][index];
          if (kind === 'text') assert.equal(row[index], cell === -1 ? '' : texts[cell]);
        }
      }
    }
    const allowed = new Set(['DIV', 'LABEL', 'SPAN', 'INPUT', 'SELECT', 'OPTION', 'BUTTON', 'DETAILS', 'SUMMARY', 'TABLE', 'CAPTION', 'COLGROUP',
      'COL', 'THEAD', 'TBODY', 'TR', 'TH', 'TD', 'BDI', 'WBR', 'TIME', 'SMALL']);
    const made = await page.$$eval('[data-table] *, [data-matrix] *', (all) => [...new Set(all.map((one) => one.tagName))]);
    assert.deepEqual(made.filter((tag) => !allowed.has(tag)), []);
    assert.equal(await page.locator('script').count(), 2);
    assert.equal(await page.locator('img, iframe, object, embed, link, base, form, video, audio, foreignObject, a:not([href^="#"])').count(), 0);
    const attributes = await page.$$eval('*', (all) => all.flatMap((one) => one.getAttributeNames()).filter((name) => /^on|^style$/u.test(name)));
    assert.deepEqual(attributes, []);
    assert.equal(await page.locator('tbody bdi').first().evaluate((bdi) => getComputedStyle(bdi).unicodeBidi), 'isolate');
    await screenshot(page, 'hostile');
  }));

  test('a hostile name can be searched for', () => withPage('hostile.html', {}, async (page) => {
    const { texts, tables: { access } } = await pageData(page);
    const name = access.rows.map((row) => texts[row[0]]).find((text) => text?.includes('<'));
    if (name === undefined) return;
    await page.fill(`[data-table="access"] ${SEARCH}`, name);
    assert.ok(column(await rowsOf(page, 'access'), 0).includes(name));
  }));
});

describe('review.html', () => {
  const inert = (text) => (/^[=+\-@\t\r]/u.test(text) ? `'${text}` : text);
  const group = (row) => `[data-table="review"] tbody tr:nth-child(${row}) [role="radiogroup"]`;

  /** The cells of the CSV file before any decision. */
  function cellsOf({ columns, rows, texts }) {
    return rows.map((row) => columns.map(({ type: kind }, index) => {
      if (row[index] === -1) return '';
      return kind === 'number' ? String(row[index]) : inert(texts[row[index]]);
    }));
  }

  /** Saves by keyboard and reads the file. */
  async function save(page) {
    await page.focus('#save');
    const [download] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
    return { name: download.suggestedFilename(), text: readFileSync(await download.path(), 'utf8') };
  }

  /** The number, from 1, of the first row drawn that is undecided and passes the test. */
  function undecided(page, role) {
    return page.$$eval('[data-table="review"] tbody tr', (rows, wanted) => 1 + rows.findIndex((row) => row.querySelector('input[value="undecided"]')?.checked
      && (!wanted || row.querySelector('.cascade'))), role);
  }

  test('saves every row as given', () => withPage('review.html', {}, async (page) => {
    const data = await pageData(page);
    const { name, text } = await save(page);
    assert.equal(name, data.file);
    assert.ok(text.startsWith('\uFEFF'), 'it starts with a byte order mark');
    const [header, ...rows] = parse(text.slice(1));
    assert.deepEqual(header, data.header);
    assert.deepEqual(header.slice(-3), ['decision', 'cascade', 'comment']);
    assert.deepEqual(rows, cellsOf(data));
  }));

  test('decisions made by keyboard are saved, also in rows that the filter hides', () => withPage('review.html', {}, async (page) => {
    const data = await pageData(page);
    const at = Object.fromEntries(data.columns.map(({ name }, index) => [name, index]));
    const expected = cellsOf(data);
    const first = await undecided(page);
    assert.ok(first > 0, 'a row is undecided');
    await tabTo(page, `${group(first)} input`);
    await page.keyboard.press('ArrowRight');
    assert.equal(await page.$eval(`${group(first)} :checked`, (field) => field.value), 'keep');
    await tabTo(page, `[data-table="review"] tbody tr:nth-child(${first}) input[type="text"]`);
    await page.keyboard.type('=HYPERLINK("x"), "so"; it is');
    expected[first - 1][at.decision] = 'keep';
    expected[first - 1][at.comment] = '\'=HYPERLINK("x"), "so"; it is';
    const decided = expected.filter((row) => row[at.decision] !== '').length;
    assert.equal(await page.textContent('#decided'), `${decided} of ${expected.length} decided`);
    await page.fill(`[data-table="review"] ${SEARCH}`, 'nobody-has-this-name');
    const { text } = await save(page);
    assert.deepEqual(parse(text.slice(1)).slice(1), expected);
  }));

  test('dependents are revoked only with a share', () => withPage('review.html', {}, async (page) => {
    const data = await pageData(page);
    const at = Object.fromEntries(data.columns.map(({ name }, index) => [name, index]));
    const roles = await page.$$eval('[data-table="review"] tbody tr', (rows) => rows.map((row) => [row.cells[1].textContent, row.querySelector('.cascade') !== null]));
    for (const [role, offered] of roles) assert.equal(offered, role === 'item:share', role);
    const row = await undecided(page, 'item:share');
    if (row === 0) return;
    const box = page.locator(`[data-table="review"] tbody tr:nth-child(${row}) .cascade input`);
    assert.ok(await box.isDisabled());
    await page.focus(`${group(row)} :checked`);
    await page.keyboard.press('ArrowLeft');
    assert.ok(await box.isEnabled());
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    assert.ok(await box.isChecked());
    const saved = parse((await save(page)).text.slice(1))[row];
    assert.deepEqual([saved[at.decision], saved[at.cascade]], ['revoke', 'yes']);
    await page.focus(`${group(row)} :checked`);
    await page.keyboard.press('ArrowLeft');
    assert.ok(await box.isDisabled());
    assert.ok(!await box.isChecked());
    const kept = parse((await save(page)).text.slice(1))[row];
    assert.deepEqual([kept[at.decision], kept[at.cascade]], ['keep', '']);
  }));

  test('all rows shown are kept at once, and only those', () => withPage('review.html', {}, async (page) => {
    const data = await pageData(page);
    const at = Object.fromEntries(data.columns.map(({ name }, index) => [name, index]));
    const before = cellsOf(data);
    const word = before[(await undecided(page)) - 1][at.principal];
    await page.fill(`[data-table="review"] ${SEARCH}`, word);
    await page.focus('#keep-all');
    await page.keyboard.press('Enter');
    const rows = parse((await save(page)).text.slice(1)).slice(1);
    for (const [index, row] of rows.entries()) {
      const shown = before[index].some((cell) => cell.toLowerCase().includes(word.toLowerCase()));
      assert.equal(row[at.decision], before[index][at.decision] || (shown ? 'keep' : ''), row.join(' | '));
    }
    await page.click('#undo');
    assert.deepEqual(parse((await save(page)).text.slice(1)).slice(1), before);
  }));

  test('a sorted and paged sheet is saved in its first order', () => withPage('review.html', {}, async (page) => {
    const data = await pageData(page);
    await page.click('[data-table="review"] thead th:nth-child(3) button');
    await page.click('[data-table="review"] thead th:nth-child(3) button');
    await page.selectOption('[data-table="review"] .paging select', '25');
    assert.equal((await rowsOf(page, 'review')).length, Math.min(25, data.rows.length));
    assert.deepEqual(parse((await save(page)).text.slice(1)).slice(1), cellsOf(data));
  }));

  test('closing warns while decisions are not saved', async () => {
    const { page, context, seen } = await open(browser, 'review.html');
    const row = await undecided(page);
    await page.focus(`${group(row)} :checked`);
    await page.keyboard.press('ArrowRight');
    await page.goto('about:blank');
    assert.deepEqual(seen.dialogs.map((dialog) => dialog.split(':')[0]), ['beforeunload']);
    await context.close();
    const saved = await open(browser, 'review.html');
    await saved.page.focus(`${group(row)} :checked`);
    await saved.page.keyboard.press('ArrowRight');
    await save(saved.page);
    await saved.page.goto('about:blank');
    assert.deepEqual(saved.seen.dialogs, []);
    await saved.context.close();
  });

  test('on paper decisions are words', () => withPage('review.html', {}, async (page) => {
    const head = await page.$$eval('[data-table="review"] thead th', (heads) => heads.map((th) => th.textContent));
    const index = head.indexOf((await pageData(page)).columns.find(({ name }) => name === 'decision').label);
    await printing(page, async () => {
      for (const word of column(await rowsOf(page, 'review'), index)) assert.match(word, /^(keep|revoke|undecided)$/u);
      assert.equal(await page.locator('input:visible, .actions button:visible, .controls:visible').count(), 0);
      await screenshot(page, 'review-print');
    });
    assert.ok(await page.locator(`${group(1)} input`).count() === 3);
  }));
});

describe('drawings', () => {
  const hostile = ['user:<img src=x onerror=alert(1)>', 'group:<script>alert(2)<', 'node1:/</script><script>alert(4)'];

  test('the report draws who may do what, each with ids of its own', () => withPage('report.html', {}, async (page) => {
    const drawings = await page.$$eval('#drawings figure', (all) => all.map((one) => ({
      title: one.querySelector('figcaption').textContent,
      name: one.querySelector('svg > title').textContent,
      boxes: one.querySelectorAll('svg rect').length,
    })));
    assert.ok(drawings.length > 3 && drawings.length <= 12, `${drawings.length} drawings`);
    for (const { title, name, boxes } of drawings) {
      assert.equal(title, name);
      assert.ok(boxes > 2, title);
    }
    const ids = await page.$$eval('[id]', (all) => all.map((one) => one.id));
    assert.deepEqual(ids.filter((id, at) => ids.indexOf(id) !== at), []);
  }));

  test('texts lie within their boxes', () => withPage('report.html', {}, async (page) => {
    const outside = await page.$$eval('#drawings svg g', (groups) => groups.flatMap((group) => {
      const box = group.querySelector('rect').getBBox();
      return [...group.querySelectorAll('text')].filter((text) => {
        const { x, y, width, height } = text.getBBox();
        return x < box.x || x + width > box.x + box.width || y < box.y || y + height > box.y + box.height;
      }).map((text) => text.textContent);
    }));
    assert.deepEqual(outside, []);
  }));

  test('a picture shows names as typed', () => withPage('graph.svg', {}, async (page) => {
    const title = await page.textContent('title');
    assert.equal(title, `${hostile[0]} may download on ${hostile[2]}`);
    const texts = await page.$$eval('text', (all) => all.map((one) => one.textContent));
    for (const name of hostile.slice(0, 2)) assert.ok(texts.includes(name), `${name} in ${texts}`);
    assert.equal(await page.$$eval('script, img, style', (all) => all.length), 0);
  }));

  test('Graphviz draws the same boxes with the same names', async () => {
    const { objects, edges } = (await graphviz()).renderJSON(readFileSync(path.join(pagesFolder, 'graph.dot'), 'utf8'));
    const labels = objects.map((one) => one.label);
    for (const name of hostile.slice(0, 2)) assert.ok(labels.includes(name), `${name} in ${labels}`);
    assert.equal(objects.length, 4);
    assert.equal(edges.length, 3);
  });
});
