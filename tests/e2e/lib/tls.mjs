// What HTTPS needs: a certificate authority of the test's own (made by openssl), and a fetch that trusts it; Node's own
// reads the authorities it trusts when it starts.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import { Readable } from "node:stream";

const openssl = (...args) => execFileSync("openssl", args, { stdio: ["ignore", "pipe", "pipe"] });
const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

export class Authority {
	constructor(dir, name = "Test authority") {
		this.dir = dir;
		this.key = join(dir, "ca.key");
		this.file = join(dir, "ca.pem");
		openssl("req", "-x509", ...NEW_KEY, "-keyout", this.key, "-out", this.file, "-subj", `/CN=${name}`, "-days", "2");
		this.pem = readFileSync(this.file, "utf8");
	}

	// A server certificate for 127.0.0.1: { cert, key }, file names.
	issue(name) {
		const [cert, key, wish, more] = ["pem", "key", "csr", "ext"].map((e) => join(this.dir, `${name}.${e}`));
		openssl("req", ...NEW_KEY, "-keyout", key, "-out", wish, "-subj", `/CN=${name}`);
		writeFileSync(more, "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n");
		const signer = ["-CA", this.file, "-CAkey", this.key, "-CAcreateserial"];
		openssl("x509", "-req", "-in", wish, ...signer, "-out", cert, "-days", "2", "-extfile", more);
		return { cert, key };
	}
}

// fetch, as far as the tests use it, for servers whose certificate `ca` (PEM) has signed; each call its own connection.
export const fetchTrusting =
	(ca) =>
	(url, { method = "GET", headers = {}, body, signal } = {}) =>
		new Promise((resolve, reject) => {
			const q = request(url, { method, headers, ca, signal, agent: false }, (r) => {
				const bare = r.statusCode === 204 || r.statusCode === 304;
				if (bare) r.resume();
				resolve(new Response(bare ? null : Readable.toWeb(r), { status: r.statusCode, headers: flat(r.rawHeaders) }));
			});
			q.once("error", reject);
			q.end(body);
		});

const flat = (raw) => Array.from({ length: raw.length / 2 }, (_, i) => [raw[2 * i], raw[2 * i + 1]]);
