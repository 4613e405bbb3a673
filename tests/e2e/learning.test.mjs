// Campaigns that learn: what customers answer to decides what those after them get.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Smsc } from "../peer/smsc.mjs";
import { Gateway, smsAccount } from "./lib/gateway.mjs";
import { until } from "./lib/wait.mjs";

describe("campaigns that learn", { timeout: 180000 }, () => {
	let smsc, gateway, api;
	let serial = 0;
	before(async () => {
		smsc = new Smsc();
		await smsc.listen();
		gateway = await Gateway.start({ "sms main": smsAccount(smsc), outbound: { campaign_queue: 50, marketing_needs_opt_in: "no" } });
		api = gateway.api;
		await gateway.ready();
		for (const [name, text] of [["dull", "Dull {{ offer.name }}"], ["bright", "Bright {{ offer.name }}"]]) {
			await api.want(200, "PUT", `/v1/templates/${name}`, { texts: [{ channel: "sms", text }] });
			await api.post(`/v1/templates/${name}/publish`, {});
		}
	});
	after(async () => {
		await gateway?.stop();
		await smsc?.close();
	});

	async function customer(more = {}) {
		const number = `+4915167${String(100000 + ++serial)}`;
		const c = await api.post("/v1/customers", { name: "Ada Brown", ...more }, 201);
		await api.post(`/v1/customers/${c.id}/contact_points`, { address: number }, 201);
		return { ...c, number };
	}
	async function people(n, more) {
		const v = [];
		while (v.length < n) v.push(...(await Promise.all(Array.from({ length: Math.min(20, n - v.length) }, () => customer(more)))));
		return v;
	}
	const offer = () => api.post("/v1/offers", { name: `Pass ${++serial}`, words: { accept: ["YES"] } }, 201);
	const campaign = (v, o, more = {}) =>
		api.post(
			"/v1/campaigns",
			{
				name: `Learns ${++serial}`,
				template: { name: "dull" },
				customers: v.map((c) => c.id),
				offer_id: o.id,
				variants: [{ name: "dull" }, { name: "bright", template: "bright" }],
				...more,
			},
			201,
		);
	const act = (c, what) => api.want(200, "POST", `/v1/campaigns/${c.id}/${what}`);
	const learning = (c) => api.get(`/v1/campaigns/${c.id}/learning`);
	const rows = async (c) => (await api.get(`/v1/campaigns/${c.id}/customers?limit=200`)).data;
	const arm = (l, variant, k = 0) => l.segments[k].arms.find((a) => a.variant === variant);
	const done = (c) => until("the campaign to be done", async () => (await api.get(`/v1/campaigns/${c.id}`)).state === "done", { timeout: 60000 });

	// Whoever gets the bright one says yes to it, until told to stop.
	function answering(v) {
		const mine = new Set(v.map((c) => c.number));
		let at = smsc.texts.length;
		let going = true;
		const finished = (async () => {
			while (going) {
				while (at < smsc.texts.length) {
					const t = smsc.texts[at++];
					if (t.text.startsWith("Bright") && mine.has(`+${t.to.replace("+", "")}`)) await smsc.write({ from: `+${t.to.replace("+", "")}`, to: "40404", text: "YES" });
				}
				await new Promise((r) => setTimeout(r, 5));
			}
		})();
		return () => ((going = false), finished);
	}

	it("send what was accepted to those who come later, over a restart", async () => {
		const all = await people(200);
		const c = await campaign(all, await offer(), { pace: 40, learning: { of: "variant", holdout: 0 } });
		const fresh = await learning(c);
		assert.deepEqual([fresh.on, fresh.of, fresh.outcome, fresh.learned.tried], [true, ["variant"], "accepted", 0]);
		assert.match(fresh.segments[0].arms[0].why, /^never tried here/);
		let stop = answering(all);
		await act(c, "start");
		await until("some to be accepted", async () => arm(await learning(c), "bright").succeeded >= 15);
		await act(c, "pause");
		await stop();
		// However it ends, the counts are those of the rows: they are written together.
		await gateway.kill();
		await gateway.run();
		await gateway.ready();
		const kept = await learning(c);
		const taken = (await api.get(`/v1/campaigns/${c.id}/figures`)).outcomes.reduce((n, o) => n + o.accepted, 0);
		const before = await rows(c);
		assert.equal(kept.learned.tried, before.filter((r) => r.became === "queued").length);
		assert.equal(kept.learned.succeeded, taken);
		assert.ok(arm(kept, "bright").succeeded >= 15 && arm(kept, "dull").succeeded === 0);
		assert.equal(kept.waiting, kept.learned.tried - taken);
		stop = answering(all);
		await act(c, "resume");
		await done(c);
		await stop();
		const seen = new Set(before.map((r) => r.customer_id));
		const later = (await rows(c)).filter((r) => !seen.has(r.customer_id));
		const bright = later.filter((r) => r.variant === "bright").length;
		assert.ok(later.length >= 60, `${later.length} later`);
		assert.ok(bright > 0.9 * later.length, `${bright} of ${later.length} later ones got what is accepted`);
		const l = await learning(c);
		const [first, second] = l.segments[0].arms;
		assert.equal(l.learned.tried, 200);
		assert.deepEqual([first.variant, second.variant, first.next], ["bright", "dull", 1]);
		assert.ok(first.interval[0] > second.interval[1], JSON.stringify(l));
		assert.ok(first.mean > first.interval[0] && first.mean < first.interval[1] && first.share > 0.7);
		assert.match(first.why, /the best, as far as is known/);
		assert.match(second.why, /0 of \d+ tried here succeeded/);
	});

	it("are switched off and on, by themselves and as a whole", async () => {
		const all = await people(60);
		const c = await campaign(all, await offer(), { variants: [{ name: "dull", weight: 1 }, { name: "bright", weight: 0, template: "bright" }], learning: "variant" });
		assert.deepEqual((({ on, off_by }) => [on, off_by])(await api.want(200, "PUT", `/v1/campaigns/${c.id}/learning`, { on: false })), [false, "switch"]);
		await act(c, "start");
		await done(c);
		assert.ok((await rows(c)).every((r) => r.variant === "dull"));
		assert.equal((await learning(c)).learned.tried, 0);
		assert.equal((await api.want(200, "PUT", `/v1/campaigns/${c.id}/learning`, { on: true })).on, true);
		const plain = await campaign(all, await offer());
		assert.deepEqual((({ on, off_by, segments }) => [on, off_by, segments])(await learning(plain)), [false, "definition", []]);
		assert.equal((await api.want(409, "PUT", `/v1/campaigns/${plain.id}/learning`, { on: true })).code, "no_learning");
		assert.equal((await gateway.apiAs("agent").request("PUT", `/v1/campaigns/${c.id}/learning`, { on: false })).status, 403);

		const other = await Gateway.start({ "sms main": smsAccount(smsc), outbound: { learning: "no", marketing_needs_opt_in: "no" } });
		await other.api.want(200, "PUT", "/v1/templates/dull", { texts: [{ channel: "sms", text: "Dull" }] });
		await other.api.post("/v1/templates/dull/publish", {});
		const o = await other.api.post("/v1/offers", { name: "Pass" }, 201);
		const d = await other.api.post("/v1/campaigns", { name: "x", template: { name: "dull" }, everybody: true, offer_id: o.id, variants: [{ name: "a" }, { name: "b" }], learning: "all" }, 201);
		assert.equal((await other.api.get(`/v1/campaigns/${d.id}/learning`)).off_by, "configuration");
		await other.stop();
	});

	it("hold a group out that gets anything, and learn by segment", async () => {
		const tag = `s${++serial}`;
		const [young, old] = [await people(60, { attributes: { age: `young-${tag}` } }), await people(30)];
		await api.post("/v1/segments", { name: `young-${tag}`, conditions: { attribute: "age", is: `young-${tag}` } }, 201);
		const c = await campaign([...young, ...old], await offer(), { learning: { of: ["variant", "hour"], segments: [`young-${tag}`], holdout: 50, hours: ["00:00-12:00", "12:00-24:00"] } });
		await act(c, "start");
		await until("each to have a row", async () => (await rows(c)).length === 90);
		const v = await rows(c);
		const [queued, waits] = ["queued", "deferred"].map((w) => v.filter((r) => r.became === w));
		assert.equal(queued.length + waits.length, 90);
		assert.ok(queued.length > 20 && waits.length > 20, `${queued.length} go now, ${waits.length} wait`);
		assert.ok(waits.every((r) => r.reason === "better_hour" && /T(00|12):00:00/.test(r.due_at)), JSON.stringify(waits[0]));
		const l = await learning(c);
		assert.deepEqual(l.segments.map((s) => s.segment), [`young-${tag}`, undefined]);
		assert.equal(l.segments[0].tried + l.segments[1].tried, queued.length);
		assert.equal(l.segments[0].tried, queued.filter((r) => young.some((x) => x.id === r.customer_id)).length);
		assert.equal(l.learned.tried + l.held_out.tried, queued.length);
		assert.ok(l.learned.tried > 4 && l.held_out.tried > 4, JSON.stringify([l.learned, l.held_out]));
		assert.equal(l.segments[0].arms.length, 4);
		await act(c, "cancel");
	});

	it("refuse what cannot be learned", async () => {
		const o = await offer();
		const body = { template: { name: "dull" }, everybody: true, offer_id: o.id };
		for (const [more, code] of [
			[{ learning: "variant" }, "learning_no_choice"],
			[{ learning: "channel", channels: ["sms"] }, "learning_no_choice"],
			[{ learning: "hour", offer_id: undefined }, "learning_needs_offer"],
			[{ learning: "sometimes" }, "word_unknown"],
			[{ learning: { of: "hour", hours: ["25:00-26:00", "08:00-12:00"] } }, "hours_invalid"],
			[{ learning: { of: "hour", segments: ["no_such"] } }, "segment_unknown"],
		])
			assert.equal((await api.request("POST", "/v1/campaigns", { name: `wrong ${++serial}`, ...body, ...more })).body.code, code, JSON.stringify(more));
	});
});
