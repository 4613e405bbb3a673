// Tracked links: only of marketing, only with the customer's consent; people and robots told apart.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Smsc } from "../peer/smsc.mjs";
import { Api } from "./lib/api.mjs";
import { Gateway, freePort, smsAccount } from "./lib/gateway.mjs";
import { SmartHost } from "./lib/smarthost.mjs";
import { until } from "./lib/wait.mjs";

const person = { "User-Agent": "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36" };

describe("tracked links", { timeout: 60000 }, () => {
	let smsc, host, gateway, api, base;
	before(async () => {
		const port = await freePort();
		base = `http://127.0.0.1:${port}`;
		smsc = new Smsc();
		await smsc.listen();
		host = await new SmartHost().listen();
		gateway = new Gateway({
			http: { listen: `127.0.0.1:${port}`, public_url: base },
			"sms main": smsAccount(smsc),
			"email care": { from: "care@shop.example", hosts: `127.0.0.1:${host.port}`, tls: "none" },
			outbound: { marketing_needs_opt_in: "no" },
			policy: { track_links: "yes" },
		});
		gateway.port = port;
		await gateway.prepare();
		await gateway.run();
		api = gateway.api;
		await gateway.ready();
	});
	after(async () => {
		await gateway?.stop();
		await host?.close();
		await smsc?.close();
	});

	const consent = (address) => api.want(200, "PUT", "/v1/consents", { address, purpose: "tracking", state: "opt_in", source: "api" });
	const offer = (to, more) => api.send({ to, purpose: "marketing", ...more });
	const get = (url, headers = person) => new Api(base, null).request("GET", url.slice(base.length), undefined, headers);
	const linksOf = async (m) => (await api.get(`/v1/messages/${m.id}/links`)).data;
	const old = async (m) => {
		const sent = await until("the message to be sent", async () => (await api.get(`/v1/messages/${m.id}`)).deliveries[0].history.find((h) => h.status === "sent")?.at);
		await until("two seconds to have passed: sooner nobody reads", () => Date.now() > new Date(sent).getTime() + 2000);
	};

	it("leaves the links of who has not consented, and of service, as they are", async () => {
		const text = "Look: https://shop.example/a?b=1.";
		assert.equal((await offer("+4915177666001", { text })).text, text);
		await consent("+4915177666001");
		assert.equal((await api.send({ to: "+4915177666001", text })).text, text);
	});

	it("sees that a person follows, and tells robots apart", async () => {
		await consent("+4915177666002");
		const m = await offer("+4915177666002", { text: "Look: https://shop.example/a?b=1&c=2. Or (https://shop.example/x)!" });
		const [first, second] = m.text.match(/http:\/\/[^ )!]+/g);
		assert.match(first, new RegExp(`^${base}/l/[A-Za-z0-9_-]{12}\\.?$`));
		const url = first.replace(/\.$/, "");
		assert.equal(m.text.replace(url, "A").replace(second, "B"), "Look: A. Or (B)!");
		assert.equal((await get(url)).status, 302, "within two seconds: a scanner");
		await until("the text at the carrier", () => smsc.submits.some((s) => s.text === m.text));
		await old(m);
		const r = await get(url);
		assert.deepEqual([r.status, r.headers.get("location")], [302, "https://shop.example/a?b=1&c=2"]);
		await get(url);
		await get(url, { "User-Agent": "Googlebot/2.1" });
		await fetch(url, { method: "HEAD", redirect: "manual", headers: person });
		await get(url, { ...person, "Sec-Purpose": "prefetch" });
		const link = (await linksOf(m)).find((l) => l.url.includes("b=1"));
		assert.deepEqual([link.people, link.robots], [2, 4]);
		const events = (await api.timeline(m.customer_id)).filter((i) => i.kind === "event");
		assert.deepEqual(events.map((i) => [i.subject, i.metadata.message_id, i.metadata.url]), [["link.clicked", m.id, "https://shop.example/a?b=1&c=2"]], "once on the timeline");
	});

	it("takes who follows before a message went out for a robot, however long it has waited", async () => {
		await consent("+4915177666003");
		const m = await offer("+4915177666003", { text: "Look: https://shop.example/later", send_at: new Date(Date.now() + 3600e3).toISOString() });
		await until("two seconds to have passed", () => Date.now() > new Date(m.at).getTime() + 2000);
		assert.equal((await get(m.text.match(/http:\S+/)[0])).status, 302);
		assert.deepEqual((await linksOf(m)).map((l) => [l.people, l.robots]), [[0, 1]]);
		await api.want(200, "POST", `/v1/messages/${m.id}/cancel`);
	});

	it("is no open redirect", async () => {
		for (const code of ["AAAAAAAAAAAA", "x", "..%2f..", encodeURIComponent("https://evil.example/")]) assert.equal((await get(`${base}/l/${code}`)).status, 404);
		assert.equal((await fetch(`${base}/l/?url=https://evil.example/`, { redirect: "manual", headers: person })).status, 404);
	});

	it("puts a pixel into a mail, and counts who opens it", async () => {
		await consent("eva@people.example");
		const m = await offer("eva@people.example", { subject: "An offer", text: "See https://shop.example/", options: { html: '<html><body><a href="https://shop.example/?a=1&amp;b=2">here</a> https://not.a.link/</body></html>' } });
		const mail = await host.mailTo("eva@people.example");
		const html = mail.parsed.html;
		const pixel = /<img src="([^"]+)"/.exec(html)[1];
		const href = /<a href="([^"]+)"/.exec(html)[1];
		assert.ok(href.startsWith(`${base}/l/`));
		assert.ok(html.includes("https://not.a.link/"), "only links are links");
		await old(m);
		const picture = await get(pixel);
		assert.deepEqual([picture.status, picture.headers.get("content-type")], [200, "image/gif"]);
		assert.equal((await get(href)).headers.get("location"), "https://shop.example/?a=1&b=2");
		const seen = await linksOf(m);
		assert.deepEqual(seen.map((l) => [l.kind, l.people]).sort(), [["link", 0], ["link", 1], ["pixel", 1]]);
		assert.ok((await api.timeline(m.customer_id)).some((i) => i.subject === "mail.opened"));
		assert.equal((await get(pixel.replace("/o/", "/l/").replace(".gif", ""))).status, 404, "a pixel is no link");
	});

	it("means that the offer which the message presents was clicked", async () => {
		await api.want(200, "PUT", "/v1/templates/promo", { texts: [{ channel: "sms", text: "{{ offer.name }}: https://shop.example/pass" }] });
		await api.post("/v1/templates/promo/publish", {});
		const o = await api.post("/v1/offers", { name: "Pass" }, 201);
		const c = await api.post("/v1/customers", { name: "Ada" }, 201);
		await api.post(`/v1/customers/${c.id}/contact_points`, { address: "+4915177666099" }, 201);
		await consent("+4915177666099");
		const campaign = await api.post("/v1/campaigns", { name: "pass", template: { name: "promo" }, offer_id: o.id, customers: [c.id] }, 201);
		await api.post(`/v1/campaigns/${campaign.id}/start`);
		await until("the message", async () => (await api.get(`/v1/campaigns/${campaign.id}/figures`)).queued === 1);
		const [row] = (await api.get(`/v1/campaigns/${campaign.id}/customers`)).data;
		const m = await api.message(row.message_id);
		await old(m);
		assert.equal((await get(/http:\S+/.exec(m.text)[0])).status, 302);
		await until("the click", async () => (await api.get(`/v1/customers/${c.id}/offers`)).data[0].state === "clicked");
		assert.equal((await api.get(`/v1/campaigns/${campaign.id}/figures`)).outcomes[0].clicked, 1);
	});
});
