// Processes of a measurement: started fresh, ended by pid, measured through /proc (Linux).
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

export const top = resolve(new URL("../../..", import.meta.url).pathname);
export const build = resolve(top, process.env.BUILD || "build");
export const out = join(build, "bench");
const ticks = Number(execFileSync("getconf", ["CLK_TCK"]));
const running = new Set();

// CLOCK_MONOTONIC in ns, as the load tools report their times.
export const now = () => Number(process.hrtime.bigint());
export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

export async function until(what, test, seconds = 30) {
	for (const end = now() + seconds * 1e9; ; await pause(20)) {
		const got = await test();
		if (got) return got;
		if (now() > end) throw new Error(`waited ${seconds} s in vain for ${what}`);
	}
}

export function freePort() {
	return new Promise((done, fail) => {
		const s = createServer();
		s.once("error", fail);
		s.listen(0, "127.0.0.1", () => {
			const { port } = s.address();
			s.close(() => done(port));
		});
	});
}

export const accepts = (port) =>
	new Promise((done) => {
		const s = connect(port, "127.0.0.1");
		s.once("connect", () => (s.destroy(), done(true)));
		s.once("error", () => done(false));
	});

// An empty folder for what one measurement writes; the last one stays to be looked at.
export function freshDir(name) {
	const dir = join(out, "run", name);
	rmSync(dir, { recursive: true, force: true });
	mkdirSync(dir, { recursive: true });
	return dir;
}

function stat(pid) {
	const text = readFileSync(`/proc/${pid}/stat`, "utf8");
	const f = text.slice(text.lastIndexOf(")") + 2).split(" ");
	return { parent: Number(f[1]), cpu: (Number(f[11]) + Number(f[12])) / ticks };
}

function family(pid) {
	const children = readdirSync("/proc").filter((p) => /^\d+$/.test(p));
	return [pid, ...children.map(Number).filter((p) => isChild(p, pid))];
}
function pss(pid) {
	try {
		return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))[1]);
	} catch {
		return 0; // it ended meanwhile
	}
}
function isChild(p, pid) {
	try {
		return stat(p).parent === pid;
	} catch {
		return false; // it ended meanwhile
	}
}

// A program whose standard output is lines of JSON, each with an "event" (others are passed over).
export class Proc {
	constructor(command, args = [], { log } = {}) {
		// Whatever the shell that called us allows, the programs may open as many files as the system lets them.
		const line = ["-c", 'ulimit -n "$(ulimit -Hn)"; exec "$0" "$@"', command, ...args.map(String)];
		const stderr = log ? openSync(log, "a") : "inherit";
		this.name = command.split("/").pop();
		this.child = spawn("sh", line, { stdio: ["pipe", "pipe", stderr] });
		this.pid = this.child.pid;
		this.events = [];
		this.waiting = [];
		this.gone = new Promise((done) => this.child.once("close", (code, signal) => done({ code, signal })));
		this.gone.then((how) => {
			running.delete(this);
			this.exited = how;
			for (const w of this.waiting) w.fail(new Error(`${this.name} ended (${JSON.stringify(how)}) before "${w.name}"`));
		});
		this.child.stdin.on("error", () => {});
		createInterface({ input: this.child.stdout }).on("line", (text) => this.line(text));
		running.add(this);
	}

	line(text) {
		if (!text.startsWith("{")) return;
		const e = JSON.parse(text);
		this.events.push(e);
		this.waiting = this.waiting.filter((w) => w.name !== e.event || w.done(e));
	}

	// The first event of that name, past or to come.
	event(name, seconds = 60) {
		const past = this.events.find((e) => e.event === name);
		if (past) return Promise.resolve(past);
		return new Promise((done, fail) => {
			const timer = setTimeout(() => fail(new Error(`${this.name}: no "${name}" in ${seconds} s`)), seconds * 1000);
			const settle = (f) => (v) => {
				clearTimeout(timer);
				f(v);
			};
			this.waiting.push({ name, done: settle(done), fail: settle(fail) });
		});
	}

	// Forgets the events so far, so that the next one of a name is a new one.
	anew(line) {
		this.events = [];
		this.say(line);
	}

	say(line) {
		this.child.stdin.write(line + "\n");
	}

	// CPU seconds of all threads so far.
	cpu() {
		return stat(this.pid).cpu;
	}

	// KiB resident, shared pages counted once over the process and its children.
	resident() {
		return family(this.pid).reduce((sum, pid) => sum + pss(pid), 0);
	}

	// Ends it and gives its last event.
	async stop(signal = "SIGTERM", seconds = 60) {
		if (!this.exited) this.child.kill(signal);
		const timer = setTimeout(() => this.child.kill("SIGKILL"), seconds * 1000);
		const how = await this.gone;
		clearTimeout(timer);
		if (signal === "SIGTERM" && how.code !== 0) throw new Error(`${this.name} ended with ${JSON.stringify(how)}`);
		return this.events.at(-1);
	}
}

export function killAll() {
	for (const p of running) p.child.kill("SIGKILL");
}
