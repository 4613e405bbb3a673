// Campaigns: what there is, how far each is, who was left out and why; and the buttons of who may press them.
import { html, useState, useEffect, useCallback } from "./lib.js";
import { get, post } from "./api.js";
import { moment, statusName } from "./format.js";

const becameName = { queued: "Sent or queued", deferred: "Waiting for their hour", held_out: "Held out", refused: "Refused", unreachable: "Unreachable", withdrawn: "Withdrawn", cancelled: "Cancelled" };
const steps = { draft: ["start"], scheduled: ["cancel"], running: ["pause", "cancel"], paused: ["resume", "cancel"], done: [], cancelled: [] };
const stepName = { start: "Start", pause: "Pause", resume: "Resume", cancel: "Cancel" };
const events = ["scheduled", "running", "paused", "resumed", "progress", "done", "cancelled"];
export const said = (problem) => [problem.message, ...(problem.errors || []).map((x) => `${x.field}: ${x.detail || x.code}`)].join(" – ");
const words = (reason) => reason.replaceAll("_", " ");

function Reasons({ caption, list }) {
	if (!list.length) return null;
	return html`<table><caption>${caption}</caption>
		<thead><tr><th scope="col">What</th><th scope="col">Why</th><th scope="col" class="n">Customers</th></tr></thead>
		<tbody>${list.map((r) => html`<tr key=${r.became + r.reason}><td>${becameName[r.became]}</td><td>${words(r.reason)}</td><td class="n">${r.n}</td></tr>`)}</tbody>
	</table>`;
}

function Outcomes({ list }) {
	if (!list || !list.length) return null;
	return html`<table><caption>What they made of the offer</caption>
		<thead><tr><th scope="col">Variant</th>${["Customers", "Opened", "Clicked", "Accepted", "Declined"].map((t) => html`<th key=${t} scope="col" class="n">${t}</th>`)}</tr></thead>
		<tbody>${list.map((o) => html`<tr key=${`${o.variant}${o.held_out}`}><td>${o.held_out ? "held out" : o.variant || "all"}</td>
			${["customers", "opened", "clicked", "accepted", "declined"].map((k) => html`<td key=${k} class="n">${o[k]}</td>`)}</tr>`)}</tbody>
	</table>`;
}

function Figures({ f }) {
	const counts = Object.keys(becameName).filter((k) => f[k] > 0 || k === "queued");
	return html`<section aria-label="Figures">
		<dl class="figures">${counts.map((k) => html`<div key=${k}><dt>${becameName[k]}</dt><dd>${f[k]}</dd></div>`)}
			${Object.entries(f.deliveries).map(([k, n]) => html`<div key=${`d${k}`}><dt>Messages ${statusName[k] || k}</dt><dd>${n}</dd></div>`)}</dl>
		<${Reasons} caption="Who was left out, and why" list=${f.reasons} />
		<${Outcomes} list=${f.outcomes} />
	</section>`;
}

// The figures come anew with each word of the campaign's stream; answers and receipts have no such word, so also now and then.
function useCampaign(id) {
	const [c, setC] = useState(null);
	const [figures, setFigures] = useState(null);
	const load = useCallback(() => Promise.all([get(`/v1/campaigns/${id}`).then(setC), get(`/v1/campaigns/${id}/figures`).then(setFigures)]), [id]);
	useEffect(() => {
		const again = () => load().catch(() => {});
		again();
		const source = new EventSource(`/v1/campaigns/${id}/stream`);
		for (const e of events) source.addEventListener(`campaign.${e}`, again);
		const timer = setInterval(again, 5000);
		return () => { source.close(); clearInterval(timer); };
	}, [id]);
	return [c, figures, load];
}

function Test({ id, onError }) {
	const [to, setTo] = useState("");
	const [sent, setSent] = useState(null);
	const submit = (e) => {
		e.preventDefault();
		onError("");
		post(`/v1/campaigns/${id}/test`, { to: to.split(/[\s,;]+/).filter(Boolean) }).then((r) => setSent(r.data), (p) => onError(said(p)));
	};
	return html`<form class="row" onSubmit=${submit}>
		<label for="seeds">Test to</label><input id="seeds" required placeholder="+4915…, me@shop.example" value=${to} onInput=${(e) => setTo(e.target.value)} />
		<button class="quiet">Send test</button>
		${sent && html`<span role="status">${sent.map((s) => (s.problem ? s.problem.detail || s.problem.title : [s.variant, s.status, s.reason].filter(Boolean).join(" "))).join(", ")}</span>`}
	</form>`;
}

export function Campaign({ id }) {
	const [c, figures, load] = useCampaign(id);
	const [error, setError] = useState("");
	const [dry, setDry] = useState(null);
	if (!c) return html`<p class="none">…</p>`;
	const act = (what) => { setError(""); return post(`/v1/campaigns/${id}/${what}`).then(load, (p) => { setError(said(p)); return load(); }); };
	const rehearse = () => { setError(""); post(`/v1/campaigns/${id}/dry_run`).then(setDry, (p) => setError(said(p))); };
	return html`<article>
		<p><a class="link" href="#/marketing/campaigns">All campaigns</a></p>
		<header class="row"><h1>${c.name}</h1><span class=${`state ${c.state}`} role="status">${c.state}</span>${c.reason && html`<span class="dim">${words(c.reason)}</span>`}</header>
		<p class="dim">Template ${c.template.name}, to ${c.segment ? `segment ${c.segment}` : c.everybody ? "everybody" : "a list of customers"}${c.channels ? `, by ${c.channels.join(", then ")}` : ""}${c.pace ? `, ${c.pace} a second` : ""}. By ${c.author}, ${moment(c.created_at)}.</p>
		${error && html`<p role="alert" class="error">${error}</p>`}
		<div class="row">
			${steps[c.state].map((s) => html`<button key=${s} class=${s === "cancel" ? "quiet" : ""} onClick=${() => (s !== "cancel" || confirm("End this campaign? What waits is taken back.")) && act(s)}>${stepName[s]}</button>`)}
			${steps[c.state].length > 0 && html`<button class="quiet" onClick=${rehearse}>Dry run</button>`}
		</div>
		${c.state === "draft" && html`<${Test} id=${id} onError=${setError} />`}
		${dry && html`<section aria-label="Dry run"><p role="status">Of ${dry.audience} customers${dry.complete ? "" : ` (${dry.looked_at} looked at)`}, ${dry.queued} would get it now, ${dry.deferred} later; ${dry.refused} refused, ${dry.unreachable} unreachable, ${dry.held_out} held out.${dry.offer_shut ? ` The offer: ${words(dry.offer_shut)}.` : ""}</p>
			<${Reasons} caption="Who would be left out, and why" list=${dry.reasons} /></section>`}
		${figures && html`<${Figures} f=${figures} />`}
	</article>`;
}

function Make({ onError }) {
	const [lists, setLists] = useState(null);
	useEffect(() => {
		Promise.all(["templates", "segments", "offers"].map((x) => get(`/v1/${x}?limit=200`).then((r) => r.data))).then(setLists, (p) => onError(said(p)));
	}, []);
	if (!lists) return null;
	const [templates, segments, offers] = lists;
	const submit = (e) => {
		e.preventDefault();
		onError("");
		const v = Object.fromEntries(new FormData(e.target));
		const channels = v.channels.split(/[\s,]+/).filter(Boolean);
		post("/v1/campaigns", {
			name: v.name.trim(), template: { name: v.template }, ...(v.segment ? { segment: v.segment } : { everybody: true }), ...(v.offer ? { offer_id: v.offer } : {}),
			...(channels.length ? { channels } : {}), ...(v.pace ? { pace: Number(v.pace) } : {}), ...(v.start ? { start_at: new Date(v.start).toISOString() } : {}),
		}).then((c) => { location.hash = `#/marketing/campaigns/${c.id}`; }, (p) => onError(said(p)));
	};
	return html`<details class="make"><summary>New campaign</summary><form onSubmit=${submit}>
		<label for="c-name">Name</label><input id="c-name" name="name" required maxlength="120" />
		<label for="c-template">Template</label><select id="c-template" name="template" required><option value="">choose…</option>${templates.map((t) => html`<option key=${t.name}>${t.name}</option>`)}</select>
		<label for="c-segment">To</label><select id="c-segment" name="segment"><option value="">everybody</option>${segments.map((s) => html`<option key=${s.id}>${s.name}</option>`)}</select>
		<label for="c-offer">Offer</label><select id="c-offer" name="offer"><option value="">none</option>${offers.map((o) => html`<option key=${o.id} value=${o.id}>${o.name}</option>`)}</select>
		<label for="c-channels">Channels, in order</label><input id="c-channels" name="channels" placeholder="sms, email, web" />
		<label for="c-pace">Messages a second</label><input id="c-pace" name="pace" type="number" min="1" max="100000" />
		<label for="c-start">Not before</label><input id="c-start" name="start" type="datetime-local" />
		<button>Make draft</button>
	</form></details>`;
}

export function Campaigns() {
	const [list, setList] = useState(null);
	const [error, setError] = useState("");
	useEffect(() => {
		const load = () => get("/v1/campaigns?limit=100").then((r) => setList(r.data), (p) => setError(said(p)));
		load();
		const timer = setInterval(load, 5000);
		return () => clearInterval(timer);
	}, []);
	return html`<article>
		<h1>Campaigns</h1>
		${error && html`<p role="alert" class="error">${error}</p>`}
		<${Make} onError=${setError} />
		${list && list.length === 0 && html`<p class="none">No campaigns yet.</p>`}
		${list && list.length > 0 && html`<table><thead><tr><th scope="col">Name</th><th scope="col">State</th><th scope="col">Template</th><th scope="col">Made</th></tr></thead>
			<tbody>${list.map((c) => html`<tr key=${c.id}><td><a class="link" href=${`#/marketing/campaigns/${c.id}`}>${c.name}</a></td><td><span class=${`state ${c.state}`}>${c.state}</span></td><td>${c.template.name}</td><td>${moment(c.created_at)}</td></tr>`)}</tbody></table>`}
	</article>`;
}
