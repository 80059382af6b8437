// Where the admin port is and with which token, from options, environment and configuration.
#include "cli/admin_client.h"
#include "cli/config_source.h"
#include "cli/lenient_config.h"
#include "core/ascii.h"
#include "core/names.h"

#include <optional>

#include <fmt/format.h>

namespace recloser::cli {
namespace {

constexpr std::size_t token_bytes_max = 4096;

std::unexpected<Error> wrong(std::string message) {
  return fail(Side::operator_, Kind::malformed, std::move(message));
}

// The address to connect to where a gateway listens on all of them.
Result<config::BaseUrl> url_of(const config::ListenAddress& listen, std::string_view file) {
  if (listen.port == 0) {
    return wrong(
        fmt::format("`admin.address` in {} has port 0, so Recloser took a free one and "
                    "printed it at its start; say which with --admin URL",
                    file));
  }
  bool everywhere = listen.ip == config::IpAddress() || listen.ip == config::IpAddress::parse("::");
  std::string host = everywhere          ? listen.ip.is_v4() ? "127.0.0.1" : "[::1]"
                     : listen.ip.is_v4() ? listen.ip.str()
                                         : fmt::format("[{}]", listen.ip.str());
  return config::BaseUrl::parse(fmt::format("http://{}:{}", host, listen.port));
}

Result<void> find_token(const config::Config& config, std::string_view file, const Process& process,
                        AdminServer& server) {
  const config::Secret& configured = config.admin.token;
  if (configured.reveal().starts_with(not_set_here)) {
    return wrong(
        fmt::format("`admin.token` in {} comes from a variable or a file that cannot be "
                    "read here; set RECLOSER_ADMIN_TOKEN",
                    file));
  }
  if (!configured.empty()) {
    server.token = configured;
    server.token_from = fmt::format("`admin.token` in {}", file);
    return {};
  }
  std::string path = fmt::format("{}/admin.token", config.state.directory_path);
  Result<std::string> text = process.environment.file(path, token_bytes_max);
  if (!text) {
    return fail(Side::operator_, Kind::io,
                fmt::format("cannot read the admin token {}: {}. Recloser makes it when it starts "
                            "(`recloser serve`); read it as the same user, or set "
                            "RECLOSER_ADMIN_TOKEN",
                            path, text.error().message()));
  }
  std::string_view token = *text;
  while (token.ends_with('\n') || token.ends_with('\r')) token.remove_suffix(1);
  server.token = config::Secret(token);
  server.token_from = path;
  return {};
}

// A token goes into a header, so it must be able to.
Result<void> check_token(const AdminServer& server) {
  for (char c : server.token.reveal()) {
    if (c <= ' ' || c > '~') {
      return wrong(fmt::format("the admin token from {} holds a byte that cannot stand in a header",
                               server.token_from));
    }
  }
  if (server.token.empty()) return wrong(fmt::format("{} is empty", server.token_from));
  return {};
}

}  // namespace

Result<AdminServer> find_admin(std::string_view admin_url, std::string_view config_file,
                               const Process& process) {
  AdminServer server;
  std::string url(admin_url);
  server.url_from = "--admin";
  if (url.empty()) {
    url = process.environment.variable("RECLOSER_ADMIN").value_or("");
    server.url_from = "RECLOSER_ADMIN";
  }
  if (!url.empty()) {
    Result<config::BaseUrl> read = config::BaseUrl::parse(url);
    if (!read) {
      return wrong(fmt::format("{} {}; it looks like http://127.0.0.1:8788", server.url_from,
                               read.error().message()));
    }
    server.url = std::move(*read);
  }
  if (std::optional<std::string> token = process.environment.variable("RECLOSER_ADMIN_TOKEN");
      token && !token->empty()) {
    server.token = config::Secret(*token);
    server.token_from = "RECLOSER_ADMIN_TOKEN";
  }
  if (server.url.empty() || server.token.empty()) {
    Result<ConfigSource> source = find_config(config_file, process);
    if (!source) return fail(source.error());
    Result<std::shared_ptr<const config::Config>> config = read_lenient_config(*source, process);
    if (!config) return fail(config.error());
    if (server.url.empty()) {
      Result<config::BaseUrl> found = url_of((*config)->admin.address, source->file);
      if (!found) return fail(found.error());
      server.url = std::move(*found);
      server.url_from = source->file;
    }
    if (server.token.empty()) {
      Result<void> found = find_token(**config, source->file, process, server);
      if (!found) return fail(found.error());
    }
  }
  Result<void> fits = check_token(server);
  if (!fits) return fail(fits.error());
  return server;
}

Result<config::State> find_state(std::string_view config_file, const Process& process) {
  Result<ConfigSource> source = find_config(config_file, process);
  if (!source) return fail(source.error());
  Result<std::shared_ptr<const config::Config>> config = read_lenient_config(*source, process);
  if (!config) return fail(config.error());
  return (*config)->state;
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (char c : text) {
    bool plain =
        ascii::is_alpha(c) || ascii::is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace recloser::cli
