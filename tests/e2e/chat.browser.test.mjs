// Web chat in a real browser: what becomes of the visitor who leaves, of files, of markup (see web.browser.test.mjs for the rest).
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Smsc } from "../peer/smsc.mjs";
import { launch, open, serveSite, widgetPage } from "./lib/browser.mjs";
import { Gateway, smsAccount } from "./lib/gateway.mjs";
import { until } from "./lib/wait.mjs";

const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

describe("a visitor of the chat", { timeout: 300000 }, () => {
	let smsc, gateway, api, site, browser;
	let number = 491713940000;
	const fresh = () => `+${++number}`;

	before(async () => {
		site = await serveSite(() => widgetPage(gateway.url, "site"), {
			// A site with a strict policy of its own has to name the gateway and nothing else.
			get csp() {
				return gateway ? `default-src 'none'; script-src ${gateway.url}; connect-src ${gateway.url}; img-src ${gateway.url}` : undefined;
			},
		});
		smsc = new Smsc({ systemId: "threadline", password: "secret" });
		await smsc.listen();
		gateway = await Gateway.start({
			"sms main": smsAccount(smsc),
			"web site": { origins: site.origin, away_after: "1s", sessions_per_minute: 0 },
		});
		api = gateway.api;
		await gateway.ready();
		browser = await launch();
	});
	after(async () => {
		await browser?.close();
		await gateway?.stop();
		await smsc?.close();
		await site?.close();
	});

	async function visit() {
		const page = await open(browser, site.origin);
		await page.getByRole("button", { name: "Open chat" }).click();
		const skip = page.getByRole("button", { name: "Skip" });
		if (await skip.waitFor({ timeout: 1500 }).then(() => true, () => false)) await skip.click();
		return page;
	}
	const type = async (page, text) => {
		await page.getByLabel("Write a message").fill(text);
		await page.getByRole("button", { name: "Send" }).click();
	};
	const bubbles = (page, text) => page.getByRole("log").locator(".m", { hasText: text });
	const shown = (page, text) => bubbles(page, text).waitFor({ timeout: 10000 });
	const stored = (text) =>
		until(`"${text}" to be on a timeline`, async () => {
			for (const c of (await api.get("/v1/conversations?limit=200")).data)
				for (const i of (await api.get(`/v1/conversations/${c.id}/interactions`)).data) if (i.text === text) return i;
			return false;
		});

	it("answers by SMS the visitor who left a number and went away", async () => {
		const phone = fresh();
		const page = await open(browser, site.origin);
		await page.getByRole("button", { name: "Open chat" }).click();
		await page.getByLabel("Phone number").fill(phone);
		await page.getByLabel("Your name").fill("Gone Visitor");
		await page.getByRole("button", { name: "Start" }).click();
		await type(page, "Call me back when it is in stock");
		const asked = await stored("Call me back when it is in stock");
		await page.context().close();
		// The page is closed; whether the gateway has noticed or not, nobody confirms the answer.
		const answer = await api.post(`/v1/conversations/${asked.conversation_id}/reply`, { text: "It is in stock." }, 202);
		assert.equal(answer.channel, "web");
		await until("the answer to reach the handset", () => smsc.texts.some((t) => `+${t.to}` === phone && t.text === "It is in stock."));
		await smsc.write({ from: phone, to: "40404", text: "Wonderful, keep one" });
		assert.equal((await stored("Wonderful, keep one")).conversation_id, asked.conversation_id, "the thread continues");
	});

	it("carries a picture in, checked by its bytes", async () => {
		const page = await visit();
		await type(page, "see the picture");
		await stored("see the picture");
		await page.locator("input[type=file]").setInputFiles({ name: "p.png", mimeType: "image/png", buffer: png });
		const customer = (await stored("see the picture")).customer_id;
		const withFile = await until("the picture", async () => (await api.timeline(customer)).find((i) => i.attachments?.length));
		assert.equal(withFile.attachments[0].type, "image/png");
		const r = await fetch(`${gateway.url}/v1/attachments/${withFile.attachments[0].sha256}`, { headers: { Authorization: `Bearer ${gateway.key}` } });
		assert.deepEqual(Buffer.from(await r.arrayBuffer()), png);
		await page.locator("input[type=file]").setInputFiles({ name: "p.png", mimeType: "image/png", buffer: Buffer.concat([Buffer.from("\x7fELF"), Buffer.alloc(200)]) });
		await page.getByText("This type of file is not taken.").waitFor();
	});

	it("shows markup as text", async () => {
		const page = await visit();
		const evil = '<img src=x onerror="window.owned=1"><b>bold</b>';
		await type(page, evil);
		const asked = await stored(evil);
		await api.post(`/v1/conversations/${asked.conversation_id}/reply`, { text: `answer ${evil}` }, 202);
		await shown(page, `answer ${evil}`);
		assert.equal(await page.evaluate(() => window.owned), undefined);
		page.assertClean();
	});

});
