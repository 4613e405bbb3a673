// The pages of marketing beside the inbox. #/marketing/PAGE/ID; shown to the roles that may change them.
import { html } from "./lib.js";
import { Campaigns, Campaign } from "./campaigns.js";
import { Segments } from "./segments.js";

const pages = [["campaigns", "Campaigns"], ["segments", "Segments"]];

export const markets = (me) => me.role === "marketing" || me.role === "admin";

// Whether this key reads what customers write. Marketing does not.
export const cares = (me) => me.role !== "marketing";

export function Marketing({ me, page, id }) {
	return html`<main class="marketing">
		<nav class="tabs" aria-label="Marketing">${pages.map(([p, name]) => html`<a key=${p} href=${`#/marketing/${p}`} aria-current=${p === page ? "page" : undefined}>${name}</a>`)}</nav>
		${page === "segments" ? html`<${Segments} links=${cares(me)} />` : id ? html`<${Campaign} key=${id} id=${id} />` : html`<${Campaigns} />`}
	</main>`;
}
