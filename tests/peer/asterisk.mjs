// Asterisk's side of FastAGI for one call: its environment, one answer for each command, hang-up. Keys are pressed by the
// test; what the gateway asked for is kept in `said`.
import { mkdirSync, writeFileSync } from "node:fs";
import net from "node:net";
import { dirname } from "node:path";

export function wav(seconds) {
	const data = Buffer.alloc(16000 * seconds, 1);
	const head = Buffer.from("RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\0\0\0\0", "latin1");
	head.writeUInt32LE(36 + data.length, 4);
	head.writeUInt32LE(data.length, 40);
	return Buffer.concat([head, data]);
}

let serial = 0;

export class AsteriskCall {
	// env: further variables; variables: what GET VARIABLE knows; files: stems of sound files that are there;
	// answers: { "EXEC Dial": "200 result=-1" }: own answers by the beginning of the command.
	constructor(port, { from = "unknown", to = "4000", script = "", env = {}, variables = {}, files = [], answers = {}, recording = 2 } = {}) {
		Object.assign(this, { variables, files, answers, recording });
		this.said = [];
		this.keys = [];
		this.id = `${Date.now()}.${++serial}`;
		this.rest = "";
		this.up = false;
		this.socket = net.connect(port, "127.0.0.1");
		this.socket.setEncoding("utf8");
		this.ended = new Promise((done) => this.socket.once("close", done));
		this.socket.on("error", () => {});
		this.socket.on("data", (text) => this.#read(text));
		const all = { network: "yes", network_script: script, request: `agi://127.0.0.1/${script}`, channel: `PJSIP/trunk-${serial}`,
			language: "en", type: "PJSIP", uniqueid: this.id, version: "18.10.0", callerid: from, calleridname: "unknown",
			callingpres: "0", callingani2: "0", callington: "0", callingtns: "0", dnid: to, rdnis: "unknown",
			context: "from-trunk", extension: to, priority: "1", enhanced: "0.0", accountcode: "", threadid: "1", ...env };
		this.socket.write(Object.entries(all).map(([k, v]) => `agi_${k}: ${v}\n`).join("") + "\n");
	}

	press(keys) {
		for (const key of keys) this.keys.push(key);
		this.#wake?.();
	}

	// The caller hangs up: told at once, and every command from now on is refused.
	hangUp() {
		this.dead = true;
		this.socket.write("HANGUP\n");
		this.#wake?.();
	}

	heard(re) {
		return this.said.some((c) => re.test(c));
	}

	#wake;

	#read(text) {
		this.rest += text;
		for (let at; (at = this.rest.indexOf("\n")) >= 0; ) {
			const command = this.rest.slice(0, at);
			this.rest = this.rest.slice(at + 1);
			this.#run(command);
		}
	}

	async #run(command) {
		if (!command.startsWith("WAIT FOR DIGIT") || /WAIT FOR DIGIT (?!250$)/.test(command)) this.said.push(command);
		const answer = await this.#answer(command);
		if (this.dead && !command.startsWith("RECORD")) this.socket.write("511 Command Not Permitted on a dead channel or intercept routine\n");
		else this.socket.write(`${answer}\n`);
		if (command === "HANGUP" || /^EXEC Hangup/.test(command) || this.dead) this.socket.end();
	}

	async #answer(command) {
		const own = Object.entries(this.answers).find(([begin]) => command.startsWith(begin));
		if (own) return own[1];
		const args = [...command.matchAll(/"((?:\\.|[^"\\])*)"/g)].map((m) => m[1].replace(/\\(.)/g, "$1"));
		if (command.startsWith("WAIT FOR DIGIT")) return `200 result=${await this.#key(Number(command.split(" ")[3]))}`;
		if (command.startsWith("STREAM FILE")) {
			if (!this.files.includes(args[0])) return "200 result=-1 endpos=0"; // older ones: result=0
			const key = args[1] && this.keys.length ? this.keys.shift().charCodeAt(0) : 0;
			return `200 result=${key} endpos=8000`;
		}
		if (command.startsWith("SAY")) return `200 result=${args.at(-1) && this.keys.length ? this.keys.shift().charCodeAt(0) : 0}`;
		if (command.startsWith("RECORD FILE")) {
			mkdirSync(dirname(args[0]), { recursive: true });
			writeFileSync(`${args[0]}.wav`, wav(this.recording));
			return this.dead ? `200 result=-1 (hangup) endpos=${8000 * this.recording}` : `200 result=35 (dtmf) endpos=${8000 * this.recording}`;
		}
		if (command.startsWith("GET VARIABLE")) {
			const v = this.variables[command.split(" ")[2]];
			return v === undefined ? "200 result=0" : `200 result=1 (${v})`;
		}
		if (command.startsWith("SET VARIABLE") || command === "HANGUP") return "200 result=1";
		if (command.startsWith("EXEC") || command === "ANSWER") return "200 result=0";
		return "510 Invalid or unknown command";
	}

	#key(ms) {
		return new Promise((done) => {
			const timer = setTimeout(() => end(0), ms);
			const end = (v) => {
				clearTimeout(timer);
				this.#wake = undefined;
				done(v);
			};
			this.#wake = () => end(this.dead || !this.keys.length ? 0 : this.keys.shift().charCodeAt(0));
			if (this.keys.length) this.#wake();
		});
	}
}
