// Telephone calls through FastAGI: somebody else's Asterisk (tests/peer/asterisk.mjs) hands its calls over, and what came of
// them is on the timeline, beside what the same people wrote.
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { AsteriskCall, wav } from "../peer/asterisk.mjs";
import { Smsc } from "../peer/smsc.mjs";
import { Gateway, freePort, smsAccount, top } from "./lib/gateway.mjs";
import { until } from "./lib/wait.mjs";

const doc = (body) => `<?xml version="1.0"?>\n<vxml version="2.1" xmlns="http://www.w3.org/2001/vxml" xml:lang="en">${body}</vxml>\n`;

const menus = {
	"main.vxml": doc(`
		<menu id="main"><prompt><audio src="welcome.wav">Welcome to the shop</audio></prompt>
			<choice dtmf="1" next="#pin">pin</choice>
			<choice dtmf="2" next="#text">text me</choice>
			<choice dtmf="3" next="#callback">call back</choice>
			<choice dtmf="4" next="#rate">rate</choice>
			<choice dtmf="9" next="#stop">stop</choice>
			<choice dtmf="0" next="#agent">agent</choice>
			<noinput count="2"><exit/></noinput></menu>
		<form id="pin"><property name="threadline.secret" value="true"/><property name="interdigittimeout" value="2s"/>
			<field name="code" type="digits?length=4"><prompt>Your code?</prompt></field>
			<block>Thank you.<exit/></block></form>
		<form id="text"><block><var name="text" expr="'Your link: https://shop.example/1'"/>
			<data src="threadline:sms" namelist="text"/><prompt>Sent.</prompt><exit/></block></form>
		<form id="callback"><record name="wish" beep="true" maxtime="20s" finalsilence="3s"><prompt bargein="false">Say it.</prompt></record>
			<block><submit next="threadline:callback?queue=repairs&amp;next=bye.vxml" namelist="wish"/></block></form>
		<form id="rate"><field name="score" type="digits?length=1"><prompt>One to five?</prompt></field>
			<block><data src="threadline:score" namelist="score"/><exit/></block></form>
		<form id="stop"><block><data src="threadline:consent?state=out&amp;purpose=marketing"/><prompt>No more offers.</prompt><exit/></block></form>
		<form id="agent"><block><data src="threadline:agent?queue=care"/></block>
			<transfer name="t" dest="sip:agents@pbx" bridge="true" connecttimeout="20s"><prompt>One moment.</prompt>
				<filled><if cond="t == 'busy'"><prompt>All are busy.</prompt></if></filled></transfer><block><exit/></block></form>`),
	"bye.vxml": doc("<form><block><prompt>We will call you back.</prompt><exit/></block></form>"),
	"personal.vxml": doc("<form><block><prompt>Hello {{ customer.name }}, about: {{ conversation.last_text }}</prompt><exit/></block></form>"),
	"number.vxml": doc('<form><block><prompt bargein="true"><say-as interpret-as="digits">4711</say-as><break time="300ms"/></prompt><exit/></block></form>'),
};

describe("telephone calls through FastAGI", () => {
	let gateway, api, port, folder, records, smsc;
	const calls = [];

	before(async () => {
		smsc = new Smsc();
		await smsc.listen();
		port = await freePort();
		gateway = new Gateway({});
		folder = join(gateway.dir, "menus");
		records = join(gateway.dir, "records");
		mkdirSync(folder);
		for (const [name, text] of Object.entries(menus)) writeFileSync(join(folder, name), text);
		gateway.sections = {
			"ivr phone": { door: "fastagi", number: "+49304000", menus: folder, agi_listen: `127.0.0.1:${port}`, records, calls: 5 },
			"sms main": smsAccount(smsc),
		};
		await gateway.prepare();
		await gateway.run();
		await gateway.ready();
		api = gateway.api;
	});
	after(async () => {
		for (const c of calls) c.socket.destroy();
		await gateway?.stop();
		await smsc?.close();
	});

	const call = (options) => {
		const c = new AsteriskCall(port, { files: [join(folder, "welcome")], ...options });
		calls.push(c);
		return c;
	};
	const heard = (c, re) => until(`${re} in ${JSON.stringify(c.said)}`, () => c.heard(re));
	const customerOf = async (number) => (await api.get(`/v1/customers?number=${encodeURIComponent(number)}`)).data[0];
	const told = (number, n = 1) =>
		until(`call of ${number}`, async () => {
			const c = await customerOf(number);
			const page = c && (await api.get(`/v1/customers/${c.id}/timeline?kind=call`)).data;
			return page?.length >= n && page.every((e) => e.metadata.call.state === "ended") && page;
		});
	const conversation = (id) => api.get(`/v1/conversations/${id}`);

	it("answers, plays, takes keys, hangs up; the call is one entry with its steps, secrets masked", async () => {
		const c = call({ from: "01511111111" });
		await heard(c, /STREAM FILE/);
		c.press("1");
		await heard(c, /Your code\?/);
		c.press("4711");
		await c.ended;
		assert.equal(c.said[0], "ANSWER");
		assert.match(c.said[1], /^STREAM FILE ".*\/menus\/welcome" "0123456789\*#"$/);
		assert.ok(!c.heard(/Welcome to the shop/), "the file stands in for the text");
		assert.ok(c.heard(/^EXEC Espeak "\\"Thank you\.\\",,en"$/));
		assert.equal(c.said.at(-1), "HANGUP");
		const [i] = await told("+491511111111");
		assert.equal(i.kind, "call");
		assert.equal(i.channel, "ivr");
		assert.equal(i.metadata.call.id, c.id);
		assert.equal(i.metadata.call.ended_by, "gateway");
		assert.deepEqual(i.metadata.call.steps.filter((s) => s.step === "pressed").map((s) => s.value), ["1", "***"]);
		assert.ok(!JSON.stringify(i).includes("4711"), "nothing of the code is kept");
		assert.equal(i.conversation_id, null, "asks for nothing, opens nothing");
	});

	it("speaks the text where the file is not there, and says no input twice", async () => {
		const old = call({ from: "01511111123", answers: { "STREAM FILE": "200 result=0 endpos=0" } });
		await heard(old, /Welcome to the shop/);
		old.hangUp();
		await old.ended;
		const c = call({ from: "01511111112", files: [] });
		await heard(c, /Welcome to the shop/);
		c.hangUp();
		await c.ended;
		const [i] = await told("+491511111112");
		assert.equal(i.metadata.call.ended_by, "customer");
	});

	it("keeps a recording, and makes the wish work of a queue", async () => {
		const c = call({ from: "01511111113" });
		c.press("3");
		await c.ended;
		assert.match(c.said.find((s) => s.startsWith("RECORD")), /^RECORD FILE ".*" wav "0123456789\*#" 20000 BEEP s=3$/);
		assert.ok(c.heard(/We will call you back/), "goes on where next says");
		const [i] = await told("+491511111113");
		assert.equal(i.attachments.length, 1);
		assert.equal(i.attachments[0].type, "audio/wav");
		const file = await fetch(`${gateway.url}/v1/attachments/${i.attachments[0].sha256}`, { headers: { Authorization: `Bearer ${gateway.key}` } });
		assert.deepEqual(Buffer.from(await file.arrayBuffer()), wav(2));
		assert.deepEqual(readdirSync(records), [], "nothing is left behind");
		assert.equal(i.metadata.call.wish, "callback");
		const v = await conversation(i.conversation_id);
		assert.equal(v.assignee, "queue:repairs");
		assert.equal(v.state, "open");
		assert.equal(v.subject, "Wants to be called back");
	});

	it("keeps what was said until the caller hung up in the middle of it", async () => {
		let record;
		const c = call({ from: "01511111114", answers: { "RECORD FILE": new Promise((done) => (record = done)) } });
		c.press("3");
		await heard(c, /^RECORD/);
		const path = /"(.*?)"/.exec(c.said.at(-1))[1];
		writeFileSync(`${path}.wav`, wav(1));
		c.hangUp();
		record("200 result=-1 (hangup) endpos=8000");
		await c.ended;
		const [i] = await told("+491511111114");
		assert.equal(i.attachments.length, 1);
	});

	it("sends an SMS to the caller, asks for a score, takes a stop", async () => {
		const sms = call({ from: "01511111115" });
		sms.press("2");
		await sms.ended;
		assert.ok(sms.heard(/Sent\./));
		const c = await until("the customer", () => customerOf("+491511111115"));
		const sent = await until("the text", async () => (await api.get(`/v1/customers/${c.id}/timeline?direction=outbound`)).data[0]);
		assert.match(sent.text, /Your link/);
		const rate = call({ from: "01511111115" });
		rate.press("45");
		await rate.ended;
		const stop = call({ from: "01511111115" });
		stop.press("9");
		await stop.ended;
		const page = await told("+491511111115", 3);
		assert.deepEqual(page.map((i) => i.metadata.call.satisfaction).filter(Boolean), [5]);
		const consents = await api.get(`/v1/customers/${c.id}/consents`);
		assert.ok(consents.data.some((x) => x.purposes.marketing.state === "opt_out" && x.purposes.marketing.source === "ivr"));
	});

	it("gives up a line that cannot wait for keys", async () => {
		const c = call({ from: "01511111124", answers: { "WAIT FOR DIGIT": "510 Invalid or unknown command" } });
		await c.ended;
		assert.equal((await told("+491511111124"))[0].metadata.call.ended_by, "network");
	});

	it("puts callers through by the dialplan's Dial, and says so when all are busy", async () => {
		const c = call({ from: "01511111116", variables: { DIALSTATUS: "BUSY" } });
		c.press("0");
		await c.ended;
		assert.ok(c.heard(/^EXEC Dial "PJSIP\/agents@trunk,20,g"$/));
		assert.ok(c.heard(/All are busy/));
		const [i] = await told("+491511111116");
		assert.equal(i.metadata.call.wish, "agent");
		assert.ok(i.metadata.call.steps.some((s) => s.step === "transferred" && s.value === "busy"));
		assert.equal((await conversation(i.conversation_id)).assignee, "queue:care");
		const d = call({ from: "01511111117", variables: { DIALSTATUS: "ANSWER", ANSWEREDTIME: "61" } });
		d.press("0");
		await d.ended;
		assert.ok((await told("+491511111117"))[0].metadata.call.steps.some((s) => s.value === "far_end_disconnect"));
	});

	it("greets who wrote yesterday by name, and call and text are one timeline and one conversation", async () => {
		const { id } = await api.post("/v1/customers", { name: "Ada <Byron>" }, 201);
		await api.post(`/v1/customers/${id}/contact_points`, { address: "+491511111118" }, 201);
		const sent = await api.send({ to: "+491511111118", text: "Your order is late", channel: "sms" });
		const wish = call({ from: "01511111118" });
		wish.press("3");
		await wish.ended;
		const [first] = await told("+491511111118");
		const c = call({ from: "01511111118", script: "personal.vxml" });
		await c.ended;
		assert.ok(c.heard(/Hello Ada <Byron>, about: /), JSON.stringify(c.said));
		const page = await told("+491511111118", 2);
		assert.equal(new Set(page.map((i) => i.conversation_id)).size, 1);
		assert.equal(page[0].conversation_id, first.conversation_id);
		assert.equal(new Set(page.map((i) => i.customer_id)).size, 1);
		assert.match(first.thread_reason, new RegExp(`reply to message ${sent.id} by SMS`));
		await smsc.deliver({ source_addr_ton: 1, source_addr_npi: 1, source_addr: "491511111118", destination_addr: "40404", short_message: Buffer.from("when will it come?") });
		const text = await until("the text", async () => (await api.get(`/v1/customers/${id}/timeline?channel=sms&direction=inbound`)).data[0]);
		assert.equal(text.conversation_id, first.conversation_id);
	});

	it("makes a nameless prospect of each caller who shows no number", async () => {
		const before = (await api.get("/v1/customers?limit=200")).data.length;
		for (const c of [call({ from: "01511111119", env: { callingpres: "32" } }), call({ from: "unknown" })]) {
			c.press("3");
			await c.ended;
		}
		const all = await until("two prospects", async () => {
			const v = (await api.get("/v1/customers?limit=200")).data;
			return v.length === before + 2 && v;
		});
		assert.equal(await customerOf("+491511111119"), undefined);
		assert.equal(all.filter((c) => !c.name && c.stage === "prospect" && c.contact_points.some((p) => /anonymous\.invalid$/.test(p.address))).length, 2);
	});

	it("says digits and dates in Asterisk's own way", async () => {
		const c = call({ from: "01511111120", script: "number.vxml" });
		await c.ended;
		assert.ok(c.heard(/^SAY DIGITS 4711 "0123456789\*#"$/));
		assert.ok(c.heard(/^WAIT FOR DIGIT 300$/));
	});

	it("turns away what is no Asterisk and calls beyond the limit, and goes on", async () => {
		const junk = net.connect(port, "127.0.0.1");
		const closed = new Promise((done) => junk.once("close", done));
		junk.on("error", () => {});
		junk.write("x".repeat(20000));
		await closed;
		const many = Array.from({ length: 5 }, (_, k) => call({ from: `0152222222${k}` }));
		await Promise.all(many.map((c) => heard(c, /STREAM FILE/)));
		const beyond = call({ from: "01522222229" });
		await beyond.ended;
		assert.deepEqual(beyond.said, []);
		for (const c of many) c.hangUp();
		await Promise.all(many.map((c) => c.ended));
		const next = call({ from: "01522222230" });
		await heard(next, /STREAM FILE/);
		next.hangUp();
		await next.ended;
	});

	it("runs the menu that is shipped", () => {
		const out = gateway.cli(["explain", "menu", join(top, "etc/ivr/main.vxml"), "-k", "2,1234#,1"]);
		assert.match(out, /threadline:sms/);
		assert.doesNotMatch(out, /"step":"error"/);
	});
});

describe("a call that takes too long", () => {
	let gateway;
	after(() => gateway?.stop());

	it("is ended also where Asterisk was busy recording when its time was up", async () => {
		const port = await freePort();
		gateway = new Gateway({});
		const folder = join(gateway.dir, "menus");
		mkdirSync(folder);
		for (const [name, text] of Object.entries(menus)) writeFileSync(join(folder, name), text);
		const phone = { door: "fastagi", number: "+49304000", menus: folder, agi_listen: `127.0.0.1:${port}`, records: gateway.dir, max_call: "1s" };
		gateway.sections = { "ivr phone": phone };
		await gateway.prepare();
		await gateway.run();
		await gateway.ready();
		let record;
		const c = new AsteriskCall(port, { from: "01511111125", answers: { "RECORD FILE": new Promise((done) => (record = done)) } });
		c.press("3");
		await until("the recording", () => c.heard(/^RECORD/));
		const at = /"(.*?)"/.exec(c.said.at(-1))[1];
		writeFileSync(`${at}.wav`, wav(1));
		setTimeout(() => record("200 result=35 (dtmf) endpos=8000"), 1500);
		await c.ended;
		assert.equal(c.said.at(-1), "HANGUP");
		assert.ok(!c.heard(/We will call you back/), "nothing is said after the time");
	});
});

describe("VoiceXML pages for a carrier's platform", () => {
	let gateway, api;
	const page = (path, options = {}) => fetch(new URL(path, gateway.url), options);

	before(async () => {
		gateway = new Gateway({});
		const folder = join(gateway.dir, "menus");
		mkdirSync(folder);
		for (const [name, text] of Object.entries(menus)) writeFileSync(join(folder, name), text);
		writeFileSync(join(folder, "order.vxml"), doc("<form><block>Order {{ form.order }}<exit/></block></form>"));
		gateway.sections = { "ivr carrier": { door: "http", number: "+49304000", menus: folder, http_secret: "much-secret" } };
		await gateway.prepare();
		await gateway.run();
		await gateway.ready();
		api = gateway.api;
	});
	after(() => gateway?.stop());

	const begin = (query, secret = "much-secret") => page(`/ivr/carrier/personal.vxml?${query}`, { headers: { Authorization: `Bearer ${secret}` } });

	it("serves pages for the caller, does what they ask for, and tells the call", async () => {
		const { id } = await api.post("/v1/customers", { name: "Ada <Byron>" }, 201);
		await api.post(`/v1/customers/${id}/contact_points`, { address: "+491511111121" }, 201);
		const first = await begin("caller=%2B491511111121&called=4000&id=leg-7");
		assert.equal(first.status, 200);
		assert.match(first.headers.get("content-type"), /^application\/voicexml\+xml/);
		assert.match(await first.text(), /Hello Ada &lt;Byron&gt;, about/);
		const main = await (await page(new URL("main.vxml", first.url))).text();
		const at = /next="(\/ivr\/carrier\/s\/\w+\/do\/callback)\?queue=repairs&amp;next=bye.vxml"/.exec(main)[1];
		const done = await page(`${at}?queue=repairs&next=bye.vxml`, { method: "POST", headers: { "Content-Type": "application/x-www-form-urlencoded" }, body: "text=soon" });
		assert.match(await done.text(), /<goto next="\.\.\/bye\.vxml"\/>/);
		const order = await page(new URL("order.vxml", first.url), { method: "POST", headers: { "Content-Type": "application/x-www-form-urlencoded" }, body: "order=%3C17%3E" });
		assert.match(await order.text(), /Order &lt;17&gt;/);
		assert.equal((await page(new URL("do/nothing", first.url))).status, 404);
		assert.equal((await page(new URL("end", first.url), { method: "POST" })).status, 204);
		assert.equal((await page(new URL("main.vxml", first.url))).status, 404);
		const [i] = await until("the call", async () => {
			const v = (await api.get(`/v1/customers/${id}/timeline?kind=call`)).data;
			return v.length && v[0].metadata.call.state === "ended" && v;
		});
		assert.equal(i.metadata.call.id, "leg-7");
		assert.equal(i.metadata.call.wish, "callback");
		assert.ok(i.metadata.call.steps.some((s) => s.step === "page" && s.name === "main.vxml"));
		assert.equal((await api.get(`/v1/conversations/${i.conversation_id}`)).assignee, "queue:repairs");
	});

	it("shows nothing to who has not the secret, and nothing beside the folder", async () => {
		assert.equal((await begin("caller=%2B491511111122", "guess")).status, 401);
		assert.equal((await page("/ivr/carrier/main.vxml")).status, 401);
		assert.equal((await page(`/ivr/carrier/s/${"0".repeat(48)}/main.vxml`)).status, 404);
		const first = await begin("caller=%2B491511111122");
		for (const path of ["..%2f..%2fthreadline.conf", "/etc/passwd", "none.vxml"])
			assert.equal((await page(new URL(`./${path}`, first.url))).status, 404, path);
		assert.equal((await page("/ivr/carrier/nosuch.vxml?secret=much-secret")).status, 404);
	});
});
