// The REST API as its users call it: each resource, each role, each limit. Every answer is held against the OpenAPI document
// by the client itself (lib/api.mjs).
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { Smsc } from "../peer/smsc.mjs";
import { Gateway, smsAccount } from "./lib/gateway.mjs";
import { Api, document } from "./lib/api.mjs";
import { Stream } from "./lib/sse.mjs";
import { until } from "./lib/wait.mjs";

describe("the API", () => {
	let smsc, gateway, api;
	let serial = 0;
	const unique = (word) => `${word}-${process.pid}-${++serial}`;
	let number = 491713930000;
	const fresh = () => `+${++number}`;

	before(async () => {
		smsc = new Smsc({ systemId: "threadline", password: "secret" });
		await smsc.listen();
		gateway = await Gateway.start({
			"sms main": smsAccount(smsc),
			"web site": { origins: "http://127.0.0.1:9" },
			http: { max_body: "256k" },
			identity: { never_merge: "no-reply@example.com" },
		});
		api = gateway.api;
		await gateway.ready();
	});
	after(async () => {
		await gateway?.stop();
		await smsc?.close();
	});

	const customer = (more = {}) => api.post("/v1/customers", { external_id: unique("c"), name: "Test Customer", ...more }, 201);
	const number_of = (id, address, more = {}) => api.post(`/v1/customers/${id}/contact_points`, { scheme: "tel", address, ...more }, 201);
	const problem = async (status, method, path, body, headers) => {
		const r = await api.request(method, path, body, headers);
		assert.equal(r.status, status, `${method} ${path}: ${JSON.stringify(r.body)}`);
		assert.equal(r.type, "application/problem+json");
		assert.equal(r.body.status, status);
		assert.ok(r.body.code && r.body.title && r.body.request_id, JSON.stringify(r.body));
		return r.body;
	};
	const texted = async (from, text) => {
		assert.deepEqual(await smsc.write({ from, to: "40404", text }), [0]);
		const c = await until("the sender to be known", () => api.customerOf(from));
		return until("the text to be there", async () => (await api.timeline(c.id)).find((i) => i.text === text));
	};

	it("says who asks, and refuses who may not", async () => {
		const me = await api.get("/v1/me");
		assert.equal(me.role, "admin");
		for (const key of [undefined, "tl_wrong", `tl_${"A".repeat(43)}`]) {
			const r = await new Api(gateway.url, key).request("GET", "/v1/me");
			assert.equal(r.status, 401);
			assert.ok(r.headers.get("www-authenticate"));
		}
	});

	it("signs a person in by a cookie that scripts cannot read and foreign pages cannot use", async () => {
		const open = new Api(gateway.url);
		const bad = await open.request("POST", "/v1/session", { key: `tl_${"A".repeat(43)}` });
		assert.equal(bad.status, 401);
		const r = await open.request("POST", "/v1/session", { key: gateway.newKey("agent") });
		assert.equal(r.status, 200);
		assert.equal(r.body.role, "agent");
		const [cookie, ...marks] = r.headers.get("set-cookie").split("; ");
		for (const mark of ["HttpOnly", "SameSite=Strict", "Path=/"]) assert.ok(marks.includes(mark), mark);
		assert.equal((await open.request("GET", "/v1/me", undefined, { Cookie: cookie })).body.role, "agent");
		const note = (headers) => open.request("POST", "/v1/conversations/0192aaaa-0000-7000-8000-000000000000/typing", {}, { Cookie: cookie, ...headers });
		assert.equal((await note({})).status, 403, "a form on a foreign page cannot set the header");
		assert.equal((await note({ "X-Threadline": "1" })).status, 404);
		const forged = cookie.replace(/.$/, (c) => (c === "0" ? "1" : "0"));
		assert.equal((await open.request("GET", "/v1/me", undefined, { Cookie: forged })).status, 401);
		const out = await open.request("DELETE", "/v1/session", undefined, { Cookie: cookie });
		assert.equal(out.status, 200);
		assert.match(out.headers.get("set-cookie"), /Max-Age=0/);
	});

	it("makes, lists and revokes keys", async () => {
		const made = await api.post("/v1/keys", { name: "a key", role: "agent" }, 201);
		assert.match(made.key, /^tl_[\w-]{43}$/);
		assert.equal((await new Api(gateway.url, made.key).get("/v1/me")).role, "agent");
		const { data } = await api.get("/v1/keys");
		assert.ok(data.some((k) => k.id === made.id));
		assert.ok(!JSON.stringify(data).includes(made.key), "never shown again");
		const gone = await api.request("DELETE", `/v1/keys/${made.id}`);
		assert.ok([200, 204].includes(gone.status));
		await until("the key to be refused", async () => (await new Api(gateway.url, made.key).request("GET", "/v1/me")).status === 401);
		await problem(404, "DELETE", "/v1/keys/0192aaaa-0000-7000-8000-000000000000");
		await problem(422, "POST", "/v1/keys", { name: "x", role: "king" });
	});

	it("keeps customers, with versions against lost updates", async () => {
		const external_id = unique("crm");
		const r = await api.request("POST", "/v1/customers", { external_id, name: "Jörg Østergård", locale: "da-DK", attributes: { plan: "M" } });
		assert.equal(r.status, 201);
		const id = r.body.id;
		assert.equal(r.body.version, 1);
		const got = await api.request("GET", `/v1/customers/${id}`);
		const etag = got.headers.get("etag");
		assert.ok(etag);
		const patched = await api.request("PATCH", `/v1/customers/${id}`, { tier: "gold", attributes: { plan: null, since: 2020 } }, { "If-Match": etag });
		assert.equal(patched.status, 200, JSON.stringify(patched.body));
		assert.equal(patched.body.tier, "gold");
		assert.deepEqual(patched.body.attributes, { since: 2020 });
		await problem(412, "PATCH", `/v1/customers/${id}`, { tier: "basic" }, { "If-Match": etag });
		await problem(409, "POST", "/v1/customers", { external_id, name: "Another" });
		await problem(404, "GET", "/v1/customers/0192aaaa-0000-7000-8000-000000000000");
		assert.equal((await api.get(`/v1/customers?external_id=${external_id}`)).data[0].id, id);
		assert.ok((await api.get(`/v1/customers?attribute=since:2020`)).data.some((c) => c.id === id));
		await until("the name to be found", async () => (await api.get(`/v1/customers?q=${encodeURIComponent("østerg")}`)).data.some((c) => c.id === id));
	});

	it("finds a number however it is written", async () => {
		const c = await customer();
		const n = fresh();
		await number_of(c.id, n);
		const national = `0${n.slice(3, 6)} ${n.slice(6)}`;
		for (const query of [`number=${n}`, `number=${n.slice(0, -2)}`, `number=${national}`, `q=${n}`, `q=${national}`]) {
			const { data } = await api.get(`/v1/customers?${query.replace("+", "%2B").replaceAll(" ", "%20")}`);
			assert.ok(data.some((x) => x.id === c.id), query);
		}
	});

	it("takes the id of a merged customer for the one that stands for it", async () => {
		const a = await customer({ name: "Stays" }), b = await customer({ name: "Goes" });
		const before = (await api.request("GET", `/v1/customers/${b.id}`)).headers.get("etag");
		await api.post(`/v1/customers/${a.id}/merge`, { merge_id: b.id });
		const patched = await api.want(200, "PATCH", `/v1/customers/${b.id}`, { tier: "gold" });
		assert.equal(patched.id, a.id);
		assert.equal((await api.get(`/v1/customers/${a.id}`)).tier, "gold");
		const p = await problem(412, "PATCH", `/v1/customers/${b.id}`, { tier: "tin" }, { "If-Match": before });
		assert.equal(p.code, "customer_merged");
		const n = fresh();
		const point = await number_of(b.id, n);
		assert.equal(point.customer_id, a.id);
		assert.equal((await api.customerOf(n)).id, a.id);
	});

	it("does once what comes twice under one Idempotency-Key", async () => {
		const key = { "Idempotency-Key": unique("order") };
		const body = { name: "Only once", external_id: unique("once") };
		const one = await api.request("POST", "/v1/customers", body, key);
		assert.equal(one.status, 201);
		await api.want(200, "PATCH", `/v1/customers/${one.body.id}`, { name: "Changed since" });
		const two = await api.request("POST", "/v1/customers", body, key);
		assert.equal(two.status, 201);
		assert.deepEqual(two.body, one.body, "the answer as it was");
		assert.equal((await problem(422, "POST", "/v1/customers", { ...body, name: "Other" }, key)).code, "idempotency_key_reused");
		assert.equal((await problem(422, "POST", `/v1/customers/${one.body.id}/interactions`, { kind: "note", text: "x" }, key)).code, "idempotency_key_reused");
		const foreign = await gateway.apiAs("integration").request("POST", "/v1/customers", { name: "Another's key" }, key);
		assert.equal(foreign.status, 201, "keys of different clients do not meet");
		assert.equal((await problem(400, "POST", "/v1/customers", body, { "Idempotency-Key": "x".repeat(256) })).code, "idempotency_key_invalid");
	});

	it("says that a request is under way, and never does it twice", async () => {
		const to = fresh();
		const key = { "Idempotency-Key": unique("race") };
		const all = await Promise.all(Array.from({ length: 30 }, () => api.request("POST", "/v1/messages", { to, text: "race" }, key)));
		const ids = new Set(all.filter((r) => r.status === 202).map((r) => r.body.id));
		assert.equal(ids.size, 1);
		for (const r of all.filter((x) => x.status !== 202)) {
			assert.equal(r.status, 409);
			assert.equal(r.body.code, "idempotency_key_running");
		}
		await until("it to be sent", () => smsc.texts.some((t) => `+${t.to}` === to));
		assert.equal((await api.timeline((await api.customerOf(to)).id)).length, 1);
	});

	it("keeps no answer of what was refused and changed nothing", async () => {
		const key = { "Idempotency-Key": unique("refused") };
		const wrong = { to: "12", text: "x" };
		const one = await problem(422, "POST", "/v1/messages", wrong, key);
		const two = await problem(422, "POST", "/v1/messages", wrong, key);
		assert.notEqual(one.request_id, two.request_id, "judged again");
		const right = await api.request("POST", "/v1/messages", { to: fresh(), text: "x" }, key);
		assert.equal(right.status, 202, "the corrected request may use the key");
		await problem(422, "POST", "/v1/messages", wrong, key);
		const taken = { "Idempotency-Key": unique("conflict") };
		const external_id = unique("free-soon");
		const holder = await customer({ external_id });
		await problem(409, "POST", "/v1/customers", { external_id, name: "Later" }, taken);
		await api.want(200, "PATCH", `/v1/customers/${holder.id}`, { external_id: unique("moved") });
		await api.want(201, "POST", "/v1/customers", { external_id, name: "Later" }, taken);
	});

	it("suggests a merge where an address is another's, and says so once for one key", async () => {
		const a = await customer(), b = await customer();
		const n = fresh();
		await number_of(a.id, n);
		const suggested = async () => (await api.get("/v1/merge_suggestions?limit=200")).data.filter((x) => JSON.stringify(x).includes(a.id) && JSON.stringify(x).includes(b.id));
		assert.equal((await suggested()).length, 0);
		const body = { scheme: "tel", address: n };
		const key = { "Idempotency-Key": unique("taken") };
		const one = await problem(409, "POST", `/v1/customers/${b.id}/contact_points`, body, key);
		assert.equal(one.code, "address_taken");
		assert.equal(one.errors[0].field, "/address");
		assert.equal((await suggested()).length, 1, "the conflict has left a suggestion");
		assert.deepEqual(await problem(409, "POST", `/v1/customers/${b.id}/contact_points`, body, key), one, "the stored answer");
		const [s] = await suggested();
		await api.post(`/v1/merge_suggestions/${s.id}/accept`);
		await api.want(201, "POST", `/v1/customers/${b.id}/contact_points`, body);
	});

	it("pages through lists without loss while rows are added", async () => {
		const tier = unique("t");
		const made = [];
		for (let i = 0; i < 7; i++) made.push((await customer({ attributes: { tier } })).id);
		const seen = [];
		let cursor = "";
		for (let page = 0; page < 10; page++) {
			const r = await api.get(`/v1/customers?attribute=tier:${tier}&limit=3${cursor}`);
			assert.ok(r.data.length <= 3);
			seen.push(...r.data.map((c) => c.id));
			if (page === 0) await customer({ attributes: { tier } });
			if (!r.next) break;
			cursor = `&cursor=${encodeURIComponent(r.next)}`;
		}
		for (const id of made) assert.equal(seen.filter((s) => s === id).length, 1);
		for (const bad of ["limit=0", "limit=201", "limit=x", "cursor=!!", "cursor=AAAA"])
			assert.ok([400, 422].includes((await api.request("GET", `/v1/customers?${bad}`)).status), bad);
	});

	it("keeps contact points in one form, and knows the former owner of a number", async () => {
		const a = await customer(), b = await customer();
		const n = fresh();
		const national = `0${n.slice(3)}`;
		const p = await number_of(a.id, national, { label: "mobile", verified_by: "bss" });
		assert.equal(p.address, n);
		assert.equal(p.verified, true);
		await problem(409, "POST", `/v1/customers/${b.id}/contact_points`, { scheme: "tel", address: n });
		const bad = await problem(422, "POST", `/v1/customers/${b.id}/contact_points`, { scheme: "tel", address: "12" });
		assert.ok(bad.errors?.[0]?.field ?? bad.code);
		await texted(n, "from the first owner");
		assert.equal((await api.get(`/v1/customers/${a.id}/contact_points`)).data.length, 1);
		const ended = await api.request("DELETE", `/v1/contact_points/${p.id}`);
		assert.ok([200, 204].includes(ended.status));
		const q = await number_of(b.id, n);
		await api.want(200, "PATCH", `/v1/contact_points/${q.id}`, { label: "work", preferred: true });
		await smsc.write({ from: n, to: "40404", text: "from the second owner" });
		await until("the second owner's text", async () => (await api.timeline(b.id)).some((i) => i.text === "from the second owner"));
		assert.ok((await api.timeline(a.id)).every((i) => i.text !== "from the second owner"));
		assert.ok((await api.timeline(b.id)).every((i) => i.text !== "from the first owner"));
	});

	it("merges without destroying, and unmerges exactly", async () => {
		const a = await customer({ name: "One" }), b = await customer({ name: "Two" });
		const na = fresh(), nb = fresh();
		await number_of(a.id, na);
		await number_of(b.id, nb);
		const own = async () => [await api.timeline(a.id), await api.timeline(b.id)].map((t) => t.map((i) => i.text));
		await texted(na, `a1 ${na}`);
		await texted(nb, `b1 ${nb}`);
		const before = await own();
		const merge = await api.post(`/v1/customers/${a.id}/merge`, { merge_id: b.id, reason: "same person" });
		const both = await api.timeline(a.id);
		assert.deepEqual(both.map((i) => i.text), [`b1 ${nb}`, `a1 ${na}`]);
		const old = await api.get(`/v1/customers/${b.id}`);
		assert.ok(old.id === a.id || old.merged_into === a.id, "the old id keeps resolving");
		assert.deepEqual((await api.timeline(b.id)).map((i) => i.text), both.map((i) => i.text));
		await smsc.write({ from: nb, to: "40404", text: `b2 ${nb}` });
		await until("a text after the merge", async () => (await api.timeline(a.id)).length === 3);
		const { data: merges } = await api.get(`/v1/customers/${a.id}/merges`);
		assert.equal(merges.length, 1);
		await api.post(`/v1/customers/${a.id}/unmerge`, { merge_id: merges[0].id ?? merge.id });
		const [ta, tb] = await own();
		assert.deepEqual(ta, before[0]);
		assert.deepEqual(tb, [`b2 ${nb}`, ...before[1]]);
		const shared = new Set([...(await api.timeline(a.id)).map((i) => i.conversation_id)]);
		assert.ok((await api.timeline(b.id)).every((i) => !shared.has(i.conversation_id)), "no conversation is left to both");
		await problem(422, "POST", `/v1/customers/${a.id}/merge`, { merge_id: a.id });
	});

	it("lists what never merges people, and suggests what might", async () => {
		const { data } = await api.get("/v1/never_merge");
		assert.ok(data.some((x) => x.address === "no-reply@example.com"));
		const n = fresh();
		await api.post("/v1/never_merge", { address: n, channel: "sms", note: "our own call centre" }, 201);
		assert.ok((await api.get("/v1/never_merge")).data.some((x) => x.address === n));
		const gone = await api.request("DELETE", `/v1/never_merge?address=${encodeURIComponent(n)}&channel=sms`);
		assert.ok([200, 204].includes(gone.status), JSON.stringify(gone.body));
		assert.ok(Array.isArray((await api.get("/v1/merge_suggestions")).data));
		await problem(404, "POST", "/v1/merge_suggestions/0192aaaa-0000-7000-8000-000000000000/accept");
		await problem(404, "POST", "/v1/merge_suggestions/0192aaaa-0000-7000-8000-000000000000/reject");
	});

	it("keeps consent by address and purpose, with its history", async () => {
		const c = await customer();
		const address = fresh();
		await number_of(c.id, address);
		const set = (state) => api.want(200, "PUT", "/v1/consents", { address, channel: "sms", purpose: "marketing", state, source: "web form" });
		const refused = await api.send({ to: address, text: "offer", purpose: "marketing" });
		assert.equal(refused.status, "suppressed");
		await set("opt_in");
		const sent = await api.send({ to: address, text: "offer", purpose: "marketing" });
		assert.notEqual(sent.status, "suppressed");
		await set("opt_out");
		assert.equal((await api.send({ to: address, text: "offer 2", purpose: "marketing" })).status, "suppressed");
		assert.notEqual((await api.send({ to: address, text: "your bill" })).status, "suppressed");
		assert.match(JSON.stringify(await api.get(`/v1/customers/${c.id}/consents`)), /web form/);
	});

	it("threads notes and events of other systems into the timeline, and filters it", async () => {
		const c = await customer();
		const n = fresh();
		await number_of(c.id, n);
		await texted(n, "hello");
		await api.post(`/v1/customers/${c.id}/interactions`, { kind: "note", text: "called back" }, 201);
		const e = await api.post(`/v1/customers/${c.id}/interactions`, { kind: "event", text: "SIM changed", metadata: { iccid: "89490" } }, 201);
		assert.equal((await api.get(`/v1/interactions/${e.id}`)).metadata.iccid, "89490");
		const texts = async (q) => (await api.timeline(c.id, q)).map((i) => i.text);
		assert.deepEqual(await texts(""), ["SIM changed", "called back", "hello"]);
		assert.deepEqual(await texts("?kind=note"), ["called back"]);
		assert.deepEqual(await texts("?channel=sms"), ["hello"]);
		assert.deepEqual(await texts("?direction=inbound"), ["hello"]);
		const [last] = await api.timeline(c.id);
		assert.deepEqual(await texts(`?until=${encodeURIComponent(last.at)}&kind=note`), ["called back"]);
		assert.deepEqual(await texts(`?since=${encodeURIComponent("2999-01-01T00:00:00Z")}`), []);
		const first = await api.get(`/v1/customers/${c.id}/timeline?limit=1`);
		await api.post(`/v1/customers/${c.id}/interactions`, { kind: "note", text: "newer" }, 201);
		const second = await api.get(`/v1/customers/${c.id}/timeline?limit=5&cursor=${encodeURIComponent(first.next)}`);
		assert.deepEqual(second.data.map((i) => i.text), ["called back", "hello"], "the cursor is stable under inserts");
		await until("a word of a text to be found", async () => JSON.stringify((await api.get("/v1/search?q=called")).data).includes(c.id));
	});

	it("moves conversations, and lets one agent claim them", async () => {
		const n = fresh();
		const i = await texted(n, `claim me ${n}`);
		const path = `/v1/conversations/${i.conversation_id}`;
		const open = await api.request("GET", path);
		const etag = open.headers.get("etag");
		assert.equal(open.body.state, "open");
		const claimed = await api.request("PATCH", path, { assignee: "agent-1" }, { "If-Match": etag });
		assert.equal(claimed.status, 200);
		await problem(412, "PATCH", path, { assignee: "agent-2" }, { "If-Match": etag });
		assert.ok((await api.get("/v1/conversations?assignee=agent-1")).data.some((c) => c.id === i.conversation_id));
		await api.want(200, "PATCH", path, { state: "closed" });
		assert.ok((await api.get("/v1/conversations?state=closed")).data.some((c) => c.id === i.conversation_id));
		await smsc.write({ from: n, to: "40404", text: `again ${n}` });
		await until("it to be reopened", async () => (await api.get(path)).state === "open");
		assert.equal((await api.get(`${path}/interactions`)).data.length, 2);
		await api.want(200, "PATCH", path, { state: "snoozed", snoozed_until: new Date(Date.now() + 3600e3).toISOString() });
		const typing = await api.request("POST", `${path}/typing`, {});
		assert.ok([200, 202, 204].includes(typing.status));
		await problem(422, "PATCH", path, { state: "lost" });
		await problem(404, "GET", "/v1/conversations/0192aaaa-0000-7000-8000-000000000000");
	});

	it("shows deliveries by state and account", async () => {
		const m = await api.send({ to: fresh(), text: "shown" });
		const done = await until("delivery", async () => {
			const { data } = await api.get(`/v1/messages/${m.id}/deliveries`);
			return data[0].status === "delivered" && data[0];
		});
		assert.equal((await api.get(`/v1/deliveries/${done.id}`)).id, done.id);
		assert.ok((await api.get("/v1/deliveries?status=delivered&account=main")).data.some((d) => d.id === done.id));
		assert.equal((await api.request("DELETE", `/v1/messages/${m.id}`)).status, 409);
	});

	it("keeps attachments by their hash and hands them out harmlessly", async () => {
		const bytes = Buffer.from("<script>alert(1)</script>".repeat(10));
		const up = () => api.request("POST", "/v1/attachments?name=a.html", bytes, { "Content-Type": "text/html" });
		const first = await up(), second = await up();
		assert.ok([200, 201].includes(first.status), JSON.stringify(first.body));
		assert.equal(first.body.sha256, createHash("sha256").update(bytes).digest("hex"));
		assert.equal(second.body.sha256, first.body.sha256);
		const r = await fetch(`${gateway.url}/v1/attachments/${first.body.sha256}`, { headers: { Authorization: `Bearer ${gateway.key}` } });
		assert.equal(r.status, 200);
		assert.match(r.headers.get("content-disposition"), /^attachment/);
		assert.equal(r.headers.get("x-content-type-options"), "nosniff");
		assert.match(r.headers.get("content-security-policy"), /sandbox/);
		assert.deepEqual(Buffer.from(await r.arrayBuffer()), bytes);
		await api.request("GET", `/v1/attachments/${first.body.sha256}`);
		await problem(404, "GET", `/v1/attachments/${"0".repeat(64)}`);
	});

	it("names the field of what is wrong", async () => {
		const cases = [
			[{ text: "x" }, /to/],
			[{ to: fresh() }, /text/],
			[{ to: "12", text: "x" }, /to/],
			[{ to: fresh(), text: "x", channel: "fax" }, /channel/],
			[{ to: fresh(), text: "x", purpose: "fun" }, /purpose/],
			[{ to: fresh(), text: "x", send_at: "tomorrow" }, /send_at/],
			[{ to: fresh(), text: "x", expires_at: "2001-01-01T00:00:00Z" }, /expires_at/],
			[{ to: fresh(), text: "x", conversation_id: "nope" }, /conversation_id/],
			[{ to: { customer_id: "0192aaaa-0000-7000-8000-000000000000" }, text: "x" }, /to/],
			[{ to: fresh(), text: "x".repeat(20000) }, /text/],
		];
		for (const [body, field] of cases) {
			const r = await api.request("POST", "/v1/messages", body);
			assert.ok([400, 404, 413, 422].includes(r.status), `${JSON.stringify(body).slice(0, 80)}: ${r.status}`);
			assert.match(JSON.stringify(r.body.errors ?? r.body), field);
		}
	});

	it("bounds what it reads", async () => {
		const headers = { "Content-Type": "application/json" };
		await problem(400, "POST", "/v1/messages", "{", headers);
		await problem(400, "POST", "/v1/messages", `${"[".repeat(200)}${"]".repeat(200)}`, headers);
		await problem(400, "POST", "/v1/messages", '{"to":"1","to":"2","text":"x"}', headers);
		await problem(413, "POST", "/v1/messages", JSON.stringify({ to: "+4917100000", text: "x".repeat(300000) }), headers);
		const wrong = await api.request("POST", "/v1/messages", "to=1", { "Content-Type": "application/x-www-form-urlencoded" });
		assert.ok([400, 415].includes(wrong.status));
		const unknown = await fetch(`${gateway.url}/v1/nothing`, { headers: { Authorization: `Bearer ${gateway.key}` } });
		assert.equal(unknown.status, 404);
		const method = await fetch(`${gateway.url}/v1/messages`, { method: "PUT", headers: { Authorization: `Bearer ${gateway.key}` } });
		assert.equal(method.status, 405);
		assert.match(method.headers.get("allow"), /POST/);
	});

	it("answers garbage and half requests without falling", async () => {
		for (const raw of ["\x16\x03\x01\x02\x00", "GET / HTTP/9.9\r\n\r\n", `GET /${"a".repeat(70000)} HTTP/1.1\r\n\r\n`, "POST /v1/messages HTTP/1.1\r\nContent-Length: -5\r\n\r\n", `GET / HTTP/1.1\r\n${"X: y\r\n".repeat(3000)}\r\n`])
			await new Promise((done) => {
				const s = connect(gateway.port, "127.0.0.1", () => s.end(raw));
				s.on("close", done);
				s.on("error", done);
				s.resume();
			});
		assert.equal((await fetch(`${gateway.url}/health/live`)).status, 200);
	});

	it("gives each role what it needs and no more", async () => {
		const roles = Object.fromEntries(["agent", "marketing", "integration", "admin"].map((r) => [r, gateway.apiAs(r)]));
		const may = async (role, method, path, body) => (await roles[role].request(method, path, body)).status !== 403;
		for (const role of ["agent", "marketing", "integration", "admin"]) assert.ok(await may(role, "GET", "/v1/me"), role);
		for (const role of ["agent", "marketing", "integration"]) {
			assert.ok(!(await may(role, "GET", "/v1/keys")), `${role} must not list keys`);
			assert.ok(!(await may(role, "POST", "/v1/keys", { name: "x", role: "admin" })), `${role} must not make keys`);
		}
		for (const role of ["agent", "marketing", "integration"])
			assert.ok(await may(role, "POST", "/v1/messages", { to: fresh(), text: "x" }), `${role} may send`);
		assert.ok(await may("agent", "GET", "/v1/conversations"));
		assert.ok(!(await may("marketing", "GET", "/v1/conversations")), "marketing does not read what customers say");
	});

	it("streams only what was asked for, and says what it does not know", async () => {
		const n = fresh(), other = fresh();
		const i = await texted(n, `filter ${n}`);
		const s = await Stream.follow(gateway, `?types=message.received&customer_id=${i.customer_id}`);
		await smsc.write({ from: other, to: "40404", text: "not for you" });
		await smsc.write({ from: n, to: "40404", text: `for you ${n}` });
		const e = await s.type("message.received");
		assert.equal(e.body.customer_id, i.customer_id);
		assert.equal(s.events.length, 1);
		assert.ok(!e.data.includes("for you"), "events carry no message text");
		await s.close();
		const r = await fetch(`${gateway.url}/v1/stream?channel=fax`, { headers: { Authorization: `Bearer ${gateway.key}` } });
		assert.ok([400, 422].includes(r.status));
		await r.arrayBuffer();
	});

	it("signs the console in with a cookie that scripts cannot read and other sites cannot use", async () => {
		const as = new Api(gateway.url);
		const r = await as.request("POST", "/v1/session", { key: gateway.key });
		assert.ok(r.status < 300, String(r.status));
		const cookie = r.headers.get("set-cookie");
		assert.match(cookie, /HttpOnly/i);
		assert.match(cookie, /SameSite=Strict/i);
		const pair = cookie.split(";")[0];
		assert.equal((await as.request("GET", "/v1/me", undefined, { Cookie: pair })).status, 200);
		const forged = await as.request("POST", "/v1/messages", { to: fresh(), text: "x" }, { Cookie: pair });
		assert.ok([401, 403].includes(forged.status), "a change needs the header that only our page sends");
		assert.equal((await as.request("POST", "/v1/messages", { to: fresh(), text: "x" }, { Cookie: pair, "X-Threadline": "1" })).status, 202);
		assert.ok((await as.request("DELETE", "/v1/session", undefined, { Cookie: pair, "X-Threadline": "1" })).status < 300);
	});

	it("serves its document, its health and its figures", async () => {
		const served = await (await fetch(`${gateway.url}/openapi.json`)).json();
		assert.deepEqual(served, document);
		await api.request("GET", "/openapi.json");
		await api.request("GET", "/health/live");
		const ready = await api.request("GET", "/health/ready");
		assert.equal(ready.status, 200);
		assert.match(JSON.stringify(ready.body), /main/);
		const metrics = await api.request("GET", "/metrics");
		assert.equal(metrics.status, 200);
		const text = metrics.body.toString();
		for (const line of text.split("\n"))
			assert.match(line, /^(#.*|[a-zA-Z_:][\w:]*(\{[^}]*\})? [-+.\deEInfNa]+|)$/, "the Prometheus text format");
		assert.ok(!/\+4917/.test(text), "no numbers in figures");
		const console_ = await fetch(`${gateway.url}/console/`);
		assert.equal(console_.status, 200);
		assert.match(console_.headers.get("content-security-policy"), /default-src/);
	});
});
