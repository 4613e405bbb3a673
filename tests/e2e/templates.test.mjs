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
		assert.deepEqual(names, ["bill_issued", "confirm_consent", "data_cap", "order_progress", "outage", "outage_over", "payment_failed", "satisfaction", "welcome", "win_back"]);
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

	it("writes numbers, dates and money as the customer reads them", async () => {
		await put("due", [{ channel: "sms", text: "{{ amount | money: 'EUR' }} {{ due | local_date: 'long' }} {{ due | local_time }} {{ used | number: 1 }} {{ hotline | phone }} {{ hotline | phone: 'national' }} {{ 'abc' | sms_parts }}" }]);
		await publish("due");
		const see = async (customer) => (await api.post("/v1/templates/due/preview", { channel: "sms", customer, data: { amount: 1249.5, due: "2026-12-05T22:30:00Z", used: 12345.678, hotline: "+4915123456789" } })).text;
		assert.equal(await see({ locale: "de", time_zone: "Europe/Berlin" }), "1.249,50\u00a0€ 5. Dezember 2026 23:30 12.345,7 +49 1512 3456789 01512 3456789 1");
		assert.equal((await see({ locale: "en-US", time_zone: "America/New_York" })).replaceAll("\u202f", " "), "€1,249.50 December 5, 2026 5:30 PM 12,345.7 +49 1512 3456789 01512 3456789 1");
	});

	it("translates by the customer's language, with its plurals", async () => {
		const translations = (locale, texts) => api.want(200, "PUT", `/v1/translations/${locale}`, { texts });
		await translations("-", { greeting: "Hello {name}", "days.one": "{count} day", "days.other": "{count} days" });
		await translations("pl", { greeting: "Cześć {name}", "days.one": "{count} dzień", "days.few": "{count} dni", "days.many": "{count} dni", "days.other": "{count} dnia" });
		await put("wait", [{ channel: "sms", text: "{{ 'greeting' | t: name: customer.first_name }}, {{ 'days' | t: count: n }}" }]);
		await publish("wait");
		const see = async (locale, n) => (await api.post("/v1/templates/wait/preview", { channel: "sms", customer: { name: "Ola Nowak", locale }, data: { n } })).text;
		assert.deepEqual([await see("pl", 1), await see("pl-PL", 3), await see("en", 1), await see("", 2)], ["Cześć Ola, 1 dzień", "Cześć Ola, 3 dni", "Hello Ola, 1 day", "Hello Ola, 2 days"]);
		assert.deepEqual((await api.get("/v1/translations")).data, [{ locale: "", texts: 3 }, { locale: "pl", texts: 5 }]);
		assert.equal((await api.get("/v1/translations/pl")).texts["days.few"], "{count} dni");
		assert.equal((await api.request("PUT", "/v1/translations/de", { texts: { "a b": "x" } })).status, 422);
	});

	it("shares texts, says what is doubtful and who uses what", async () => {
		await put("footer", [{ channel: "email", text: "Leave: {{ preference_url }}", html: "<a href=\"{{ preference_url }}\">Leave</a>" }]);
		await publish("footer");
		await put("spring", [
			{ channel: "email", subject: "{{ title }}", text: "{{ titel }}\n{% render 'footer' %}", html: "<b>{{ title }}</b>{% render 'footer' %}" },
			{ channel: "sms", locale: "de", text: `{{ title }} ${"x".repeat(400)} {{ customer.plan }}` },
			{ channel: "sms", locale: "fr", text: "{{ 'no.such' | t }}{% render 'nothing' %}" },
		], { purpose: "marketing", sample: { title: "Two & two" } });
		const lint = await api.get("/v1/templates/spring/lint");
		assert.deepEqual(
			lint.findings.map((f) => [f.code, f.channel, f.locale, f.part, f.line, f.column]).sort(),
			[
				["attribute", "sms", "de", "text", 1, 414],
				["default_missing", "sms", "de", "text", undefined, undefined],
				["partial_unknown", "sms", "fr", "text", 1, 20],
				["render_failed", "sms", "fr", "text", undefined, undefined],
				["sms_long", "sms", "de", "text", undefined, undefined],
				["translation_missing", "sms", "fr", "text", 1, 1],
				["variable_unknown", "email", "", "text", 1, 1],
			],
		);
		const seen = await api.post("/v1/templates/spring/preview", { channel: "email", data: { title: "A & B", titel: "x" } });
		assert.deepEqual([seen.subject, seen.text, seen.html], ["A & B", "x\nLeave:", '<b>A &amp; B</b><a href="">Leave</a>']);
		await put("winter", [{ channel: "email", text: "Cold." }], { purpose: "marketing" });
		assert.deepEqual((await api.get("/v1/templates/winter/lint")).findings.map((f) => f.code), ["unsubscribe_missing"]);
		assert.deepEqual((await api.get("/v1/templates/footer/usage")).templates, [], "a draft uses nothing yet");
		await publish("spring");
		assert.deepEqual((await api.get("/v1/templates/footer/usage")).templates, [{ name: "spring", version: 1 }]);
	});
});
