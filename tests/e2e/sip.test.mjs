// Telephone calls without a PBX: baresip is the phone, sipsak asks, and malformed messages (RFC 4475) come by.
import assert from "node:assert/strict";
import dgram from "node:dgram";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { Phone, phonePort, samplesOf, share, tone, wavOf } from "../peer/baresip.mjs";
import { Gateway, freePort, top } from "./lib/gateway.mjs";
import { until } from "./lib/wait.mjs";

const doc = (body) => `<?xml version="1.0"?>\n<vxml version="2.1" xmlns="http://www.w3.org/2001/vxml" xml:lang="en">${body}</vxml>\n`;

const menus = {
	"main.vxml": doc(`
		<menu id="main"><prompt><audio src="welcome.wav">Welcome to the shop</audio></prompt>
			<choice dtmf="1" next="#bye">bye</choice>
			<choice dtmf="2" next="#wish">record</choice>
			<choice dtmf="3" next="#agent">agent</choice>
			<choice dtmf="4" next="#spoken">spoken</choice>
			<noinput count="3"><exit/></noinput></menu>
		<form id="bye"><block><prompt><audio src="bye.wav"/></prompt><exit/></block></form>
		<form id="spoken"><block><prompt>Thank you for calling.</prompt><exit/></block></form>
		<form id="wish"><record name="wish" beep="false" maxtime="2s" finalsilence="10s"/>
			<block><submit next="threadline:callback?queue=repairs" namelist="wish"/></block></form>
		<form id="agent"><transfer name="t" destexpr="'sip:+4930999001@127.0.0.1:AGENT'" bridge="true" connecttimeout="10s"/><block><exit/></block></form>`),
};
const torture = join(process.env.THREADLINE_SUITES ?? resolve(top, "../shared/suites"), "sip-rfc4475");

describe("telephone calls by SIP", () => {
	let gateway, api, port, folder, agentPort, n = 0;
	const phones = [];

	before(async () => {
		[port, agentPort] = [await freePort(), await phonePort()];
		gateway = new Gateway({});
		folder = join(gateway.dir, "menus");
		mkdirSync(folder);
		mkdirSync(join(gateway.dir, "speech"));
		for (const [name, text] of Object.entries(menus)) writeFileSync(join(folder, name), text.replace("AGENT", agentPort));
		writeFileSync(join(folder, "welcome.wav"), wavOf(tone(440, 3)));
		writeFileSync(join(folder, "bye.wav"), wavOf(tone(880, 1)));
		gateway.sections = {
			"ivr phone": {
				door: "sip", number: "+49304000", menus: folder, records: join(gateway.dir, "records"), sip_port: port,
				sip_trusted: "127.0.0.1", sip_speech_cache: join(gateway.dir, "speech"), sip_trunk: `sip:127.0.0.1:${agentPort}`,
				sip_rtp_first: 40000, sip_rtp_last: 40998, sip_rtp_timeout: "3s",
			},
		};
		await gateway.prepare();
		await gateway.run();
		await gateway.ready();
		api = gateway.api;
	});
	after(async () => {
		for (const p of phones) await p.stop();
		await gateway?.stop();
	});

	const phone = async (options = {}) => {
		const p = new Phone({ user: `+4915122200${String(++n).padStart(2, "0")}`, port: await phonePort(), ...options });
		phones.push(p);
		await p.start();
		return p;
	};
	const calling = async (options) => {
		const p = await phone(options);
		p.send("dial", `sip:+49304000@127.0.0.1:${port}${options?.by ?? ""}`);
		await until(`answer: ${p.log}`, () => p.saw("CALL_ESTABLISHED").length);
		return p;
	};
	const ended = (p) => until(`end: ${p.log.slice(-800)}`, () => p.saw("CALL_CLOSED").length);
	const told = (number) =>
		until(`call of ${number}`, async () => {
			const c = (await api.get(`/v1/customers?number=${encodeURIComponent(number)}`)).data[0];
			const page = c && (await api.get(`/v1/customers/${c.id}/timeline?kind=call`)).data;
			return page?.length && page[0].metadata.call.state === "ended" && page[0];
		});
	const pressed = (i) => i.metadata.call.steps.filter((s) => s.step === "pressed").map((s) => s.value);
	const hears = (p, hz, more = 6000) =>
		until(`${hz} Hz`, () => {
			const s = p.heard();
			for (let i = 0; i + 4000 <= s.length; i += 1000) if (share(s.slice(i, i + 4000), hz) > 0.9) return true;
			return false;
		}, more);

	it("answers, plays what the file has, takes a key, says goodbye, hangs up", async () => {
		const p = await calling();
		await hears(p, 440);
		p.send("sndcode", "1");
		await hears(p, 880);
		await ended(p);
		const i = await told(p.user);
		assert.equal(i.kind, "call");
		assert.deepEqual(pressed(i), ["1"]);
		assert.equal(i.metadata.call.ended_by, "gateway");
	});

	it("does the same over TCP", async () => {
		const p = await calling({ by: ";transport=tcp" });
		p.send("sndcode", "1");
		await ended(p);
		assert.deepEqual(pressed(await told(p.user)), ["1"]);
	});

	it("takes SRTP where it is offered", async () => {
		const p = await calling({ account: "mediaenc=srtp-mand" });
		await hears(p, 440);
		p.send("sndcode", "1");
		await ended(p);
		assert.deepEqual(pressed(await told(p.user)), ["1"]);
	});

	it("takes keys by SIP INFO", async () => {
		const p = await calling({ account: "dtmfmode=info" });
		p.send("sndcode", "1");
		await ended(p);
		assert.deepEqual(pressed(await told(p.user)), ["1"]);
	});

	it("says that the caller hung up", async () => {
		const p = await calling();
		p.send("hangup");
		assert.equal((await told(p.user)).metadata.call.ended_by, "customer");
	});

	it("records what is said", async () => {
		const p = await calling({ says: tone(600, 10) });
		p.send("sndcode", "2");
		await ended(p);
		const i = await told(p.user);
		assert.equal(i.attachments.length, 1);
		const file = await fetch(`${gateway.url}/v1/attachments/${i.attachments[0].sha256}`, { headers: { Authorization: `Bearer ${gateway.key}` } });
		const s = samplesOf(Buffer.from(await file.arrayBuffer()));
		assert.ok(s.length > 8000 && s.length < 20000, `${s.length} samples`);
		assert.ok(share(s.slice(2000, 8000), 600) > 0.9);
	});

	it("speaks a text", async () => {
		const p = await calling();
		p.send("sndcode", "4");
		await ended(p);
		assert.equal(readdirSync(join(gateway.dir, "speech")).filter((f) => f.endsWith(".wav")).length, 1);
	});

	it("puts a caller through to an agent; each hears the other", async () => {
		const agent = await phone({ port: agentPort, user: "+4930999001", says: tone(1000, 10), account: "answermode=auto" });
		const p = await calling({ says: tone(600, 10) });
		p.send("sndcode", "3");
		await hears(p, 1000);
		await hears(agent, 600);
		agent.send("hangup");
		await ended(p);
	});

	it("calls a customer who has a message to hear", async () => {
		const c = phones.find((x) => x.user === "+4930999001");
		const before = c.saw("CALL_ESTABLISHED").length;
		const m = await api.post("/v1/messages", { to: { address: "+4930999001", channel: "ivr" }, channel: "ivr", text: "Your parcel is here." }, 202);
		await until("call", () => c.saw("CALL_ESTABLISHED").length > before);
		await until("delivered", async () => (await api.get(`/v1/messages/${m.id}`)).status === "delivered");
	});

	it("answers OPTIONS", () => {
		execFileSync("sipsak", ["-s", `sip:x@127.0.0.1:${port}`], { timeout: 5000 });
	});

	it("lives through the torture messages of RFC 4475", { skip: !existsSync(torture) && "no suites here" }, async () => {
		const s = dgram.createSocket("udp4");
		for (const f of readdirSync(torture))
			if (f.endsWith(".dat")) await new Promise((r) => s.send(readFileSync(join(torture, f)), port, "127.0.0.1", r));
		execFileSync("sipsak", ["-s", `sip:x@127.0.0.1:${port}`], { timeout: 5000 });
		s.close();
		assert.equal(gateway.exited, null);
	});
});
