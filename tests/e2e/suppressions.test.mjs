// Suppression lists: an address on one gets nothing, whoever owns it, and if nobody does.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Smsc } from "../peer/smsc.mjs";
import { Gateway, smsAccount } from "./lib/gateway.mjs";
import { until } from "./lib/wait.mjs";

describe("suppression lists", { timeout: 60000 }, () => {
	let smsc, gateway, api;
	before(async () => {
		smsc = new Smsc();
		await smsc.listen();
		gateway = await Gateway.start({ "sms main": smsAccount(smsc), outbound: { marketing_needs_opt_in: "no" } });
		api = gateway.api;
		await gateway.ready();
	});
	after(async () => {
		await gateway?.stop();
		await smsc?.close();
	});

	const refused = (m) => [m.status, m.deliveries[0].reason];
	const no = ["suppressed", "on_suppression_list"];

	it("stop what is sent to an address that is nobody's, until it is taken off", async () => {
		const to = "+4915177100001";
		const entry = await api.post("/v1/suppressions", { address: "+49 151 77100001", reason: "do_not_call", proof: { list: "national" } }, 201);
		assert.deepEqual([entry.address, entry.channel, entry.purpose, entry.reason, entry.source, entry.proof.list], [to, "sms", "all", "do_not_call", "api", "national"]);
		const twice = await api.request("POST", "/v1/suppressions", { address: to, reason: "other" });
		assert.deepEqual([twice.status, twice.body.id, twice.body.reason], [200, entry.id, "do_not_call"]);
		assert.equal((await api.get("/v1/customers?number=%2B4915177100001")).data.length, 0, "it makes no customer");
		const m = await api.send({ to, text: "hello" });
		assert.deepEqual(refused(m), no);
		const why = await api.want(200, "POST", "/v1/policy/explain", { customer_id: m.customer_id });
		assert.equal(why.allowed, false);
		assert.equal(why.rules.find((r) => r.rule === "suppression").detail, "on_suppression_list");
		assert.ok((await api.get("/v1/deliveries?reason=on_suppression_list")).data.some((d) => d.id === m.deliveries[0].id));
		assert.equal((await api.want(200, "DELETE", `/v1/suppressions/${entry.id}`)).id, entry.id);
		assert.equal((await api.request("GET", `/v1/suppressions/${entry.id}`)).status, 404);
		assert.equal((await api.request("DELETE", `/v1/suppressions/${entry.id}`)).status, 404);
		assert.equal((await api.send({ to, text: "hello again" })).status, "queued");
	});

	it("may be for one purpose", async () => {
		const to = "+4915177100002";
		assert.equal((await api.send({ to, text: "one", purpose: "marketing" })).status, "queued", "and what was remembered of it is forgotten");
		const entry = await api.post("/v1/suppressions", { address: to, purpose: "marketing", reason: "robinson" }, 201);
		assert.equal((await api.get(`/v1/suppressions/${entry.id}`)).purpose, "marketing");
		assert.deepEqual(refused(await api.send({ to, text: "two", purpose: "marketing" })), no);
		assert.equal((await api.send({ to, text: "three" })).status, "queued");
	});

	it("are asked again when a message is sent", async () => {
		const to = "+4915177100003";
		for (const purpose of ["service", "marketing"]) {
			const m = await api.send({ to, text: `later ${purpose}`, purpose, send_at: new Date(Date.now() + 1500).toISOString() });
			assert.equal(m.status, "scheduled");
			const entry = await api.post("/v1/suppressions", { address: to, purpose, reason: "late" }, 201);
			await until("its end", async () => (await api.message(m.id)).status === "suppressed");
			assert.equal((await api.message(m.id)).deliveries[0].reason, "on_suppression_list");
			await api.want(200, "DELETE", `/v1/suppressions/${entry.id}`);
		}
	});

	it("are paged, and asked by address, channel and reason", async () => {
		for (let k = 0; k < 5; k++) await api.post("/v1/suppressions", { address: `dead${k}@people.example`, reason: "paged" }, 201);
		const seen = [];
		let cursor = "";
		do {
			const page = await api.get(`/v1/suppressions?reason=paged&limit=2${cursor && `&cursor=${cursor}`}`);
			seen.push(...page.data.map((s) => s.address));
			cursor = page.next;
		} while (cursor);
		assert.deepEqual(seen, [4, 3, 2, 1, 0].map((k) => `dead${k}@people.example`));
		assert.deepEqual((await api.get("/v1/suppressions?address=dead3%40people.example")).data.map((s) => s.address), ["dead3@people.example"]);
		assert.ok((await api.get("/v1/suppressions?channel=email")).data.every((s) => s.channel === "email"));
		assert.equal((await api.request("GET", "/v1/suppressions?channel=pigeon")).status, 400);
		assert.equal((await api.request("POST", "/v1/suppressions", { address: "x@y.example" })).status, 422);
		assert.equal((await gateway.apiAs("marketing").request("DELETE", "/v1/suppressions/x")).status, 403);
	});

	it("are brought in by the command line, from CSV and NDJSON, and make no customers", async () => {
		const file = (name, text) => {
			const path = join(gateway.dir, name);
			writeFileSync(path, text);
			return path;
		};
		const run = (...args) => JSON.parse(gateway.cli(["import", "--quiet", "--kind", "suppressions", ...args]));
		const csv = file("robinson.csv", "Nummer,purpose,reason\n0151 77200001,marketing,robinson\n12,,\n0151 77200002,,\n0151 77200003,nonsense,\n");
		const done = run(csv, "--columns", "Nummer=phone", "--region", "DE");
		assert.deepEqual([done.created, done.rejected, done.state], [2, 2, "done"]);
		assert.deepEqual([run(csv, "--columns", "Nummer=phone", "--region", "DE").unchanged], [2], "brought twice");
		const one = (await api.get("/v1/suppressions?address=%2B4915177200001")).data[0];
		assert.deepEqual([one.purpose, one.reason, one.source, one.proof], ["marketing", "robinson", "import", { import: done.id, line: 2 }]);
		const nd = run(file("dead.ndjson", '{"email":["a@gone.example","b@gone.example"],"reason":"hard_bounce","source":"old system"}\n{"email":"c@gone.example","name":"Ada"}\n'));
		assert.deepEqual([nd.created, nd.rejected], [1, 1]);
		assert.equal((await api.get("/v1/suppressions?address=b%40gone.example")).data[0].source, "old system");
		assert.equal((await api.get("/v1/customers?number=%2B4915177200001")).data.length, 0);
		assert.deepEqual(refused(await api.send({ to: "+4915177200001", text: "x", purpose: "marketing" })), no);
		assert.throws(() => run(file("wrong.csv", "phone,name\n+4915177200009,Ada\n")), /column/);
		assert.equal((await api.request("POST", "/v1/imports", { format: "csv", kind: "pigeons" })).status, 422);
	});
});
