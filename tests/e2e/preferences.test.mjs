// The page on which a customer says what may be sent, by a signed link, without JavaScript.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Smsc } from "../peer/smsc.mjs";
import { launch, open } from "./lib/browser.mjs";
import { Api } from "./lib/api.mjs";
import { Gateway, freePort, smsAccount } from "./lib/gateway.mjs";
import { SmartHost } from "./lib/smarthost.mjs";

describe("the preference page", { timeout: 60000 }, () => {
	let smsc, host, gateway, api, anyone, customer, link, browser;
	before(async () => {
		const port = await freePort();
		smsc = new Smsc();
		await smsc.listen();
		host = await new SmartHost().listen();
		gateway = new Gateway({
			http: { listen: `127.0.0.1:${port}`, public_url: `http://127.0.0.1:${port}` },
			"sms main": smsAccount(smsc),
			"email care": { from: "care@shop.example", hosts: `127.0.0.1:${host.port}`, tls: "none" },
		});
		gateway.port = port;
		await gateway.prepare();
		await gateway.run();
		api = gateway.api;
		anyone = new Api(gateway.url, null);
		await gateway.ready();
		customer = await api.post("/v1/customers", { name: "Eva <Adler>", locale: "en" }, 201);
		for (const address of ["+4915177999001", "eva@people.example"]) await api.post(`/v1/customers/${customer.id}/contact_points`, { address }, 201);
		link = (await api.want(200, "POST", `/v1/customers/${customer.id}/preference_link`, {})).url;
	});
	after(async () => {
		await browser?.close();
		await gateway?.stop();
		await host?.close();
		await smsc?.close();
	});

	const path = (url) => new URL(url).pathname;
	const offer = (to) => api.send({ to, purpose: "marketing", text: `offer to ${to} ${Math.random()}`, subject: "An offer" });

	it("is changed by the customer in a browser, and the next send obeys", async () => {
		assert.equal((await offer("+4915177999001")).status, "suppressed", "nothing was said yet");
		browser = await launch();
		const page = await open(browser, link);
		assert.equal(await page.getByRole("checkbox").count(), 8);
		await page.getByText("Eva <Adler>").waitFor();
		const row = page.getByRole("row", { name: /\+4915177999001/ });
		assert.deepEqual(await Promise.all([0, 1, 2, 3].map((k) => row.getByRole("checkbox").nth(k).isChecked())), [true, false, true, false]);
		await row.getByRole("checkbox").nth(1).check();
		await page.getByRole("button", { name: "Save", exact: true }).click();
		await page.getByRole("status").waitFor();
		assert.equal(await page.getByRole("row", { name: /\+4915177999001/ }).getByRole("checkbox").nth(1).isChecked(), true);
		page.assertClean();
		assert.equal((await offer("+4915177999001")).status, "queued");
		assert.equal((await offer("eva@people.example")).status, "suppressed");
		const survey = () => api.send({ to: "+4915177999001", purpose: "survey", text: `How was it? ${Math.random()}` });
		assert.equal((await survey()).status, "queued", "a survey needs no word, and the page says so");
		await page.getByRole("row", { name: /\+4915177999001/ }).getByRole("checkbox").nth(2).uncheck();
		await page.getByRole("button", { name: "Save", exact: true }).click();
		await page.getByRole("status").waitFor();
		assert.equal(await page.getByRole("row", { name: /\+4915177999001/ }).getByRole("checkbox").nth(2).isChecked(), false);
		assert.deepEqual((await survey()).deliveries[0].reason, "opted_out");
		await page.getByRole("button", { name: "No offers and surveys at all" }).click();
		await page.getByRole("status").waitFor();
		const no = await offer("+4915177999001");
		assert.deepEqual([no.status, no.deliveries[0].reason], ["suppressed", "opted_out"]);
		assert.equal((await api.send({ to: "+4915177999001", text: "Your bill" })).status, "queued", "service goes on");
		page.assertClean();
	});

	it("changes nothing by a GET, and says under which rules it is shown", async () => {
		const before = JSON.stringify(await api.get(`/v1/customers/${customer.id}/consents`));
		const r = await anyone.request("GET", `${path(link)}?what=none&shown=x`);
		assert.equal(r.status, 200);
		assert.match(r.headers.get("content-security-policy"), /default-src 'none'/);
		assert.doesNotMatch(r.headers.get("content-security-policy"), /unsafe/);
		assert.equal(r.headers.get("referrer-policy"), "no-referrer");
		assert.equal(JSON.stringify(await api.get(`/v1/customers/${customer.id}/consents`)), before);
	});

	it("opens for nobody who has forged a link, nor for one that is over", async () => {
		assert.equal((await anyone.request("GET", path(link).slice(0, -3) + "AAA")).status, 404);
		assert.equal((await anyone.request("POST", path(link).slice(0, -3) + "AAA", "what=none")).status, 404);
		assert.equal((await api.request("POST", `/v1/customers/${customer.id}/preference_link`, { expires_at: "2020-01-01T00:00:00Z" })).status, 422);
		assert.equal((await api.request("POST", `/v1/customers/${"0".repeat(8)}-0000-7000-8000-000000000000/preference_link`, {})).status, 404);
	});

	it("is not moved to change somebody else's addresses", async () => {
		const other = await api.post("/v1/customers", { name: "Other" }, 201);
		const point = await api.post(`/v1/customers/${other.id}/contact_points`, { address: "other@people.example" }, 201);
		const before = JSON.stringify(await api.get(`/v1/customers/${other.id}/consents`));
		assert.equal((await anyone.request("POST", path(link), `shown=${point.id}&${point.id}.marketing=yes&what=save`, { "Content-Type": "application/x-www-form-urlencoded" })).status, 200);
		assert.equal(JSON.stringify(await api.get(`/v1/customers/${other.id}/consents`)), before);
	});

	it("is linked from templates, in the customer's language", async () => {
		await api.want(200, "PUT", "/v1/templates/leave", { texts: [{ channel: "email", subject: "x", text: "Leave: {{ preference_url }}" }] });
		await api.post("/v1/templates/leave/publish", {});
		const sent = await api.send({ to: "eva@people.example", template: { name: "leave" } });
		const url = /Leave: (\S+)/.exec(sent.text)[1];
		await api.want(200, "PATCH", `/v1/customers/${customer.id}`, { locale: "de-AT" });
		assert.match(await (await fetch(url)).text(), /Was wir Ihnen schicken dürfen/);
	});
});
