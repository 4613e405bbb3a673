// kill -9 in the middle of a campaign, again and again: nobody gets its message twice, and nobody is missed. A message whose
// answer was lost is uncertain, resolved by its receipt or given up, and never sent again.
//
// KILL_ROUNDS rounds (10 by default). In each the campaign goes on where it was, and is killed at a random moment.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Smsc } from "../peer/smsc.mjs";
import { Gateway, smsAccount } from "./lib/gateway.mjs";
import { until } from "./lib/wait.mjs";

const rounds = Number(process.env.KILL_ROUNDS ?? 10);
const customers = 400 + rounds * 150;

describe(`kill -9 in the middle of a campaign, ${rounds} rounds`, { timeout: 120000 + rounds * 20000 }, () => {
	it("reaches everybody, and nobody twice", async (t) => {
		const smsc = new Smsc({ systemId: "threadline", password: "secret", receiptDelay: 20 });
		await smsc.listen();
		const g = new Gateway({
			"sms main": smsAccount(smsc, { window: 20, receipts: "final" }),
			outbound: { campaign_queue: 60, marketing_needs_opt_in: "no" },
		});
		await g.prepare();
		await g.run();
		await g.api.want(200, "PUT", "/v1/templates/news", { texts: [{ channel: "sms", text: "News for {{ customer.name }}" }] });
		await g.api.post("/v1/templates/news/publish", {});
		const ids = [];
		for (let k = 0; k < customers; k += 50)
			await Promise.all(
				Array.from({ length: 50 }, async (_, i) => {
					const c = await g.api.post("/v1/customers", { name: `number ${k + i}` }, 201);
					await g.api.post(`/v1/customers/${c.id}/contact_points`, { address: `+49152777${String(10000 + k + i)}` }, 201);
					ids.push(c.id);
				}),
			);
		const campaign = await g.api.post("/v1/campaigns", { name: "news", template: { name: "news" }, customers: ids }, 201);
		await g.ready();
		await g.api.post(`/v1/campaigns/${campaign.id}/start`, undefined);

		let seen = 0;
		for (let round = 0; round < rounds; round++) {
			// As early as the first step after the start, as late as some hundred messages on.
			const wanted = seen + Math.floor(Math.random() ** 2 * 150);
			await until("some to go out", () => smsc.submits.length >= wanted, { timeout: 30000, every: 1 });
			await g.kill();
			smsc.drop();
			seen = smsc.submits.length;
			await g.run();
		}
		g.expectKill = false;
		await g.ready();
		await until("the campaign to be done", async () => (await g.api.get(`/v1/campaigns/${campaign.id}`)).state === "done", { timeout: 60000, every: 100 });
		const unsettled = async () => {
			const { deliveries: d } = await g.api.get(`/v1/campaigns/${campaign.id}/figures`);
			return (d.queued ?? 0) + (d.sending ?? 0) + (d.scheduled ?? 0);
		};
		await until("the outbox to be empty", async () => (await unsettled()) === 0, { timeout: 60000, every: 100 });

		const counts = new Map();
		for (const s of smsc.submits) counts.set(s.text, (counts.get(s.text) ?? 0) + 1);
		const twice = [...counts].filter(([, n]) => n > 1);
		assert.deepEqual(twice, [], "sent more than once");
		const rows = [];
		for (let cursor = ""; ; ) {
			const page = await g.api.get(`/v1/campaigns/${campaign.id}/customers?limit=200${cursor}`);
			rows.push(...page.data);
			if (!page.next) break;
			cursor = `&cursor=${encodeURIComponent(page.next)}`;
		}
		assert.equal(rows.length, customers);
		assert.equal(new Set(rows.map((r) => r.message_id)).size, customers);
		assert.ok(rows.every((r) => r.became === "queued"));
		// Who has no message at the carrier was in the window of a kill: claimed, perhaps on the wire, and not sent again.
		const { deliveries } = await g.api.get(`/v1/campaigns/${campaign.id}/figures`);
		const missed = customers - counts.size;
		const uncertain = (deliveries.uncertain ?? 0) + (deliveries.failed ?? 0) + (deliveries.undelivered ?? 0);
		t.diagnostic(`${customers} customers, ${counts.size} submitted, ${JSON.stringify(deliveries)}`);
		assert.ok(missed <= uncertain, `${missed} missing at the carrier, ${uncertain} uncertain`);
		assert.equal(Object.values(deliveries).reduce((a, b) => a + b, 0), customers);
		await g.stop();
		await smsc.close();
	});
});
