// Waiting for a condition, never for a time.

// Calls fn until it gives something truthy, and returns that. The error names what was waited for and what was seen last.
export async function until(what, fn, { timeout = 15000, every = 15 } = {}) {
	const end = Date.now() + timeout;
	let last;
	for (;;) {
		try {
			last = await fn();
			if (last) return last;
		} catch (e) {
			if (e.fatal) throw e;
			last = e;
		}
		if (Date.now() > end) throw new Error(`waited ${timeout} ms for ${what}; last: ${show(last)}`);
		await new Promise((resolve) => setTimeout(resolve, every));
	}
}

function show(v) {
	if (v instanceof Error) return v.message;
	const text = JSON.stringify(v);
	return text && text.length > 600 ? `${text.slice(0, 600)}…` : text;
}
