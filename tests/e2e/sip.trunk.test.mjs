// What lies between the gateway and the telephone network: a registrar that asks who we are, TLS, a trunk that goes away,
// a network that loses packets.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Phone, phonePort, tone, wavOf } from "../peer/baresip.mjs";
import { Sipp, asked, header, knows, reply, sippMissing } from "../peer/sipp.mjs";
import { LossyRelay, Telephone } from "../peer/telephone.mjs";
import { Gateway, freePort } from "./lib/gateway.mjs";
import { Authority } from "./lib/tls.mjs";
import { until } from "./lib/wait.mjs";

const menu = `<?xml version="1.0"?>
<vxml version="2.1" xmlns="http://www.w3.org/2001/vxml" xml:lang="en">
<form><property name="timeout" value="20s"/><field name="pin" type="digits?length=KEYS"><prompt><audio src="welcome.wav"/></prompt><filled><exit/></filled></field></form>
</vxml>
`;

// A gateway whose doors are these; menu of so many keys.
async function gatewayOf(accounts, keys = 1) {
	const gateway = new Gateway({});
	const folder = join(gateway.dir, "menus");
	for (const d of [folder, join(gateway.dir, "speech")]) mkdirSync(d);
	writeFileSync(join(folder, "main.vxml"), menu.replace("KEYS", keys));
	writeFileSync(join(folder, "welcome.wav"), wavOf(tone(440, 1)));
	for (const [name, more] of Object.entries(accounts))
		gateway.sections[`ivr ${name}`] = {
			door: "sip", number: "+49304000", menus: folder, records: join(gateway.dir, "records"), sip_port: await freePort(),
			sip_speech_cache: join(gateway.dir, "speech"), sip_rtp_first: 42000, sip_rtp_last: 42998, ...more(gateway.dir),
		};
	await gateway.prepare();
	await gateway.run();
	return gateway;
}

const stateOf = async (gateway, name) => (await (await fetch(`${gateway.url}/health/ready`)).json()).accounts.find((a) => a.name === name || a.account === name);

async function told(gateway, number) {
	return until(`call of ${number}`, async () => {
		const c = (await gateway.api.get(`/v1/customers?number=${encodeURIComponent(number)}`)).data[0];
		const page = c && (await gateway.api.get(`/v1/customers/${c.id}/timeline?kind=call`)).data;
		return page?.length && page[0].metadata.call.ended_by && page[0].metadata.call;
	});
}

describe("a registrar", { skip: sippMissing }, () => {
	const challenge = [asked("REGISTER"), reply("401 Unauthorized", { extra: 'WWW-Authenticate: Digest realm="pbx", nonce="77aa", algorithm=MD5, qop="auth"' })];
	const takes = [asked("REGISTER"), reply("200 OK", { extra: "[last_Contact:];expires=600" })];
	let gateway;
	after(() => gateway?.stop());

	it("learns who we are, refuses whom it does not know, and is told when we leave", async () => {
		const right = await new Sipp([challenge, takes, challenge, asked("REGISTER"), reply("200 OK")]).start();
		const wrong = await new Sipp([challenge, asked("REGISTER"), reply("403 Forbidden")]).start();
		gateway = await gatewayOf({
			known: () => ({ sip_registrar: `sip:127.0.0.1:${right.port}`, sip_user: "4000", sip_password: "secret" }),
			unknown: () => ({ sip_registrar: `sip:127.0.0.1:${wrong.port}`, sip_user: "4001", sip_password: "wrong" }),
			absent: () => ({ sip_registrar: `sip:127.0.0.1:${right.port + 1};transport=tcp`, sip_user: "4002" }),
		});
		await until("registered", async () => /registered/.test(JSON.stringify(await stateOf(gateway, "known"))));
		assert.ok(knows(right.read("messages"), "REGISTER", "secret"));
		await until("refused", async () => /403 Forbidden/.test(JSON.stringify(await stateOf(gateway, "unknown"))));
		assert.ok(!knows(await wrong.done(), "REGISTER", "secret"));
		await until("nobody there", async () => /no answer from/.test(JSON.stringify(await stateOf(gateway, "absent"))));
		await gateway.stop();
		assert.match(await right.done(), /Contact: .*expires=0/);
	});
});

describe("a network that loses packets", () => {
	let gateway;
	const [phones, relay] = [[], new LossyRelay(0.05)];
	after(async () => {
		for (const p of phones) p.close();
		relay.close();
		await gateway?.stop();
	});

	it("loses no key: each comes in many packets (RFC 4733)", async () => {
		const keys = "0123456789";
		gateway = await gatewayOf({ line: () => ({}) }, keys.length);
		await gateway.ready();
		const pressing = Array.from({ length: 10 }, async (_, k) => {
			const p = await new Telephone(`+49151228000${k}`, gateway.sections["ivr line"].sip_port).open();
			phones.push(p);
			await p.dial();
			const through = await relay.stand(p.media);
			for (const key of keys) await p.press(key, { through });
			return p;
		});
		for (const p of await Promise.all(pressing)) {
			const c = await told(gateway, p.number);
			assert.deepEqual(c.steps.filter((s) => s.step === "pressed").map((s) => s.value), [keys], p.number);
		}
		assert.ok(relay.lost > 10, `${relay.lost} of ${relay.lost + relay.passed} lost`);
	});
});

describe("a trunk that goes away", { skip: sippMissing }, () => {
	let gateway, at;
	const peers = [];
	after(async () => {
		for (const p of peers) await p.stop();
		await gateway?.stop();
	});
	const of = async (m) => (await gateway.api.get(`/v1/messages/${m.id}`)).deliveries[0];
	const phone = async (options) => {
		const p = new Phone({ user: "+4930999300", port: at, account: "answermode=auto", ...options });
		peers.push(p);
		await p.start();
		return p;
	};

	it("is tried again for what waits, and delivers when it is back; a call that it cuts off ends", async () => {
		at = await phonePort();
		const registrar = await new Sipp([asked("REGISTER", `<action>${header("Contact", "sip:[^>]*", "c")}</action>`), reply("200 OK", { extra: "Contact: <[$c]>;expires=2" })], { args: ["-t", "t1"] }).start();
		peers.push(registrar);
		gateway = await gatewayOf({
			line: () => ({ sip_trunk: `sip:127.0.0.1:${at};transport=tcp`, sip_rtp_timeout: "2s" }),
			home: () => ({ sip_registrar: `sip:127.0.0.1:${registrar.port};transport=tcp`, sip_user: "4000" }),
		});
		await until("registered", async () => /registered/.test(JSON.stringify(await stateOf(gateway, "home"))));
		const m = await gateway.api.post("/v1/messages", { to: { address: "+4930999300", channel: "ivr" }, channel: "ivr", account: "line", text: "Your parcel is here." }, 202);
		const first = await until("refused", async () => ((await of(m)).attempts === 1 && (await of(m)).reason ? of(m) : null));
		assert.equal(first.status, "queued");
		let p = await phone();
		await until("the call", () => p.saw("CALL_ESTABLISHED").length, { timeout: 30000 });
		p.child.kill("SIGKILL"); // in the middle of it
		await until("its end", async () => (await (await fetch(`${gateway.url}/metrics`)).text()).match(/ivr_calls\{[^}]*\} 0/), { timeout: 20000 });
		await until("the registrar's absence", async () => /no answer from/.test(JSON.stringify(await stateOf(gateway, "home"))), { timeout: 20000 }).catch(async (e) => { throw new Error(JSON.stringify(await stateOf(gateway, "line")) + registrar.read("messages") + JSON.stringify(registrar.child.exitCode)) });
		assert.equal(gateway.exited, null);
	});
});

describe("TLS", () => {
	let gateway, port, dir;
	const phones = [];
	const trunks = {}; // where each listens: TLS is on the port after
	const one = (by, name) => {
		const own = by.issue(name);
		const pem = join(dir, `${name}.both`);
		writeFileSync(pem, readFileSync(own.cert, "utf8") + readFileSync(own.key, "utf8"));
		return pem;
	};
	const phone = async (options) => {
		const p = new Phone({ port: await phonePort(), account: "mediaenc=srtp-mand", ...options });
		phones.push(p);
		await p.start();
		return p;
	};
	before(async () => {
		dir = mkdtempSync(join(tmpdir(), "threadline-sip-"));
		for (const d of ["ours", "theirs"]) mkdirSync(join(dir, d));
		const [ours, theirs] = [new Authority(join(dir, "ours"), "Ours"), new Authority(join(dir, "theirs"), "Theirs")];
		port = await freePort();
		const own = one(ours, "gateway");
		for (const [name, by] of Object.entries({ vouched: ours, unvouched: theirs })) {
			trunks[name] = await phonePort();
			await phone({ user: `+493099920${name.length}`, port: trunks[name], account: "mediaenc=srtp-mand;answermode=auto", config: [`sip_certificate ${one(by, name)}`] });
		}
		const account = (trunk, more = {}) => () => ({ sip_tls_ca: ours.file, sip_srtp: "yes", ring_timeout: "2s", sip_trunk: `sip:127.0.0.1:${trunk + 1};transport=tls`, ...more });
		gateway = await gatewayOf({ vouched: account(trunks.vouched, { sip_tls_port: port, sip_tls_certificate: own }), unvouched: account(trunks.unvouched) });
		await until("both doors", async () => (await Promise.all(["vouched", "unvouched"].map((n) => stateOf(gateway, n)))).every((a) => a.state === "up"));
	});
	after(async () => {
		for (const p of phones) await p.stop();
		await gateway?.stop();
		rmSync(dir, { recursive: true, force: true });
	});

	it("carries calls out to whom the authority vouches for, and to nobody else", async () => {
		const send = (a, to) => gateway.api.post("/v1/messages", { to: { address: to, channel: "ivr" }, channel: "ivr", account: a, text: "Your parcel is here." }, 202);
		const of = async (m) => (await gateway.api.get(`/v1/messages/${m.id}`)).deliveries[0];
		const good = await send("vouched", "+4930999207");
		await until("delivered", async () => (await of(good)).status === "delivered");
		const bad = await send("unvouched", "+4930999209");
		const d = await until("told", async () => ((await of(bad)).reason ? of(bad) : null));
		assert.notEqual(d.status, "delivered");
		assert.equal(phones[1].saw("CALL_INCOMING").length, 0, JSON.stringify(d));
	});

	for (const [n, shown] of ["no certificate", "a certificate of its own making"].entries())
		it(`carries calls in, with the keys of SRTP in them, from a telephone with ${shown}`, async () => {
			const p = await phone({ user: `+49151224000${n}`, config: n ? [`sip_certificate ${join(dir, "unvouched.both")}`] : [] });
			p.send("dial", `sip:+49304000@127.0.0.1:${port};transport=tls`);
			await until(`answer: ${p.log}`, () => p.saw("CALL_ESTABLISHED").length);
			p.send("sndcode", "7");
			await until("end", () => p.saw("CALL_CLOSED").length);
			assert.deepEqual((await told(gateway, p.user)).steps.filter((s) => s.step === "pressed").map((s) => s.value), ["7"]);
		});
});
