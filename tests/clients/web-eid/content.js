// SPDX-License-Identifier: BSD-2-Clause
window.addEventListener("message", event => {
	if (event.source !== window || !event.data.command)
		return;
	const port = chrome.runtime.connect();
	port.onMessage.addListener(answer => window.postMessage({ answer }, location.origin));
	port.postMessage(event.data);
});
