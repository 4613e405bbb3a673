// The figures of calls: telephones (ivrload.c) call the gateway's SIP door and hold on; a prompt plays to each all the time,
// each presses keys, and every key has to be on the timeline afterwards.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { wavOf, tone } from "../peer/baresip.mjs";
import { Sipp, call, hangsUp, keys, wait } from "../peer/sipp.mjs";
import { startGateway } from "./lib/gateway.mjs";
import { freePort, freshDir, now, out, pause, Proc } from "./lib/proc.mjs";

const calls = Number(process.env.CALLS || 1000);
const HOLD = 30; // seconds
const KEYS = 5; // of each call, one every five seconds
const EVERY = 5000;

// Whatever key comes, the prompt begins anew.
const menu = `<?xml version="1.0"?>
<vxml version="2.1" xmlns="http://www.w3.org/2001/vxml" xml:lang="en">
<form><property name="timeout" value="5s"/><field name="key">
<grammar mode="dtmf" version="1.0" root="k"><rule id="k"><one-of>${[..."0123456789*"].map((k) => `<item>${k}</item>`).join("")}</one-of></rule></grammar>
<prompt><audio src="prompt.wav"/></prompt><noinput><reprompt/></noinput><filled><clear namelist="key"/></filled>
</field></form></vxml>
`;

function files(dir) {
	for (const d of ["menus", "speech", "records"]) mkdirSync(join(dir, d));
	writeFileSync(join(dir, "menus", "main.vxml"), menu);
	writeFileSync(join(dir, "menus", "prompt.wav"), wavOf(tone(440, 8)));
}

// What the timeline says that a number pressed.
async function pressed(g, number) {
	const get = async (path) => (await fetch(`http://127.0.0.1:${g.port}${path}`, { headers: { Authorization: g.header[0].slice(15) } })).json();
	const customer = (await get(`/v1/customers?number=${encodeURIComponent(number)}`)).data?.[0];
	const entry = customer && (await get(`/v1/customers/${customer.id}/timeline?kind=call`)).data[0];
	if (!entry?.metadata.call?.ended_by) return null;
	return entry.metadata.call.steps.filter((s) => s.step === "pressed").map((s) => s.value).join("");
}

// How many calls have every key on the timeline, in order.
async function whole(g, journal) {
	let right = 0;
	const wrong = [];
	for (const [number, keys = ""] of journal) {
		let got = await pressed(g, number);
		for (const end = now() + 20e9; got === null && now() < end; await pause(100)) got = await pressed(g, number);
		if (got === keys && keys.length === KEYS) right++;
		else wrong.push({ number, keys, got });
	}
	return { right, wrong: wrong.slice(0, 5) };
}

async function start() {
	const dir = freshDir("gateway");
	const sip = await freePort();
	files(dir);
	const ivr = {
		door: "sip", number: "+49304000", menus: join(dir, "menus"), records: join(dir, "records"), calls: calls + 10, sip_port: sip,
		sip_speech_cache: join(dir, "speech"), max_call: "10m", sip_rtp_timeout: "5m",
	};
	return { dir, sip, g: await startGateway({ dir, sections: { "ivr main": ivr } }) };
}

// The same with sipp, which makes no sound but the keys of its captures and does not listen.
async function withSipp() {
	const { dir, sip, g } = await start();
	const pressed = "12579"; // in the order of the captures' time stamps
	const numbers = Array.from({ length: calls }, (_, i) => `+49152${String(i).padStart(8, "0")}`);
	writeFileSync(join(dir, "numbers.csv"), `SEQUENTIAL\n${numbers.join("\n")}\n`);
	const steps = [call(), wait(12000), keys(pressed), wait(12000), hangsUp(2)].flat(9).map((x) => x.replaceAll("[who]", "[field0]"));
	const args = ["-m", calls, "-l", calls, "-r", 100, "-inf", join(dir, "numbers.csv"), "-timeout", "120"];
	const p = await new Sipp(steps, { remote: sip, args, quiet: true }).start();
	const gauge = /^threadline_ivr_calls\{[^}]*\} (\d+)/m;
	let most = 0;
	while (p.child.exitCode === null && p.child.signalCode === null) {
		most = Math.max(most, Number(gauge.exec(await fetch(`http://127.0.0.1:${g.port}/metrics`).then((r) => r.text()))?.[1] ?? 0));
		await pause(200);
	}
	await p.done();
	const { right, wrong } = await whole(g, numbers.map((n) => [n, pressed]));
	await g.stop();
	return [{ name: "ivr.sipp", value: Math.min(right, most), detail: { right, most, wrong } }];
}

async function hold() {
	const { dir, sip, g } = await start();
	const before = g.resident();
	const file = join(dir, "journal");
	const load = new Proc(join(out, "ivrload"), ["--port", sip, "--calls", calls, "--hold", HOLD, "--keys", KEYS, "--every", EVERY, "--journal", file]);
	const idle = g.cpu();
	const up = await load.event("up", 300);
	const [from, cpu] = [now(), g.cpu()];
	const resident = g.resident();
	const held = await load.event("held", HOLD + 60);
	const cores = (g.cpu() - cpu) / ((now() - from) / 1e9);
	const done = await load.event("done", 120);
	await load.gone;
	const journal = readFileSync(file, "utf8").trim().split("\n").map((l) => l.split(" "));
	const { right, wrong } = await whole(g, journal);
	await g.stop();
	if (done.failed || done.dropped) throw new Error(`ivrload: ${JSON.stringify(done)}`);
	const sounding = held.sounding / held.packets;
	if (sounding < 0.9) throw new Error(`only ${Math.round(100 * sounding)} % of what came was the prompt`);
	const detail = { held, done, wrong, cores, keys: KEYS * calls, sounding, setup_cpu_ms: ((cpu - idle) / calls) * 1000 };
	return [
		{ name: "ivr.calls", value: right, detail },
		{ name: "ivr.jitter_p99", value: held.jitter_p99_ms },
		{ name: "ivr.cpu", value: (cores * 1000) / calls },
		{ name: "ivr.memory", value: (resident - before) / calls },
		{ name: "ivr.setup", value: up.setup_rate },
	];
}

export const figures = [
	{ name: "ivr.calls", unit: "calls at once", target: ["value", ">=", 1000], measure: hold },
	{ name: "ivr.jitter_p99", unit: "ms off 20 ms", target: ["value", "<=", 5], measure: hold },
	{ name: "ivr.cpu", unit: "cores / 1,000 calls", measure: hold },
	{ name: "ivr.memory", unit: "KiB / call", measure: hold },
	{ name: "ivr.setup", unit: "calls set up/s", measure: hold },
	{ name: "ivr.sipp", unit: "calls at once", target: ["value", ">=", 1000], measure: withSipp },
];
