-- For HAProxy (haproxy.cfg): asks inkan-authd by the rule in txn.rule, hands the application its headers, or the visitor
-- its page.
local names = { "remote-user", "remote-name", "remote-groups", "inkan-profile", "inkan-roles", "inkan-status",
	"inkan-status-as-of", "inkan-certificate", "inkan-test", "inkan-reason", "inkan-request" }

local away = "<!DOCTYPE html><title>503</title><p>現在、カードの確認ができません。しばらくしてからもう一度お試しください。" ..
	"<p>Cards cannot be checked at the moment. Try again in a minute.\n"

core.register_action("inkan", { "http-req" }, function(txn)
	local language = txn.http:req_get_headers()["accept-language"]
	local answer = core.httpclient():get{
		url = "http://authd/rule/" .. txn:get_var("txn.rule"),
		dst = "unix@/run/inkan-authd/http.sock",
		timeout = 5000,
		headers = {
			["host"] = { "authd" },
			["x-client-cert"] = { txn:get_var("txn.cert") or "" },
			["x-real-ip"] = { txn.f:src() },
			["x-original-uri"] = { txn.f:pathq() },
			["x-request-id"] = { txn:get_var("txn.id") },
			["accept-language"] = { language and language[0] or "" },
		},
	}
	if answer and answer.status == 200 then
		for _, name in ipairs(names) do
			local values = answer.headers[name]
			txn.http:req_set_header(name, values and values[0] or "")
		end
		return
	end
	local refused = answer and (answer.status == 401 or answer.status == 403)
	local reply = txn:reply{ status = refused and answer.status or 503, body = refused and answer.body or away }
	reply:add_header("content-type", "text/html; charset=utf-8")
	reply:add_header("cache-control", "no-store")
	txn:done(reply)
end)
