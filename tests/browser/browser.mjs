// Opens the pages of rolebook in Chromium and records what they must not do: ask for addresses, log errors, open dialogs.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The folder with the pages that the program made. */
export const pagesFolder = process.env.ROLEBOOK_PAGES;
const screenshotFolder = process.env.ROLEBOOK_SCREENSHOTS;

export function launch() {
  return chromium.launch({
    executablePath: process.env.ROLEBOOK_CHROMIUM ?? '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  });
}

/** Opens a page. `seen` collects requests, errors and dialogs until the page closes. */
export async function open(browser, name, { colorScheme = 'light', width = 1400, height = 900, ...options } = {}) {
  const context = await browser.newContext({ colorScheme, viewport: { width, height }, reducedMotion: 'reduce', ...options });
  const page = await context.newPage();
  const address = pathToFileURL(path.join(pagesFolder, name)).href;
  const seen = { requests: [], errors: [], dialogs: [] };
  page.on('request', (request) => seen.requests.push(request.url()));
  page.on('pageerror', (error) => seen.errors.push(String(error)));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) seen.errors.push(message.text());
  });
  page.on('dialog', async (dialog) => {
    seen.dialogs.push(`${dialog.type()}: ${dialog.message()}`);
    await dialog.accept();
  });
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener('securitypolicyviolation', (event) => window.violations.push(`${event.violatedDirective}: ${event.blockedURI}`));
  });
  await page.goto(address, { timeout: 120_000 });
  const violations = () => page.evaluate(() => window.violations);
  return { page, context, address, seen, violations };
}

/** What axe-core objects to, one line for each. The check runs outside the policy of the page. */
export async function accessibilityProblems(page) {
  await page.evaluate(`{ const module = undefined; ${axeSource} }`);
  return page.evaluate(async () => {
    const found = await window.axe.run(document, { resultTypes: ['violations'] });
    return found.violations.flatMap((rule) => rule.nodes.map((node) => `${rule.id}: ${node.target.join(' ')}: ${node.failureSummary}`));
  });
}

export async function screenshot(page, name, options = { fullPage: true }) {
  if (screenshotFolder) await page.screenshot({ path: path.join(screenshotFolder, `${name}.png`), ...options });
}

/** Moves the focus with Tab until it is on an element that matches, at most `most` times. */
export async function tabTo(page, selector, most = 200) {
  for (let presses = 0; presses < most; presses += 1) {
    await page.keyboard.press('Tab');
    if (await page.evaluate((wanted) => document.activeElement.matches(wanted), selector)) return;
  }
  throw new Error(`Tab does not reach ${selector}`);
}

/** The rows of a table as texts. */
export function rowsOf(page, table) {
  return page.$$eval(`[data-table="${table}"] tbody tr`, (rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent)));
}
