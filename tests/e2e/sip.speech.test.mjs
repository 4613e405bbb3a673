// Texts spoken by a service over HTTP, and what happens when it cannot; the beep.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Phone, phonePort, share, tone, wavOf } from "../peer/baresip.mjs";
import { Gateway, freePort } from "./lib/gateway.mjs";
import { until } from "./lib/wait.mjs";

const doc = (body) => `<?xml version="1.0"?>\n<vxml version="2.1" xmlns="http://www.w3.org/2001/vxml" xml:lang="en">${body}</vxml>\n`;
const menu = doc(`
	<menu id="main"><property name="timeout" value="20s"/>
		<choice dtmf="1" next="#spoken">spoken</choice><choice dtmf="2" next="#other">other</choice><choice dtmf="3" next="#third">third</choice>
		<choice dtmf="4" next="#beep">beep</choice><choice dtmf="5" next="#record">record</choice></menu>
	<form id="spoken"><block><prompt xml:lang="de">Guten Tag &amp; willkommen</prompt><prompt><audio src="silence.wav"/></prompt><exit/></block></form>
	<form id="other"><block><prompt>Something else</prompt><prompt><audio src="silence.wav"/></prompt><exit/></block></form>
	<form id="third"><block><prompt>And a third thing</prompt><prompt><audio src="silence.wav"/></prompt><exit/></block></form>
	<form id="beep"><block><prompt><audio src="builtin:beep"/><audio src="silence.wav"/></prompt><exit/></block></form>
	<form id="record"><record name="r" beep="true" maxtime="2s" finalsilence="10s"/><block><submit next="threadline:callback" namelist="r"/></block></form>`);

describe("speech by a service", () => {
	let gateway, port, service, n = 0;
	const phones = [];
	const asked = [];
	let answer;

	before(async () => {
		service = createServer((q, r) => {
			let body = "";
			q.on("data", (d) => (body += d));
			q.on("end", () => {
				asked.push({ url: q.url, token: q.headers.authorization, ...JSON.parse(body) });
				answer(r);
			});
		});
		await new Promise((done) => service.listen(0, "127.0.0.1", done));
		port = await freePort();
		gateway = new Gateway({});
		const folder = join(gateway.dir, "menus");
		for (const d of [folder, join(gateway.dir, "speech")]) mkdirSync(d);
		writeFileSync(join(folder, "main.vxml"), menu);
		writeFileSync(join(folder, "silence.wav"), wavOf(tone(0, 0.5)));
		gateway.sections = {
			"ivr phone": {
				door: "sip", number: "+49304000", menus: folder, records: join(gateway.dir, "records"), sip_port: port, sip_speech_cache: join(gateway.dir, "speech"),
				sip_speech_url: `http://127.0.0.1:${service.address().port}/speak?voice={voice}&lang={language}`, sip_speech_voice: "Anna & Co", sip_speech_secret: "much-secret",
				sip_speech_timeout: "500ms", sip_rtp_first: 44000, sip_rtp_last: 44998,
			},
		};
		await gateway.prepare();
		await gateway.run();
		await gateway.ready();
	});
	after(async () => {
		for (const p of phones) await p.stop();
		await gateway?.stop();
		service?.closeAllConnections();
		service?.close();
	});

	const press = async (key, options) => {
		const p = new Phone({ user: `+4915122900${String(++n).padStart(2, "0")}`, port: await phonePort(), ...options });
		phones.push(p);
		await p.start();
		p.send("dial", `sip:+49304000@127.0.0.1:${port}`);
		await until(`answer: ${p.log}`, () => p.saw("CALL_ESTABLISHED").length);
		p.send("sndcode", key);
		await until("end", () => p.saw("CALL_CLOSED").length);
		return p;
	};
	const hears = (p, hz, length = 1200) => {
		const s = p.heard();
		for (let i = 0; i + length <= s.length; i += 200) if (share(s.slice(i, i + length), hz) > 0.9) return true;
		return false;
	};
	const files = () => readdirSync(join(gateway.dir, "speech")).filter((f) => f.endsWith(".wav")).length;

	it("is asked once for a text, by its language and voice, and heard", async () => {
		answer = (r) => r.writeHead(200, { "Content-Type": "audio/wav" }).end(wavOf(tone(700, 1)));
		assert.ok(hears(await press("1"), 700));
		assert.deepEqual(asked, [{ url: "/speak?voice=Anna%20%26%20Co&lang=de", token: "Bearer much-secret", text: "Guten Tag & willkommen", language: "de", voice: "Anna & Co" }]);
		assert.ok(hears(await press("1"), 700));
		assert.deepEqual([asked.length, files()], [1, 1]);
	});

	it("leaves the word to the program where it answers no WAV, and is asked again for the next text", async () => {
		answer = (r) => r.writeHead(200).end("no sound");
		const p = await press("2");
		assert.ok(!hears(p, 700));
		assert.ok(p.heard().some((v) => Math.abs(v) > 2000), "the program spoke");
		assert.deepEqual([asked.length, files()], [2, 2]);
	});

	it("is given up after its time, and left alone for a while", async () => {
		answer = () => {};
		const p = await press("3");
		assert.ok(p.heard().some((v) => Math.abs(v) > 2000), "the program spoke");
		await press("2");
		assert.deepEqual([asked.length, files()], [3, 3], "what the program has said is not asked for while the service is away");
	});

	it("beeps where a menu wants it, and before a recording", async () => {
		assert.ok(hears(await press("4"), 1000));
		const p = await press("5", { says: tone(600, 10) });
		assert.ok(hears(p, 1000));
		const c = (await gateway.api.get(`/v1/customers?number=${encodeURIComponent(p.user)}`)).data[0];
		const i = await until("the call", async () => {
			const e = (await gateway.api.get(`/v1/customers/${c.id}/timeline?kind=call`)).data[0];
			return e?.metadata.call.state === "ended" && e;
		});
		assert.equal(i.attachments.length, 1);
		assert.ok(Math.abs(i.attachments[0].size - 44 - 2 * 16000) < 3200, `${i.attachments[0].size} bytes for 2 s`);
	});
});
