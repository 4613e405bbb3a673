// Telephone calls with sipp at the other end: what a phone, a trunk and a registrar say and want to hear, message by message.
import assert from "node:assert/strict";
import dgram from "node:dgram";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { tone, wavOf } from "../peer/baresip.mjs";
import { Sipp, answer, asked, call, freeUdpPort, hangsUp, header, keys, knows, reply, request, saysBye, sdp, sippMissing, wait } from "../peer/sipp.mjs";
import { Gateway, freePort } from "./lib/gateway.mjs";
import { until } from "./lib/wait.mjs";

const menu = `<?xml version="1.0"?>
<vxml version="2.1" xmlns="http://www.w3.org/2001/vxml" xml:lang="en">
<form><property name="timeout" value="20s"/><field name="pin" type="digits?length=4"><prompt><audio src="welcome.wav"/></prompt>
<filled><if cond="pin == '6789'"><goto next="#agent"/></if><exit/></filled></field></form>
<form id="agent"><transfer name="t" dest="sip:agent@127.0.0.1:9" bridge="false"/><block><exit/></block></form>
</vxml>
`;

describe("telephone calls by SIP, with sipp", { skip: sippMissing }, () => {
	let gateway, api, port, trunk, n = 0;
	const peers = [];

	before(async () => {
		gateway = new Gateway({});
		const folder = join(gateway.dir, "menus");
		for (const d of [folder, join(gateway.dir, "speech")]) mkdirSync(d);
		writeFileSync(join(folder, "main.vxml"), menu);
		writeFileSync(join(folder, "welcome.wav"), wavOf(tone(440, 2)));
		[port, trunk] = [await freePort(), await freeUdpPort()];
		gateway.sections = {
			"ivr phone": {
				door: "sip", number: "+49304000", menus: folder, records: join(gateway.dir, "records"), sip_port: port,
				sip_speech_cache: join(gateway.dir, "speech"), sip_trunk: `sip:127.0.0.1:${trunk}`, sip_user: "phone", sip_password: "secret",
				sip_rtp_first: 41000, sip_rtp_last: 41998, sip_rtp_timeout: "3s", ring_timeout: "1s",
			},
		};
		await gateway.prepare();
		await gateway.run();
		await gateway.ready();
		api = gateway.api;
	});
	after(async () => {
		for (const p of peers) await p.stop();
		await gateway?.stop();
	});

	const peer = async (steps, { at, ...options } = {}) => {
		const p = new Sipp(steps, options);
		peers.push(p);
		return p.start(at);
	};
	// Calls in, follows the steps; who called.
	const caller = async (steps, options = {}) => {
		const who = `+4915122300${String(++n).padStart(2, "0")}`;
		const messages = await (await peer(steps, { who, remote: port, ...options })).done();
		return { who, messages };
	};
	const told = (number) =>
		until(`call of ${number}`, async () => {
			const c = (await api.get(`/v1/customers?number=${encodeURIComponent(number)}`)).data[0];
			const page = c && (await api.get(`/v1/customers/${c.id}/timeline?kind=call`)).data;
			return page?.length && page[0].metadata.call.ended_by && page[0].metadata.call;
		});
	const steps = (c, name) => c.steps.filter((s) => s.step === name).map((s) => s.value);
	const pressed = (c) => steps(c, "pressed");
	const message = (to) => api.post("/v1/messages", { to: { address: to, channel: "ivr" }, channel: "ivr", text: "Your parcel is here." }, 202);
	const history = async (m) => (await api.get(`/v1/messages/${m.id}`)).deliveries[0];

	it("takes the keys of sipp's captures, and hangs up when the menu is through", async () => {
		const { who } = await caller([call(), wait(200), keys("1259"), saysBye]);
		const c = await told(who);
		assert.deepEqual([pressed(c), c.ended_by], [["1259"], "gateway"]);
	});

	it("hears that the caller hangs up", async () => {
		const { who } = await caller([call(), wait(300), hangsUp(2)]);
		assert.deepEqual((await told(who)).ended_by, "customer");
	});

	it("takes keys that begin anew in time and number (another source behind the same trunk)", async () => {
		const { who } = await caller([call(), keys("9015"), saysBye]);
		assert.deepEqual(pressed(await told(who)), ["9015"]);
	});

	it("lets a call be held and taken up again", async () => {
		const hold = [request("INVITE", 2, { text: sdp("sendonly") }), answer(100, { optional: true }), answer(200), request("ACK", 2)];
		const on = [request("INVITE", 3, { text: sdp() }), answer(100, { optional: true }), answer(200), request("ACK", 3)];
		const { who, messages } = await caller([call(), hold, wait(4500), on, keys("1234"), saysBye]);
		assert.match(messages, /a=(recvonly|inactive)/);
		const c = await told(who);
		assert.deepEqual([pressed(c), c.ended_by], [["1234"], "gateway"]); // longer than RTP may stay away
	});

	it("answers a re-INVITE without an offer with one of its own", async () => {
		const again = [request("INVITE", 2), answer(100, { optional: true }), answer(200), request("ACK", 2, { text: sdp() })];
		const { who, messages } = await caller([call(), again, keys("1234"), saysBye]);
		assert.equal(messages.match(/a=rtpmap:101 telephone-event/g).length, 4);
		assert.deepEqual(pressed(await told(who)), ["1234"]);
	});

	it("takes a call whose offer comes late (INVITE without a description)", async () => {
		const late = [request("INVITE", 1, { to: "" }), answer(100, { optional: true }), answer(180, { optional: true }), answer(200, { cseq: 1 }), request("ACK", 1, { text: sdp() })];
		const { who } = await caller([late, wait(200), keys("1234"), saysBye]);
		assert.deepEqual(pressed(await told(who)), ["1234"]);
	});

	it("ends a call whose sound stays away", async () => {
		const { who } = await caller([call(), saysBye]);
		const c = await told(who);
		assert.deepEqual([c.ended_by, c.reason], ["network", "RTP stayed away"]);
	});

	it("refuses what it has no code for", async () => {
		const other = sdp().replaceAll("8 101", "18").replaceAll(/a=(rtpmap|fmtp).*\n/g, "");
		await caller([request("INVITE", 1, { text: other, to: "" }), answer(100, { optional: true }), answer(488), request("ACK", 1)]);
	});

	it("answers OPTIONS with what it can", async () => {
		const { messages } = await caller([request("OPTIONS", 1, { to: "" }), answer(200)]);
		assert.match(messages, /Allow: INVITE,ACK,BYE,CANCEL,OPTIONS,INFO,NOTIFY/);
	});

	// Both are sent at once, so that the CANCEL comes before the answer, but for a machine that stood still between the two.
	it("lets a call be cancelled", async () => {
		const who = `+4915122300${String(++n).padStart(2, "0")}`;
		const s = dgram.createSocket("udp4");
		const got = [];
		s.on("message", (m) => got.push(String(m)));
		await new Promise((done) => s.bind(0, "127.0.0.1", done));
		const to = `sip:+49304000@127.0.0.1:${port}`;
		const say = (method, cseq, more = "", tag = "") =>
			s.send([`${method} ${to} SIP/2.0`, `Via: SIP/2.0/UDP 127.0.0.1:${s.address().port};branch=z9hG4bK1;rport`, `From: <sip:${who}@127.0.0.1>;tag=1`, `To: <${to}>${tag}`,
				`Call-ID: cancel-${who}`, `CSeq: ${cseq}`, `Contact: <sip:${who}@127.0.0.1:${s.address().port}>`, "Max-Forwards: 70", more].join("\r\n"), port, "127.0.0.1");
		const text = sdp().replaceAll(/\[(local|media)_ip\]/g, "127.0.0.1").replace("[media_port]", "9").replaceAll("\n", "\r\n") + "\r\n";
		say("INVITE", "1 INVITE", `Content-Type: application/sdp\r\nContent-Length: ${text.length}\r\n\r\n${text}`);
		say("CANCEL", "1 CANCEL", "Content-Length: 0\r\n\r\n");
		const final = await until("487", () => got.find((m) => /^SIP\/2.0 (200|487)[^]*CSeq: 1 INVITE/.test(m)));
		const tag = /^To:.*(;tag=[^;\s]+)/m.exec(final)[1];
		say("ACK", "1 ACK", "Content-Length: 0\r\n\r\n", tag);
		if (final.startsWith("SIP/2.0 200")) say("BYE", "2 BYE", "Content-Length: 0\r\n\r\n", tag);
		const c = await told(who);
		assert.equal(c.ended_by, "customer");
		assert.equal(c.answered, final.startsWith("SIP/2.0 200"));
		s.close();
	});

	it("hands a caller on by REFER and takes the news of it", async () => {
		const { who, messages } = await caller([
			call(), keys("6789"), asked("REFER"), reply("202 Accepted", { echo: false }),
			request("NOTIFY", 2, { extra: "Event: refer\nSubscription-State: terminated;reason=noresource", type: "message/sipfrag", text: "SIP/2.0 200 OK" }),
			answer(200), saysBye,
		]);
		assert.match(messages, /Refer-To: <sip:agent@127\.0\.0\.1:9>/);
		const c = await told(who);
		assert.deepEqual(steps(c, "transferred"), ["connected"]);
	});

	it("learns why a transfer did not work", async () => {
		const { who } = await caller([call(), keys("6789"), asked("REFER"), reply("603 Decline", { echo: false }), saysBye]);
		assert.deepEqual(steps(await told(who), "transferred"), ["error.connection.noauthorization"]);
	});

	// ---- the gateway calls

	const nonce = 'Digest realm="trunk", nonce="0a1b2c", algorithm=MD5, qop="auth"';
	const challenge = [asked("INVITE"), reply("407 Proxy Authentication Required", { extra: `Proxy-Authenticate: ${nonce}` }), asked("ACK")];
	const ringing = reply("180 Ringing");

	it("shows who it is to a trunk that asks (digest), speaks the message, hangs up", async () => {
		const takes = [
			challenge,
			asked("INVITE"),
			ringing, reply("200 OK", { text: sdp() }), asked("ACK"), saysBye,
		];
		const p = await peer(takes, { at: trunk });
		const m = await message("+4930999101");
		const messages = await p.done();
		assert.match(messages, /Proxy-Authorization: Digest username="phone"/);
		assert.ok(knows(messages, "INVITE", "secret") && !knows(messages, "INVITE", "Secret"));
		await until("delivered", async () => (await history(m)).status === "delivered");
	});

	it("does not insist where its password is wrong", async () => {
		const p = await peer([challenge, asked("INVITE"), reply("407 Proxy Authentication Required", { extra: `Proxy-Authenticate: ${nonce}` }), asked("ACK")], { at: trunk });
		const m = await message("+4930999102");
		await p.done();
		const d = await until("told", async () => ((await history(m)).reason ? history(m) : null));
		assert.match(JSON.stringify(d), /407|uthentication/);
		await api.post(`/v1/messages/${m.id}/cancel`, {}, 200);
	});

	it("cancels what rings for too long", async () => {
		const p = await peer([
			asked("INVITE", `<action>${header("CSeq", ".*", "cseq")}${header("Via", ".*", "via")}</action>`), ringing, asked("CANCEL"), reply("200 OK"),
			reply("487 Request Terminated", { cseq: "CSeq:[$cseq]" }), asked("ACK"),
		], { at: trunk, variables: ["cseq", "via"] });
		const m = await message("+4930999103");
		await p.done();
		await until("told", async () => /no_answer|not answered/.test(JSON.stringify(await history(m))));
		await api.post(`/v1/messages/${m.id}/cancel`, {}, 200);
	});

	it("tries a busy number again later, and does not try one that is none", async () => {
		const busy = await peer([asked("INVITE"), reply("486 Busy Here"), asked("ACK")], { at: trunk });
		const m = await message("+4930999104");
		await busy.done();
		await until("told", async () => /busy/.test(JSON.stringify(await history(m))));
		await api.post(`/v1/messages/${m.id}/cancel`, {}, 200);
		const none = await peer([asked("INVITE"), reply("404 Not Found"), asked("ACK")], { at: trunk });
		const o = await message("+4930999105");
		await none.done();
		await until("failed", async () => (await history(o)).status === "undelivered" || (await history(o)).status === "failed");
	});
});
