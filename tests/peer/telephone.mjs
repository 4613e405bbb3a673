// A telephone in a few lines, for calls by the hundred: SIP over UDP, keys as telephone-events (RFC 4733) or by INFO. It
// makes no sound and hears none; `through` is where its RTP goes instead of straight to the gateway (a lossy relay).
import dgram from "node:dgram";
import { until } from "../e2e/lib/wait.mjs";

const bound = async (s) => (await new Promise((done) => s.bind(0, "127.0.0.1", done)), s);
let serial = 0;

export class Telephone {
	constructor(number, port) {
		Object.assign(this, { number, port, id: `${process.pid}-${++serial}`, cseq: 0, got: [], tag: "", ended: false });
		this.seq = this.ts = 1000;
	}

	async open() {
		this.sip = await bound(dgram.createSocket("udp4"));
		this.rtp = await bound(dgram.createSocket("udp4"));
		this.sip.on("message", (m) => this.hear(String(m)));
		return this;
	}

	hear(m) {
		this.got.push(m);
		if (!m.startsWith("BYE ")) return;
		const same = m.split("\r\n").filter((l) => /^(Via|From|To|Call-ID|CSeq):/i.test(l));
		this.sip.send(["SIP/2.0 200 OK", ...same, "Content-Length: 0", "", ""].join("\r\n"), this.port, "127.0.0.1");
		this.ended = true;
	}

	say(method, { cseq = ++this.cseq, type, body = "" } = {}) {
		const to = `sip:gateway@127.0.0.1:${this.port}`;
		const at = `${this.number}@127.0.0.1:${this.sip.address().port}`;
		const head = [
			`${method} ${to} SIP/2.0`, `Via: SIP/2.0/UDP 127.0.0.1:${this.sip.address().port};branch=z9hG4bK${this.id}-${cseq}${method};rport`,
			`From: <sip:${this.number}@127.0.0.1>;tag=${this.id}`, `To: <${to}>${this.tag}`, `Call-ID: ${this.id}`, `CSeq: ${cseq} ${method}`,
			`Contact: <sip:${at}>`, "Max-Forwards: 70", ...(type ? [`Content-Type: ${type}`] : []), `Content-Length: ${body.length}`,
		];
		this.sip.send(`${head.join("\r\n")}\r\n\r\n${body}`, this.port, "127.0.0.1");
		return cseq;
	}

	answer(cseq, method) {
		return this.got.find((m) => new RegExp(`^SIP/2.0 [2-6][^]*CSeq: ${cseq} ${method}`).test(m));
	}

	// Dials, and waits for the answer.
	async dial() {
		const lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0", `m=audio ${this.rtp.address().port} RTP/AVP 0 101`,
			"a=rtpmap:0 PCMU/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15", ""];
		const cseq = this.say("INVITE", { type: "application/sdp", body: lines.join("\r\n") });
		const m = await until(`an answer to ${this.number}`, () => this.answer(cseq, "INVITE"));
		if (!m.startsWith("SIP/2.0 200")) throw new Error(m);
		this.tag = /^To:.*(;tag=[^;\s]+)/m.exec(m)[1];
		this.media = Number(/m=audio (\d+)/.exec(m)[1]);
		this.say("ACK", { cseq });
		return this;
	}

	info(key) {
		return this.say("INFO", { type: "application/dtmf-relay", body: `Signal=${key}\r\nDuration=100\r\n` });
	}

	// One key, 100 ms long, its end said three times.
	async press(key, { through = this.media, pause = 20 } = {}) {
		for (let i = 1; i <= 8; i++) {
			const end = i > 5;
			const p = Buffer.alloc(16);
			p[0] = 0x80;
			p[1] = 101 | (i === 1 ? 0x80 : 0);
			p.writeUInt16BE(this.seq++ & 0xffff, 2);
			p.writeUInt32BE(this.ts, 4);
			p.writeUInt32BE(0x1234 + serial, 8);
			p[12] = "0123456789*#".indexOf(key);
			p[13] = end ? 0x8a : 0x0a;
			p.writeUInt16BE(160 * Math.min(i, 5), 14);
			this.rtp.send(p, through, "127.0.0.1");
			await new Promise((done) => setTimeout(done, pause));
		}
		this.ts += 2400;
	}

	hangUp() {
		return this.say("BYE");
	}

	close() {
		this.sip?.close();
		this.rtp?.close();
	}
}

// Loses a share of what goes through it, either way; the same packets each time.
export class LossyRelay {
	constructor(share, seed = 1) {
		Object.assign(this, { share, state: seed, lost: 0, passed: 0, flows: [] });
	}
	loses() {
		this.state = (Math.imul(this.state, 1103515245) + 12345) >>> 0;
		const lost = this.state / 2 ** 32 < this.share;
		this[lost ? "lost" : "passed"]++;
		return lost;
	}
	// A port that stands for `to`: what is sent there goes on to it, what it answers comes back.
	async stand(to) {
		const [front, back] = [await bound(dgram.createSocket("udp4")), await bound(dgram.createSocket("udp4"))];
		let peer;
		front.on("message", (m, from) => {
			peer = from.port;
			if (!this.loses()) back.send(m, to, "127.0.0.1");
		});
		back.on("message", (m) => peer && !this.loses() && front.send(m, peer, "127.0.0.1"));
		this.flows.push(front, back);
		return front.address().port;
	}
	close() {
		for (const s of this.flows) s.close();
	}
}
