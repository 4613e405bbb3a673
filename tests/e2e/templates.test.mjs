// Templates: drafts, versions, locales and channels; what a template makes is what goes out and stands on the timeline.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Smsc } from "../peer/smsc.mjs";
import { Gateway, smsAccount } from "./lib/gateway.mjs";
import { SmartHost } from "./lib/smarthost.mjs";
import { until } from "./lib/wait.mjs";

describe("templates", () => {
	let smsc, host, gateway, api;
	before(async () => {
		smsc = new Smsc();
		await smsc.listen();
		host = await new SmartHost().listen();
		gateway = await Gateway.start({
			"sms main": smsAccount(smsc),
			"email care": { from: "care@shop.example", hosts: `127.0.0.1:${host.port}`, tls: "none" },
		});
		api = gateway.api;
		await gateway.ready();
	});
	after(async () => {
		await gateway?.stop();
		await host?.close();
		await smsc?.close();
	});

	const put = (name, texts, more = {}) => api.want(200, "PUT", `/v1/templates/${name}`, { texts, ...more });
	const publish = (name) => api.post(`/v1/templates/${name}/publish`, {});
	const welcome = [
		{ channel: "sms", text: "Hello {{ customer.first_name | default: 'there' }}, your {{ plan }} plan starts {{ start | date: '%d.%m.%Y' }}." },
		{ channel: "sms", locale: "de", text: "Hallo {{ customer.first_name }}, Ihr Tarif {{ plan }} beginnt am {{ start | date: '%d.%m.%Y' }}." },
		{ channel: "email", subject: "Welcome, {{ customer.name }}", text: "{{ plan }}", html: "<p>Dear {{ customer.name }}, enjoy {{ plan }}.</p>" },
	];
	const data = { plan: "<Flex> & more", start: "2026-12-01" };

	it("comes with the common moments of a telecom customer, ready to be sent", async () => {
		const page = await api.get("/v1/templates?limit=5");
		const rest = await api.get(`/v1/templates?limit=200&cursor=${page.next}`);
		const names = [...page.data, ...rest.data].map((t) => t.name);
		assert.deepEqual(names, ["bill_issued", "data_cap", "order_progress", "outage", "outage_over", "payment_failed", "satisfaction", "welcome", "win_back"]);
		const sent = await api.send({ to: "+4915177712300", template: { name: "bill_issued", data: { period: "November", amount: "29,90 €", due: "2026-12-05" } } });
		assert.equal(sent.text, "Your bill for November is 29,90 €, due 5 Dec.");
		for (const name of names)
			for (const t of (await api.get(`/v1/templates/${name}`)).texts)
				assert.ok((await api.post(`/v1/templates/${name}/preview`, { channel: t.channel, locale: t.locale })).text);
	});

	it("is a draft until it is published, and what was published never changes", async () => {
		const draft = await put("hello", welcome, { description: "the first day" });
		assert.deepEqual([draft.version, draft.state, draft.texts.length], [1, "draft", 3]);
		assert.equal((await api.request("POST", "/v1/messages", { to: "+4915177712345", template: { name: "hello", data } })).status, 422, "a draft is not sent");
		assert.equal((await put("hello", welcome.slice(0, 2))).version, 1, "a draft is written over");
		await put("hello", welcome);
		assert.equal((await publish("hello")).state, "published");
		assert.equal((await api.request("POST", "/v1/templates/hello/publish", {})).status, 409);
		const next = await put("hello", [{ channel: "sms", text: "Another {{ plan }}" }]);
		assert.deepEqual([next.version, next.state], [2, "draft"]);
		assert.equal((await api.get("/v1/templates/hello?version=1")).texts[0].text, welcome[0].text);
		const listed = (await api.get("/v1/templates")).data.find((t) => t.name === "hello");
		assert.deepEqual([listed.version, listed.state], [2, "draft"]);
	});

	it("makes the text for the customer, in the customer's language", async () => {
		const texts = [];
		for (const [number, name, locale, want] of [
			["+4915177700001", "Anna Arndt", "de-AT", "Hallo Anna, Ihr Tarif <Flex> & more beginnt am 01.12.2026."],
			["+4915177700002", "Bob Burns", "en", "Hello Bob, your <Flex> & more plan starts 01.12.2026."],
			["+4915177700003", "", "", "Hello there, your <Flex> & more plan starts 01.12.2026."],
		]) {
			const c = await api.post("/v1/customers", { name, locale }, 201);
			await api.post(`/v1/customers/${c.id}/contact_points`, { address: number }, 201);
			const sent = await api.send({ to: { customer_id: c.id }, template: { name: "hello", data } });
			assert.equal(sent.text, want);
			assert.deepEqual(sent.metadata.template, { name: "hello", version: 1 });
			texts.push(want);
		}
		await until("the texts at the carrier", () => texts.every((t) => smsc.submits.some((s) => s.text === t)));
	});

	it("escapes the HTML of a mail, and only that", async () => {
		const c = await api.post("/v1/customers", { name: "Eve <script>" }, 201);
		await api.post(`/v1/customers/${c.id}/contact_points`, { address: "eve@people.example" }, 201);
		const sent = await api.send({ to: { customer_id: c.id }, channel: "email", template: { name: "hello", data } });
		assert.equal(sent.subject, "Welcome, Eve <script>");
		const mail = await until("the mail", () => host.mails.find((m) => m.to.includes("eve@people.example")));
		assert.match(mail.text, /Dear Eve &lt;script&gt;, enjoy &lt;Flex&gt; &amp; more\./);
	});

	it("is looked at before it is sent", async () => {
		const seen = await api.post("/v1/templates/hello/preview", { channel: "sms", data });
		assert.deepEqual([seen.version, seen.text, seen.encoding, seen.segments], [2, "Another <Flex> & more", "gsm7", 1]);
		const old = await api.post("/v1/templates/hello/preview", { channel: "email", version: 1, data });
		assert.equal(old.html, "<p>Dear , enjoy &lt;Flex&gt; &amp; more.</p>");
	});

	it("says where a text is wrong", async () => {
		const r = await api.request("PUT", "/v1/templates/broken", { texts: [{ channel: "sms", text: "fine" }, { channel: "sms", locale: "de", text: "one\n{% if x %}" }] });
		assert.equal(r.status, 422);
		assert.equal(r.body.errors[0].field, "/texts/1/text");
		assert.match(r.body.errors[0].detail, /line \d+, column \d+/);
		for (const [path, body] of [
			["/v1/templates/Bad%20Name", { texts: welcome }],
			["/v1/templates/none", { texts: [] }],
			["/v1/templates/twice", { texts: [welcome[0], welcome[0]] }],
			["/v1/templates/html", { texts: [{ channel: "sms", html: "<p>" }] }],
		])
			assert.equal((await api.request("PUT", path, body)).status, 422, path);
		assert.equal((await api.request("GET", "/v1/templates/unknown")).status, 404);
		for (const message of [
			{ template: "unknown" },
			{ template: { name: "hello", version: 9 } },
			{ template: "hello", text: "both" },
			{ template: { data: {} } },
		]) {
			const refused = await api.request("POST", "/v1/messages", { to: "+4915177712345", ...message });
			assert.equal(refused.status, 422, JSON.stringify(refused.body));
		}
	});

	it("is bounded whatever it says", async () => {
		await put("endless", [{ channel: "sms", text: "{% for i in (1..100000000) %}{% for k in (1..100000000) %}x{% endfor %}{% endfor %}" }]);
		await publish("endless");
		const r = await api.request("POST", "/v1/messages", { to: "+4915177712345", template: "endless" });
		assert.equal(r.status, 422);
		assert.equal(r.body.code, "template_failed");
	});

	it("is not sent any more when it is retired, and only marketing writes it", async () => {
		await put("gone", [{ channel: "sms", text: "x" }]);
		await publish("gone");
		await api.send({ to: "+4915177712345", template: "gone" });
		assert.equal((await api.want(200, "DELETE", "/v1/templates/gone")).state, "retired");
		assert.equal((await api.request("POST", "/v1/messages", { to: "+4915177712345", template: "gone" })).status, 422);
		const agent = gateway.apiAs("agent");
		assert.equal((await agent.request("PUT", "/v1/templates/gone", { texts: welcome })).status, 403);
		const names = (await agent.get("/v1/templates?limit=200")).data.map((t) => t.name);
		assert.ok(["endless", "gone", "hello"].every((n) => names.includes(n)));
	});
});
