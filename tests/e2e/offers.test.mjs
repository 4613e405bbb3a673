// Offers: presented, answered by whatever channel, and never had more often than they are there.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Smsc } from "../peer/smsc.mjs";
import { Gateway, smsAccount } from "./lib/gateway.mjs";
import { onPostgres } from "./lib/store.mjs";
import { until } from "./lib/wait.mjs";

describe("offers", { timeout: 120000 }, () => {
	let smsc, gateway, api;
	let serial = 0;
	before(async () => {
		smsc = new Smsc();
		await smsc.listen();
		gateway = await Gateway.start({ "sms main": smsAccount(smsc) });
		api = gateway.api;
		await gateway.ready();
		for (const [name, text] of [
			["offer_yes", "{{ offer.name }} for {{ offer.amount }} {{ offer.currency }} is yours, {{ customer.first_name }}."],
			["offer_no", "No {{ offer.name }} then."],
			["offer_late", "{{ offer.name }} is over."],
		]) {
			await api.want(200, "PUT", `/v1/templates/${name}`, { texts: [{ channel: "sms", text }] });
			await api.post(`/v1/templates/${name}/publish`, {});
		}
	});
	after(async () => {
		await gateway?.stop();
		await smsc?.close();
	});

	const answers = { accepted: "offer_yes", declined: "offer_no", closed: "offer_late" };
	const words = { accept: ["YES", "Ja bitte"], decline: ["No thanks"] };
	const value = { amount: "5.00", currency: "EUR" };
	const offer = (more = {}) => api.post("/v1/offers", { name: `Data pass ${++serial}`, value, words, answers, ...more }, 201);
	async function customer(name = "Ada Brown") {
		const number = `+49151888${String(10000 + ++serial)}`;
		const c = await api.post("/v1/customers", { name }, 201);
		await api.post(`/v1/customers/${c.id}/contact_points`, { address: number }, 201);
		return { ...c, number };
	}
	const step = (o, what, c, status = 200, more = {}) => api.want(status, "POST", `/v1/offers/${o.id}/${what}`, { customer_id: c.id, ...more });
	const write = (c, text) => smsc.write({ from: c.number, to: "40404", text });
	const got = (c) => smsc.texts.filter((t) => t.to === c.number.slice(1) || t.to === c.number).map((t) => t.text);
	const states = async (c) => (await api.get(`/v1/customers/${c.id}/offers`)).data.map((o) => o.state);

	it("are made, changed by their version, listed and withdrawn", async () => {
		const o = await offer({ description: "a gigabyte", quantity: 10, per_customer: 2, valid_until: "2030-01-01T00:00:00Z" });
		assert.deepEqual([o.state, o.remaining, o.words], ["open", 10, { accept: ["yes", "ja bitte"], decline: ["no thanks"] }]);
		const at = await api.request("GET", `/v1/offers/${o.id}`);
		const etag = at.headers.get("etag");
		const changed = await api.want(200, "PATCH", `/v1/offers/${o.id}`, { quantity: 3, value: { amount: "4.50", currency: "EUR" } }, { "If-Match": etag });
		assert.deepEqual([changed.quantity, changed.value.amount, changed.description], [3, "4.50", "a gigabyte"]);
		assert.equal((await api.request("PATCH", `/v1/offers/${o.id}`, { quantity: 4 }, { "If-Match": etag })).status, 412);
		assert.equal((await api.request("POST", "/v1/offers", { name: o.name })).body.code, "name_taken");
		for (const [wrong, code] of [
			[{ value: { amount: "1e3", currency: "EUR" } }, "amount_invalid"],
			[{ value: { amount: "5.00", currency: "eur" } }, "currency_invalid"],
			[{ valid_from: "2030-01-01T00:00:00Z", valid_until: "2029-01-01T00:00:00Z" }, "times_invalid"],
			[{ variants: [{ name: "a", weight: 0 }] }, "variants_invalid"],
			[{ words: { accept: ["STOP"] } }, "word_reserved"],
			[{ answers: { accepted: "no_such" } }, "template_unknown"],
			[{ segment: "no_such" }, "segment_unknown"],
		])
			assert.equal((await api.request("POST", "/v1/offers", { name: `wrong ${code}`, ...wrong })).body.code, code);
		assert.ok((await api.get("/v1/offers?limit=2")).data.some((x) => x.id === o.id));
		assert.equal((await api.want(200, "DELETE", `/v1/offers/${o.id}`)).state, "withdrawn");
		assert.equal((await api.request("PATCH", `/v1/offers/${o.id}`, { quantity: 4 })).status, 409);
	});

	it("are accepted by a word, whatever its case, and answered once", async () => {
		const o = await offer();
		const c = await customer();
		await step(o, "present", c);
		assert.equal((await step(o, "present", c)).repeated, true);
		await write(c, "yes!");
		await until("the answer", () => got(c).includes(`${o.name} for 5.00 EUR is yours, Ada.`));
		assert.deepEqual(await states(c), ["accepted"]);
		const line = await api.timeline(c.id);
		const uptake = line.filter((i) => i.kind === "offer").map((i) => i.metadata.offer.outcome);
		assert.deepEqual(uptake, ["accepted", "presented"]);
		const reply = line.find((i) => i.text === "yes!");
		assert.deepEqual([reply.conversation_id, reply.metadata.offer], [null, { offer_id: o.id, answer: "accept" }]);
		await write(c, "YES");
		await until("the second one", async () => (await api.timeline(c.id)).some((i) => i.text === "YES"));
		assert.equal(got(c).length, 1);
		assert.equal((await step(o, "accept", c, 409)).code, "already_accepted");
		const f = await api.get(`/v1/offers/${o.id}/figures`);
		assert.deepEqual([f.presented, f.accepted, f.declined], [1, 1, 0]);
		assert.deepEqual(f.by_channel.find((x) => x.channel === "sms").accepted, 1);
	});

	it("leave other messages alone: no offer, other words, or somebody asked something since", async () => {
		const o = await offer();
		const stranger = await customer();
		await write(stranger, "YES");
		const c = await customer();
		await step(o, "present", c);
		await write(c, "yes, but what does it cost?");
		const message = async (x, text) => (await api.timeline(x.id)).find((i) => i.text === text);
		await until("both", async () => (await message(c, "yes, but what does it cost?")) && (await message(stranger, "YES")));
		assert.ok((await message(c, "yes, but what does it cost?")).conversation_id);
		assert.ok((await message(stranger, "YES")).conversation_id);
		assert.deepEqual(await states(c), ["presented"]);
		const { conversation_id } = await message(c, "yes, but what does it cost?");
		await api.want(202, "POST", `/v1/conversations/${conversation_id}/reply`, { text: "Shall I end your contract?" });
		await write(c, "Yes");
		await until("it", () => message(c, "Yes"));
		assert.equal((await message(c, "Yes")).conversation_id, conversation_id);
		assert.deepEqual(await states(c), ["presented"]);
	});

	it("are declined, and a mind may change", async () => {
		const o = await offer();
		const c = await customer();
		await step(o, "present", c);
		await write(c, "No, thanks.");
		await until("the answer", () => got(c).includes(`No ${o.name} then.`));
		assert.deepEqual(await states(c), ["declined"]);
		assert.equal((await step(o, "decline", c)).repeated, true);
		const taken = await step(o, "accept", c, 200, { channel: "ivr" });
		assert.equal(taken.state, "accepted");
		assert.equal((await step(o, "decline", c, 409)).code, "already_accepted");
		await until("the answer", () => got(c).includes(`${o.name} for 5.00 EUR is yours, Ada.`));
		assert.equal((await api.message(taken.answer_id)).purpose ?? "service", "service");
	});

	it("go to as many as there are, however many ask at once", async () => {
		const o = await offer({ quantity: 7, answers: null });
		const many = await Promise.all(Array.from({ length: 30 }, () => customer()));
		const asked = await Promise.all(many.flatMap((c) => [1, 2, 3].map(() => api.request("POST", `/v1/offers/${o.id}/accept`, { customer_id: c.id }))));
		const won = asked.filter((r) => r.status === 200);
		assert.equal(won.length, 7);
		assert.equal(new Set(won.map((r) => r.body.customer_id)).size, 7);
		assert.ok(asked.filter((r) => r.status !== 200).every((r) => ["offer_sold_out", "already_accepted"].includes(r.body.code)));
		const after = await api.get(`/v1/offers/${o.id}`);
		assert.deepEqual([after.state, after.remaining, after.accepted], ["sold_out", 0, 7]);
		assert.equal((await step(o, "present", many[0], 409)).status, 409);
	});

	it("go to as many as there are between two gateways over one database", { skip: !onPostgres && "needs PostgreSQL" }, async () => {
		const other = new Gateway({});
		other.database = gateway.database;
		other.key = gateway.key;
		await other.prepare();
		await other.run();
		const o = await offer({ quantity: 9, answers: null });
		const many = await Promise.all(Array.from({ length: 20 }, () => customer()));
		const asked = await Promise.all(
			many.flatMap((c) => [api, other.api, api, other.api].map((x) => x.request("POST", `/v1/offers/${o.id}/accept`, { customer_id: c.id }))),
		);
		const won = asked.filter((r) => r.status === 200);
		assert.deepEqual([won.length, new Set(won.map((r) => r.body.customer_id)).size], [9, 9]);
		assert.equal((await api.get(`/v1/offers/${o.id}`)).accepted, 9);
		const each = await offer({ answers: null });
		const twice = await Promise.all(many.flatMap((c) => [api, other.api].map((x) => x.request("POST", `/v1/offers/${each.id}/accept`, { customer_id: c.id }))));
		assert.equal(twice.filter((r) => r.status === 200).length, 20);
		assert.equal((await other.api.get(`/v1/offers/${each.id}`)).accepted, 20);
		assert.equal((await api.get(`/v1/offers/${each.id}/figures`)).accepted, 20);
		other.database = null;
		await other.stop();
	});

	it("count for all customers who are one", async () => {
		const o = await offer({ per_customer: 2, answers: null });
		const a = await customer("Ann");
		const b = await customer("Ann B");
		await step(o, "accept", a);
		await step(o, "accept", b);
		await api.want(200, "POST", `/v1/customers/${a.id}/merge`, { merge_id: b.id, reason: "the same" });
		assert.equal((await step(o, "accept", a, 409)).code, "already_accepted");
		assert.equal((await step(o, "accept", b, 409)).code, "already_accepted");
		const c = await customer("Cy");
		await step(o, "accept", c);
		await step(o, "accept", c);
		assert.equal((await step(o, "accept", c, 409)).code, "already_accepted");
	});

	it("end: what is open expires, and who comes too late is told so", async () => {
		const end = new Date(Date.now() + 1500).toISOString();
		const o = await offer({ valid_until: end });
		const c = await customer();
		await step(o, "present", c);
		await step(o, "open", c);
		assert.equal((await step(o, "click", c)).state, "clicked");
		assert.equal((await step(o, "click", c)).repeated, true);
		await until("its end", async () => (await states(c))[0] === "expired");
		assert.equal((await step(o, "accept", c, 409)).code, "offer_over");
		await write(c, "Ja, bitte");
		await until("the answer", () => got(c).includes(`${o.name} is over.`));
		assert.deepEqual(
			(await api.timeline(c.id)).filter((i) => i.kind === "offer").map((i) => i.metadata.offer.outcome),
			["expired", "clicked", "opened", "presented"],
		);
		const f = await api.get(`/v1/offers/${o.id}/figures`);
		assert.deepEqual([f.presented, f.opened, f.clicked, f.accepted, f.expired], [1, 1, 1, 0, 1]);
	});

	it("have variants that a customer keeps", async () => {
		const o = await offer({ variants: [{ name: "a", weight: 1, amount: "4.00" }, { name: "b", weight: 1 }], answers: { accepted: "offer_yes" } });
		const many = await Promise.all(Array.from({ length: 40 }, () => customer()));
		await Promise.all(many.map((c) => step(o, "present", c)));
		const f = await api.get(`/v1/offers/${o.id}/figures`);
		const [a, b] = ["a", "b"].map((v) => f.by_variant.find((x) => x.variant === v)?.presented ?? 0);
		assert.equal(a + b, 40);
		assert.ok(a > 5 && b > 5, `${a} and ${b}`);
		const c = many[0];
		const { variant } = (await api.get(`/v1/customers/${c.id}/offers`)).data[0];
		await step(o, "accept", c);
		await until("the answer", () => got(c).some((t) => t.includes(variant === "a" ? "4.00" : "5.00")));
	});

	it("are for those who may", async () => {
		const o = await offer();
		const c = await customer();
		const marketing = gateway.apiAs("marketing");
		const agent = gateway.apiAs("agent");
		assert.equal((await marketing.request("POST", `/v1/offers/${o.id}/accept`, { customer_id: c.id })).status, 403);
		assert.equal((await marketing.request("POST", `/v1/offers/${o.id}/present`, { customer_id: c.id })).status, 200);
		assert.equal((await agent.request("POST", "/v1/offers", { name: "no" })).status, 403);
		assert.equal((await agent.request("POST", `/v1/offers/${o.id}/accept`, { customer_id: c.id })).status, 200);
	});
});
