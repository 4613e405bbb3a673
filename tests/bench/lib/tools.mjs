// The load tools as functions; see the head of each C file for what its options mean.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { build, out, Proc } from "./proc.mjs";

// { receiptMs: 5, early: true } → --receipt-ms 5 --early
function flags(options) {
	return Object.entries(options).flatMap(([k, v]) => {
		const name = `--${k.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
		if (v === undefined || v === false) return [];
		if (Array.isArray(v)) return v.flatMap((one) => [name, one]);
		return v === true ? [name] : [name, v];
	});
}

async function ready(tool, options) {
	const p = new Proc(tool, flags(options));
	p.port = (await p.event("ready")).port;
	return p;
}

export const simulator = (options) => ready(join(build, "smscsim"), options);
export const httpSink = (options) => ready(join(out, "httpsink"), options);

export async function httpLoad(options) {
	const p = new Proc(join(out, "httpload"), flags({ seconds: 600, ...options }));
	const done = await p.event("done", 610);
	if (done.ok !== Number(options.count ?? 1000)) throw new Error(`httpload: ${JSON.stringify(done)}`);
	return done;
}

// Numbered mails by SMTP or LMTP.
export async function mailLoad(options) {
	const p = new Proc(join(out, "mailload"), flags({ seconds: 600, ...options }));
	const done = await p.event("done", 610);
	if (done.ok !== Number(options.count)) throw new Error(`mailload: ${JSON.stringify(done)}`);
	return done;
}

// Followers of an event stream, all connected.
export async function followers(options) {
	const p = new Proc(join(out, "sseload"), flags(options));
	await p.event("ready");
	return p;
}

export async function floor(...args) {
	const p = new Proc(join(out, "floor"), args);
	const last = await p.event(args[0], 300);
	await p.gone;
	return last;
}

export async function floorHttp(threads) {
	const p = new Proc(join(out, "floor"), ["http", threads]);
	p.port = (await p.event("ready")).port;
	return p;
}

export function timeline(...args) {
	const text = execFileSync(join(out, "timeline"), args.map(String), { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
	return text.startsWith("{") ? JSON.parse(text) : {};
}
