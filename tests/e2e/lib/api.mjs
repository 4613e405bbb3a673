// A client of the REST API that holds every answer against the OpenAPI document, and remembers what was asked.
import { createRequire } from "node:module";
import { appendFileSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";

const require = createRequire(import.meta.url);
const top = resolve(new URL("../../..", import.meta.url).pathname);
const file = resolve(top, "gateway/api/openapi.json");

export const document = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : null;

let ajv;
function validator() {
	if (ajv) return ajv;
	const Ajv = require("ajv/dist/2020.js");
	ajv = new (Ajv.default ?? Ajv)({ strict: false, allErrors: true });
	const formats = require("ajv-formats");
	(formats.default ?? formats)(ajv);
	ajv.addSchema({ ...document, $id: "openapi" }, "openapi");
	return ajv;
}

function follow(node) {
	while (node?.$ref) node = node.$ref.slice(2).split("/").reduce((at, k) => at[unescapePointer(k)], document);
	return node;
}
const escapePointer = (k) => k.replace(/~/g, "~0").replace(/\//g, "~1");
const unescapePointer = (k) => decodeURIComponent(k).replace(/~1/g, "/").replace(/~0/g, "~");

// The path template that serves this path: fewest parameters first, as a server would choose.
export function templateOf(path) {
	const parts = path.split("?")[0].split("/");
	const fits = Object.keys(document.paths).filter((t) => {
		const want = t.split("/");
		return want.length === parts.length && want.every((w, i) => /^\{.*\}$/.test(w) ? parts[i] !== "" : w === parts[i]);
	});
	return fits.sort((a, b) => (a.match(/\{/g)?.length ?? 0) - (b.match(/\{/g)?.length ?? 0))[0];
}

function pointerTo(method, template, status, type) {
	const operation = follow(document.paths[template])[method.toLowerCase()];
	const code = [String(status), `${String(status)[0]}XX`, "default"].find((c) => operation?.responses?.[c]);
	if (!code) return null;
	let node = operation.responses[code];
	let pointer = `#/paths/${escapePointer(template)}/${method.toLowerCase()}/responses/${code}`;
	while (node.$ref) {
		pointer = node.$ref;
		node = follow(node);
	}
	const content = node.content?.[type];
	if (!content) return { pointer: null, empty: !node.content };
	return { pointer: content.schema ? `${pointer}/content/${escapePointer(type)}/schema` : null, empty: false };
}

export function check(method, path, status, type, body) {
	if (!document) return;
	const template = templateOf(path);
	if (!template) throw new Error(`the OpenAPI document knows no path for ${path}`);
	const at = pointerTo(method, template, status, type);
	if (!at) throw new Error(`${method} ${template}: status ${status} is not in the OpenAPI document; body ${JSON.stringify(body)}`);
	if (!at.pointer && type && !at.empty && /json/.test(type)) throw new Error(`${method} ${template} ${status}: ${type} is not documented`);
	if (at.pointer && /json/.test(type)) {
		const v = validator();
		const pointer = at.pointer.slice(1).split("/").map(encodeURIComponent).join("/").replace(/%7E/g, "~").replace(/%24/g, "$");
		const validate = v.getSchema(`openapi#${pointer}`);
		if (!validate(body))
			throw new Error(`${method} ${template} ${status} does not fit the OpenAPI document: ${v.errorsText(validate.errors)}\n${JSON.stringify(body)}`);
	}
	const log = resolve(top, process.env.E2E_COVERAGE ?? "build/e2e/coverage.txt");
	mkdirSync(dirname(log), { recursive: true });
	appendFileSync(log, `${method} ${template} ${status}\n`);
}

export class Api {
	constructor(url, key, how = fetch) {
		this.url = url;
		this.fetch = how;
		this.key = key;
	}

	async request(method, path, body, headers = {}) {
		const json = body !== undefined && !(body instanceof Uint8Array) && typeof body !== "string";
		const r = await this.fetch(this.url + path, {
			method,
			redirect: "manual",
			headers: {
				...(this.key ? { Authorization: `Bearer ${this.key}` } : {}),
				...(json ? { "Content-Type": "application/json" } : {}),
				...headers,
			},
			body: json ? JSON.stringify(body) : body,
		});
		const type = (r.headers.get("content-type") ?? "").split(";")[0];
		const raw = Buffer.from(await r.arrayBuffer());
		const answer = /json/.test(type) ? JSON.parse(raw.toString()) : raw;
		check(method, path, r.status, type, answer);
		return { status: r.status, headers: r.headers, type, body: answer };
	}

	async want(status, method, path, body, headers) {
		const r = await this.request(method, path, body, headers);
		if (r.status !== status) throw new Error(`${method} ${path}: ${r.status} instead of ${status}: ${JSON.stringify(r.body)}`);
		return r.body;
	}

	get(path) {
		return this.want(200, "GET", path);
	}
	post(path, body, status = 200) {
		return this.want(status, "POST", path, body);
	}
	send(body, headers) {
		return this.want(202, "POST", "/v1/messages", body, headers);
	}
	message(id) {
		return this.get(`/v1/messages/${id}`);
	}
	async customerOf(number) {
		return (await this.get(`/v1/customers?number=${encodeURIComponent(number)}`)).data[0];
	}
	async timeline(customer, query = "") {
		return (await this.get(`/v1/customers/${customer}/timeline${query}`)).data;
	}
}
