// sipp as the peer: a scenario is a list of steps, most of them made here; keys are sipp's own RFC 4733 captures.
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import dgram from "node:dgram";
import { tmpdir } from "node:os";
import { join } from "node:path";

const captures = "/usr/share/sip-tester";
export const sippMissing = spawnSync("sipp", ["-v"]).error ? "no sipp (etc/packages.sh test)" : false;

export const freeUdpPort = () =>
	new Promise((done) => {
		const s = dgram.createSocket("udp4");
		s.bind(0, "127.0.0.1", () => {
			const { port } = s.address();
			s.close(() => done(port));
		});
	});

const lines = (...v) => v.flat().filter(Boolean).join("\n");
const send = (text, more = "") => `<send${more}><![CDATA[\n${text}\n]]></send>`;

// G.711 A-law and telephone-event, as the captures have it.
export const sdp = (direction = "sendrecv", to = "[media_port]") =>
	lines("v=0", "o=- 1 1 IN IP4 [local_ip]", "s=-", "c=IN IP4 [media_ip]", "t=0 0", `m=audio ${to} RTP/AVP 8 101`, "a=rtpmap:8 PCMA/8000",
		"a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15", `a=${direction}`);

const body = (text, type = "application/sdp") => (text ? [`Content-Type: ${type}`, "Content-Length: [len]", "", text] : ["Content-Length: 0", ""]);

// ---- we call: the gateway's number is the service, ours is the variable "who"

export const request = (method, cseq, { text, type, extra, to = "[peer_tag_param]", retrans = method !== "ACK" } = {}) =>
	send(
		lines(
			`${method} sip:[service]@[remote_ip]:[remote_port] SIP/2.0`,
			`Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]`,
			"From: <sip:[who]@[local_ip]:[local_port]>;tag=[pid]t[call_number]",
			`To: <sip:[service]@[remote_ip]:[remote_port]>${to}`,
			"Call-ID: [call_id]",
			`CSeq: ${cseq} ${method}`,
			"Contact: <sip:[who]@[local_ip]:[local_port];transport=[transport]>",
			"Max-Forwards: 70",
			extra,
		) + "\n" + body(text, type).join("\n"),
		retrans ? ' retrans="500"' : "",
	);
export const answer = (code, { optional, cseq, more = "" } = {}) =>
	`<recv response="${code}"${optional ? ' optional="true"' : ""}${code === 200 && cseq ? ' rrs="true"' : ""}>${more}</recv>`;
export const call = (text = sdp()) => [
	request("INVITE", 1, { text, to: "" }), answer(100, { optional: true }), answer(180, { optional: true }), answer(200, { cseq: 1 }), request("ACK", 1),
];
export const wait = (ms) => `<pause milliseconds="${ms}"/>`;
const key = (k) => `<nop><action><exec play_pcap_audio="${captures}/dtmf_2833_${{ "*": "star", "#": "pound" }[k] ?? k}.pcap"/></action></nop>`;
export const keys = (text) => [...text].flatMap((k, i) => (i ? [wait(250), key(k)] : [key(k)]));

// ---- requests of the gateway

export const asked = (method, more = "") => `<recv request="${method}">${more}</recv>`;
export const reply = (status, { text, extra, cseq = "[last_CSeq:]", tag = ";tag=[pid]g[call_number]", echo = true } = {}) =>
	send(
		lines(`SIP/2.0 ${status}`, "[last_Via:]", "[last_From:]", `[last_To:]${echo ? tag : ""}`, "[last_Call-ID:]", cseq,
			"Contact: <sip:[local_ip]:[local_port];transport=[transport]>", extra) + "\n" + body(text).join("\n"),
	);
export const saysBye = [asked("BYE"), reply("200 OK", { echo: false })];
export const hangsUp = (cseq) => [request("BYE", cseq), answer(200)];
// Its value, or a part of it, into a variable.
export const header = (name, regexp, into) => `<ereg regexp="${regexp}" search_in="hdr" header="${name}:" check_it="true" assign_to="${into}"/>`;

const md5 = (s) => createHash("md5").update(s).digest("hex");

// Whether the last request of that method shows that it knows the password (RFC 7616, MD5, qop auth).
export function knows(messages, method, password) {
	const all = [...messages.matchAll(new RegExp(`^${method} .*\\r?\\n(?:.+\\r?\\n)*?(?:Proxy-)?Authorization: Digest (.*)`, "gm"))];
	const field = (name) => new RegExp(`\\b${name}="?([^",\\s]+)`).exec(all.at(-1)[1])?.[1];
	const [a, b] = [md5(`${field("username")}:${field("realm")}:${password}`), md5(`${method}:${field("uri")}`)];
	return field("response") === md5(`${a}:${field("nonce")}:${field("nc")}:${field("cnonce")}:auth:${b}`);
}

export class Sipp {
	constructor(steps, { service = "+49304000", remote, who = "caller", user = "phone", password = "secret", variables = [], args = [], quiet = false } = {}) {
		this.dir = mkdtempSync(join(tmpdir(), "threadline-sipp-"));
		const used = variables.length ? `<Reference variables="${variables.join(",")}"/>` : "";
		writeFileSync(join(this.dir, "s.xml"), `<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="s">\n${steps.flat(9).join("\n")}\n${used}\n</scenario>\n`);
		this.args = ["-sf", "s.xml", "-m", "1", "-timeout", "30", "-timeout_error", "-trace_err", "-error_file", "errors", ...(quiet ? [] : ["-trace_msg", "-message_file", "messages"]),
			"-i", "127.0.0.1", "-mi", "127.0.0.1", "-key", "who", who, "-s", service, "-au", user, "-ap", password, ...args];
		if (remote) this.args.push(`127.0.0.1:${remote}`);
	}

	async start(port) {
		this.port = port ?? (await freeUdpPort());
		const ports = ["-p", this.port, "-mp", await freeUdpPort(), "-cp", await freeUdpPort()];
		this.child = spawn("sipp", [...this.args, ...ports].map(String), { cwd: this.dir, stdio: ["ignore", "ignore", "ignore"] });
		this.gone = new Promise((done) => this.child.once("exit", (code, signal) => done(signal ?? code)));
		return this;
	}

	read(name) {
		return existsSync(join(this.dir, name)) ? readFileSync(join(this.dir, name), "latin1") : "";
	}

	// Its scenario was followed to the end.
	async done() {
		const how = await this.gone;
		const [messages, errors] = [this.read("messages"), this.read("errors")];
		rmSync(this.dir, { recursive: true, force: true });
		if (how !== 0) throw new Error(`sipp left with ${how}\n${errors}\n${messages}`);
		return messages;
	}

	async stop() {
		this.child?.kill("SIGKILL");
		await this.gone;
		rmSync(this.dir, { recursive: true, force: true });
	}
}
