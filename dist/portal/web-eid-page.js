// SPDX-License-Identifier: BSD-2-Clause
// The page of web-eid.py: signs in and signs a document's hash by the library of the Web eID project, which lies beside it.
const japanese = !navigator.language.startsWith("en");
const lang = japanese ? "ja" : "en";
const $ = (id) => document.getElementById(id);
const words = {
	wait: ["カードの画面の指示に従ってください。", "Follow the dialog about your card."],
	file: ["文書を選んでください。", "Choose a document first."],
	done: ["署名しました。次の 2 つのファイルを保存してください。", "Signed. Save both files."],
	refused: ["ログインできません。", "You cannot sign in."],
	failed: ["うまくいきませんでした。もう一度お試しください。", "That did not work. Try again."],
	ERR_WEBEID_USER_CANCELLED: ["取り消されました。", "Cancelled."],
	ERR_WEBEID_USER_TIMEOUT: ["時間切れです。もう一度お試しください。", "That took too long. Try again."],
	ERR_WEBEID_ACTION_PENDING: ["別の操作が続いています。その画面を閉じてください。", "Another dialog is still open. Close it first."],
	ERR_WEBEID_EXTENSION_UNAVAILABLE: ["ブラウザーに Web eID 拡張機能がありません。", "Your browser does not have the Web eID extension."],
	ERR_WEBEID_NATIVE_UNAVAILABLE: ["このコンピューターに inkan-web-eid がありません。", "This computer does not have inkan-web-eid."],
	ERR_WEBEID_VERSION_MISMATCH: ["Web eID 拡張機能と inkan-web-eid の版が合いません。", "The extension and inkan-web-eid do not fit together: update them."],
};
const say = (word) => { $("message").textContent = (words[word] || words.failed)[japanese ? 0 : 1]; };

// The words of inkan-authd's page.
async function refusal(answer) {
	const page = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("p");
	say("refused");
	if (page) $("message").textContent = page.textContent;
}

async function show() {
	const answer = await fetch("me");
	const person = answer.ok ? await answer.json() : null;
	$("in").hidden = !person;
	$("out").hidden = !!person;
	$("who").textContent = person ? [person.Name || person.User, ...person.Groups].filter(Boolean).join(" — ") : "";
	if (!person && answer.headers.get("Inkan-Reason")) await refusal(answer);
}

async function signIn(rule) {
	const webeid = await library();
	const challenge = await fetch("challenge", { method: "POST" });
	if (!challenge.ok) return refusal(challenge);
	const { nonce } = await challenge.json();
	const token = await webeid.authenticate(nonce, { lang });
	const answer = await fetch("verify/" + rule, { method: "POST", body: JSON.stringify(token), headers: { "Content-Type": "application/json" } });
	if (!answer.ok) return refusal(answer);
	$("message").textContent = "";
	return show();
}

const encode = (bytes) => btoa(String.fromCharCode(...bytes));
const decode = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

function offer(name, bytes) {
	const link = document.createElement("a");
	link.href = URL.createObjectURL(new Blob([bytes]));
	link.download = link.textContent = name;
	$("files").append(link, " ");
}

// A signature and its certificate; what becomes of them (CAdES, a field in a database) is the application's.
async function sign() {
	const webeid = await library();
	const file = $("file").files[0];
	if (!file) return say("file");
	const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
	const { certificate } = await webeid.getSigningCertificate({ lang });
	const { signature } = await webeid.sign(certificate, encode(hash), "SHA-256", { lang });
	$("files").replaceChildren();
	offer(file.name + ".sig", decode(signature));
	offer(file.name + ".cer", decode(certificate));
	return say("done");
}

const library = () => import("/web-eid/web-eid.js");

// One at a time: a second click while a dialog is open is none.
let busy = false;
function on(button, action) {
	button.addEventListener("click", async () => {
		if (busy) return;
		busy = true;
		say("wait");
		try {
			await action();
		} catch (error) {
			say(error.code);
		}
		busy = false;
	});
}

for (const other of document.querySelectorAll(japanese ? ":lang(en)" : "[lang=ja]:not(html)")) other.remove();
document.documentElement.lang = lang;
for (const button of document.querySelectorAll("[data-rule]")) on(button, () => signIn(button.dataset.rule));
on($("sign"), sign);
on($("leave"), async () => { await fetch("leave", { method: "POST" }); $("message").textContent = ""; await show(); });
show();
