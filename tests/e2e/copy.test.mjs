// From SQLite to PostgreSQL: copied while the gateway runs, killed in the middle, gone on with, and what is read there is
// the same.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Smsc } from "../peer/smsc.mjs";
import { Gateway, binary, smsAccount } from "./lib/gateway.mjs";
import { Database, onPostgres, postgresServer } from "./lib/store.mjs";
import { until } from "./lib/wait.mjs";

const skip = (onPostgres && "the source is SQLite") || (!existsSync("/usr/lib/postgresql") && !process.env.PGBIN && "PostgreSQL is not installed");

describe("copy to PostgreSQL", { skip, timeout: 180000 }, () => {
	let smsc, g, database, other, dsn;

	before(async () => {
		smsc = new Smsc({ systemId: "threadline", password: "secret", receiptDelay: 5 });
		await smsc.listen();
		database = new Database(postgresServer().dsn);
		g = await Gateway.start({ "sms main": smsAccount(smsc, { receipts: "final" }) });
		await g.ready();
		dsn = `sqlite:${join(g.dir, "threadline.db")}`;
	});
	after(async () => {
		await g?.stop();
		await other?.stop();
		database?.drop();
		await smsc?.close();
	});

	const copy = (args = [], onLine = () => {}) =>
		new Promise((done) => {
			const child = spawn(binary, ["copy", "--from", dsn, "--to", database.dsn, ...args], { env: g.env });
			const out = { stdout: "", stderr: "" };
			for (const name of ["stdout", "stderr"])
				child[name].on("data", (d) => {
					out[name] += d;
					onLine(out.stderr, child);
				});
			child.once("close", (status, signal) => done({ status, signal, ...out }));
		});
	const send = async (n, from = 0) => {
		for (let i = 0; i < n; i += 100)
			await g.api.post("/v1/messages/batch", { messages: Array.from({ length: 100 }, (_, k) => ({ to: `+49171${40000000 + ((i + k) % 60)}`, text: `Grüße ${from + i + k} ☎` })) }, 207);
	};

	it("goes on where it was killed, and takes what came meanwhile in another run", async () => {
		await send(3000);
		const c = await g.api.post("/v1/customers", { name: "Änne Ölbaum", attributes: { spend: 80.1, third: 1 / 3, vip: true } }, 201);
		assert.ok(c.id);
		await until("search finds her", async () => (await g.api.get("/v1/search?q=%C3%84nne")).data.length === 1);
		const killed = await copy(["--more"], (text, child) => /delivery: 1000 rows copied/.test(text) && child.kill("SIGKILL"));
		assert.equal(killed.signal, "SIGKILL");
		const there = Number(database.query("SELECT COUNT(*) FROM delivery"));
		assert.ok(there >= 1000 && there < 3000, `${there} rows`);
		const second = await copy(["--more"]);
		assert.equal(second.status, 0, second.stderr);
		const early = new Gateway({ store: { dsn: database.dsn, blobs: join(g.dir, "blobs") } });
		early.key = g.key;
		await early.prepare();
		await assert.rejects(early.run(), /has not finished this store/);
		await early.gone;
		early.exited = null;
		early.child = null;
		await early.stop();
		await send(300, 3000);
		const none = async (status) => (await g.api.get(`/v1/deliveries?status=${status}&limit=1`)).data.length === 0;
		await until("every receipt", async () => (await none("queued")) && (await none("sending")) && (await none("sent")), { timeout: 60000 });
		await g.stop({ keep: true });
		const last = await copy();
		assert.equal(last.status, 0, last.stderr);
		assert.match(last.stderr, /delivery: 3300 rows verified/);
		assert.match(last.stdout, /the same on both sides/);
		const again = await copy();
		assert.equal(again.status, 1);
		assert.match(again.stderr, /holds a store already/);
	});

	it("serves the same pages from there, and goes on", async () => {
		await g.run();
		const read = async (api) => {
			const c = await api.customerOf("+4917140000007");
			const her = (await api.get("/v1/search?q=%C3%84nne")).data[0];
			return { c, pages: await api.timeline(c.id, "?limit=200"), her, hits: (await api.get("/v1/search?q=3207")).data };
		};
		await until("search finds the last", async () => (await g.api.get("/v1/search?q=3207")).data.length === 1);
		const was = await read(g.api);
		await g.stop({ keep: true });
		other = new Gateway({ store: { dsn: database.dsn, blobs: join(g.dir, "blobs") } });
		other.key = g.key;
		await other.prepare();
		await other.run();
		await until("search finds the last", async () => (await other.api.get("/v1/search?q=3207")).data.length === 1);
		const is = await read(other.api);
		assert.deepEqual(is, was);
		assert.equal(is.pages.length, 55);
		await other.api.post("/v1/customers", { name: "New there" }, 201);
		await until("search finds what is new", async () => (await other.api.get("/v1/search?q=New")).data.length === 1);
	});
});
