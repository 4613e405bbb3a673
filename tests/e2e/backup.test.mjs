// Back-up of a SQLite store under load, and restoring it in another place: everything that was accepted before it began is
// there, with its attachments.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Smsc } from "../peer/smsc.mjs";
import { Gateway, binary, smsAccount } from "./lib/gateway.mjs";
import { onPostgres } from "./lib/store.mjs";
import { until } from "./lib/wait.mjs";

const files = (dir) => readdirSync(dir, { recursive: true, withFileTypes: true }).filter((e) => e.isFile()).map((e) => join(e.parentPath ?? e.path, e.name));

describe("back-up of SQLite", { skip: onPostgres && "the store is PostgreSQL", timeout: 120000 }, () => {
	let smsc, g, other;
	const accepted = new Map();
	let big;

	before(async () => {
		smsc = new Smsc({ systemId: "threadline", password: "secret", receiptDelay: 5 });
		await smsc.listen();
		g = await Gateway.start({ "sms main": smsAccount(smsc, { receipts: "final" }) });
		await g.ready();
	});
	after(async () => {
		await g?.stop();
		await other?.stop();
		await smsc?.close();
	});

	const cli = (gateway, ...args) =>
		new Promise((done) => {
			const child = spawn(binary, [...args, "--config", gateway.config], { env: gateway.env });
			const out = { stdout: "", stderr: "" };
			for (const name of ["stdout", "stderr"]) child[name].on("data", (d) => (out[name] += d));
			child.once("close", (status) => done({ status, ...out }));
		});

	const upload = async (bytes) => {
		const r = await fetch(`${g.url}/v1/attachments?name=big.bin`, { method: "POST", body: bytes, headers: { Authorization: `Bearer ${g.key}`, "Content-Type": "application/octet-stream" } });
		assert.equal(r.status, 201);
		return r.json();
	};

	it("is made while messages go in and out, and holds all that was accepted before", async (t) => {
		big = Buffer.alloc(3 << 20, "threadline ");
		const { sha256 } = await upload(big);
		let over = false;
		let serial = 0;
		const clients = Array.from({ length: 4 }, async () => {
			while (!over) {
				const text = `load ${++serial}`;
				const m = await g.api.send({ to: `+49171${30000000 + (serial % 50)}`, text });
				accepted.set(m.id, text);
			}
		});
		await until("some load", () => accepted.size >= 1000, { timeout: 60000 });
		const before = new Map(accepted);
		const done = await cli(g, "backup", "--to", join(g.dir, "one"));
		const during = accepted.size - before.size;
		over = true;
		await Promise.all(clients);
		assert.equal(done.status, 0, done.stderr);
		assert.match(done.stdout, /back-up of .*, 1 attachments/);
		assert.match(done.stderr, /(\d+) of \1 pages/);
		t.diagnostic(`${before.size} accepted before, ${during} during the back-up`);
		assert.ok(!existsSync(join(g.dir, "one.part")));
		assert.equal((await cli(g, "backup", "--to", join(g.dir, "one"))).status, 1, "a back-up is not written over");

		other = new Gateway({});
		other.key = g.key;
		await other.prepare();
		const back = await cli(other, "restore", "--from", join(g.dir, "one"));
		assert.equal(back.status, 0, back.stderr);
		await other.run();
		for (const [id, text] of before) assert.equal((await other.api.message(id)).text, text);
		const customer = await other.api.customerOf("+4917130000001");
		const texts = (await other.api.timeline(customer.id)).map((i) => i.text);
		for (const text of before.values()) if (Number(text.slice(5)) % 50 === 1) assert.ok(texts.includes(text), text);
		const r = await fetch(`${other.url}/v1/attachments/${sha256}`, { headers: { Authorization: `Bearer ${g.key}` } });
		assert.deepEqual(Buffer.from(await r.arrayBuffer()), big);
	});

	it("goes nowhere where a store is, unless told, and then keeps that", async () => {
		const from = join(g.dir, "one");
		const running = await cli(other, "restore", "--from", from, "--replace");
		assert.equal(running.status, 1);
		assert.match(running.stderr, /open in another process/);
		const made = await other.api.post("/v1/customers", { name: "After the back-up" }, 201);
		await other.kill();
		const refused = await cli(other, "restore", "--from", from);
		assert.equal(refused.status, 1);
		assert.match(refused.stderr, /--replace/);
		const told = await cli(other, "restore", "--from", from, "--replace");
		assert.equal(told.status, 0, told.stderr);
		const db = join(other.dir, "threadline.db");
		assert.ok(existsSync(`${db}.old`) && !existsSync(`${db}-wal`), "the log of the old store is not that of the new one");
		other.expectKill = false;
		await other.run();
		assert.equal((await fetch(`${other.url}/v1/customers/${made.id}`, { headers: { Authorization: `Bearer ${g.key}` } })).status, 404);
	});

	it("is refused when it is damaged, and what is damaged is left out", async () => {
		const to = join(g.dir, "two");
		const blob = files(join(g.dir, "blobs")).find((f) => /[0-9a-f]{64}$/.test(f));
		writeFileSync(blob, Buffer.alloc(big.length, "x"));
		const left = await cli(g, "backup", "--quiet", "--to", to);
		assert.equal(left.status, 1);
		assert.match(left.stderr, /1 attachments are damaged/);
		const db = join(to, "threadline.db");
		const bytes = readFileSync(db);
		bytes.fill(0xff, bytes.length >> 1, (bytes.length >> 1) + 8192);
		writeFileSync(db, bytes);
		const refused = await cli(other, "restore", "--from", to, "--replace");
		assert.equal(refused.status, 1);
		assert.match(refused.stderr, /is damaged/);
		assert.equal((await cli(other, "restore", "--from", join(g.dir, "nowhere"))).status, 1);
	});

	it("says what to use for PostgreSQL", async () => {
		writeFileSync(join(g.dir, "pg.conf"), "[store]\ndsn = postgresql://nowhere.example/x\n");
		for (const args of [["backup", "--to", join(g.dir, "three")], ["restore", "--from", join(g.dir, "one")]]) {
			const r = await cli({ config: join(g.dir, "pg.conf"), env: g.env }, ...args);
			assert.equal(r.status, 1);
			assert.match(r.stderr, /pg_/);
		}
	});
});
