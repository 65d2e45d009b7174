// SPDX-License-Identifier: BSD-2-Clause
// One process of the host for each request: its version, one command, one answer. The page's origin is the browser's word.
chrome.runtime.onConnect.addListener(page => {
	page.onMessage.addListener(request => {
		const host = chrome.runtime.connectNative("eu.webeid");
		let version = null;

		request.arguments.origin = new URL(page.sender.url).origin;
		host.onMessage.addListener(message => {
			if (version) {
				page.postMessage(message);
				host.disconnect();
			} else if ((version = message.version)) {
				host.postMessage(request);
			}
		});
		host.onDisconnect.addListener(() => page.postMessage({ ended: chrome.runtime.lastError?.message ?? "" }));
		page.onDisconnect.addListener(() => host.disconnect()); // the tab was closed
	});
});
