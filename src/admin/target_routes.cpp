// The routes of switches and of targets in the admin API: what an operator takes out of traffic.
#include "admin/admin_api.h"
#include "admin/request_body.h"

#include <utility>

namespace recloser::admin {

using net::http1::Method;

Task<Answer> AdminApi::answer_switches(net::Exchange& exchange, const Request& request) {
  if (request.method == Method::put) co_return co_await throw_switch(exchange, request);
  auto read = [&board = services_.switches, all = request.resource == Resource::switches,
               name = request.rest] { return all ? board.list_json() : board.one_json(name); };
  Result<std::string> json = co_await offload_.run(std::move(read));
  co_return json_or_problem(200, std::move(json));
}

Task<Answer> AdminApi::throw_switch(net::Exchange& exchange, const Request& request) {
  NoSink sink;
  Result<void> whole = co_await exchange.read_body(body_bytes_max, sink);
  if (!whole) co_return problem(whole.error());
  Result<ledger::Switch> setting =
      read_switch(request.rest, exchange.body(), services_.worker.wall());
  if (!setting) co_return problem(setting.error());
  std::string_view state = setting->on ? "on" : "off";
  auto put = [&board = services_.switches, setting = *setting] { return board.put(setting); };
  Result<std::string> json = co_await offload_.run(std::move(put));
  if (json) {
    services_.live.tell("switch", *json);
    services_.log.warning("a switch was thrown",
                          {{"switch", setting->name}, {"is", state}, {"who", setting->who}});
  }
  co_return json_or_problem(200, std::move(json));
}

Task<Answer> AdminApi::answer_targets(net::Exchange& exchange, const Request& request) {
  if (request.method == Method::put) co_return co_await drain_target(exchange, request);
  Moment moment{.now = services_.worker.now(), .wall = services_.worker.wall()};
  auto read = [&board = services_.targets, all = request.resource == Resource::targets,
               name = request.rest,
               moment] { return all ? board.list_json(moment) : board.one_json(name, moment); };
  Result<std::string> json = co_await offload_.run(std::move(read));
  co_return json_or_problem(200, std::move(json));
}

Task<Answer> AdminApi::drain_target(net::Exchange& exchange, const Request& request) {
  NoSink sink;
  Result<void> whole = co_await exchange.read_body(body_bytes_max, sink);
  if (!whole) co_return problem(whole.error());
  Result<Draining> draining = read_draining(request.rest, exchange.body());
  if (!draining) co_return problem(draining.error());
  Moment moment{.now = services_.worker.now(), .wall = services_.worker.wall()};
  auto put = [&board = services_.targets, draining = *draining, moment] {
    return board.put(draining, moment);
  };
  Result<std::string> json = co_await offload_.run(std::move(put));
  if (json) {
    services_.live.tell("target", *json);
    std::string_view what = draining->drained ? "a target is drained: no new calls go to it"
                                              : "a target takes calls again";
    services_.log.warning(what, {{"target", draining->target}, {"who", draining->who}});
  }
  co_return json_or_problem(200, std::move(json));
}

}  // namespace recloser::admin
