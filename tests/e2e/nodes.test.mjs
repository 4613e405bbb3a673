// Several gateways on one PostgreSQL: what one is told another sends, live clients of each see everything in one order, and
// whichever of them dies, nothing that was accepted is lost.
//
// NODE_ROUNDS rounds of killing (3 by default); the database is killed in every third.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Smsc } from "../peer/smsc.mjs";
import { Api } from "./lib/api.mjs";
import { Gateway, smsAccount } from "./lib/gateway.mjs";
import { Stream } from "./lib/sse.mjs";
import { Database, onPostgres, postgresServer } from "./lib/store.mjs";
import { until } from "./lib/wait.mjs";

const rounds = Number(process.env.NODE_ROUNDS ?? 3);
const window = 20;
const lease = 2; // seconds
// It has a server of its own whatever the store of the run; once on PostgreSQL and once under a sanitizer is enough.
const skip = onPostgres || /san-/.test(process.env.THREADLINE_BIN ?? "") ? false : "runs with PostgreSQL";

// Gateways that share a database; each may run the account.
class Nodes {
	constructor(server, sections) {
		this.database = new Database(server.dsn);
		this.sections = sections;
		this.all = [];
	}

	async add(name) {
		const store = { dsn: this.database.dsn, node: name, lease: `${lease}s`, poll: "50ms" };
		const g = new Gateway({ ...this.sections, store });
		g.store = () => store;
		await g.prepare();
		store.blobs = `${g.dir}/blobs`;
		await g.prepare();
		await g.run();
		this.all.push(g);
		return g;
	}

	// As a service manager does with those that found their leases taken (status 75).
	async revive() {
		for (const g of this.all) if (g.exited?.code === 75) await g.run();
	}

	living() {
		return this.all.filter((g) => !g.exited);
	}

	// The one whose account is up.
	async runner() {
		for (const g of this.living()) {
			const health = await fetch(`${g.url}/health/ready`, { signal: AbortSignal.timeout(1000) }).then((r) => r.json()).catch(() => null);
			if (health?.accounts.some((a) => a.state === "up")) return g;
		}
		return null;
	}

	async stop() {
		for (const g of this.all) await g.stop();
		this.database.drop();
	}
}

describe("two gateways on one PostgreSQL", { timeout: 120000, skip }, () => {
	let server, smsc, nodes, one, two;
	before(async () => {
		server = postgresServer();
		smsc = new Smsc({ systemId: "threadline", password: "secret", receiptDelay: 20 });
		await smsc.listen();
		nodes = new Nodes(server, { "sms main": smsAccount(smsc, { receipts: "final" }) });
		one = await nodes.add("one");
		await until("the account to be up", () => nodes.runner());
		two = await nodes.add("two");
	});
	after(async () => {
		await nodes?.stop();
		await smsc?.close();
	});

	it("run the account on one of them; the other is ready all the same and says so", async () => {
		const health = await until("standby to be said", async () => {
			const r = await fetch(`${two.url}/health/ready`);
			const body = await r.json();
			return r.ok && body.accounts[0].state === "standby" && body.nodes.alive === 2 && body;
		});
		assert.match(health.accounts[0].reason, /another gateway/);
		assert.equal(await nodes.runner(), one);
	});

	it("send what either was told, and both know what became of it", async () => {
		const sent = await two.api.send({ to: "+4917140000001", text: "told to the other" });
		await until("the carrier to get it", () => smsc.submits.some((s) => s.text === "told to the other"));
		for (const g of [one, two])
			await until("its receipt", async () => (await g.api.message(sent.id)).deliveries[0].status === "delivered");
	});

	it("keep an answer on the timeline of both", async () => {
		await smsc.write({ from: "+4917140000001", to: "40404", text: "thank you" });
		for (const g of [one, two]) {
			const customer = await until("the customer", () => g.api.customerOf("+4917140000001"));
			const page = await g.api.get(`/v1/customers/${customer.id}/timeline?direction=inbound`);
			assert.deepEqual(page.data.map((i) => i.text), ["thank you"]);
		}
	});

	it("show followers of each the same events in the same order, also what happened at the other", async () => {
		const follower = [await Stream.follow(one, "?types=message."), await Stream.follow(two, "?types=message.")];
		for (let n = 0; n < 20; n++) await (n % 2 ? one : two).api.send({ to: `+49171400001${n + 10}`, text: `order ${n}` });
		const delivered = (f) => f.events.filter((e) => e.event === "message.delivered").length;
		for (const f of follower) await until("all to be delivered", () => delivered(f) >= 20);
		const [a, b] = follower.map((f) => f.events.map((e) => Number(e.id)));
		assert.deepEqual(a.slice(0, 60), b.slice(0, 60));
		assert.deepEqual(a, [...a].sort((x, y) => x - y));
		assert.equal(new Set(a).size, a.length);
		for (const f of follower) f.close();
	});

	it("answer a repeated Idempotency-Key alike, wherever it comes", async () => {
		const headers = { "Idempotency-Key": "over nodes" };
		const body = { to: "+4917140000002", text: "once" };
		const a = await one.api.request("POST", "/v1/messages", body, headers);
		const b = await new Api(two.url, one.key).request("POST", "/v1/messages", body, headers);
		assert.equal(b.status, 202);
		assert.equal(b.body.id, a.body.id);
		await until("the carrier to get it", () => smsc.submits.some((s) => s.text === "once"));
	});

	it("do not send what was cancelled at the other", async () => {
		const at = new Date(Date.now() + 3000).toISOString();
		const m = await one.api.send({ to: "+4917140000003", text: "taken back", send_at: at });
		const later = await one.api.send({ to: "+4917140000003", text: "comes after it", send_at: new Date(Date.now() + 3500).toISOString() });
		await two.api.request("POST", `/v1/messages/${m.id}/cancel`, {});
		await until("the later one", async () => (await one.api.message(later.id)).deliveries[0].status === "delivered", { timeout: 20000 });
		assert.equal((await one.api.message(m.id)).deliveries[0].status, "cancelled");
		assert.ok(!smsc.submits.some((s) => s.text === "taken back"));
	});

	it("take over at once what was given back in good order", async () => {
		await one.stop({ keep: true });
		await until("the other to run the account", async () => (await nodes.runner()) === two, { timeout: 20000 });
		const m = await two.api.send({ to: "+4917140000004", text: "by the second" });
		await until("its receipt", async () => (await two.api.message(m.id)).deliveries[0].status === "delivered");
		await one.run();
		await until("standby", async () => (await (await fetch(`${one.url}/health/ready`)).json()).accounts[0].state === "standby");
	});

	it("end one that slept through its leases before it writes anything", async () => {
		two.child.kill("SIGSTOP");
		await until("the first to take over", async () => (await nodes.runner().catch(() => null)) === one, { timeout: 30000 });
		two.child.kill("SIGCONT");
		const gone = await two.gone;
		assert.equal(gone.code, 75, JSON.stringify(gone));
		two.exited.code = 0; // as it should
	});
});

describe(`three gateways, killed at random, ${rounds} rounds`, { timeout: 120000 + rounds * 60000, skip }, () => {
	it("lose nothing that was accepted, and their clients miss no event", async (t) => {
		const server = postgresServer();
		const smsc = new Smsc({ systemId: "threadline", password: "secret", receiptDelay: 20 });
		await smsc.listen();
		const nodes = new Nodes(server, { "sms main": smsAccount(smsc, { window, receipts: "final" }) });
		for (const name of ["a", "b", "c"]) await nodes.add(name);
		await until("the account to be up", () => nodes.runner());
		const accepted = new Map();
		const acknowledged = new Set();
		let serial = 0;
		let over = false;

		const outbound = Array.from({ length: 6 }, async (_, k) => {
			for (let n = 0; !over; n++) {
				const g = nodes.all[(k + n) % 3];
				const text = `out ${++serial}`;
				const r = await fetch(`${g.url}/v1/messages`, {
					method: "POST",
					headers: { Authorization: `Bearer ${g.key}`, "Content-Type": "application/json" },
					body: JSON.stringify({ to: `+4917139${String(20000 + (serial % 100)).padStart(5, "0")}`, text }),
				}).catch(() => null);
				const body = r?.status === 202 ? await r.json().catch(() => null) : null;
				if (body?.id) accepted.set(body.id, text);
				else await new Promise((done) => setTimeout(done, 20));
			}
		});
		const inbound = Array.from({ length: 2 }, async (_, k) => {
			while (!over) {
				const text = `in ${k} ${++serial}`;
				const answers = await smsc.write({ from: `+49171392${String(1000 + (serial % 50))}`, to: "40404", text }).catch(() => [1]);
				if (answers.every((s) => s === 0)) acknowledged.add(text);
				else await new Promise((done) => setTimeout(done, 20));
			}
		});
		// A live client that goes to the next gateway when its own dies, and goes on where it was.
		const seen = [];
		const client = (async () => {
			for (let n = 0; !over; n++) {
				const g = nodes.all[n % 3];
				const last = seen.at(-1);
				const f = await Stream.follow(g, "?types=message.", last ? { lastEventId: last } : {}).catch(() => null);
				if (!f) {
					await new Promise((done) => setTimeout(done, 50));
					continue;
				}
				let taken = 0;
				while (!over && !f.ended && !f.error && !g.exited) {
					for (; taken < f.events.length; taken++) seen.push(Number(f.events[taken].id));
					await new Promise((done) => setTimeout(done, 20));
				}
				for (; taken < f.events.length; taken++) seen.push(Number(f.events[taken].id));
				f.close();
			}
		})();

		for (let round = 0; round < rounds; round++) {
			await nodes.revive();
			const wanted = accepted.size + 50 + Math.floor(Math.random() * 300);
			await until("some load", () => accepted.size >= wanted, { timeout: 60000, every: 5 });
			if (round % 3 === 2) {
				server.crash();
				server.again();
			} else {
				const g = round % 3 === 0 ? await until("the runner", () => nodes.runner(), { timeout: 30000 }) : nodes.all[round % nodes.all.length];
				await g.kill();
				if (round % 3 === 0) await until("another to run the account", () => nodes.runner(), { timeout: 40000 });
				g.expectKill = false;
				await g.run();
			}
		}
		await nodes.revive();
		const wanted = accepted.size + 50;
		await until("some load after it all", () => accepted.size >= wanted, { timeout: 60000, every: 5 });
		over = true;
		await Promise.all([...outbound, ...inbound, client]);
		await until("the account to be up", () => nodes.runner(), { timeout: 40000 });

		const counts = () => {
			const n = new Map();
			for (const s of smsc.submits) n.set(s.text, (n.get(s.text) ?? 0) + 1);
			return n;
		};
		await until("every accepted message to reach the carrier", () => {
			const n = counts();
			return [...accepted.values()].every((text) => n.has(text));
		}, { timeout: 120000, every: 200 });
		const g = nodes.living()[0];
		for (const [id, text] of accepted) assert.equal((await g.api.message(id)).text, text);
		const stored = new Set(
			nodes.database.query("SELECT content FROM interaction WHERE direction = 0 OR content LIKE 'in %'").split("\n"),
		);
		assert.deepEqual([...acknowledged].filter((text) => !stored.has(text)), [], "acknowledged inbound texts that are not stored");

		// Each number once, in order, none between the first and the last left out that the store has.
		assert.deepEqual(seen, [...new Set(seen)].sort((x, y) => x - y));
		const kept = nodes.database
			.query(`SELECT seq FROM event WHERE type LIKE 'message.%' AND seq BETWEEN ${seen[0]} AND ${seen.at(-1)} ORDER BY seq`)
			.split("\n")
			.map(Number);
		assert.deepEqual(seen, kept);

		const twice = [...counts().values()].reduce((sum, n) => sum + n - 1, 0);
		t.diagnostic(`${accepted.size} accepted, ${acknowledged.size} acknowledged inbound, ${twice} submitted again, ${seen.length} events`);
		assert.ok(twice <= rounds * window, `${twice} duplicates; ${rounds} deaths with a window of ${window} explain ${rounds * window}`);
		await nodes.revive();
		await nodes.stop();
		await smsc.close();
	});
});
