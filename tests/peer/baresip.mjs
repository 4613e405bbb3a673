// baresip as the phone at the other end: no sound card; what it says comes from a WAV file, what it hears is written into one.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

// 16 bit, one channel, 8,000 samples a second
export function wavOf(samples) {
	const b = Buffer.alloc(44 + samples.length * 2);
	b.write("RIFF", 0);
	b.writeUInt32LE(36 + samples.length * 2, 4);
	b.write("WAVEfmt ", 8);
	b.writeUInt32LE(16, 16);
	b.writeUInt16LE(1, 20);
	b.writeUInt16LE(1, 22);
	b.writeUInt32LE(8000, 24);
	b.writeUInt32LE(16000, 28);
	b.writeUInt16LE(2, 32);
	b.writeUInt16LE(16, 34);
	b.write("data", 36);
	b.writeUInt32LE(samples.length * 2, 40);
	samples.forEach((s, i) => b.writeInt16LE(Math.round(s), 44 + 2 * i));
	return b;
}

export const tone = (hz, seconds, level = 8000) =>
	Array.from({ length: Math.round(8000 * seconds) }, (_, i) => level * Math.sin((2 * Math.PI * hz * i) / 8000));

// How much of a frequency is in the samples, 0 to 1 (Goertzel).
export function share(samples, hz) {
	let re = 0, im = 0, all = 0;
	samples.forEach((s, i) => {
		re += s * Math.cos((2 * Math.PI * hz * i) / 8000);
		im += s * Math.sin((2 * Math.PI * hz * i) / 8000);
		all += s * s;
	});
	return all ? (2 * (re * re + im * im)) / (samples.length * all) : 0;
}

export function samplesOf(wav) {
	const at = wav.indexOf("data") + 8;
	return Array.from({ length: Math.floor((wav.length - at) / 2) }, (_, i) => wav.readInt16LE(at + 2 * i));
}

const binds = (port) =>
	new Promise((done) => {
		const s = net.createServer();
		s.once("error", () => done(null));
		s.listen(port, "127.0.0.1", () => s.close(() => done(port)));
	});

// A port for SIP whose two neighbours are free as well: baresip takes the next one for TLS, we the one after it for control.
export async function phonePort() {
	for (;;) {
		const port = 45000 + Math.floor(Math.random() * 15000);
		if ((await binds(port)) && (await binds(port + 1)) && (await binds(port + 2))) return port;
	}
}

export class Phone {
	constructor({ user, port, control = port + 2, says = tone(0, 40), account = "", config = [] }) {
		Object.assign(this, { user, port, control });
		this.dir = mkdtempSync(join(tmpdir(), "threadline-phone-"));
		mkdirSync(join(this.dir, "heard"));
		writeFileSync(join(this.dir, "says.wav"), wavOf(says));
		const modules = ["account", "g711", "aufile", "sndfile", "srtp", "menu", "ctrl_tcp"];
		writeFileSync(join(this.dir, "config"), [
			`sip_listen 127.0.0.1:${port}`,
			`module_path ${process.env.BARESIP_MODULES ?? "/usr/lib/baresip/modules"}`,
			...modules.map((m) => (["account", "menu", "ctrl_tcp"].includes(m) ? `module_app ${m}.so` : `module ${m}.so`)),
			`ctrl_tcp_listen 127.0.0.1:${control}`,
			`audio_source aufile,${join(this.dir, "says.wav")}`,
			`audio_player aufile,${join(this.dir, "heard.wav")}`,
			`snd_path ${join(this.dir, "heard")}`,
			"audio_srate 8000-8000", "audio_channels 1-1", "rtp_ports 30000-39998", "call_max_calls 4", ...config, "",
		].join("\n"));
		writeFileSync(join(this.dir, "accounts"), `<sip:${user}@127.0.0.1:${port}>;regint=0;audio_codecs=pcmu,pcma;${account}\n`);
		writeFileSync(join(this.dir, "contacts"), "");
		this.log = "";
		this.events = [];
	}
	async start() {
		this.child = spawn("baresip", ["-f", this.dir], { stdio: ["ignore", "pipe", "pipe"] });
		for (const s of [this.child.stdout, this.child.stderr]) s.on("data", (d) => (this.log += d));
		this.gone = new Promise((r) => this.child.once("exit", r));
		for (;;) {
			this.socket = await new Promise((done) => {
				const s = net.connect(this.control, "127.0.0.1", () => done(s)).on("error", () => done(null));
			});
			if (this.socket) break;
			if (this.child.exitCode !== null) throw new Error(this.log);
			await new Promise((r) => setTimeout(r, 50));
		}
		let rest = "";
		this.socket.on("error", () => {});
		this.socket.on("data", (d) => {
			rest += d;
			for (let m; (m = /^(\d+):/.exec(rest)) && rest.length > m[0].length + Number(m[1]); ) {
				const text = rest.slice(m[0].length, m[0].length + Number(m[1]));
				rest = rest.slice(m[0].length + Number(m[1]) + 1);
				this.events.push(JSON.parse(text));
			}
		});
	}
	send(command, params = "") {
		const text = JSON.stringify({ command, params });
		this.socket.write(`${text.length}:${text},`);
	}
	saw(type) {
		return this.events.filter((e) => e.event && e.type === type);
	}
	// The sound as it came over the line.
	heard() {
		const file = readdirSync(join(this.dir, "heard")).find((f) => f.includes("dec"));
		return file ? samplesOf(readFileSync(join(this.dir, "heard", file))) : [];
	}
	async stop() {
		this.socket?.destroy();
		this.child?.kill("SIGTERM");
		await this.gone;
		rmSync(this.dir, { recursive: true, force: true });
	}
}
