// The gateway over a PostgreSQL that fails: crashed and started again under load, the connection cut around a commit, a
// pooler that gives each transaction another connection.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Smsc } from "../peer/smsc.mjs";
import { Gateway, smsAccount } from "./lib/gateway.mjs";
import { Database, onPostgres, postgresServer } from "./lib/store.mjs";
import { until } from "./lib/wait.mjs";

const rounds = Number(process.env.CRASH_ROUNDS ?? 3);

// Between libpq and the server: can cut the connection as COMMIT comes by, before or after the server has done it.
class Wire {
	async listen(server) {
		this.dir = mkdtempSync(join(tmpdir(), "threadline-wire-"));
		this.cut = null;
		this.cuts = 0;
		this.net = createServer((client) => {
			const to = connect(join(server, ".s.PGSQL.5432"));
			let deaf = false;
			const end = () => {
				client.destroy();
				to.destroy();
			};
			for (const s of [client, to]) s.on("error", end).on("close", end);
			client.on("data", (d) => {
				const when = this.cut;
				if (when && d.includes("COMMIT\0")) {
					this.cut = null;
					this.cuts++;
					if (when === "before") return end();
					deaf = true;
				}
				to.write(d);
			});
			to.on("data", (d) => (deaf ? end() : client.write(d)));
		});
		await new Promise((done) => this.net.listen(join(this.dir, ".s.PGSQL.5432"), done));
	}
	close() {
		this.net.close();
		rmSync(this.dir, { recursive: true, force: true });
	}
}

describe("a PostgreSQL that fails", { skip: !onPostgres && "the store is not PostgreSQL", timeout: 180000 }, () => {
	let pg, database, smsc, wire, g;

	before(async () => {
		pg = postgresServer();
		database = new Database(pg.dsn);
		wire = new Wire();
		await wire.listen(pg.dir);
		smsc = new Smsc({ systemId: "threadline", password: "secret", receiptDelay: 20 });
		await smsc.listen();
		g = new Gateway({
			store: { dsn: database.dsn },
			"sms main": smsAccount(smsc, { window: 20, receipts: "final" }),
		});
		await g.prepare(); // the key is made past the wire, which is deaf while a command runs
		g.sections.store.dsn = database.dsn.replace(pg.dir, wire.dir);
		await g.prepare();
		await g.run();
		await g.ready();
	});
	after(async () => {
		await g.stop();
		await smsc.close();
		wire.close();
	});

	const times = (text) => smsc.submits.filter((s) => s.text === text).length;

	for (const [when, found] of [
		["after", "committed"],
		["before", "aborted"],
	])
		it(`does once what it asked for when the connection went ${when} the commit`, async () => {
			for (let i = 0; i < 5; i++) {
				const text = `${when} ${i}`;
				const cuts = wire.cuts;
				wire.cut = when;
				const m = await g.api.send({ to: "+4917100000001", text });
				assert.equal((await g.api.message(m.id)).text, text);
				await until("it to arrive", () => times(text) > 0);
				await until("its receipt", async () => (await g.api.message(m.id)).status === "delivered");
				assert.ok(wire.cuts > cuts, "the connection was cut");
				assert.equal(times(text), 1);
			}
			assert.match(g.log, new RegExp(`commit_unanswered found=${found}`));
		});

	it(`loses nothing when the server crashes under load, ${rounds} times`, async (t) => {
		const accepted = new Map();
		const refused = new Set();
		const pid = g.child.pid;
		let serial = 0;
		let over = false;
		const clients = Array.from({ length: 6 }, async () => {
			while (!over) {
				const text = `crash ${++serial}`;
				for (let again = true; again && !over; ) {
					const r = await fetch(`${g.url}/v1/messages`, {
						method: "POST",
						headers: { Authorization: `Bearer ${g.key}`, "Content-Type": "application/json", "Idempotency-Key": text },
						body: JSON.stringify({ to: `+49171${20000000 + (serial % 100)}`, text }),
					});
					const body = await r.json();
					again = r.status !== 202;
					if (!again) accepted.set(text, body.id);
					else {
						assert.ok([503, 409].includes(r.status), `${r.status} ${JSON.stringify(body)}`);
						refused.add(r.status);
						await new Promise((done) => setTimeout(done, 50));
					}
				}
			}
		});
		const inbound = [];
		for (let round = 0; round < rounds; round++) {
			const enough = accepted.size + 200;
			await until("some load", () => accepted.size >= enough, { timeout: 60000 });
			pg.crash();
			await until("writes to be refused", async () => refused.has(503), { timeout: 30000 });
			const text = `while it was away ${round}`;
			const write = async () => (await smsc.write({ from: "+4917100000002", to: "40404", text }))[0] === 0;
			// A process of the server may outlive it for a moment; what it acknowledges counts.
			const taken = await write();
			refused.clear();
			pg.again();
			if (!taken) await until("inbound to be taken again", write, { timeout: 30000 });
			inbound.push(text);
		}
		over = true;
		await Promise.all(clients);
		await until("everything accepted to arrive", () => [...accepted.keys()].every((text) => times(text)), { timeout: 60000, every: 200 });
		// Receipts that were refused meanwhile are the carrier's to bring again, and this one does not.
		for (const [text, id] of accepted)
			await until(`${text} to be known as sent`, async () => {
				const m = await g.api.message(id);
				if (["sent", "delivered"].includes(m.status)) return true;
				throw new Error(JSON.stringify(m.deliveries));
			});
		const twice = [...accepted.keys()].filter((text) => times(text) > 1).length;
		t.diagnostic(`${accepted.size} accepted, ${twice} submitted again`);
		assert.ok(twice <= rounds * 20, `${twice} twice`);
		const customer = await g.api.customerOf("+4917100000002");
		const texts = (await g.api.timeline(customer.id)).map((i) => i.text);
		for (const text of inbound) assert.equal(texts.filter((s) => s === text).length, 1, text);
		assert.equal(g.child.pid, pid);
		assert.equal(g.exited, null);
	});

	it("works through a pooler in transaction mode", { skip: !existsSync("/usr/sbin/pgbouncer") && "PgBouncer is not installed" }, async () => {
		const socket = pg.pool();
		for (const option of ["&prepare=off", ""]) {
			const db = new Database(pg.dsn);
			const p = new Gateway({ store: { dsn: db.dsn.replace(pg.dir, socket) + option } });
			await p.prepare();
			await p.run();
			const made = await Promise.all(Array.from({ length: 50 }, (_, i) => p.api.post("/v1/customers", { name: `pooled ${i}` }, 201)));
			assert.equal(new Set(made.map((c) => c.id)).size, 50);
			const list = await p.api.get("/v1/customers?limit=200");
			assert.equal(list.data.filter((c) => c.name.startsWith("pooled")).length, 50);
			await p.stop();
			db.drop();
		}
	});
});
