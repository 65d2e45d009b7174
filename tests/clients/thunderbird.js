// SPDX-License-Identifier: BSD-2-Clause
// In Thunderbird: signs a mail with the certificate of a token and of a person, into the outbox, and opens it. Answers with what
// Thunderbird then says about the signature.
const [{token, name, subject}, done] = arguments;
const {MailServices} = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");

const find = () => Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB).getCerts()
	.find(c => c.tokenName == token && c.commonName == name);

// A certificate that is behind a PIN is there after the login alone.
async function certificate() {
	const modules = Cc["@mozilla.org/security/pkcs11moduledb;1"].getService(Ci.nsIPKCS11ModuleDB);
	if (!find())
		for (const module of await modules.listModules())
			for (const slot of module.slots ?? module.listSlots())
				if (slot.tokenName == token)
					slot.getToken().login(false);
	return find();
}

function account(cert) {
	let local;
	try {
		local = MailServices.accounts.localFoldersServer;
	} catch {
		MailServices.accounts.createLocalMailAccount();
		local = MailServices.accounts.localFoldersServer;
	}
	const identity = MailServices.accounts.createIdentity();
	identity.email = "taro@hospital.example.jp";
	identity.setUnicharAttribute("signing_cert_name", cert.displayName);
	identity.setCharAttribute("signing_cert_dbkey", cert.dbKey);
	MailServices.accounts.findAccountForServer(local).addIdentity(identity);
	return identity;
}

function send(identity) {
	const fields = Cc["@mozilla.org/messengercompose/composefields;1"].createInstance(Ci.nsIMsgCompFields);
	fields.from = identity.email;
	fields.to = "hanako@clinic.example.jp";
	fields.subject = subject;
	fields.composeSecure = Cc["@mozilla.org/messengercompose/composesecure;1"].createInstance(Ci.nsIMsgComposeSecure);
	fields.composeSecure.signMessage = true;
	return new Promise((resolve, reject) => {
		const listener = {
			QueryInterface: ChromeUtils.generateQI(["nsIMsgSendListener", "nsIMsgCopyServiceListener"]),
			onStopSending(id, status) { status == 0 || reject(new Error(`sending: ${status}`)); },
			onGetDraftFolderURI() {}, onStartSending() {}, onProgress() {}, onStatus() {}, onSendNotPerformed() {},
			onTransportSecurityError() {}, onStartCopy() {}, setMessageKey() {}, getMessageId() { return ""; },
			onStopCopy(status) { status == 0 ? resolve() : reject(new Error(`copying: ${status}`)); },
		};
		const sender = Cc["@mozilla.org/messengercompose/send;1"].createInstance(Ci.nsIMsgSend);
		const sent = sender.createAndSendMessage(null, identity, "", fields, false, false, Ci.nsIMsgSend.nsMsgQueueForLater, null,
			"text/plain", "The letter is attached.\r\n", null, null, listener, "", "", Ci.nsIMsgCompType.New);
		Promise.resolve(sent).catch(reject);
	});
}

// Opened as a person opens it: what the signature is said to be, and whose it is.
async function opened(mail) {
	const window = Services.wm.getMostRecentWindow("mail:3pane");
	const tab = window.document.getElementById("tabmail").openTab("mailMessageTab", {messageURI: mail.folder.getUriForMsg(mail)});
	let about;
	do {
		await new Promise(resolve => window.setTimeout(resolve, 50));
		about = tab.chromeBrowser?.contentWindow;
	} while ((about?.gSignatureStatus ?? -1) == -1);
	const words = Object.keys(Ci.nsICMSMessageErrors).filter(word => Ci.nsICMSMessageErrors[word] == about.gSignatureStatus);
	return `${words[0]} by ${about.gSignerCert?.commonName}`;
}

(async () => {
	const cert = await certificate();
	if (!cert)
		return "no certificate";
	await send(account(cert));
	const outbox = MailServices.accounts.localFoldersServer.rootFolder.getFolderWithFlags(Ci.nsMsgFolderFlags.Queue);
	return opened([...outbox.messages].find(mail => mail.mime2DecodedSubject == subject));
})().then(done, error => done(`failed: ${error}`));
