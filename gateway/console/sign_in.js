import { html, useState } from "./lib.js";
import { post, get } from "./api.js";

export function SignIn({ onSignedIn }) {
	const [error, setError] = useState("");
	const [busy, setBusy] = useState(false);

	async function submit(e) {
		e.preventDefault();
		setBusy(true);
		try {
			await post("/v1/session", { key: e.target.elements.key.value.trim() });
			onSignedIn(await get("/v1/me"));
		} catch (problem) {
			setError(problem.status === 401 ? "This key is not known or has been revoked." : problem.message);
			setBusy(false);
		}
	}

	return html`<main class="sign-in">
		<form onSubmit=${submit}>
			<img src="/console/icon.svg" alt="" width="44" height="44" />
			<h1>Threadline</h1>
			<label for="key">API key</label>
			<input id="key" name="key" type="password" autocomplete="current-password" placeholder="tl_…" required autofocus />
			${error && html`<p role="alert" class="error">${error}</p>`}
			<button disabled=${busy}>Sign in</button>
			<p class="hint">An administrator makes keys with <code>threadline key create --role agent</code>.</p>
		</form>
	</main>`;
}
