// One entry of the timeline.
import { html, useState } from "./lib.js";
import { clock, moment, channelName, channelMark, statusName, bad } from "./format.js";

function Delivery({ d }) {
	const why = [d.reason, d.code].filter(Boolean).join(" ");
	return html`<details class="delivery">
		<summary class=${bad.has(d.status) ? "bad" : d.status}>${statusName[d.status] || d.status}${why && bad.has(d.status) ? `: ${why}` : ""}</summary>
		<dl>
			<dt>to</dt><dd>${d.address} (${channelName[d.channel]}, ${d.account})</dd>
			${d.segments > 0 && html`<dt>size</dt><dd>${d.encoding}, ${d.segments} ${d.segments === 1 ? "segment" : "segments"}</dd>`}
			${d.external_ids && d.external_ids.length > 0 && html`<dt>carrier id</dt><dd>${d.external_ids.map((x) => x.id || x).join(", ")}</dd>`}
			${(d.history || []).map((s, i) => html`<dt key=${`t${i}`}>${moment(s.at)}</dt><dd key=${`d${i}`}>${s.status} ${s.cause ? `– ${s.cause}` : ""}</dd>`)}
		</dl>
	</details>`;
}

function Files({ list }) {
	if (!list || !list.length) return null;
	return html`<ul class="files">${list.map((f) => html`<li key=${f.sha256}><a href=${`/v1/attachments/${f.sha256}?name=${encodeURIComponent(f.name)}`} download=${f.name}>📎 ${f.name}</a> <small>${Math.ceil(f.size / 1024)} KB</small></li>`)}</ul>`;
}

export function Entry({ i }) {
	const [why, setWhy] = useState(false);
	const side = i.kind === "note" ? "note" : i.direction;
	return html`<article class=${`entry ${side}`} data-id=${i.id}>
		<header>
			<span class="mark" title=${channelName[i.channel]}>${channelMark[i.channel]}</span>
			<span>${i.kind === "note" ? "Note" : channelName[i.channel] || i.kind}</span>
			<span class="author">${i.direction === "outbound" || i.kind === "note" ? i.author : i.contact ? (i.contact.scheme === "visitor" ? "visitor" : i.contact.address) : ""}</span>
			<time datetime=${i.at} title=${moment(i.at)}>${clock(i.at)}</time>
			${i.thread_reason && html`<button class="quiet why" aria-expanded=${String(why)} title="Why is this here?" onClick=${() => setWhy(!why)}>?</button>`}
		</header>
		${i.subject && html`<h3>${i.subject}</h3>`}
		<p class="text">${i.text}</p>
		<${Files} list=${i.attachments} />
		${why && html`<p class="reason">${i.thread_reason}</p>`}
		${(i.deliveries || []).map((d) => html`<${Delivery} key=${d.id} d=${d} />`)}
	</article>`;
}
