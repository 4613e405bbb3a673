// SMS both ways, over a real SMPP connection to somebody else's SMPP code.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Smsc } from "../peer/smsc.mjs";
import { Gateway, smsAccount } from "./lib/gateway.mjs";
import { Stream } from "./lib/sse.mjs";
import { until } from "./lib/wait.mjs";

const names = (history) => history.map((h) => h.status);

describe("SMS", () => {
	let smsc, gateway, api, stream;
	let number = 491713920000;
	const fresh = () => `+${++number}`; // a handset of its own for each test

	before(async () => {
		smsc = new Smsc({ systemId: "threadline", password: "secret" });
		await smsc.listen();
		gateway = await Gateway.start({ "sms main": smsAccount(smsc) });
		api = gateway.api;
		await gateway.ready();
		stream = await Stream.follow(gateway);
	});
	after(async () => {
		await stream?.close();
		await gateway?.stop();
		await smsc?.close();
	});

	const status = (id, want) =>
		until(`message ${id} to be ${want}`, async () => {
			const m = await api.message(id);
			return m.status === want ? m : false;
		});
	const shown = (to, text) => until(`handset ${to} to show a text`, () => smsc.texts.find((t) => `+${t.to}` === to && (!text || t.text === text)));
	const eventOf = (type, id) => stream.next(`${type} of ${id}`, (e) => e.event === type && e.body.interaction_id === id);
	const received = (text) =>
		until(`"${text.slice(0, 30)}" to be on a timeline`, async () => {
			for (const e of stream.events.filter((x) => x.event === "message.received")) {
				const i = await api.get(`/v1/interactions/${e.body.interaction_id}`);
				if (i.text === text) return i;
			}
			return false;
		});

	it("goes out: accepted, sent, delivered, each step kept and told", async () => {
		const to = fresh();
		const m = await api.send({ to, text: "Your order is on its way." });
		assert.equal(m.direction, "outbound");
		assert.equal(m.channel, "sms");
		assert.equal(m.deliveries.length, 1);
		assert.equal(m.deliveries[0].address, to);
		assert.equal(m.deliveries[0].encoding, "gsm7");
		assert.equal(m.deliveries[0].segments, 1);
		assert.equal(m.deliveries[0].units, 1);
		await shown(to, "Your order is on its way.");
		const done = await status(m.id, "delivered");
		const [d] = done.deliveries;
		assert.deepEqual(d.external_ids, [smsc.texts.find((t) => `+${t.to}` === to).parts[0].id]);
		const history = names(d.history);
		for (const [a, b] of [["queued", "sent"], ["sent", "delivered"]])
			assert.ok(history.indexOf(a) >= 0 && history.indexOf(a) < history.indexOf(b), `${a} before ${b} in ${history}`);
		for (const type of ["message.accepted", "message.sent", "message.delivered"]) await eventOf(type, m.id);
	});

	it("comes in: a timeline, a prospect, an event", async () => {
		const from = fresh();
		assert.deepEqual(await smsc.write({ from, to: "40404", text: "Where is my parcel?" }), [0]);
		const i = await received("Where is my parcel?");
		assert.equal(i.direction, "inbound");
		assert.equal(i.contact.address, from);
		assert.equal(i.account, "main");
		const customer = await api.customerOf(from);
		assert.equal(customer.stage, "prospect");
		assert.equal(customer.id, i.customer_id);
		const line = await api.timeline(customer.id);
		assert.equal(line[0].text, "Where is my parcel?");
		assert.ok(i.conversation_id, "an inbound text belongs to a conversation");
		await stream.next("conversation.opened", (e) => e.event === "conversation.opened" && e.body.conversation_id === i.conversation_id);
	});

	it("is answered in its conversation, and the answer's answer joins it", async () => {
		const from = fresh();
		await smsc.write({ from, to: "40404", text: `Question of ${from}` });
		const asked = await received(`Question of ${from}`);
		const reply = await api.post(`/v1/conversations/${asked.conversation_id}/reply`, { text: "Tomorrow." }, 202);
		assert.equal(reply.conversation_id, asked.conversation_id);
		await shown(from, "Tomorrow.");
		await status(reply.id, "delivered");
		await smsc.write({ from, to: "40404", text: `Thanks from ${from}` });
		const thanks = await received(`Thanks from ${from}`);
		assert.equal(thanks.conversation_id, asked.conversation_id);
		assert.match(thanks.thread_reason, /reply/i);
		const line = await api.timeline(asked.customer_id);
		assert.deepEqual(line.map((i) => i.text), [`Thanks from ${from}`, "Tomorrow.", `Question of ${from}`]);
	});

	it("joins a campaign's text by reason when the customer answers it", async () => {
		const to = fresh();
		const m = await api.send({ to, text: "Ten gigabytes more for 5 a month?", purpose: "service" });
		await status(m.id, "delivered");
		await smsc.write({ from: to, to: "40404", text: `Yes from ${to}` });
		const yes = await received(`Yes from ${to}`);
		assert.ok(yes.conversation_id);
		assert.match(yes.thread_reason, /reply to/i);
		assert.ok(yes.thread_reason.includes("SMS"), yes.thread_reason);
	});

	const texts = [
		["GSM with extensions", "Preis: 10 € [netto] {brutto} ~ äöüß ÄÖÜ ñ Ø", "gsm7"],
		["Cyrillic", "Ваш заказ в пути, спасибо!", "ucs2"],
		["emoji and their joiners", "👩‍👩‍👧‍👦 🇩🇪 naïve café 🤷🏽‍♀️", "ucs2"],
		["Arabic and Chinese", "مرحبا 你好 สวัสดี", "ucs2"],
		["long GSM", "Der Zähler steht auf 4711. ".repeat(20).trim(), "gsm7"],
		["long with an extension at each cut", "€".repeat(300), "gsm7"],
		["long with surrogates at each cut", "😀".repeat(150), "ucs2"],
	];
	for (const [label, text, encoding] of texts) {
		it(`carries ${label} out`, async () => {
			const to = fresh();
			const m = await api.send({ to, text });
			assert.equal(m.deliveries[0].encoding, encoding);
			const t = await shown(to, text);
			assert.equal(t.parts.length, m.deliveries[0].segments);
			const done = await status(m.id, "delivered");
			assert.deepEqual(done.deliveries[0].external_ids, t.parts.map((p) => p.id));
		});
		it(`carries ${label} in`, async () => {
			const from = fresh();
			const own = `${text} ${from}`;
			const answers = await smsc.write({ from, to: "40404", text: own });
			assert.ok(answers.every((s) => s === 0), String(answers));
			const i = await received(own);
			assert.equal(i.contact.address, from);
			assert.equal((await api.timeline(i.customer_id)).length, 1, "one text, however many parts");
		});
	}

	it("obeys STOP, confirms it once, says why it is silent, and START ends it", async () => {
		const from = fresh();
		await smsc.write({ from, to: "40404", text: " stop " });
		await shown(from);
		assert.equal(smsc.texts.filter((t) => `+${t.to}` === from).length, 1);
		const m = await api.send({ to: from, text: "You should not see this." });
		assert.equal(m.status, "suppressed");
		assert.ok(m.deliveries[0].reason, "the reason is said");
		assert.equal((await api.message(m.id)).status, "suppressed");
		const consents = await api.get(`/v1/customers/${m.customer_id}/consents`);
		assert.match(JSON.stringify(consents), /opt_out|"out"/);
		await smsc.write({ from, to: "40404", text: "START" });
		await until("START to be confirmed", () => smsc.texts.filter((t) => `+${t.to}` === from).length === 2);
		const again = await api.send({ to: from, text: "Welcome back." });
		await status(again.id, "delivered");
		assert.ok(!smsc.texts.some((t) => t.text === "You should not see this."));
	});

	it("keeps what the carrier says went wrong", async () => {
		const refused = fresh(), lost = fresh();
		smsc.onSubmit = (sm) =>
			`+${sm.to}` === refused ? { status: 0x0b } : `+${sm.to}` === lost ? { receipt: "UNDELIV" } : undefined;
		const a = await api.send({ to: refused, text: "no such number" });
		const b = await api.send({ to: lost, text: "phone is off" });
		const bad = await until("the refusal to be final", async () => {
			const m = await api.message(a.id);
			return ["rejected", "failed"].includes(m.status) ? m : false;
		});
		assert.match(`${bad.deliveries[0].code} ${bad.deliveries[0].reason}`, /INVDSTADR|0x0000000b|0x0b/i);
		await status(b.id, "undelivered");
		smsc.onSubmit = undefined;
	});

	it("tries again what was refused for now", async () => {
		const to = fresh();
		let tries = 0;
		smsc.onSubmit = (sm) => (`+${sm.to}` === to && ++tries < 3 ? { status: tries === 1 ? 0x58 : 0x14 } : undefined);
		const m = await api.send({ to, text: "patience" });
		await until("it to be delivered", async () => (await api.message(m.id)).status === "delivered", { timeout: 40000 });
		assert.ok(tries >= 3);
		smsc.onSubmit = undefined;
	});

	it("takes the receipt that comes before the answer, twice and in pieces", async () => {
		const to = fresh();
		smsc.onSubmit = (sm) => (`+${sm.to}` === to ? { receipt: null } : undefined);
		const m = await api.send({ to, text: "x".repeat(400) });
		const t = await shown(to);
		assert.equal(t.parts.length, 3);
		for (const p of [t.parts[2], t.parts[0], t.parts[0]]) assert.equal(await smsc.receipt(p), 0);
		const partly = await until("two of three parts", async () => {
			const x = await api.message(m.id);
			return x.status === "partially_delivered" ? x : false;
		});
		assert.equal(partly.deliveries.length, 1);
		await smsc.receipt(t.parts[1]);
		await status(m.id, "delivered");
		smsc.onSubmit = undefined;
	});

	it("joins a character that was cut in two by the cut of a long text", async () => {
		const from = fresh();
		const text = Buffer.from("a😀b", "utf16le").swap16();
		const part = (seq, bytes) =>
			smsc.deliver({
				source_addr_ton: 1,
				source_addr_npi: 1,
				source_addr: from.slice(1),
				destination_addr: "40404",
				data_coding: 8,
				esm_class: 0x40,
				short_message: Buffer.concat([Buffer.from([5, 0, 3, 77, 2, seq]), bytes]),
			});
		assert.equal(await part(2, text.subarray(4)), 0);
		assert.equal(await part(1, text.subarray(0, 4)), 0);
		const c = await until("the sender to be known", () => api.customerOf(from));
		assert.deepEqual((await api.timeline(c.id)).map((i) => i.text), ["a😀b"]);
	});

	it("is sent once for one Idempotency-Key", async () => {
		const to = fresh();
		const headers = { "Idempotency-Key": `order-${to}` };
		const one = await api.request("POST", "/v1/messages", { to, text: "once" }, headers);
		const two = await api.request("POST", "/v1/messages", { to, text: "once" }, headers);
		assert.equal(one.status, 202);
		assert.equal(two.status, 202);
		assert.equal(two.body.id, one.body.id);
		const other = await api.request("POST", "/v1/messages", { to, text: "another" }, headers);
		assert.equal(other.status, 422);
		await status(one.body.id, "delivered");
		assert.equal(smsc.texts.filter((t) => `+${t.to}` === to).length, 1);
	});

	it("waits for send_at and can be cancelled until then", async () => {
		const to = fresh();
		const send_at = new Date(Date.now() + 3600e3).toISOString();
		const m = await api.send({ to, text: "later", send_at });
		assert.equal(m.status, "scheduled");
		const gone = await api.post(`/v1/messages/${m.id}/cancel`, undefined);
		assert.equal(gone.status, "cancelled");
		const again = await api.request("POST", `/v1/messages/${m.id}/cancel`);
		assert.ok([200, 409].includes(again.status));
		const soon = await api.send({ to, text: "soon", send_at: new Date(Date.now() + 1500).toISOString() });
		assert.equal(soon.status, "scheduled");
		await status(soon.id, "delivered");
		assert.ok(!smsc.texts.some((t) => t.text === "later"));
	});

	it("takes a batch and answers for each", async () => {
		const messages = Array.from({ length: 20 }, (_, i) => ({ to: i === 7 ? "not a number" : fresh(), text: `batch ${i}` }));
		const { data } = await api.post("/v1/messages/batch", { messages }, 207);
		assert.equal(data.length, 20);
		assert.equal(data[7].status, 422);
		assert.ok(data[7].problem.code);
		for (const [i, r] of data.entries()) if (i !== 7) assert.equal(r.status, 202);
		await until("nineteen texts", () => smsc.texts.filter((t) => t.text.startsWith("batch ")).length === 19);
	});

	it("carries on over a lost link, and says so", async () => {
		smsc.drop();
		const to = fresh();
		const m = await api.send({ to, text: "through the storm" });
		await status(m.id, "delivered");
		await stream.type("channel.down");
		await gateway.ready();
	});

	it("resumes the stream where it broke, without loss and without repeats", async () => {
		const to = fresh();
		const a = await api.send({ to, text: "first" });
		const first = await eventOf("message.delivered", a.id);
		const b = await api.send({ to, text: "second" });
		await status(b.id, "delivered");
		const resumed = await Stream.follow(gateway, "", { lastEventId: first.id });
		const last = await resumed.next("the second text", (e) => e.event === "message.delivered" && e.body.interaction_id === b.id);
		const ids = resumed.events.map((e) => Number(e.id));
		assert.ok(ids[0] > Number(first.id));
		assert.deepEqual(ids, [...ids].sort((x, y) => x - y));
		assert.equal(new Set(ids).size, ids.length);
		assert.ok(Number(last.id) > Number(first.id));
		await resumed.close();
	});
});

describe("SMS from a carrier that repeats itself", () => {
	it("is stored once where the same text comes again in the window, and twice where it says something else", async () => {
		const smsc = new Smsc({ systemId: "threadline", password: "secret" });
		await smsc.listen();
		const g = await Gateway.start({ "sms main": smsAccount(smsc), inbound: { dedupe_window: "1h" } });
		await g.ready();
		const write = (from, text) => smsc.write({ from, to: "40404", text });
		const [one, other] = ["+491713950001", "+491713950002"];
		assert.deepEqual(await write(one, "yes"), [0]);
		assert.deepEqual(await write(one, "yes"), [0], "the repetition is answered as taken");
		assert.deepEqual(await write(one, "no"), [0]);
		assert.deepEqual(await write(other, "yes"), [0]);
		const texts = async (n) => (await g.api.timeline((await g.api.customerOf(n)).id)).map((i) => i.text);
		assert.deepEqual(await texts(one), ["no", "yes"]);
		assert.deepEqual(await texts(other), ["yes"]);
		await g.stop();
		await smsc.close();
	});
});

describe("SMS over a carrier that answers too late", () => {
	it("asks what became of an uncertain message, and does not send it again", async () => {
		const smsc = new Smsc({ systemId: "threadline", password: "secret", onSubmit: () => ({ late: 900, receipt: null }) });
		await smsc.listen();
		const g = await Gateway.start({
			"sms main": smsAccount(smsc, { response_timeout: "300ms", query_after: "300ms" }),
			outbound: { marketing_needs_opt_in: "no" },
		});
		await g.ready();
		const m = await g.api.send({ to: "+491713960001", text: "An offer", purpose: "marketing" });
		await until("it to be uncertain", async () => (await g.api.message(m.id)).status === "uncertain");
		await until("the carrier to be asked", () => {
			if (smsc.submits.length) smsc.submits[0].state = "DELIVRD";
			return smsc.queries.includes(smsc.submits[0]?.id);
		});
		const done = await until("it to be known", async () => {
			const now = await g.api.message(m.id);
			return now.status === "delivered" && now;
		}, { timeout: 30000 });
		assert.deepEqual(names(done.deliveries[0].history).slice(-2), ["uncertain", "delivered"]);
		assert.equal(smsc.submits.length, 1, "at most once");
		assert.match(await (await fetch(`${g.url}/metrics`)).text(), /smpp_queries_total\{[^}]*account="main"[^}]*\} [1-9]/);
		await g.stop();
		await smsc.close();
	});
});
