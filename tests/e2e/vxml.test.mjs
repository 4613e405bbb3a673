// The W3C's implementation-report tests of VoiceXML 2.0, as far as they need no speech recogniser, through
// `threadline explain menu`. The suite is not part of the project: THREADLINE_SUITES names where it is.
// A test passes when it says "pass" and never "fail"; the few that only a listener can judge, when they end without it.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { binary as bin } from "./lib/gateway.mjs";

const suite = join(process.env.THREADLINE_SUITES ?? "../shared/suites", "vxml-ir");

// What the one who is called does: the tests say it in their comments only, since a person was to do it.
const called = { "290.txml": "say:chicago", "301.txml": "busy", "302.txml": "network_busy" };
// It enters its own document anew by its address, which makes its variables anew (assertion 75): it can never end.
const endless = ["432.txml"];

function convert(dir) {
	cpSync(suite, dir, { recursive: true });
	for (const f of readdirSync(suite).filter((n) => n.endsWith(".txml"))) {
		const xml = execFileSync("xsltproc", [join(suite, "irtest.xslt"), join(suite, f)], {
			stdio: ["ignore", "pipe", "ignore"],
		});
		// Some refer to what was converted, some to what the server converts when it is asked.
		writeFileSync(join(dir, f), xml);
		writeFileSync(join(dir, f.replace(/\.txml$/, ".vxml")), xml);
	}
}

// Documents that others go to are no tests by themselves.
function entries() {
	const all = readdirSync(suite).filter((n) => n.endsWith(".txml"));
	const told = new Set();
	for (const f of all) {
		const text = readFileSync(join(suite, f), "utf8").replace(/<!--[^]*?-->/g, "");
		for (const other of all) {
			const name = other.replace(/\.txml$/, "");
			const found = new RegExp(`["'/]${name.replace(/[.+]/g, "\\$&")}\\.[tv]xml[#"']`).test(text);
			if (found && other !== f) told.add(other);
		}
	}
	return all.filter((f) => !told.has(f));
}

// Whether the suite lacks a document that this one or those it goes to need.
function missing(name, seen = new Set()) {
	if (seen.has(name)) return false;
	seen.add(name);
	const text = readFileSync(join(suite, name), "utf8").replace(/<!--[^]*?-->/g, "");
	const others = [...text.matchAll(/([\w.-]+)\.[tv]xml/g)].map((m) => `${m[1]}.txml`);
	return others.some((f) => !existsSync(join(suite, f)) || missing(f, seen));
}

function run(file, keys) {
	const r = spawnSync(bin, ["explain", "menu", file, "--keys", keys.join(",")], { encoding: "utf8", timeout: 20_000 });
	assert.equal(r.signal, null, `${file} did not end`);
	return r.stdout
		.split("\n")
		.filter(Boolean)
		.map((l) => JSON.parse(l));
}

// What a person would do who hears these prompts.
function obey(prompts, name) {
	const text = prompts.join(" ");
	const last = [...text.matchAll(/Say '([^']*)'|Press '([^']*)'|Say something unrec|Hang up now|Say nothing|Say (London|New York)/g)].pop();
	if (called[name]) return called[name];
	if (!last) return "noinput";
	if (last[1] || last[3]) return `say:${last[1] ?? last[3]}`;
	if (last[2]) return last[2];
	return /unrec/.test(last[0]) ? "say:gibberish" : /Hang/.test(last[0]) ? "hangup" : "noinput";
}

function play(dir, name) {
	const file = join(dir, name.replace(/\.txml$/, ".vxml"));
	const keys = [];
	for (;;) {
		const steps = run(file, keys);
		const asked = steps.map((s, i) => [s, i]).filter(([s]) => /^(input|transfer|record)$/.test(s.step));
		if (asked.length <= keys.length || keys.length >= 12) return steps;
		const from = keys.length ? asked[keys.length - 1][1] : 0;
		const heard = steps.slice(from, asked[keys.length][1]).filter((s) => s.step === "prompt");
		keys.push(obey(heard.map((s) => s.text ?? ""), name));
	}
}

test("W3C implementation-report tests", { skip: existsSync(suite) ? false : `there is no ${suite}` }, (t) => {
	const dir = mkdtempSync(join(tmpdir(), "threadline-vxml-"));
	const classes = JSON.parse(readFileSync(join(suite, "classify.json"), "utf8"));
	const failed = [];
	const passed = [];
	const undecided = [];
	try {
		convert(dir);
		for (const name of entries()) {
			const steps = endless.includes(name) ? [] : play(dir, name);
			const gone = /cannot be had/.test(JSON.stringify(steps)) && missing(name);
			if (gone || endless.includes(name)) {
				undecided.push(name);
				continue;
			}
			const said = steps.filter((s) => s.step === "prompt").map((s) => s.text?.toLowerCase());
			const ok = said.includes("pass") || (!classes[name]?.has_pass && !steps.some((s) => s.error));
			if (ok && !said.includes("fail")) passed.push(name);
			else failed.push(`${name}: ${JSON.stringify(steps.slice(-4))}`);
		}
	} finally {
		rmSync(dir, { recursive: true, force: true });
	}
	const names = (list) => list.map((n) => n.replace(".txml", "")).join(" ");
	t.diagnostic(`${passed.length} passed: ${names(passed)}`);
	t.diagnostic(`${undecided.length} cannot be decided (a document is missing, or without end): ${names(undecided)}`);
	assert.deepEqual(failed, []);
});

test("explain menu shows each step, and where a menu is wrong", () => {
	const dir = mkdtempSync(join(tmpdir(), "threadline-menu-"));
	const file = join(dir, "m.vxml");
	const menu = (inner) => writeFileSync(file, `<vxml version="2.1" xmlns="http://www.w3.org/2001/vxml">\n${inner}</vxml>`);
	const call = (...args) => {
		const r = spawnSync(bin, ["explain", "menu", file, ...args], { encoding: "utf8", timeout: 20_000 });
		return { status: r.status, steps: r.stdout.split("\n").filter(Boolean).map((l) => JSON.parse(l)) };
	};
	try {
		menu(`<form><field name="f" type="digits?length=2"><prompt>Key, <value expr="who"/>!</prompt></field>
			<block><submit next="http://example.org/a/next.vxml" namelist="f"/></block></form>`);
		writeFileSync(join(dir, "next.vxml"), `<vxml version="2.1"><form><block><audio src="bye.wav">Bye</audio><exit expr="f1"/>
			</block><catch event="error.semantic"><exit expr="1+1"/></catch></form></vxml>`);
		let r = call("--keys", "noinput,42", "--vars", '{"who":"Ada"}');
		assert.equal(r.status, 0);
		assert.deepEqual(r.steps, [
			{ step: "prompt", text: "Key, Ada!" },
			{ step: "input", target: "f", value: "noinput" },
			{ step: "noinput", text: "1", target: "f" },
			{ step: "prompt", text: "Key, Ada!" },
			{ step: "input", target: "f", value: "42" },
			{ step: "submit", text: "GET", target: "http://example.org/a/next.vxml", value: "f=42" },
			{ step: "error", text: "http://example.org/a/next.vxml:1: ReferenceError: 'f1' is not defined", target: "error.semantic" },
			{ step: "prompt", text: "Bye", target: "http://example.org/a/bye.wav" },
			{ step: "exit", value: "2" },
		]);
		menu("<form>\n<block><goto/></block></form>");
		r = call();
		assert.equal(r.status, 1);
		assert.match(r.steps.at(-1).error, /m\.vxml:3: <goto> needs exactly one of/);
		menu("<form><block><value expr='nobody'/></block></form>");
		r = call();
		assert.equal(r.status, 1);
		assert.match(r.steps.find((s) => s.error).error, /m\.vxml:2: ReferenceError: 'nobody' is not defined/);
		rmSync(file);
		assert.equal(call().status, 1);
		assert.equal(spawnSync(bin, ["explain", "menu"]).status, 2);
		for (const f of readdirSync("etc/ivr")) assert.equal(spawnSync(bin, ["explain", "menu", `etc/ivr/${f}`, "--keys", "1,0"]).status, 0, f);
	} finally {
		rmSync(dir, { recursive: true, force: true });
	}
});
