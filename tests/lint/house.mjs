// The rules of the house that no compiler knows. usage: house.mjs BUILD   (objects of a finished build)
// Each finding is one line "file:line: what"; exit status 1 if there is one.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname } from "node:path";

const build = process.argv[2] ?? "build";
const tracked = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { encoding: "utf8" })
	.split("\n")
	.filter((f) => f && existsSync(f));
const sources = tracked.filter((f) => /^(gateway|channels|tests|templates)\/.*\.(c|h|cc)$/.test(f));
const ours = sources.filter((f) => !f.startsWith("tests/"));
const exceptions = JSON.parse(readFileSync("tests/lint/exceptions.json", "utf8"));

let findings = 0;
function found(file, line, what) {
	findings++;
	console.log(`${file}${line ? `:${line}` : ""}: ${what}`);
}

// Comments and strings blanked, line numbers kept.
function bare(text) {
	return text.replace(/\/\*[^]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g, (m) =>
		m[0] === "/" ? m.replace(/[^\n]/g, " ") : m[0] + " ".repeat(m.length - 2) + m[0],
	);
}

// ---- who may include whom (ARCHITECTURE: a number is a rank; only lower ranks, or the own folder)
const ranks = [
	[/^gateway\/base\//, 0],
	[/^gateway\/model\//, 1],
	[/^gateway\/store\//, 2],
	[/^gateway\/channel\/channel\./, 2],
	[/^gateway\/(events\/|scheduler\.)/, 3],
	[/^gateway\/nodes\//, 4],
	[/^gateway\/channel\/accounts\./, 3],
	[/^gateway\/customer\//, 4],
	[/^gateway\/(timeline|segment)\//, 5],
	[/^gateway\/(intake|outbound|import|learn)\//, 6],
	[/^gateway\/(channel|campaign)\//, 7],
	[/^gateway\/http\//, 8],
	[/^gateway\/(api|console)\//, 9],
	[/^gateway\/[^/]+$/, 10],
	[/^gateway\/cli\//, 11],
	[/^channels\//, 3],
	[/^templates\/domain\//, 2],
	[/^templates\//, 1],
];
const rankOf = (f) => (f === "gateway/main.c" ? 12 : ranks.find(([re]) => re.test(f))?.[1]);
const topFolder = (f) => f.split("/").slice(0, 2).join("/");

function checkIncludes(file, text) {
	const rank = rankOf(file);
	if (rank === undefined) return found(file, 0, "has no rank (tests/lint/house.mjs)");
	text.split("\n").forEach((l, i) => {
		const name = /^\s*#\s*include\s+"([^"]+)"/.exec(l)?.[1];
		if (!name || name === "version.h") return;
		const target = [`gateway/${name}`, `channels/${name}`, `templates/${name}`].find((t) => existsSync(t));
		if (!target) return found(file, i + 1, `"${name}" is included by its path from gateway/, channels/ or templates/`);
		const own = topFolder(file) === topFolder(target) && file.split("/").length > 2;
		if (own && !/^gateway\/channel\//.test(file)) return;
		// What a telephone menu says is rendered before it is read.
		if (file === "channels/ivr/menus.c" && /^templates\/liquid\/(liquid|json_value)\.h/.test(target)) return;
		if (file.startsWith("channels/") && !/^gateway\/(base|model)\/|^gateway\/channel\/channel\.h/.test(target))
			return found(file, i + 1, `an adapter includes channel/channel.h, model and base only, not ${name}`);
		// The composition root knows what the adapters export; the command line may explain with their code.
		if (target.startsWith("channels/") && rank >= 10) return;
		const same = rankOf(target) === rank && dirname(file) === dirname(target);
		if (rankOf(target) < rank || same) return;
		found(file, i + 1, `rank ${rank} may not include ${name} of rank ${rankOf(target)}`);
	});
}

// ---- third-party headers in one place each
const places = [
	[/^(libsmpp34\/)?smpp34/, /^channels\/sms\/pdu_library\.c$|^tests\/(unit\/test_sms|fuzz\/fuzz_pdu)/],
	[/^mujs\.h$/, /^channels\/ivr\/vxml\/script_private\.h$/],
	[/^re\.h$|^rem/, /^channels\/ivr\/sip\//],
	[/^sqlite3\.h$|^libpq/, /^gateway\/store\/|^tests\/bench\//],
	[/^microhttpd\.h$/, /^gateway\/http\/|^tests\//],
	[/^curl\//, /^gateway\/cli\/client\.c$|^gateway\/webhook\/|^channels\/|^tests\//],
	[/^openssl\//, /^gateway\/base\/crypto\.c$|^channels\/(sms|ivr\/sip)\/tls\.c$|^channels\/email\/dkim\.c$|^gateway\/http\/|^tests\//],
	[/^ini\.h$/, /^gateway\/base\/settings\.c$/],
	[/^jansson\.h$/, /^gateway\/base\/json\.h$|^tests\//],
	[/^phonenumbers\//, /^gateway\/model\/phone/],
	[/^libxml\//, /^gateway\/base\/html\.c$|^channels\/ivr\/vxml\/xml\.c$/],
	[/^unicode\//, /^templates\/liquid\/text\.c$|^templates\/domain\/icu\.c$|^gateway\/base\/calendar\.c$|^gateway\/store\/fulltext_words\.c$|^tests\//],
	[/^systemd\//, /^gateway\/cli\/serve\.c$/],
];
function checkForeign(file, text) {
	text.split("\n").forEach((l, i) => {
		const name = /^\s*#\s*include\s+<([^>]+)>/.exec(l)?.[1];
		const place = name && places.find(([re]) => re.test(name));
		if (place && !place[1].test(file)) found(file, i + 1, `<${name}> is not included here`);
	});
}

// ---- words
const banned =
	/\b(strcpy|strcat|strncpy|strncat|sprintf|vsprintf|gets|strtok|atoi|atol|atoll|atof|alloca|tmpnam|mktemp|scanf|sscanf|rand|srand|asctime|ctime|gmtime|localtime|system|popen)\s*\(/;
function checkWords(file, text) {
	const plain = bare(text);
	plain.split("\n").forEach((l, i) => {
		const m = banned.exec(l);
		if (m) found(file, i + 1, `${m[1]} is banned`);
	});
	text.split("\n").forEach((l, i) => {
		if (/\b(TODO|FIXME|XXX)\b/.test(l)) found(file, i + 1, "an issue or a fix, no mark");
		if (/^\s*#\s*if\s+0\b/.test(l)) found(file, i + 1, "dead code");
	});
}

// ---- sizes
function checkSizes(file, text) {
	const lines = text.split("\n");
	const allowed = exceptions.lines[file] ?? 600;
	if (exceptions.lines[file] && lines.length - 1 <= 600) found(file, 0, "has no need of its exception: shrink the list");
	if (lines.length - 1 > allowed) found(file, 0, `${lines.length - 1} lines; the limit is ${allowed}`);
	const plain = bare(text).split("\n");
	for (let i = 0; i < plain.length; i++) {
		if (plain[i] !== "{") continue; // a function's body begins in the first column
		const end = plain.findIndex((l, k) => k > i && /^}/.test(l));
		const name = /(\w+)\s*\([^]*$/.exec(plain.slice(Math.max(0, i - 4), i).join(" ").split(/[;}]/).pop())?.[1];
		const limit = exceptions.functions[`${file}:${name}`] ?? 60;
		if (end - i - 1 > limit) found(file, i, `${name ?? "a function"} has ${end - i - 1} lines; the limit is ${limit}`);
	}
}
function checkExceptions() {
	for (const f of Object.keys(exceptions.lines))
		if (!existsSync(f)) found("tests/lint/exceptions.json", 0, `${f} is gone: shrink the list`);
	for (const f of Object.keys(exceptions.functions))
		if (!existsSync(f.split(":")[0])) found("tests/lint/exceptions.json", 0, `${f} is gone: shrink the list`);
}

// ---- no machine and no registry in anything that is kept
function checkPlaces(file) {
	const text = readFileSync(file, "utf8");
	if (/package-lock\.json$/.test(file) && /"resolved"|registry/.test(text)) found(file, 0, "names a registry");
	if (file === "tests/lint/house.mjs" || /\.(png|ico|bin)$/.test(file)) return;
	text.split("\n").forEach((l, i) => {
		if (/(^|[^\w.])\/(work|home|root)\//.test(l)) found(file, i + 1, "a path of one machine");
		if (/registry\.npmjs|npm\.pkg/.test(l)) found(file, i + 1, "a registry's host");
	});
}

// ---- objects: state, and what adapters export
const libObjects = ours.filter((f) => /\.(c|cc)$/.test(f)).map((f) => [f, `${build}/obj/${f}.o`]);
function symbols(object) {
	const out = spawnSync("objdump", ["-t", object], { encoding: "utf8" });
	return out.stdout.split("\n").flatMap((l) => {
		const m = /^[0-9a-f]+ (.{7}) (\S+)\s+([0-9a-f]+)\s+(?:\.hidden )?(\S+)$/.exec(l);
		return m ? [{ flags: m[1], section: m[2], size: parseInt(m[3], 16), name: m[4] }] : [];
	});
}
function checkState() {
	const needed = new Set();
	for (const [file, object] of libObjects) {
		if (!existsSync(object)) continue;
		for (const s of symbols(object)) {
			const data = /^\.(data|bss|tdata|tbss)(?!\.rel\.ro)/.test(s.section) || s.section === "*COM*";
			if (!data || s.size === 0 || /^\.(data|bss)$/.test(s.name)) continue;
			const name = s.name.replace(/\.\d+$/, "");
			if (/^_ZGV|^_ZSt|^DW\.ref|^__gcov/.test(name)) continue;
			const known = [`${file}:${name}`, `${file}:*`].find((k) => exceptions.state[k]);
			if (known) {
				needed.add(known);
				continue;
			}
			found(file, 0, `${name} is mutable data at file scope (${s.section})`);
		}
	}
	for (const k of Object.keys(exceptions.state))
		if (!needed.has(k)) found("tests/lint/exceptions.json", 0, `${k} is not needed: shrink the list`);
}
function checkExports() {
	const defined = new Map();
	for (const [file, object] of libObjects)
		for (const s of existsSync(object) ? symbols(object) : [])
			if (s.flags[0] === "g" && s.section !== "*UND*") defined.set(s.name, file);
	const used = new Map(); // adapter folder → symbols that others use
	for (const [file, object] of libObjects)
		for (const s of existsSync(object) ? symbols(object) : []) {
			const from = s.section === "*UND*" && defined.get(s.name);
			if (!from || !from.startsWith("channels/") || topFolder(from) === topFolder(file)) continue;
			const folder = topFolder(from);
			used.set(folder, (used.get(folder) ?? new Set()).add(s.name));
		}
	for (const [folder, names] of used)
		for (const n of names)
			if (n !== `${folder.split("/")[1]}_channel` && !exceptions.exports[`${folder}:${n}`])
				found(folder, 0, `${n} is used outside the adapter; it exports its channel_ops only`);
}

// ---- headers stand alone
function checkHeaders() {
	const pq = spawnSync("pkg-config", ["--cflags", "libpq", "libre", "librem"], { encoding: "utf8" }).stdout?.trim().split(/\s+/).filter(Boolean) ?? [];
	for (const h of ours.filter((f) => f.endsWith(".h"))) {
		const args = ["-std=c17", "-D_GNU_SOURCE", "-Igateway", "-Ichannels", "-Itemplates", ...pq, "-fsyntax-only", "-x", "c", h];
		const r = spawnSync("gcc", args, { encoding: "utf8" });
		if (r.status !== 0) found(h, 0, `does not compile alone: ${r.stderr.split("\n").find((l) => /error/.test(l)) ?? ""}`);
	}
}

for (const f of sources) {
	const text = readFileSync(f, "utf8");
	if (!f.startsWith("tests/")) checkIncludes(f, text);
	checkForeign(f, text);
	checkWords(f, text);
	checkSizes(f, text);
}
tracked.forEach(checkPlaces);
checkExceptions();
checkState();
checkExports();
checkHeaders();
console.log(findings ? `house: ${findings} findings` : `house: ${sources.length} files keep the rules`);
process.exit(findings ? 1 : 0);
