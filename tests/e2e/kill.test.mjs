// kill -9 at random moments under load, again and again: what was acknowledged is never lost, and what is sent twice is no
// more than what was in flight.
//
// KILL_ROUNDS rounds (50 by default; the daily run takes fewer). In each a fresh process is loaded over HTTP and SMPP and
// killed; after the last one it is left in peace until everything that was accepted has reached the carrier.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Smsc } from "../peer/smsc.mjs";
import { Gateway, smsAccount } from "./lib/gateway.mjs";
import { until } from "./lib/wait.mjs";

const rounds = Number(process.env.KILL_ROUNDS ?? 50);
const window = 20;

describe(`kill -9, ${rounds} rounds`, { timeout: 60000 + rounds * 20000 }, () => {
	it("loses nothing that was acknowledged", async (t) => {
		const smsc = new Smsc({ systemId: "threadline", password: "secret", receiptDelay: 20 });
		await smsc.listen();
		const g = new Gateway({ "sms main": smsAccount(smsc, { window, receipts: "final" }) });
		await g.prepare();
		const accepted = new Map(); // id → text of each 202
		const acknowledged = new Set(); // text of each deliver_sm answered with 0
		let serial = 0;

		for (let round = 0; round < rounds; round++) {
			await g.run();
			let over = false;
			const outbound = Array.from({ length: 6 }, async () => {
				while (!over) {
					const text = `out ${round} ${++serial}`;
					const r = await fetch(`${g.url}/v1/messages`, {
						method: "POST",
						headers: { Authorization: `Bearer ${g.key}`, "Content-Type": "application/json" },
						body: JSON.stringify({ to: `+4917139${String(20000 + (serial % 100)).padStart(5, "0")}`, text }),
					}).catch(() => null);
					const body = r?.status === 202 ? await r.json().catch(() => null) : null;
					if (body?.id) accepted.set(body.id, text);
					else await new Promise((done) => setTimeout(done, 5));
				}
			});
			const inbound = Array.from({ length: 3 }, async (_, k) => {
				while (!over) {
					const text = `in ${round} ${k} ${++serial}`;
					const answers = await smsc.write({ from: `+49171392${String(1000 + (serial % 50))}`, to: "40404", text });
					if (answers.every((s) => s === 0)) acknowledged.add(text);
					else await new Promise((done) => setTimeout(done, 5));
				}
			});
			// The moment is random: as early as the first bind, as late as the middle of a long run.
			const wanted = accepted.size + 1 + Math.floor(Math.random() ** 2 * 500);
			await until("some load", () => accepted.size >= wanted, { timeout: 30000, every: 1 });
			await g.kill();
			over = true;
			smsc.drop();
			await Promise.all([...outbound, ...inbound]);
		}

		g.expectKill = false;
		await g.run();
		await g.ready();
		const counts = () => {
			const seen = new Map();
			for (const s of smsc.submits) seen.set(s.text, (seen.get(s.text) ?? 0) + 1);
			return seen;
		};
		await until(
			"every accepted message to reach the carrier",
			() => {
				const seen = counts();
				return [...accepted.values()].every((text) => seen.has(text));
			},
			{ timeout: 120000, every: 200 },
		);
		for (const [id, text] of accepted) {
			const m = await g.api.message(id);
			assert.equal(m.text, text);
		}
		const stored = new Set();
		const missing = [];
		for (let n = 1000; n < 1050; n++) {
			const customer = await g.api.customerOf(`+49171392${n}`);
			for (let cursor = ""; customer; ) {
				const page = await g.api.get(`/v1/customers/${customer.id}/timeline?direction=inbound&limit=200${cursor}`);
				for (const i of page.data) stored.add(i.text);
				if (!page.next) break;
				cursor = `&cursor=${encodeURIComponent(page.next)}`;
			}
		}
		for (const text of acknowledged) if (!stored.has(text)) missing.push(text);
		assert.deepEqual(missing, [], "acknowledged inbound texts that are not stored");
		const twice = [...counts().values()].reduce((sum, n) => sum + n - 1, 0);
		t.diagnostic(`${accepted.size} accepted, ${acknowledged.size} acknowledged inbound, ${twice} submitted again`);
		assert.ok(twice <= rounds * window, `${twice} duplicates; ${rounds} kills with a window of ${window} explain ${rounds * window}`);
		await g.stop();
		await smsc.close();
	});
});
