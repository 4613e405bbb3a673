// Files of customers through the command line and the API: what is refused is told by line, what is broken off goes on.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Smsc } from "../peer/smsc.mjs";
import { check } from "./lib/api.mjs";
import { Gateway, binary, smsAccount } from "./lib/gateway.mjs";
import { until } from "./lib/wait.mjs";

describe("imports", () => {
	let smsc, gateway, api;
	before(async () => {
		smsc = new Smsc();
		await smsc.listen();
		gateway = await Gateway.start({ "sms main": smsAccount(smsc) });
		api = gateway.api;
		await gateway.ready();
	});
	after(async () => {
		await gateway?.stop();
		await smsc?.close();
	});

	const file = (name, text) => {
		const path = join(gateway.dir, name);
		writeFileSync(path, text);
		return path;
	};
	const run = (...args) => JSON.parse(gateway.cli(["import", "--quiet", ...args]));
	const raw = async (method, path, body) => {
		const r = await fetch(gateway.url + path, { method, body, headers: { Authorization: `Bearer ${gateway.key}`, "Content-Type": "application/octet-stream" } });
		const type = r.headers.get("content-type");
		const answer = /ndjson/.test(type) ? await r.text() : await r.json();
		check(method, path, r.status, type, answer);
		return { status: r.status, type, body: answer };
	};
	const piece = (id, offset, body, more = "") => raw("POST", `/v1/imports/${id}/data?offset=${offset}${more}`, body);

	it("brings customers in by the command line, and says by line what it could not take", async () => {
		const path = file("people.csv", 'Kunde;Handy;Mail;Tarif;Umsatz;Rest\r\nk1;0151 70000011;k1@shop.example;flex;80,5;x\r\nk2;0151 70000012;;"ba""sic";20;x\r\nk3;12;;flex;1;x\r\n');
		const map = "Kunde=external_id,Handy=phone,Mail=email,Tarif=attributes.plan,Umsatz=attributes.spend:number,Rest=-";
		const rejects = join(gateway.dir, "rejects.ndjson");
		const done = run(path, "--columns", map, "--region", "DE", "--verified", "--rejects", rejects);
		assert.deepEqual([done.state, done.created, done.rejected], ["done", 1, 2]);
		const lines = readFileSync(rejects, "utf8").trim().split("\n").map((l) => JSON.parse(l));
		assert.deepEqual(lines.map((l) => [l.line, l.field, l.taken]), [[2, "spend", false], [4, "phone", false]]);
		const k2 = (await api.get("/v1/customers?external_id=k2")).data[0];
		assert.deepEqual([k2.attributes.plan, k2.attributes.spend, k2.contact_points[0].address, k2.contact_points[0].verified_by], ['ba"sic', 20, "+4915170000012", "import"]);
		await until("search finds it", async () => (await api.get("/v1/customers?q=k2")).data.length === 1);
	});

	it("brings in what happened, which segments ask for", async () => {
		const bills = [1, 2, 3].map((n) => JSON.stringify({ external_id: "k2", event: "bill", event_id: `b${n}`, at: new Date(Date.now() - n * 864e5).toISOString(), text: `bill ${n}`, data: { amount: 30 * n } })).join("\n");
		const path = file("bills.ndjson", bills);
		assert.equal(run(path).events, 3);
		assert.deepEqual([run(path).unchanged, run(path).events], [3, 0], "an event is taken once");
		const p = await api.post("/v1/segments/preview", { conditions: { event: "bill", where: [{ data: "amount", above: 50 }], within: "30d", at_least: 2 } }, 200);
		assert.deepEqual([p.count, p.sample[0].external_id], [1, "k2"]);
		const timeline = await api.get(`/v1/customers/${p.sample[0].id}/timeline?kind=event`);
		assert.deepEqual(timeline.data.map((i) => i.text), ["bill 1", "bill 2", "bill 3"]);
		await until("search finds it", async () => (await api.get("/v1/search?q=bill")).data.some((f) => f.interaction?.text === "bill 2"));
	});

	it("is fed piece by piece, and says where to go on", async () => {
		const made = await api.post("/v1/imports", { format: "csv", name: "pieces", region: "DE" }, 201);
		const text = "external_id,name\np1,One\np2,Two\np3,Three";
		assert.equal((await piece(made.id, 0, "external_id,colour\n")).status, 422);
		const first = await piece(made.id, 0, text.slice(0, 26));
		assert.deepEqual([first.body.position, first.body.created], [24, 1]);
		assert.equal((await piece(made.id, 30, "x")).status, 409, "bytes are missing");
		const again = await piece(made.id, 0, text.slice(0, 26));
		assert.deepEqual([again.body.position, again.body.created], [24, 1], "a piece sent again is known");
		const last = await piece(made.id, 24, text.slice(24), "&last=true");
		assert.deepEqual([last.body.state, last.body.created], ["done", 3]);
		assert.equal((await piece(made.id, 24, "x")).status, 409);
		assert.equal((await piece(made.id, "x", "x")).status, 400);
		assert.equal((await api.get("/v1/imports?limit=1")).data[0].id, made.id);
		assert.equal((await api.get(`/v1/imports/${made.id}`)).line, 4);
		const none = await raw("GET", `/v1/imports/${made.id}/rejects`);
		assert.deepEqual([none.status, none.type, none.body], [200, "application/x-ndjson", ""]);
		const other = await api.post("/v1/imports", { format: "ndjson" }, 201);
		assert.equal((await api.post(`/v1/imports/${other.id}/cancel`, {}, 200)).state, "cancelled");
		assert.equal((await api.request("POST", "/v1/imports", { format: "xlsx" })).status, 422);
		for (const role of ["agent", "marketing"]) assert.equal((await gateway.apiAs(role).request("POST", "/v1/imports", { format: "csv" })).status, 403);
		assert.equal((await gateway.apiAs("integration").request("POST", "/v1/imports", { format: "csv" })).status, 201);
	});

	it("survives kill -9 of the gateway and of the importer: nobody twice, nobody left out", async () => {
		const count = 6000;
		const path = file("many.csv", `external_id,phone,attributes.n:number\n${Array.from({ length: count }, (_, n) => `m${n},+49152${String(n).padStart(7, "0")}1,${n}`).join("\n")}\n`);
		const importer = (args) => {
			const child = spawn(binary, ["import", path, ...args], { env: { ...process.env, THREADLINE_URL: gateway.url, THREADLINE_KEY: gateway.key }, stdio: ["ignore", "ignore", "pipe"] });
			child.text = "";
			child.stderr.on("data", (t) => (child.text += t));
			child.gone = new Promise((done) => child.once("close", done));
			return child;
		};
		const progress = async (id) => api.get(`/v1/imports/${id}`).then((i) => i.created, () => -1);
		let child = importer([]);
		const id = await until("it has begun", () => /import ([0-9a-f-]{36})/.exec(child.text)?.[1]);
		await until("some are in", async () => (await progress(id)) > 0);
		await gateway.kill();
		await gateway.run();
		await until("it goes on by itself", async () => (await progress(id)) > 1000);
		child.kill("SIGKILL");
		await child.gone;
		child = importer(["--resume", id]);
		assert.equal(await child.gone, 0, child.text);
		const done = await api.get(`/v1/imports/${id}`);
		assert.deepEqual([done.state, done.created, done.unchanged, done.updated, done.rejected], ["done", count, 0, 0, 0]);
		const p = await api.post("/v1/segments/preview", { conditions: { all: [{ attribute: "n", exists: true }, { channel: "sms" }] } }, 200);
		assert.equal(p.count, count);
	});
});
