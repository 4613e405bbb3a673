// Double opt-in: an opt-in waits until who has the address says so too.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Smsc } from "../peer/smsc.mjs";
import { Api } from "./lib/api.mjs";
import { Gateway, freePort, smsAccount } from "./lib/gateway.mjs";
import { SmartHost } from "./lib/smarthost.mjs";
import { until } from "./lib/wait.mjs";

describe("double opt-in", { timeout: 60000 }, () => {
	let smsc, host, gateway, api, anyone, n = 0;
	before(async () => {
		const port = await freePort();
		smsc = new Smsc();
		await smsc.listen();
		host = await new SmartHost().listen();
		gateway = new Gateway({
			http: { listen: `127.0.0.1:${port}`, public_url: `http://127.0.0.1:${port}` },
			outbound: { marketing_needs_opt_in: "no" },
			policy: { double_opt_in: "survey" },
			"sms main": smsAccount(smsc),
			"email care": { from: "care@shop.example", hosts: `127.0.0.1:${host.port}`, tls: "none" },
		});
		gateway.port = port;
		await gateway.prepare();
		await gateway.run();
		await gateway.ready();
		api = gateway.api;
		anyone = new Api(gateway.url, null);
	});
	after(async () => {
		await gateway?.stop();
		await host?.close();
		await smsc?.close();
	});

	const form = { "Content-Type": "application/x-www-form-urlencoded" };
	const opt = (address, more = {}) => api.want(200, "PUT", "/v1/consents", { address, purpose: "marketing", state: "opt_in", source: "web form", confirm: {}, ...more });
	const offer = (to, purpose = "marketing") => api.send({ to, purpose, text: `Offer ${++n}`, subject: "An offer" });
	const refused = async (to, purpose) => assert.deepEqual([(await offer(to, purpose)).deliveries[0].reason], ["confirmation_pending"]);
	const state = async (address, purpose = "marketing") => {
		const [c] = (await api.get(`/v1/customers?q=${encodeURIComponent(address)}`)).data;
		return (await api.get(`/v1/customers/${c.id}/consents`)).data.find((x) => x.address === address).purposes[purpose].state;
	};
	const asked = (to) => until(`the question to ${to}`, () => smsc.texts.find((t) => to.endsWith(t.to) && /Reply YES/.test(t.text)));
	const linkIn = async (to) => /(http:\S+\/c\/[\w-]+)/.exec((await host.mailTo(to)).text.replace(/=\r\n/g, ""))[1];

	it("by text: YES makes it an opt-in, with its proof", async () => {
		const to = "+4915177400001";
		const c = await opt(to);
		assert.equal(c.purposes.marketing.state, "pending");
		await asked(to);
		await refused(to);
		assert.equal((await api.send({ to, text: "Your bill" })).status, "queued", "service goes on");
		await smsc.write({ from: to, to: "40404", text: "what is this?" });
		await refused(to);
		await smsc.write({ from: to, to: "40404", text: "Yes" });
		await until("offers", async () => (await offer(to)).status === "queued");
		const after = await opt(to);
		assert.equal(after.purposes.marketing.state, "opt_in", "asked once");
		const [given, first] = after.history.filter((h) => h.purpose === "marketing");
		assert.deepEqual([given.state, given.source, given.proof.by, first.state, first.source], ["opt_in", "double_opt_in", "reply", "pending", "web form"]);
		assert.match(given.proof.text, /Reply YES to confirm/);
		assert.ok(given.proof.interaction && given.proof.message && given.proof.asked_at);
		assert.equal(after.purposes.service.state, "unknown", "nothing else was said");
	});

	it("by mail: the button of the page, and never a GET", async () => {
		const to = "ada@people.example";
		await opt(to);
		const link = new URL(await linkIn(to)).pathname;
		for (let k = 0; k < 2; k++) {
			const page = await anyone.request("GET", link);
			assert.equal(page.status, 200);
			assert.match(page.headers.get("content-security-policy"), /default-src 'none'/);
		}
		await refused(to);
		assert.equal((await anyone.request("POST", `${link.slice(0, -3)}AAA`, "", form)).status, 404);
		assert.equal((await anyone.request("POST", link, "", form)).status, 200);
		assert.equal((await offer(to)).status, "queued");
		const [, , ...rest] = (await opt(to)).history;
		assert.equal(rest.length, 0);
		await api.want(200, "PUT", "/v1/consents", { address: to, purpose: "marketing", state: "opt_out", source: "agent" });
		await anyone.request("POST", link, "", form);
		assert.equal((await offer(to)).deliveries[0].reason, "opted_out", "an old link brings nothing back");
	});

	it("expires, is ended by STOP, and is demanded by the settings", async () => {
		const late = "late@people.example";
		await opt(late, { confirm: { expires_at: new Date(Date.now() + 1500).toISOString() } });
		const link = new URL(await linkIn(late)).pathname;
		await until("its end", async () => (await anyone.request("GET", link)).status === 404);
		assert.equal((await anyone.request("POST", link, "", form)).status, 404);
		await refused(late);
		const to = "+4915177400002";
		await opt(to);
		await asked(to);
		await smsc.write({ from: to, to: "40404", text: "STOP" });
		await until("its end", async () => (await state(to)) === "opt_out");
		const survey = "+4915177400003";
		await opt(survey, { purpose: "survey", confirm: null });
		await refused(survey, "survey");
		assert.equal((await api.request("PUT", "/v1/consents", { address: survey, purpose: "survey", state: "pending", source: "x" })).status, 422);
		assert.equal((await api.request("PUT", "/v1/consents", { address: "+4915177400004", purpose: "marketing", state: "opt_in", source: "x", confirm: { template: "no_such" } })).status, 422);
	});

	it("is shown on the preference page, which leaves it alone or takes it back", async () => {
		const to = "+4915177400005";
		await opt(to);
		const [c] = (await api.get("/v1/customers?number=%2B4915177400005")).data;
		const { url } = await api.want(200, "POST", `/v1/customers/${c.id}/preference_link`, {});
		assert.match(await (await fetch(url)).text(), /waits for your confirmation/);
		const [p] = c.contact_points;
		const save = (body) => fetch(url, { method: "POST", headers: form, body });
		await save(`shown=${p.id}&${p.id}.marketing=yes&${p.id}.service=yes&what=save`);
		await refused(to);
		await save(`shown=${p.id}&what=none`);
		assert.equal((await offer(to)).deliveries[0].reason, "opted_out");
	});
});
