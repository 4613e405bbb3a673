// kill -9 in the middle of calls: what the timeline showed of a call is still there, once, and says that it was cut off.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { tone, wavOf } from "../peer/baresip.mjs";
import { Telephone } from "../peer/telephone.mjs";
import { Gateway, freePort } from "./lib/gateway.mjs";
import { until } from "./lib/wait.mjs";

const rounds = Math.min(Number(process.env.KILL_ROUNDS ?? 10), 10);
const CALLS = 20;

const menu = `<?xml version="1.0"?>
<vxml version="2.1" xmlns="http://www.w3.org/2001/vxml" xml:lang="en">
<form><property name="timeout" value="60s"/><field name="key" type="digits?length=1"><prompt><audio src="welcome.wav"/></prompt>
<filled><if cond="key == '9'"><exit/></if><clear namelist="key"/></filled></field></form>
</vxml>
`;

describe(`kill -9 in the middle of calls, ${rounds} rounds`, { timeout: 60000 + rounds * 20000 }, () => {
	let g, port;
	const phones = [];

	before(async () => {
		g = new Gateway({});
		const folder = join(g.dir, "menus");
		for (const d of [folder, join(g.dir, "speech")]) mkdirSync(d);
		writeFileSync(join(folder, "main.vxml"), menu);
		writeFileSync(join(folder, "welcome.wav"), wavOf(tone(440, 1)));
		port = await freePort();
		g.sections = {
			"ivr phone": {
				door: "sip", number: "+49304000", menus: folder, records: join(g.dir, "records"), sip_port: port,
				sip_speech_cache: join(g.dir, "speech"), sip_rtp_first: 43000, sip_rtp_last: 43998,
			},
		};
		await g.prepare();
		await g.run();
		await g.ready();
	});
	after(async () => {
		for (const p of phones) p.close();
		await g?.stop();
	});

	const call = async (number) => {
		const p = await new Telephone(number, port).open();
		phones.push(p);
		return p.dial();
	};
	const entries = async (number) => {
		const c = (await g.api.get(`/v1/customers?number=${encodeURIComponent(number)}`)).data[0];
		return c ? (await g.api.get(`/v1/customers/${c.id}/timeline?kind=call`)).data : [];
	};
	const again = async () => {
		await g.kill();
		g.expectKill = false;
		await g.run();
		await g.ready();
	};

	it("shows a call from its beginning, and what it came to at its end", async () => {
		const p = await call("+4915122500001");
		const [open] = await until("the entry", async () => ((await entries(p.number)).length ? entries(p.number) : null));
		assert.equal(open.metadata.call.state, "in progress");
		assert.match(open.text, /^Call, in progress/);
		p.info("9");
		const [over] = await until("its end", async () => (await entries(p.number)).some((e) => e.metadata.call.state === "ended") && entries(p.number));
		assert.equal(over.id, open.id);
		assert.deepEqual([over.metadata.call.ended_by, over.metadata.call.steps.at(-1).value], ["gateway", "9"]);
		await until("found by what it came to", async () => JSON.stringify(await g.api.get("/v1/search?q=ended")).includes(over.id));
	});

	it("says that a call was cut off, and keeps what was pressed before", async () => {
		const p = await call("+4915122500002");
		p.info("4");
		await until("the key", async () => /pressed.*: 4/.test((await entries(p.number))[0]?.text));
		await again();
		const [e, ...more] = await until("closed", async () => (await entries(p.number))[0]?.metadata.call.ended_by && entries(p.number));
		assert.equal(more.length, 0);
		assert.deepEqual([e.metadata.call.state, e.metadata.call.ended_by, e.metadata.call.reason], ["ended", "gateway", "the gateway stopped"]);
		assert.match(e.text, /^Call, cut off: the gateway stopped\n(.*\n)*pressed.*: 4/);
	});

	for (let round = 1; round <= rounds; round++)
		it(`loses no entry that was shown, and makes none twice (${round})`, async () => {
			const numbers = Array.from({ length: CALLS }, (_, k) => `+49151226${String(round).padStart(2, "0")}${String(k).padStart(3, "0")}`);
			const shown = new Map();
			const dialled = numbers.map((n) => call(n).then((p) => (Math.random() < 0.5 ? p.info("9") : p.info("3"))).catch(() => {}));
			// The moment is random: while they ring, or when some are through already.
			const wanted = Math.floor(Math.random() * CALLS);
			await until("some of them", async () => {
				for (const n of numbers) for (const e of await entries(n)) shown.set(n, e);
				return shown.size >= wanted;
			});
			await again();
			for (const p of phones) p.got.push("SIP/2.0 500 gone"); // nobody waits for an answer any more
			await Promise.all(dialled.map((d) => Promise.race([d, new Promise((done) => setTimeout(done, 100))])));
			for (const n of numbers) {
				const now = await until("nothing in progress", async () => {
					const v = await entries(n);
					return v.every((e) => e.metadata.call.state === "ended") && { v };
				});
				assert.ok(now.v.length <= 1, `${n}: ${now.v.length} entries`);
				if (!shown.has(n)) continue;
				assert.equal(now.v[0]?.id, shown.get(n).id, n);
				if (shown.get(n).metadata.call.state === "ended") assert.equal(now.v[0].text, shown.get(n).text);
			}
		});
});
