// Web chat in a real browser, beside a real SMPP peer: one customer, one timeline, one conversation. The site has the strictest
// policy a site can have, in every test.
import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { Smsc } from "../peer/smsc.mjs";
import { launch, open, serveSite, widgetPage } from "./lib/browser.mjs";
import { Gateway, smsAccount } from "./lib/gateway.mjs";
import { until } from "./lib/wait.mjs";

const identitySecret = "the site and the gateway know this";
const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

describe("web chat", { timeout: 240000 }, () => {
	let smsc, site, gateway, api, browser, attributes = {};

	before(async () => {
		smsc = new Smsc({ systemId: "threadline", password: "secret", receiptDelay: 20 });
		await smsc.listen();
		site = await serveSite((req) => widgetPage(gateway.url, req.url === "/form" ? "form" : "shop", attributes), {
			get csp() {
				return `default-src 'none'; script-src ${gateway.url}; connect-src ${gateway.url}; img-src ${gateway.url}`;
			},
		});
		gateway = await Gateway.start({
			"sms main": smsAccount(smsc),
			"web shop": { origins: site.origin, identity_secret: identitySecret, title: "Shop", prechat: "off", away_after: "0s" },
			"web form": { origins: site.origin, prechat: "required", away_after: "1s" },
		});
		api = gateway.api;
		await until("the SMSC to be bound", async () =>
			(await (await fetch(`${gateway.url}/health/ready`)).json()).accounts.every((a) => a.state === "up"));
		browser = await launch();
	});
	after(async () => {
		await browser?.close();
		await gateway?.stop();
		await site?.close();
		await smsc?.close();
	});

	const visit = async (options) => {
		const page = await open(browser, site.origin, options);
		await page.locator(".bubble").click();
		await page.locator("textarea").waitFor();
		return page;
	};
	const write = async (page, text) => {
		await page.locator("textarea").fill(text);
		await page.keyboard.press("Enter");
		await page.locator(".m.in", { hasText: text }).waitFor();
	};
	const conversationOf = (text) =>
		until(`a conversation about "${text}"`, async () => (await api.get("/v1/conversations?state=open&limit=200")).data.find((c) => c.last_text === text));
	const reply = (c, text, more = {}) => api.post(`/v1/conversations/${c.id}/reply`, { text, ...more }, 202);
	const sees = (page, text) => page.locator(".m.out", { hasText: text }).waitFor();
	const times = (page, text) => page.locator(".m", { hasText: text }).count();

	it("goes both ways, with marks of delivery and reading", async () => {
		const page = await visit();
		const text = `hello ${randomUUID()}`;
		await write(page, text);
		const c = await conversationOf(text);
		const m = await reply(c, `answer to ${text}`);
		await sees(page, `answer to ${text}`);
		const read = await until("the answer to be read", async () => {
			const now = await api.message(m.id);
			return now.status === "read" && now;
		});
		assert.equal(read.channel, "web");
		page.assertClean();
		await page.context().close();
	});

	it("loses and doubles nothing over reloads and a lost network", async () => {
		const page = await visit();
		const [a, b, d] = [`first ${randomUUID()}`, `offline ${randomUUID()}`, `agent ${randomUUID()}`];
		await write(page, a);
		const c = await conversationOf(a);
		await page.context().setOffline(true);
		await page.locator("textarea").fill(b);
		await page.keyboard.press("Enter");
		await page.locator(".m.in", { hasText: b }).waitFor();
		await reply(c, d);
		await page.context().setOffline(false);
		await sees(page, d);
		await until("the offline message to be stored", async () => (await api.timeline(c.customer_id)).some((i) => i.text === b));
		await page.reload();
		await page.locator(".bubble").click();
		await sees(page, d);
		for (const text of [a, b, d]) assert.equal(await times(page, text), 1, text);
		assert.equal((await api.timeline(c.customer_id)).filter((i) => i.text === b).length, 1);
		await page.context().close();
	});

	it("joins the known customer only when the site has proven who it is", async () => {
		const external_id = `crm-${randomUUID()}`;
		const known = await api.post("/v1/customers", { external_id, name: "A known one" }, 201);
		const text = `anonymous ${randomUUID()}`;
		const page = await visit();
		await write(page, text);
		await conversationOf(text);
		assert.equal((await api.timeline(known.id)).length, 0);
		const identify = (hmac) => page.evaluate((who) => window.Threadline.identify(who), { external_id, hmac });
		await identify("00".repeat(32));
		assert.equal((await api.timeline(known.id)).length, 0, "a forged proof proves nothing");
		await identify(createHmac("sha256", identitySecret).update(external_id).digest("hex"));
		await until("the anonymous history to join", async () => (await api.timeline(known.id)).some((i) => i.text === text));
		await page.context().close();
	});

	it("is one timeline and one conversation with the customer's texts", async () => {
		const external_id = `crm-${randomUUID()}`, number = "+491713955001";
		const c = await api.post("/v1/customers", { external_id, name: "Two channels" }, 201);
		await api.post(`/v1/customers/${c.id}/contact_points`, { scheme: "tel", address: number, verified_by: "bss" }, 201);
		await smsc.write({ from: number, to: "40404", text: "by text first" });
		const first = await until("the text", async () => (await api.timeline(c.id))[0]);
		attributes = { "data-external-id": external_id, "data-hmac": createHmac("sha256", identitySecret).update(external_id).digest("hex") };
		const page = await visit();
		attributes = {};
		await write(page, "and now by chat");
		const both = await until("both on one timeline", async () => {
			const t = await api.timeline(c.id);
			return t.length === 2 && t;
		});
		assert.deepEqual(both.map((i) => i.channel), ["web", "sms"]);
		assert.equal(both[0].conversation_id, first.conversation_id);
		assert.ok(both[0].thread_reason);
		// The answer goes back the way the customer last wrote; and by SMS when the agent says so.
		await api.post(`/v1/conversations/${first.conversation_id}/reply`, { text: "an answer here" }, 202);
		await sees(page, "an answer here");
		await api.post(`/v1/conversations/${first.conversation_id}/reply`, { text: "and one there", channel: "sms" }, 202);
		await until("the handset to show it", () => smsc.texts.find((t) => `+${t.to}` === number && t.text === "and one there"));
		await page.context().close();
	});

	it("refuses foreign sites, forged tokens and files that are not what they say", async () => {
		const url = `${gateway.url}/web/shop`;
		const foreign = await fetch(`${url}/session`, { method: "POST", headers: { Origin: "https://evil.example", "Content-Type": "application/json" }, body: "{}" });
		assert.equal(foreign.status, 403);
		assert.equal(foreign.headers.get("access-control-allow-origin"), null);
		const post = (path, body, token, headers = {}) =>
			fetch(url + path, { method: "POST", headers: { Origin: site.origin, ...(token ? { Authorization: `Bearer ${token}` } : {}), ...headers }, body });
		const { token } = await (await post("/session", "{}")).json();
		const forged = `${token.slice(0, -2)}${token.endsWith("AA") ? "BB" : "AA"}`;
		assert.equal((await post("/message", "{}", forged)).status, 401);
		assert.equal((await post("/message", "{", token)).status, 400);
		assert.equal((await post("/message", JSON.stringify({ client_id: randomUUID(), text: "" }), token)).status, 422);
		assert.equal((await post("/file?name=x.png", Buffer.from([0x4d, 0x5a, 0, 1]), token)).status, 415, "no picture, whatever its name");
		const file = await (await post("/file?name=a.png", png, token)).json();
		assert.equal(file.type, "image/png");
		const id = randomUUID();
		const message = (f) => post("/message", JSON.stringify({ client_id: id, text: "look", attachments: [f] }), token);
		assert.equal((await message({ ...file, sign: "0".repeat(32) })).status, 422, "not uploaded by this visitor");
		const stored = await message(file);
		assert.equal(stored.status, 201);
		const again = await message(file);
		assert.equal(again.status, 200);
		assert.equal((await again.json()).id, (await stored.json()).id, "sent twice, stored once");
		const { messages } = await (await post("/session", JSON.stringify({ token }))).json();
		const [shown] = messages[0].attachments;
		const got = await fetch(gateway.url + shown.url);
		assert.equal(got.status, 200);
		assert.match(got.headers.get("content-security-policy"), /sandbox/);
		assert.deepEqual(Buffer.from(await got.arrayBuffer()), png);
		assert.equal((await fetch(gateway.url + shown.url.replace(/sign=../, "sign=00"))).status, 404);
	});

	it("keeps what the form says as a claim", async () => {
		const url = `${gateway.url}/web/form`;
		const post = (path, body, token) =>
			fetch(url + path, { method: "POST", headers: { Origin: site.origin, "Content-Type": "application/json", ...(token ? { Authorization: `Bearer ${token}` } : {}) }, body: JSON.stringify(body) });
		const { token, config } = await (await post("/session", {})).json();
		assert.equal(config.prechat, "required");
		assert.equal((await post("/contact", { phone: "12" }, token)).status, 422);
		assert.equal((await post("/contact", { name: "Somebody", phone: "0171 3955002" }, token)).status, 200);
		const c = await until("the claimed number", async () => (await api.get(`/v1/customers?number=${encodeURIComponent("+491713955002")}`)).data[0]);
		const tel = c.contact_points.find((p) => p.scheme === "tel");
		assert.equal(tel.verified, false);
		assert.ok(c.contact_points.some((p) => p.scheme === "visitor"));
	});

	it("sends the answer to the number of a visitor who has gone, and the thread goes on", async () => {
		const number = "+491713955003", text = `gone soon ${randomUUID()}`;
		const page = await open(browser, `${site.origin}/form`);
		await page.getByRole("button", { name: "Open chat" }).click();
		await page.getByLabel("Phone number").fill(number);
		await page.getByLabel("Your name").fill("Gone Visitor");
		await page.getByRole("button", { name: "Start" }).click();
		await write(page, text);
		const c = await conversationOf(text);
		page.assertClean();
		await page.close();
		// Whether the gateway has noticed or not: nobody confirms the answer.
		const m = await reply(c, "We looked into it: all is well.");
		assert.equal(m.channel, "web");
		await until("the handset to show it", () => smsc.texts.find((t) => `+${t.to}` === number && t.text === "We looked into it: all is well."));
		const done = await until("two deliveries", async () => {
			const now = await api.message(m.id);
			return now.deliveries.length === 2 && now.deliveries[1].status === "delivered" && now;
		});
		assert.deepEqual(done.deliveries.map((d) => d.channel), ["web", "sms"]);
		await smsc.write({ from: number, to: "40404", text: "thank you" });
		const back = await until("the answer by text", async () => (await api.timeline(c.customer_id)).find((i) => i.text === "thank you"));
		assert.equal(back.conversation_id, c.id);
		// Who comes back to the chat finds it there as well.
		const again = await page.context().newPage();
		await again.goto(`${site.origin}/form`);
		await again.getByRole("button", { name: "Open chat" }).click();
		await sees(again, "We looked into it: all is well.");
		await page.context().close();
	});

	it("carries a picture in, checked by its bytes", async () => {
		const page = await visit();
		const text = `see the picture ${randomUUID()}`;
		await write(page, text);
		const { customer_id } = await conversationOf(text);
		const choose = (buffer) => page.locator("input[type=file]").setInputFiles({ name: "p.png", mimeType: "image/png", buffer });
		await choose(png);
		const withFile = await until("the picture", async () => (await api.timeline(customer_id)).find((i) => i.attachments?.length));
		assert.equal(withFile.attachments[0].type, "image/png");
		const r = await fetch(`${gateway.url}/v1/attachments/${withFile.attachments[0].sha256}`, { headers: { Authorization: `Bearer ${gateway.key}` } });
		assert.deepEqual(Buffer.from(await r.arrayBuffer()), png);
		page.assertClean();
		await choose(Buffer.concat([Buffer.from("\x7fELF"), Buffer.alloc(200)]));
		await page.getByText("This type of file is not taken.").waitFor();
		await page.context().close();
	});

	it("shows markup as text", async () => {
		const page = await visit();
		const evil = `<img src=x onerror="window.owned=1"><b>${randomUUID()}</b>`;
		await write(page, evil);
		await reply(await conversationOf(evil), `answer ${evil}`);
		await sees(page, `answer ${evil}`);
		assert.equal(await page.evaluate(() => window.owned), undefined);
		page.assertClean();
		await page.context().close();
	});
});

describe("a chat whose form may be skipped", { timeout: 120000 }, () => {
	it("begins without a name", async () => {
		const site = await serveSite(() => widgetPage(g.url, "open"));
		const g = await Gateway.start({ "web open": { origins: site.origin } });
		const browser = await launch();
		const page = await open(browser, site.origin);
		await page.getByRole("button", { name: "Open chat" }).click();
		await page.getByRole("button", { name: "Skip" }).click();
		await page.getByLabel("Write a message").fill("nameless");
		await page.getByRole("button", { name: "Send" }).click();
		await until("it to be stored", async () => (await g.api.get("/v1/conversations?state=open")).data.length === 1);
		page.assertClean();
		await browser.close();
		await g.stop();
		await site.close();
	});
});
