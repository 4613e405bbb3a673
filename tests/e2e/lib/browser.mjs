// Debian's Chromium, driven by playwright-core; and a site of another origin that carries the chat widget.
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";

const { chromium } = createRequire(import.meta.url)("playwright-core");
const executablePath = process.env.CHROMIUM ?? ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);

export function launch() {
	return chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"] });
}

// A page whose errors and refused resources fail the test that opened it: call page.assertClean() at its end.
export async function open(browser, url, options = {}) {
	const context = await browser.newContext(options);
	const page = await context.newPage();
	page.faults = [];
	page.on("pageerror", (e) => page.faults.push(String(e)));
	page.on("console", (m) => m.type() === "error" && page.faults.push(m.text()));
	page.assertClean = () => {
		if (page.faults.length) throw new Error(`the page complains: ${page.faults.join("\n")}`);
	};
	if (url) await page.goto(url);
	return page;
}

// serveSite(() => html): the html may change between loads. csp: the site's own policy, to prove that the widget keeps it.
export async function serveSite(html, options = {}) {
	const server = createServer((req, res) => {
		if (req.url.startsWith("/favicon")) return res.writeHead(204).end();
		const headers = { "Content-Type": "text/html; charset=utf-8", ...(options.csp ? { "Content-Security-Policy": options.csp } : {}) };
		res.writeHead(200, headers).end(typeof html === "function" ? html(req) : html);
	});
	await new Promise((done) => server.listen(options.port ?? 0, "127.0.0.1", done));
	const origin = `http://127.0.0.1:${server.address().port}`;
	return { origin, close: () => new Promise((done) => (server.closeAllConnections?.(), server.close(done))) };
}

export function widgetPage(gatewayUrl, site, attributes = {}) {
	const extra = Object.entries(attributes).map(([k, v]) => ` ${k}="${v}"`).join("");
	return `<!doctype html><html lang="en"><meta charset="utf-8"><title>A site</title><h1>A site</h1>
<script src="${gatewayUrl}/widget.js" data-site="${site}"${extra}></script></html>`;
}
