rockspec_format = "3.0"
package = "truto"
version = "scm-1"

source = { url = "git+https://github.com/trutohq/truto-lua.git" }

description = {
  summary = "Change Truto datastores: PATCH /datastore/{id} over libcurl",
  detailed = [[
A C module over libcurl turns Lua tables into JSON, performs
PATCH /datastore/{id} and returns the answer as Lua tables; a thin Lua layer
validates the config of each datastore type before a byte is sent. For
scripts on Lua 5.1 to 5.4 and LuaJIT, and for OpenResty.
]],
  homepage = "https://truto.one/docs/api-reference/admin/datastores/update/",
  license = "MIT",
  labels = { "http", "json", "curl", "api-client", "openresty" },
}

dependencies = {
  "lua >= 5.1, < 5.5",
  "lua-cjson >= 2.1.0",
}

-- The header is not named: Debian keeps curl.h in a multiarch directory that
-- the compiler finds by itself and LuaRocks does not.
external_dependencies = { CURL = { library = "curl" } }

test_dependencies = { "busted >= 2.1" }

test = { type = "command", command = "make test" }

build = {
  type = "builtin",
  modules = {
    ["truto"] = "lua/truto/init.lua",
    ["truto.attempts"] = "lua/truto/attempts.lua",
    ["truto.background"] = "lua/truto/background.lua",
    ["truto.callback"] = "lua/truto/callback.lua",
    ["truto.client"] = "lua/truto/client.lua",
    ["truto.code_names"] = "lua/truto/code_names.lua",
    ["truto.codes"] = "lua/truto/codes.lua",
    ["truto.config"] = "lua/truto/config.lua",
    ["truto.config.changes"] = "lua/truto/config/changes.lua",
    ["truto.config.check"] = "lua/truto/config/check.lua",
    ["truto.config.closest"] = "lua/truto/config/closest.lua",
    ["truto.config.content"] = "lua/truto/config/content.lua",
    ["truto.config.doubts"] = "lua/truto/config/doubts.lua",
    ["truto.config.formats"] = "lua/truto/config/formats.lua",
    ["truto.config.hints"] = "lua/truto/config/hints.lua",
    ["truto.config.mark"] = "lua/truto/config/mark.lua",
    ["truto.config.names"] = "lua/truto/config/names.lua",
    ["truto.config.redact"] = "lua/truto/config/redact.lua",
    ["truto.config.service_account"] = "lua/truto/config/service_account.lua",
    ["truto.config.shapes"] = "lua/truto/config/shapes.lua",
    ["truto.config.types"] = "lua/truto/config/types.lua",
    ["truto.core"] = {
      sources = {
        "csrc/authorities.c",
        "csrc/background.c",
        "csrc/background_loop.c",
        "csrc/background_module.c",
        "csrc/buffer.c",
        "csrc/caller.c",
        "csrc/certificate.c",
        "csrc/client.c",
        "csrc/client_key.c",
        "csrc/datastore.c",
        "csrc/endpoint.c",
        "csrc/failure.c",
        "csrc/framing.c",
        "csrc/head.c",
        "csrc/json_number.c",
        "csrc/json_reader.c",
        "csrc/json_writer.c",
        "csrc/judge.c",
        "csrc/listener.c",
        "csrc/mask.c",
        "csrc/module.c",
        "csrc/placeholder.c",
        "csrc/pool.c",
        "csrc/request.c",
        "csrc/request_target.c",
        "csrc/response.c",
        "csrc/retry_after.c",
        "csrc/routes.c",
        "csrc/secret.c",
        "csrc/source.c",
        "csrc/system.c",
        "csrc/system_module.c",
        "csrc/terminal.c",
        "csrc/ticket.c",
        "csrc/tls_library.c",
        "csrc/transfer.c",
        "csrc/transfer_failure.c",
        "csrc/unescape.c",
        "csrc/utf8.c",
      },
      defines = { "_GNU_SOURCE" },
      libraries = { "curl" },
      incdirs = { "$(CURL_INCDIR)" },
      libdirs = { "$(CURL_LIBDIR)" },
    },
    ["truto.datastore"] = "lua/truto/datastore.lua",
    ["truto.driver"] = "lua/truto/driver.lua",
    ["truto.environment"] = "lua/truto/environment.lua",
    ["truto.errors"] = "lua/truto/errors.lua",
    ["truto.exchange"] = "lua/truto/exchange.lua",
    ["truto.filters"] = "lua/truto/filters.lua",
    ["truto.host"] = "lua/truto/host.lua",
    ["truto.log"] = "lua/truto/log.lua",
    ["truto.nginx"] = "lua/truto/nginx.lua",
    ["truto.operations"] = "lua/truto/operations.lua",
    ["truto.options"] = "lua/truto/options.lua",
    ["truto.pace"] = "lua/truto/pace.lua",
    ["truto.page"] = "lua/truto/page.lua",
    ["truto.quota"] = "lua/truto/quota.lua",
    ["truto.ratelimit"] = "lua/truto/ratelimit.lua",
    ["truto.read_back"] = "lua/truto/read_back.lua",
    ["truto.request_id"] = "lua/truto/request_id.lua",
    ["truto.retry"] = "lua/truto/retry.lua",
    ["truto.sandbox"] = "lua/truto/sandbox/init.lua",
    ["truto.sandbox.certificate"] = "lua/truto/sandbox/certificate.lua",
    ["truto.sandbox.control"] = "lua/truto/sandbox/control.lua",
    ["truto.sandbox.faults"] = "lua/truto/sandbox/faults.lua",
    ["truto.sandbox.folder"] = "lua/truto/sandbox/folder.lua",
    ["truto.sandbox.handler"] = "lua/truto/sandbox/handler.lua",
    ["truto.sandbox.journal"] = "lua/truto/sandbox/journal.lua",
    ["truto.sandbox.launcher"] = "lua/truto/sandbox/launcher.lua",
    ["truto.sandbox.members"] = "lua/truto/sandbox/members.lua",
    ["truto.sandbox.options"] = "lua/truto/sandbox/options.lua",
    ["truto.sandbox.program"] = "lua/truto/sandbox/program.lua",
    ["truto.sandbox.query"] = "lua/truto/sandbox/query.lua",
    ["truto.sandbox.rate_limit"] = "lua/truto/sandbox/rate_limit.lua",
    ["truto.sandbox.remote"] = "lua/truto/sandbox/remote.lua",
    ["truto.sandbox.routes"] = "lua/truto/sandbox/routes.lua",
    ["truto.sandbox.seeds"] = "lua/truto/sandbox/seeds.lua",
    ["truto.sandbox.server"] = "lua/truto/sandbox/server.lua",
    ["truto.sandbox.shown"] = "lua/truto/sandbox/shown.lua",
    ["truto.sandbox.store"] = "lua/truto/sandbox/store.lua",
    ["truto.sandbox.uuid"] = "lua/truto/sandbox/uuid.lua",
    ["truto.secret"] = "lua/truto/secret.lua",
    ["truto.secret.places"] = "lua/truto/secret/places.lua",
    ["truto.secret.reader"] = "lua/truto/secret/reader.lua",
    ["truto.secret.words"] = "lua/truto/secret/words.lua",
    ["truto.shown"] = "lua/truto/shown.lua",
    ["truto.types"] = "lua/truto/types.lua",
    ["truto.version"] = "lua/truto/version.lua",
  },
}
