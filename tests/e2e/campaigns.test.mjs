// Campaigns: everybody in the audience once, at the pace and in the hours that were asked for, and what became of each.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Smsc } from "../peer/smsc.mjs";
import { Gateway, smsAccount } from "./lib/gateway.mjs";
import { Stream } from "./lib/sse.mjs";
import { until } from "./lib/wait.mjs";

describe("campaigns", { timeout: 180000 }, () => {
	let smsc, gateway, api;
	let serial = 0;
	before(async () => {
		smsc = new Smsc();
		await smsc.listen();
		gateway = await Gateway.start({ "sms main": smsAccount(smsc), outbound: { campaign_queue: 50, marketing_needs_opt_in: "no" } });
		api = gateway.api;
		await gateway.ready();
		for (const [name, text] of [
			["promo", "Hi {{ customer.first_name }}, {{ offer.name }} for {{ offer.amount }} {{ offer.currency }}{{ extra }}? Answer YES."],
			["plain", "Hello {{ customer.first_name }}{{ extra }}"],
			["plain_b", "Good day {{ customer.first_name }}"],
			["promo_yes", "{{ offer.name }} is yours."],
		]) {
			await api.want(200, "PUT", `/v1/templates/${name}`, { texts: [{ channel: "sms", text }] });
			await api.post(`/v1/templates/${name}/publish`, {});
		}
	});
	after(async () => {
		await gateway?.stop();
		await smsc?.close();
	});

	async function customer(more = {}) {
		const k = ++serial;
		const number = `+4915166${String(100000 + k)}`;
		const c = await api.post("/v1/customers", { name: `Ada${k} Brown`, ...more }, 201);
		await api.post(`/v1/customers/${c.id}/contact_points`, { address: number }, 201);
		return { ...c, number, first: `Ada${k}` };
	}
	const people = (n, more) => Promise.all(Array.from({ length: n }, () => customer(more)));
	const ids = (v) => v.map((c) => c.id);
	const campaign = (v, more = {}) =>
		api.post("/v1/campaigns", { name: `Campaign ${++serial}`, template: { name: "plain" }, customers: ids(v), ...more }, 201);
	const act = (c, what, status = 200) => api.want(status, "POST", `/v1/campaigns/${c.id}/${what}`);
	const figures = (c) => api.get(`/v1/campaigns/${c.id}/figures`);
	const state = async (c) => (await api.get(`/v1/campaigns/${c.id}`)).state;
	const done = (c) => until("the campaign to be done", async () => (await state(c)) === "done");
	const texts = (c) => smsc.texts.filter((t) => t.to.replace("+", "") === c.number.slice(1)).map((t) => t.text);
	const became = async (c, word) => (await api.get(`/v1/campaigns/${c.id}/customers?limit=200${word ? `&became=${word}` : ""}`)).data;

	it("reach everybody once, and replies become outcomes on timelines", async () => {
		const offer = await api.post("/v1/offers", { name: "Summer pass", value: { amount: "3.99", currency: "EUR" }, words: { accept: ["YES"], decline: ["NO"] }, answers: { accepted: "promo_yes" } }, 201);
		const all = await people(120);
		await smsc.write({ from: all[0].number, to: "40404", text: "STOP" });
		await until("the opt-out", async () => /opt_out/.test(JSON.stringify(await api.get(`/v1/customers/${all[0].id}/consents`))));
		const nobody = await api.post("/v1/customers", { name: "Without Number" }, 201);
		const c = await campaign([...all, nobody], { template: { name: "promo", data: { extra: " today" } }, offer_id: offer.id, channels: ["sms"] });
		assert.equal(c.state, "draft");
		const dry = await api.post(`/v1/campaigns/${c.id}/dry_run`);
		assert.deepEqual([dry.audience, dry.looked_at, dry.complete, dry.queued, dry.refused, dry.unreachable], [121, 121, true, 119, 1, 1]);
		assert.deepEqual(dry.reasons.find((x) => x.became === "refused"), { became: "refused", reason: "opted_out", n: 1, sample: [all[0].id] });
		const stream = new Stream(`${gateway.url}/v1/campaigns/${c.id}/stream`, { key: gateway.key });
		await stream.open;
		assert.equal((await act(c, "start")).state, "running");
		await done(c);
		await until("their texts", () => all.slice(1).every((x) => texts(x).includes(`Hi ${x.first}, Summer pass for 3.99 EUR today? Answer YES.`)));
		await until("the end on the stream", () => stream.events.some((e) => e.event === "campaign.done"));
		assert.equal(stream.events.find((e) => e.event === "campaign.done").body.data.queued, 119);
		stream.abort.abort();
		assert.ok(all.slice(1).every((x) => texts(x).length === 1));
		const refused = await became(c, "refused");
		assert.deepEqual(refused.map((x) => [x.customer_id, x.reason]), [[all[0].id, "opted_out"]]);
		assert.equal((await api.message(refused[0].message_id)).status, "suppressed");
		assert.deepEqual((await became(c, "unreachable")).map((x) => [x.customer_id, x.reason]), [[nobody.id, "no_contact_point"]]);
		for (const x of all.slice(1, 6)) await smsc.write({ from: x.number, to: "40404", text: "Yes!" });
		for (const x of all.slice(6, 9)) await smsc.write({ from: x.number, to: "40404", text: "no" });
		await until("their answers", async () => {
			const f = await figures(c);
			return f.outcomes[0]?.accepted === 5 && f.outcomes[0]?.declined === 3;
		});
		await until("what they are told", () => all.slice(1, 6).every((x) => texts(x).includes("Summer pass is yours.")));
		const line = await api.timeline(all[1].id);
		assert.ok(line.some((i) => i.kind === "offer" && i.metadata.offer.outcome === "accepted"));
		assert.equal(line.find((i) => i.metadata.campaign)?.metadata.offer.outcome, "presented");
		const f = await figures(c);
		assert.deepEqual([f.queued, f.refused, f.unreachable, f.outcomes[0].customers], [119, 1, 1, 119]);
		await until("the receipts", async () => (await figures(c)).deliveries.delivered === 119);
		const of = await api.get(`/v1/offers/${offer.id}/figures`);
		assert.deepEqual([of.presented, of.accepted, of.declined], [119, 5, 3]);
		// Who has stopped and who has accepted get no second one.
		await smsc.write({ from: all[10].number, to: "40404", text: "STOP" });
		await until("the opt-out", async () => /opt_out/.test(JSON.stringify(await api.get(`/v1/customers/${all[10].id}/consents`))));
		const again = await campaign(all, { template: { name: "promo" }, offer_id: offer.id });
		await act(again, "start");
		await done(again);
		const second = await figures(again);
		assert.deepEqual([second.queued, second.refused], [113, 7]);
		assert.deepEqual(Object.fromEntries(second.reasons.map((r) => [r.reason, r.n])), { opted_out: 2, already_accepted: 5 });
	});

	it("are for a segment, as it is when they come to the customer", async () => {
		const plan = `gold-${++serial}`;
		const all = await people(40, { attributes: { plan } });
		const others = await people(10, { attributes: { plan: "none" } });
		await api.post("/v1/segments", { name: plan, conditions: { attribute: "plan", is: plan } }, 201);
		const offer = await api.post("/v1/offers", { name: `For ${plan}`, segment: plan }, 201);
		assert.equal((await api.want(409, "POST", `/v1/offers/${offer.id}/accept`, { customer_id: others[0].id })).code, "not_eligible");
		const c = await campaign([], { customers: undefined, segment: plan, template: { name: "promo" }, offer_id: offer.id });
		assert.equal((await api.post(`/v1/campaigns/${c.id}/dry_run`)).audience, 40);
		await act(c, "start");
		await done(c);
		assert.equal((await figures(c)).queued, 40);
		assert.deepEqual((await became(c)).map((x) => x.customer_id).sort(), ids(all).sort());
		await until("their texts", () => all.every((x) => texts(x).length === 1));
		assert.ok(others.every((x) => texts(x).length === 0));
		// Those of a list who are not in the offer's segment are left out with the reason.
		const mixed = await campaign([...all.slice(0, 2), ...others.slice(0, 3)], { template: { name: "promo" }, offer_id: offer.id });
		await act(mixed, "start");
		await done(mixed);
		const f = await figures(mixed);
		assert.deepEqual([f.queued, f.refused, f.reasons], [2, 3, [{ became: "refused", reason: "not_eligible", n: 3 }]]);
	});

	it("keep a pace, pause, resume and are cancelled", async () => {
		const all = await people(60);
		const c = await campaign(all, { pace: 20 });
		await act(c, "start");
		await until("some", async () => (await figures(c)).queued >= 5);
		assert.equal((await act(c, "pause")).state, "paused");
		const { queued } = await figures(c);
		assert.ok(queued < 60, `${queued} at once`);
		await act(c, "start", 409);
		assert.equal((await figures(c)).queued, queued);
		await act(c, "resume");
		await until("more", async () => (await figures(c)).queued > queued);
		assert.equal((await act(c, "cancel")).state, "cancelled");
		const f = await figures(c);
		assert.ok(f.queued + f.cancelled < 60);
		await act(c, "resume", 409);
		const rows = await became(c);
		assert.equal(rows.length, f.queued + f.cancelled);
	});

	it("take back all that waits when they are cancelled, however much", async () => {
		const far = { ...smsAccount(smsc), port: 1 }; // nobody listens there: nothing goes out
		const other = await Gateway.start({ "sms main": far, outbound: { campaign_queue: 100000, marketing_needs_opt_in: "no" } });
		const { api: there } = other;
		await there.want(200, "PUT", "/v1/templates/plain", { texts: [{ channel: "sms", text: "Hello" }] });
		await there.post("/v1/templates/plain/publish", {});
		const n = 2600;
		await Promise.all(
			Array.from({ length: 30 }, async (_, k) => {
				for (let i = k; i < n; i += 30) {
					const c = await there.post("/v1/customers", { name: "x" }, 201);
					await there.post(`/v1/customers/${c.id}/contact_points`, { address: `+49155${String(5000000 + i)}` }, 201);
				}
			}),
		);
		const c = await there.post("/v1/campaigns", { name: "all", template: { name: "plain" }, everybody: true }, 201);
		await there.post(`/v1/campaigns/${c.id}/start`);
		await until("all to be queued", async () => (await there.get(`/v1/campaigns/${c.id}/figures`)).queued === n, { timeout: 60000 });
		await there.post(`/v1/campaigns/${c.id}/cancel`);
		await until("all to be taken back", async () => (await there.get(`/v1/campaigns/${c.id}/figures`)).cancelled === n, { timeout: 60000 });
		assert.deepEqual((await there.get(`/v1/campaigns/${c.id}/figures`)).deliveries, { cancelled: n });
		// The same when the offer is withdrawn, also for a campaign that is through with its audience.
		const offer = await there.post("/v1/offers", { name: "Short-lived" }, 201);
		const few = (await there.get("/v1/customers?limit=5")).data.map((x) => x.id);
		const d = await there.post("/v1/campaigns", { name: "few", template: { name: "plain" }, customers: few, offer_id: offer.id }, 201);
		await there.post(`/v1/campaigns/${d.id}/start`);
		await until("all to be queued", async () => (await there.get(`/v1/campaigns/${d.id}`)).state === "done");
		await there.want(200, "DELETE", `/v1/offers/${offer.id}`);
		await until("all to be taken back", async () => (await there.get(`/v1/campaigns/${d.id}/figures`)).withdrawn === 5);
		assert.equal((await there.get(`/v1/campaigns/${d.id}`)).reason, "offer_withdrawn");
		await other.stop();
	});

	it("write once to who was two when it began", async () => {
		const [a, b] = (await people(2)).sort((x, y) => (x.id < y.id ? -1 : 1));
		const c = await campaign([a, b], { pace: 1 });
		await act(c, "start");
		await until("the first", async () => (await figures(c)).queued === 1);
		await act(c, "pause");
		if ((await figures(c)).queued === 1) {
			await api.want(200, "POST", `/v1/customers/${b.id}/merge`, { merge_id: a.id, reason: "the same" });
			await act(c, "resume");
			await done(c);
			const f = await figures(c);
			assert.deepEqual([f.queued, f.refused, f.reasons], [1, 1, [{ became: "refused", reason: "already_reached", n: 1 }]]);
		}
	});

	it("split into variants and a hold-out group that stay the same", async () => {
		const all = await people(150);
		const c = await campaign(all, { holdout: 20, variants: [{ name: "a", weight: 1, data: { extra: "!" } }, { name: "b", weight: 1, template: "plain_b" }] });
		const dry = await api.post(`/v1/campaigns/${c.id}/dry_run`);
		await act(c, "start");
		await done(c);
		const f = await figures(c);
		assert.equal(f.held_out, dry.held_out);
		assert.ok(f.held_out > 10 && f.held_out < 55, `${f.held_out} held out`);
		const [a, b] = ["a", "b"].map((v) => f.by_variant.find((x) => x.variant === v).queued);
		assert.equal(a + b + f.held_out, 150);
		assert.ok(a > 30 && b > 30, `${a} and ${b}`);
		const rows = await became(c);
		await until("their texts", () =>
			rows.every((r) => {
				const x = all.find((y) => y.id === r.customer_id);
				const want = r.became === "held_out" ? null : r.variant === "a" ? `Hello ${x.first}!` : `Good day ${x.first}`;
				return want === null ? texts(x).length === 0 : texts(x).includes(want);
			}),
		);
	});

	it("wait for the customer's hours", async () => {
		const hour = (zone) => Number(new Intl.DateTimeFormat("en-GB", { hour: "2-digit", hourCycle: "h23", timeZone: zone }).format());
		const two = (n) => `${String((n + 24) % 24).padStart(2, "0")}:00`;
		const [here, away] = [await customer({ time_zone: "Europe/Berlin" }), await customer({ time_zone: "Pacific/Auckland" })];
		const c = await campaign([here, away], { window: { from: two(hour("Europe/Berlin") - 1), until: two(hour("Europe/Berlin") + 2) } });
		await act(c, "start");
		await until("both", async () => (await became(c)).length === 2);
		const rows = await became(c);
		assert.equal(rows.find((r) => r.customer_id === here.id).became, "queued");
		const waits = rows.find((r) => r.customer_id === away.id);
		assert.deepEqual([waits.became, waits.reason], ["deferred", "outside_hours"]);
		assert.ok(new Date(waits.due_at) > new Date());
		assert.equal(await state(c), "running");
		assert.deepEqual(texts(away), []);
		await act(c, "cancel");
	});

	it("end with their offer", async () => {
		const end = new Date(Date.now() + 2500).toISOString();
		const offer = await api.post("/v1/offers", { name: `Short ${++serial}`, valid_until: end }, 201);
		const all = await people(60);
		const c = await campaign(all, { template: { name: "promo" }, offer_id: offer.id, pace: 5 });
		await act(c, "start");
		await done(c);
		const end_ = await api.get(`/v1/campaigns/${c.id}`);
		assert.equal(end_.reason, "offer_over");
		const f = await figures(c);
		assert.ok(f.queued > 0 && f.queued < 40, `${f.queued} before the end`);
		const first = await api.message((await became(c, "queued"))[0].message_id);
		assert.equal(first.deliveries[0].expires_at, end);
	});

	it("are tried out on a seed list, which counts for nothing", async () => {
		const [x] = await people(1);
		const c = await campaign([x], { variants: [{ name: "a", data: { extra: "?" } }, { name: "b", template: "plain_b" }] });
		const sent = await api.post(`/v1/campaigns/${c.id}/test`, { to: [x.id, "+4915199900001"] });
		assert.deepEqual(sent.data.map((t) => [t.variant, t.status]), [["a", "queued"], ["b", "queued"], ["a", "queued"], ["b", "queued"]]);
		await until("the texts", () => texts(x).includes(`Hello ${x.first}?`) && texts(x).includes(`Good day ${x.first}`));
		assert.deepEqual((await api.message(sent.data[0].message_id)).metadata.campaign, { id: c.id, name: c.name, variant: "a", test: true });
		assert.equal((await figures(c)).queued, 0);
	});

	it("start at their time, for whoever the customers are by then", async () => {
		const [a, b, d] = await people(3);
		const c = await campaign([a, b, d], { start_at: new Date(Date.now() + 1200).toISOString() });
		assert.equal((await act(c, "start")).state, "scheduled");
		await api.want(200, "POST", `/v1/customers/${a.id}/merge`, { merge_id: b.id, reason: "the same" });
		assert.equal(await state(c), "scheduled");
		await done(c);
		assert.equal((await figures(c)).queued, 2);
	});

	it("are changed while they are drafts, and refuse what cannot be", async () => {
		const [x] = await people(1);
		const c = await campaign([x], { pace: 5 });
		const p = await api.want(200, "PATCH", `/v1/campaigns/${c.id}`, { pace: null, holdout: 5 });
		assert.deepEqual([p.pace, p.holdout, p.listed], [undefined, 5, true]);
		assert.equal((await api.want(200, "PATCH", `/v1/campaigns/${c.id}`, { everybody: true })).listed, undefined);
		for (const [body, code] of [
			[{ template: { name: "no_such" } }, "template_unknown"],
			[{ customers: undefined }, "audience_unclear"],
			[{ everybody: true }, "audience_unclear"],
			[{ offer_id: "00000000-0000-7000-8000-000000000000" }, "offer_unknown"],
			[{ window: { from: "9", until: "20:00" } }, "time_invalid"],
			[{ window: { from: "09:00", until: "20:00", time_zone: "Mars/Base" } }, "time_zone_unknown"],
			[{ variants: [{ name: "a", weight: 0 }] }, "variants_invalid"],
			[{ pace: 0 }, "number_invalid"],
			[{ whatever: 1 }, "unknown_field"],
		])
			assert.equal((await api.request("POST", "/v1/campaigns", { name: `wrong ${code}`, template: { name: "plain" }, customers: ids([x]), ...body })).body.code, code);
		assert.ok((await api.get("/v1/campaigns?limit=5")).data.some((y) => y.id === c.id));
		await api.want(200, "DELETE", `/v1/campaigns/${c.id}`);
		assert.equal((await api.request("GET", `/v1/campaigns/${c.id}`)).status, 404);
		const agent = gateway.apiAs("agent");
		const marketing = gateway.apiAs("marketing");
		const d = await marketing.post("/v1/campaigns", { name: `By marketing ${++serial}`, template: { name: "plain" }, customers: ids([x]) }, 201);
		assert.equal((await agent.request("POST", `/v1/campaigns/${d.id}/start`)).status, 403);
		assert.equal((await agent.request("GET", `/v1/campaigns/${d.id}/figures`)).status, 200);
	});
});
