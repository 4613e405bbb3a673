// template.render: a personal offer rendered again and again on one core, parsed once, beside liquidjs in its faster,
// synchronous form. Both build the customer's data within the measure, and have to write the same text.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { out } from "./lib/proc.mjs";

const SECONDS = 3;
const template =
	"Dear {{ first_name | default: 'customer' | capitalize }}, {% if tier == 'gold' %}as a gold member you get 20% off" +
	"{% else %}you get 10% off{% endif %} until {{ ends | date: '%d %B' }}:{% for p in products %} {{ p.name }} for " +
	"{{ p.price }} EUR{% unless forloop.last %},{% endunless %}{% endfor %}. Order at https://s.example/{{ code }} " +
	"or reply STOP {{ opt_out }}";

const customer = (i) => ({
	first_name: i % 7 ? `ann${i % 1000}` : undefined,
	tier: i % 3 ? "gold" : "std",
	ends: "2026-12-24T00:00:00Z",
	code: `x${i}`,
	opt_out: "60300",
	products: [
		{ name: "Tea", price: 4 },
		{ name: "Coffee", price: 6 + (i % 5) },
		{ name: "Mug", price: 9 },
	],
});

async function peer(seconds) {
	const { Liquid } = await import("liquidjs");
	const engine = new Liquid({ cache: true });
	const parsed = engine.parse(template);
	const output = engine.renderSync(parsed, customer(1));
	let n = 0;
	for (; n < 10000; n++) engine.renderSync(parsed, customer(n));
	const from = process.hrtime.bigint();
	const end = from + BigInt(seconds * 1e9);
	for (n = 0; process.hrtime.bigint() < end; ) for (let k = 0; k < 100; k++) engine.renderSync(parsed, customer(n++));
	return { output, renders: n, rate: n / (Number(process.hrtime.bigint() - from) / 1e9) };
}

function run(command, args) {
	const r = spawnSync(command, args, { encoding: "utf8", env: { ...process.env, TZ: "UTC" } });
	if (r.status !== 0) throw new Error(`${command}: ${r.stderr}`);
	return JSON.parse(r.stdout);
}

async function render() {
	const ours = run(join(out, "liquid"), [template, String(SECONDS)]);
	const theirs = run(process.execPath, [fileURLToPath(import.meta.url), "peer", String(SECONDS)]);
	if (ours.output !== theirs.output) throw new Error(`not the same text: ${ours.output} / ${theirs.output}`);
	return [{ name: "template.render", value: ours.rate, peer_value: theirs.rate, detail: { ours, theirs } }];
}

export const figures = [
	{ name: "template.render", unit: "renders/s", peer: "liquidjs", target: ["ratio", ">=", 25], measure: render },
];

if (process.argv[2] === "peer") console.log(JSON.stringify(await peer(Number(process.argv[3]))));
